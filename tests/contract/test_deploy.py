"""docs/deploy.md: its units are sound, what they start works as they confine it, nginx reads its blocks.

Whole hubs behind these configurations of nginx: `test_behind_nginx.py`, `test_nginx_sends.py`.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from groundswell.settings import load
from tests.contract import deploy_page
from tests.contract.test_behind_nginx import free_port
from tests.live import PEOPLE, LiveHub, swell, token_of
from tests.security.target import Caller, bearer, publish

ROOT: Final = Path(__file__).resolve().parents[2]
HOME: Final = "/srv/groundswell"
PROGRAM: Final = f"{HOME}/env/bin/swell"
START_SECONDS: Final = 60


def unit() -> str:
    return deploy_page.block("ini", "Description=")


def setting(name: str) -> str:
    """What the unit says of it."""
    found: list[str] = re.findall(rf"^{name}=(.*)$", unit(), re.MULTILINE)
    assert len(found) == 1, name
    return found[0]


# --- units ----------------------------------------------------------------------------------------


def verified(folder: Path, text: str, more: str | None = None) -> str:
    """What systemd says of a unit, with a file more for it; nothing, where it is sound."""
    folder.mkdir()
    (path := folder / "groundswell.service").write_text(text)
    if more is not None:
        (drop_in := folder / "groundswell.service.d").mkdir()
        (drop_in / "several-hosts.conf").write_text(more)
    program = shutil.which("systemd-analyze")
    assert program, "systemd is not installed: run tests/install-system-packages"
    done = subprocess.run(
        [program, "verify", "--man=no", path],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    # A name that it does not know is a warning to it.
    assert done.returncode == 0 or done.stderr
    return done.stdout + done.stderr


def test_the_units_are_sound(tmp_path: Path) -> None:
    here = deploy_page.adapted(unit(), {PROGRAM: f"{Path(sys.executable).parent}/swell"})
    more = deploy_page.block("ini", "RequiresMountsFor=")
    assert verified(tmp_path / "one", here) == ""
    assert verified(tmp_path / "several", here, more) == ""
    # The controls: what is wrong with either is told.
    assert "is not executable" in verified(tmp_path / "missing", unit())
    wrong = here.replace("TimeoutStopSec", "TimeoutStopSecs")
    assert "TimeoutStopSecs" in verified(tmp_path / "name", wrong)
    wrong = more.replace("ReadWritePaths", "ReadWritePath")
    assert "ReadWritePath'" in verified(tmp_path / "more", here, wrong)


# What the unit makes of the machine: everything can be read, and written is only what it names. The
# paths are those of the page. A network of its own is not among it, nor a user.
CONFINED: Final = """
set -e
mount -t tmpfs tmpfs /srv
mkdir -p {home}/data {home}/env
mount --bind {data} {home}/data
mount --bind {prefix} {home}/env
mkdir /srv/checkout
mount --bind {checkout} /srv/checkout
mount -t tmpfs tmpfs /var/cache
mkdir {cache}
if {with_cache}; then mount -t tmpfs tmpfs {cache}; fi
for place in / /srv /var/cache {home}/env; do mount -o remount,bind,ro $place; done
mount -t tmpfs tmpfs /tmp
mount -t tmpfs tmpfs /var/tmp
# Of a checkout below /tmp the environment is a part that the unit's would not be: it stays in sight.
if [ ! -e {checkout} ]; then mkdir -p {checkout}; mount --bind -o ro /srv/checkout {checkout}; fi
for place in /etc /var/cache {home} {home}/env; do
    if touch $place/written 2>/dev/null; then exit 99; fi
