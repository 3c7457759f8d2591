"""The nginx configurations of the documents, as they stand there, before real hubs."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.contract import object_storage, postgresql
from tests.contract.test_hub_on_other_stores import journey, settle
from tests.live import LiveHub, serving

BELIEVING: Final = {"SWELL_TRUSTED_PROXIES": "127.0.0.1/32"}
PAGES: Final = Path(__file__).resolve().parents[2] / "docs" / "howto"


def blocks_of(page: str) -> list[str]:
    return re.findall(r"```nginx\n(.*?)```", (PAGES / page).read_text(), re.DOTALL)


def block_of(page: str) -> str:
    return blocks_of(page)[0]


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
        block = block_of("run-on-a-small-server.md").replace(":8000;", f":{hub.port};")
        with nginx(tmp_path / "nginx", block, port) as url:
            journey(behind(hub, url), tmp_path / "home", "ada/through-nginx")
            assert "xet records" in {each.get("route") for each in hub.records()}


def test_two_workers(tmp_path: Path) -> None:
    port = free_port()
    with (
        postgresql.server() as folder,
        object_storage.seaweedfs() as endpoint,
        serving(
            settle(tmp_path / "data", (folder, endpoint), "front", signed=False),
            people=True,
            environment=BELIEVING,
        ) as one,
        serving(tmp_path / "data", environment=BELIEVING) as other,
    ):
        block = block_of("run-on-several-hosts.md")
        for address, hub in (("10.0.0.11", one), ("10.0.0.12", other)):
            block = block.replace(f"{address}:8000", f"127.0.0.1:{hub.port}")
        with nginx(tmp_path / "nginx", block, port) as url:
            journey(behind(one, url), tmp_path / "home", "ada/to-whom-it-may-go")
            assert one.records()
            assert other.records()
            one.stop()
            journey(behind(other, url), tmp_path / "again", "ada/left-alone")
