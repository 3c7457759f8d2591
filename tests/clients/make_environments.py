"""Builds the client environments of one or more groups: `make_environments.py GROUP…`.

Each environment keeps a note of what it was built from, so that building again costs nothing and
a changed pin rebuilds that one alone. A half-built environment has no note and is built afresh.
"""

import hashlib
import shutil
import subprocess
import sys
import time
from pathlib import Path

from environments import ROOT, Environment, environments

NOTE = ".built-from"


def inputs_digest(client: Environment) -> str:
    """A digest of everything that decides what an environment holds."""
    digest = hashlib.sha256(sys.version.encode())
    for each in client.unlocked:
        digest.update(each.encode())
    if client.kind == "node":
        for name in ("package.json", "package-lock.json"):
            digest.update((client.home / name).read_bytes())
    else:
        assert client.requirements is not None
        digest.update(client.requirements.read_bytes())
    return digest.hexdigest()


def build_python(client: Environment) -> None:
    if client.home.exists():
        shutil.rmtree(client.home)
    run(sys.executable, "-m", "venv", str(client.home))
    pip = [client.program, "-m", "pip", "--disable-pip-version-check", "install", "-qq"]
    # --no-deps: the pins are complete, and what they leave out is left out on purpose.
    run(*pip, "--require-hashes", "--no-deps", "-r", str(client.requirements))
    if client.unlocked:
        run(*pip, *client.unlocked)


def build_node(client: Environment) -> None:
    run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", cwd=client.home)


def run(*command: str, cwd: Path = ROOT) -> None:
    subprocess.run(command, check=True, cwd=cwd, stdin=subprocess.DEVNULL)


def build(client: Environment) -> None:
    if client.kind == "shared":
        return  # `make setup` builds it
    note = client.home / ("node_modules" if client.kind == "node" else "") / NOTE
    wanted = inputs_digest(client)
    if note.is_file() and note.read_text() == wanted:
        return
    started = time.monotonic()
    note.unlink(missing_ok=True)
    build_node(client) if client.kind == "node" else build_python(client)
    found = client.found_versions()
    if not _agree(found, client.versions):
        sys.exit(f"{client.name}: wanted {client.versions}, found {found}")
    note.write_text(wanted)
    print(f"{client.name}: built in {time.monotonic() - started:.0f} s", flush=True)


def _agree(found: dict[str, str], wanted: dict[str, str]) -> bool:
    # A build of torch may add its own mark to the version: 2.13.0+cpu.
    return all(found[name].partition("+")[0] == version for name, version in wanted.items())


def main(groups: list[str]) -> None:
    listed = environments()
    unknown = set(groups) - {each.group for each in listed}
    if unknown or not groups:
        sys.exit(f"usage: make_environments.py GROUP…  (unknown: {sorted(unknown)})")
    for client in listed:
        if client.group in groups:
            build(client)


if __name__ == "__main__":
    main(sys.argv[1:])