done
cd /
exec env -i HOME={home} USER=groundswell PATH=/usr/bin:/bin {environment} {command}
"""


def confined(data: Path, command: str, *, cached: bool = True) -> list[str]:
    script = CONFINED.format(
        home=HOME,
        data=shlex.quote(str(data)),
        prefix=shlex.quote(sys.prefix),
        checkout=shlex.quote(str(ROOT)),
        cache=f"/var/cache/{setting('CacheDirectory')}",
        with_cache="true" if cached else "false",
        environment=setting("Environment"),
        command=command,
    )
    rights = [] if os.geteuid() == 0 else ["--map-root-user"]
    return ["unshare", "--mount", *rights, "bash", "-c", script]


@contextlib.contextmanager
def started(data: Path, settings: str, *, cached: bool = True) -> Iterator[LiveHub]:
    """The unit's command, confined as it says, with these settings; once it answers /readyz."""
    (data / "swell.toml").write_text(settings)
    found = load({"data": data}, environment={})
    log = data.parent / "log"
    with log.open("w") as out:
        process = subprocess.Popen(
            confined(data, setting("ExecStart"), cached=cached),
            stdout=out,
            stderr=out,
            text=True,
            umask=int(setting("UMask"), 8),
        )
    hub = LiveHub(f"http://{found.host}:{found.port}", data, process)
    try:
        deadline = time.monotonic() + START_SECONDS
        while True:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            with contextlib.suppress(OSError), urllib.request.urlopen(f"{hub.url}/readyz") as told:
                assert told.status == 200
                break
            time.sleep(0.1)
        yield hub
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("cached", [True, False])
def test_what_the_unit_starts_works_and_stops(tmp_path: Path, *, cached: bool) -> None:
    """With the settings of the page, and a file that the compiled chunker has to cut. Without the
    cache, as in an older unit, it does as well.
    """
    cache = f"/var/cache/{setting('CacheDirectory')}"
    assert setting("Environment") == f"NUMBA_CACHE_DIR={cache}"
    assert setting("ExecStart").endswith(f" --data {setting('ReadWritePaths')}")
    (data := tmp_path / "data").mkdir(mode=0o700)
    settings = deploy_page.adapted(
        deploy_page.block("toml", "log_level"), {"8000": str(free_port())}
    )
    people = tmp_path / "people.json"
    people.write_text(json.dumps(PEOPLE))
    swell(data, "accounts", "import", str(people))
    content = hashlib.shake_128(b"confined").digest(3 << 20)
    with started(data, settings, cached=cached) as hub:
        with contextlib.closing(Caller(hub.port, bearer(token_of("ada")))) as ada:
            made = ada.json("POST", "/api/repos/create", {"type": "model", "name": "confined"})
            assert made.status == 200, made.text
            publish(ada, "ada/confined", "m.bin", content)
            assert ada("GET", "/ada/confined/resolve/main/m.bin").body == content
        began = time.monotonic()
        hub.process.send_signal(signal.SIGTERM)
        wait_seconds = float(setting("TimeoutStopSec"))
        assert hub.process.wait(wait_seconds) == 0
        assert time.monotonic() - began < wait_seconds
    assert wait_seconds > load({"data": data}, environment={}).shutdown_seconds


# --- nginx ----------------------------------------------------------------------------------------


def read_by_nginx(folder: Path, block: str) -> str:
    """What nginx says of a configuration, TLS and all. It listens nowhere."""
    folder.mkdir()
    subject = ["-subj", "/CN=hub.example.org", "-days", "1"]
    pair = ["-keyout", str(folder / "hub.key"), "-out", str(folder / "hub.pem")]
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", *subject, *pair],
        check=True,
        capture_output=True,
        timeout=60,
    )
    changes = {"/etc/ssl/": f"{folder}/", "listen 443": f"listen 127.0.0.1:{free_port()}"}
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (configuration := folder / "nginx.conf").write_text(
        f"pid {folder}/pid; error_log stderr;\nevents {{}}\n"
        f"http {{ access_log off; {temporary}\n{deploy_page.adapted(block, changes)}\n}}\n"
    )
    program = shutil.which("nginx") or "/usr/sbin/nginx"
    done = subprocess.run(
        [program, "-t", "-e", "stderr", "-c", configuration],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    said = done.stderr.replace(str(configuration), "nginx.conf")
    return said if done.returncode or "warn" in said else ""


def test_nginx_reads_each_block(tmp_path: Path) -> None:
    configurations = {
        "one": deploy_page.server(),
        "sends": deploy_page.sending_server(),
        "several": deploy_page.several_servers(),
    }
    for name, block in configurations.items():
        assert read_by_nginx(tmp_path / name, block) == ""
    # Every block of the page is in one of them.
    lines = {line.strip() for block in configurations.values() for line in block.splitlines()}
    for block in deploy_page.blocks("nginx"):
        assert {line.strip() for line in block.splitlines()} <= lines
    wrong = deploy_page.server().replace("proxy_buffering", "proxy_bufering")
    assert "proxy_bufering" in read_by_nginx(tmp_path / "wrong", wrong)
