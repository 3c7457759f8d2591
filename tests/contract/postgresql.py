"""A PostgreSQL server of one's own: a temporary folder, a Unix socket, no port."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg


def _binaries() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if found:
        return found[-1].parent
    there = shutil.which("initdb")
    assert there, "PostgreSQL is not installed: run tests/install-system-packages"
    return Path(there).parent


def _run(*command: str | Path) -> None:
    # PostgreSQL refuses to run as root.
    user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
    prefix = user if os.geteuid() == 0 else []
    subprocess.run(
        [*prefix, *map(str, command)],
        check=True,
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=60,
    )


@contextmanager
def server() -> Iterator[Path]:
    """A running server; the path is the folder of its socket."""
    folder = Path(tempfile.mkdtemp(prefix="groundswell-pg-"))
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    control = _binaries() / "pg_ctl"
    cluster = folder / "cluster"
    try:
        _run(_binaries() / "initdb", "-D", cluster, "-U", "hub", "-A", "trust", "-E", "UTF8", "-N")
        options = f"-c listen_addresses='' -c unix_socket_directories='{folder}' -c fsync=off"
        _run(control, "-D", cluster, "-o", options, "-l", folder / "log", "-w", "start")
        try:
            yield folder
        finally:
            _run(control, "-D", cluster, "-m", "fast", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def fresh_url(folder: Path, name: str, template: str = "template1") -> str:
    """The URL of a new database on the server: empty, or a copy of another that nobody is in."""
    with psycopg.connect(host=str(folder), user="hub", dbname="postgres", autocommit=True) as conn:
        conn.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    return f"postgresql+psycopg://hub@/{name}?host={folder}"
