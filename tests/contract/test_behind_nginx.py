"""The nginx configurations of docs/deploy.md, as they stand there, before real hubs."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from tests.contract import deploy_page, object_storage, postgresql
from tests.contract.test_hub_on_other_stores import journey
from tests.live import LiveHub, serving, token_of

BELIEVING: Final = {"SWELL_TRUSTED_PROXIES": "127.0.0.1/32"}


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


@contextmanager
def nginx(folder: Path, block: str, port: int) -> Iterator[str]:
    """nginx with that block, without TLS and on a port of its own; its address."""
    block = re.sub(r"listen 443 ssl;", f"listen 127.0.0.1:{port};", block)
    block = re.sub(r"\n\s*ssl_\w+\s[^;]*;", "", block)
    folder.mkdir()
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    # Where each answer came from: the address as nginx last understood it.
    log = f"log_format place '$uri $status $body_bytes_sent'; access_log {folder}/places place;"
    user = "user root; " if os.geteuid() == 0 else ""  # or it could not read the hub's folder
    configuration = folder / "nginx.conf"
    configuration.write_text(
        f"{user}daemon off; pid {folder}/pid; error_log {folder}/error.log;\n"
        f"events {{}}\nhttp {{ {log}{temporary}\n{block}\n}}\n"
    )
    program = shutil.which("nginx") or "/usr/sbin/nginx"
    process = subprocess.Popen([program, "-e", str(folder / "error.log"), "-c", str(configuration)])
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(100):
            assert process.poll() is None, (folder / "error.log").read_text()
            try:
                with urllib.request.urlopen(f"{url}/healthz", timeout=5) as answer:
                    assert answer.status == 200
                    break
            except OSError:
                time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait(10)


def behind(hub: LiveHub, url: str) -> LiveHub:
    return LiveHub(url, hub.data, hub.process)


def test_one_hub(tmp_path: Path) -> None:
    port = free_port()
    with serving(tmp_path / "data", people=True, environment=BELIEVING) as hub:
        block = deploy_page.adapted(deploy_page.server(), {":8000;": f":{hub.port};"})
        with nginx(tmp_path / "nginx", block, port) as url:
            journey(behind(hub, url), tmp_path / "home", "ada/through-nginx")
            assert "xet records" in {each.get("route") for each in hub.records()}


def hf(url: str, home: Path, line: str) -> None:
    """A line of the page that somebody types on another machine."""
    done = subprocess.run(
        ["bash", "-c", line.replace("admin/", "ada/")],
        env={
            **{key: value for key, value in os.environ.items() if not key.startswith("HF_")},
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HF_ENDPOINT": url,
            "HF_TOKEN": token_of("ada"),
            "HF_HOME": str(home / "cache"),
        },
        cwd=home,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, (line, done.stdout, done.stderr[-4000:])


@pytest.fixture
def stores() -> Iterator[dict[str, str]]:
    """Addresses of the page, and what stands for them here."""
    with postgresql.server() as folder, object_storage.seaweedfs() as endpoint:
        yield {
            "postgresql+psycopg://hub@db.example.org/hub": postgresql.fresh_url(folder, "hub"),
            "https://s3.example.org": endpoint,
        }


def test_several_workers(stores: dict[str, str], tmp_path: Path) -> None:
    """What the page checks from another machine, with a worker killed in the middle of it."""
    front, ports = free_port(), (free_port(), free_port())
    url = f"http://127.0.0.1:{front}"
    (data := tmp_path / "data").mkdir()
    settings = deploy_page.adapted(
        deploy_page.block("toml", "database_url"),
        {
            **stores,
            "0.0.0.0": "127.0.0.1",
            "https://hub.example.org": url,
            "10.0.0.5/32": "127.0.0.1/32",
            '"hub"': f'"{object_storage.ACCESS_KEY_ID}"',
            "/var/spool/groundswell": str(tmp_path / "spool"),
        },
    )
    (data / "swell.toml").write_text(settings)
    secret = {"SWELL_STORAGE_SECRET_ACCESS_KEY": object_storage.SECRET_ACCESS_KEY}
    hosts = {f"10.0.0.{11 + place}:8000": f"127.0.0.1:{port}" for place, port in enumerate(ports)}
    block = deploy_page.adapted(deploy_page.several_servers(), hosts)
    _, _, upload, discuss, download = deploy_page.block("bash", "hf upload").splitlines()
    (home := tmp_path / "home").mkdir()
    (home / "some-folder").mkdir()
    weights = hashlib.shake_128(b"several workers").digest(5 << 20)
    (home / "some-folder" / "model.safetensors").write_bytes(weights)
    behind_it: dict[str, Any] = {"environment": secret, "is_behind": True}
    with (
        serving(data, f"--port={ports[0]}", people=True, **behind_it) as one,
        serving(data, f"--port={ports[1]}", **behind_it) as other,
        nginx(tmp_path / "nginx", block, front),
    ):
        assert one.url == other.url == url
        hf(url, home, upload)
        assert one.records()
        assert other.records()
        one.stop(signal.SIGKILL)
        where = f"{url}/ada/check/resolve/main/model.safetensors"
        for _ in range(4):  # turns that the killed one would have had are among them
            with urllib.request.urlopen(where, timeout=10) as answer:
                assert answer.read() == weights
        hf(url, home, discuss)
        hf(url, home, f"{download} --local-dir got")
    assert (home / "got" / "model.safetensors").read_bytes() == weights
    assert not any((tmp_path / "spool").iterdir())
    assert not (data / "groundswell.db").exists()
    assert not any((data / "xorbs").iterdir())
