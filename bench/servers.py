"""The servers under measure: a hub of its own, and nginx over a plain folder as the baseline."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

USER = "bench"
# Of no effect for who asks the hub itself.
_BEHIND_NGINX = {"SWELL_TRUSTED_PROXIES": "127.0.0.1/32", "SWELL_ACCEL_PREFIX": "/.stored"}


@dataclass(frozen=True, slots=True)
class RunningHub:
    """A hub that answers. ``started_seconds``: from its start to its first answer."""

    url: str
    token: str
    folder: Path
    pid: int
    started_seconds: float

    @property
    def environment(self) -> dict[str, str]:
        """What a stock client needs to talk to this hub and to nobody else."""
        return os.environ | {
            "HF_ENDPOINT": self.url,
            "HF_TOKEN": self.token,
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "HF_XET_TELEMETRY_ENABLED": "0",
            "DISABLE_SAFETENSORS_CONVERSION": "1",
            "NO_PROXY": "127.0.0.1",
        }


def swell(*arguments: str) -> list[str]:
    """The command of a verb."""
    return [str(Path(sys.executable).with_name("swell")), *arguments]


def accounts_file(folder: Path, token: str) -> Path:
    """Write an accounts file with one user, ``bench``, whose write token is given."""
    user = {
        "name": USER,
        "fullname": "Bench",
        "email": "bench@example.org",
        "tokens": [{"name": "bench", "value": token, "role": "write"}],
    }
    path = folder / "accounts.json"
    path.write_text(json.dumps({"users": [user], "organisations": []}), encoding="utf-8")
    return path


@contextmanager
def hub(folder: Path) -> Iterator[RunningHub]:
    """Start a hub in ``folder`` on a free port; stop it at the end."""
    token = "hf_" + secrets.token_hex(20)
    data = folder / "hub"
    subprocess.run(
        swell("accounts", "import", str(accounts_file(folder, token)), "--data", str(data)),
        check=True,
        stdout=subprocess.DEVNULL,
    )
    began = time.perf_counter()
    log = (folder / "hub.log").open("wb")
    process = subprocess.Popen(
        swell("serve", "--data", str(data), "--host", "127.0.0.1", "--port", "0"),
        stdout=subprocess.PIPE,
        stderr=log,
        env=os.environ | _BEHIND_NGINX,
    )
    try:
        url = _printed_address(process)
        _wait_until_answers(f"{url}/healthz")
        yield RunningHub(url, token, data, process.pid, time.perf_counter() - began)
    finally:
        process.terminate()
        process.wait(90)
        log.close()


def _printed_address(process: subprocess.Popen[bytes]) -> str:
    assert process.stdout is not None
    for line in process.stdout:
        found = re.search(rb"http://127\.0\.0\.1:\d+", line)
        if found:
            return found[0].decode()
    message = "the hub ended before it printed its address"
    raise RuntimeError(message)


def _wait_until_answers(url: str) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            urllib.request.urlopen(url, timeout=2).read()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.005)
        else:
            return


NGINX = """
daemon off; worker_processes 2; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 4096; }}
http {{
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000;
  client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
  uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
  server {{
    listen 127.0.0.1:{port}; root {root};
    proxy_http_version 1.1; proxy_set_header Host $http_host;
    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; proxy_buffering off;
    location /xet/ {{ proxy_pass {hub}; }}
    location /.stored/xorbs/ {{ internal; alias {data}/xorbs/; }}
  }}
}}
"""


@contextmanager
def nginx(folder: Path, root: Path, running: RunningHub) -> Iterator[str]:
    """Serve ``root`` by nginx with sendfile on a free port, and before a hub what Xet clients fetch
    from it; gives its address.
    """
    program = shutil.which("nginx") or "/usr/sbin/nginx"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder.mkdir(exist_ok=True)
    folder.chmod(0o755)
    configuration = folder / "nginx.conf"
    configuration.write_text(
        NGINX.format(folder=folder, port=port, root=root, hub=running.url, data=running.folder),
        encoding="utf-8",
    )
    process = subprocess.Popen([program, "-c", str(configuration), "-g", "user root;"])
    try:
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.01)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)
