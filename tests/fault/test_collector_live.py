"""A running hub whose grace is two seconds, `swell store collect` beside it, and stock clients that
are frozen in the middle of an upload until what they sent has been collected.

The first upload of each then succeeds and reads back whole, or fails; a client that has forgotten
what it knew of the hub succeeds at the second.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.stage import client_environment, noise
from tests.contract import object_storage, postgresql
from tests.fault import frozen_uploads
from tests.fault.rig import create_repo, read
from tests.live import LiveHub, serving, swell, token_of

REPO = "ada/frozen"
GRACE_SECONDS = 2
UPLOAD = """
import sys
from huggingface_hub import HfApi
HfApi().upload_file(path_or_fileobj=sys.argv[1], path_in_repo=sys.argv[2], repo_id=sys.argv[3])
"""
# The answer after which the client is frozen.
MOMENTS = ("xet write token", "xet chunk", "xet xorb", "xet shard")


@pytest.fixture(scope="module", params=["folder", "postgresql and s3, two workers"])
def hub(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[LiveHub]:
    """The hub that clients speak to. Of two workers it is the one that runs no chores; the
    collector is a third process."""
    environment = {"SWELL_GRACE_SECONDS": str(GRACE_SECONDS)}
    data = tmp_path_factory.mktemp("frozen") / "data"
    with contextlib.ExitStack() as stack:
        if request.param != "folder":
            found = stack.enter_context(frozen_uploads.servers())
            data.mkdir()
            url = postgresql.fresh_url(found.postgresql_folder, "live")
            lines = [f'database_url = "{url}"', *object_storage.settings(found.endpoint, "live")]
            (data / "swell.toml").write_text("\n".join([*lines, ""]))
            stack.enter_context(serving(data, people=True, environment=environment))
        running = stack.enter_context(
            serving(data, people=request.param == "folder", environment=environment)
        )
        create_repo(running, REPO)
        yield running


def collect(hub: LiveHub) -> None:
    os.environ["SWELL_GRACE_SECONDS"] = str(GRACE_SECONDS)
    try:
        swell(hub.data, "store", "collect")
    finally:
        del os.environ["SWELL_GRACE_SECONDS"]


def upload(hub: LiveHub, home: Path, file: Path, path: str) -> subprocess.Popen[str]:
    home.mkdir()
    environment = client_environment(hub, home) | {"HF_TOKEN": token_of("ada")}
    return subprocess.Popen(
        [sys.executable, "-c", UPLOAD, str(file), path, REPO],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@contextlib.contextmanager
def frozen_after(
    hub: LiveHub, client: subprocess.Popen[str], route: str, since: int
) -> Iterator[bool]:
    """The client stands still from the hub's answer on that route on. Whether it came so far."""
    deadline = time.monotonic() + 30
    found = False
    while not found and client.poll() is None and time.monotonic() < deadline:
        found = any(f'"{route}"' in line for line in list(hub.log)[since:])
        time.sleep(0.002)
    if client.poll() is None:
        client.send_signal(signal.SIGSTOP)
    try:
        yield found
    finally:
        if client.poll() is None:
            client.send_signal(signal.SIGCONT)


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_client_that_froze(hub: LiveHub, tmp_path: Path, moment: str) -> None:
    content = noise(6_000_000, moment)
    file = tmp_path / "weights"
    file.write_bytes(content)
    path = f"{moment.replace(' ', '-')}.bin"
    since = len(hub.log)
    client = upload(hub, tmp_path / "home", file, path)
    with frozen_after(hub, client, moment, since) as is_frozen:
        assert is_frozen, list(hub.log)[since:]
        for _ in range(3):
            collect(hub)
            time.sleep(GRACE_SECONDS / 2 + 0.3)
    said, _ = client.communicate(timeout=120)
    if client.returncode != 0:
        assert read(hub, REPO, path).status == 404, "refused, and there nevertheless"
        again = upload(hub, tmp_path / "another-home", file, path)
        said, _ = again.communicate(timeout=120)
        assert again.returncode == 0, said
    assert read(hub, REPO, path).body == content
    for _ in range(3):
        collect(hub)
        time.sleep(GRACE_SECONDS / 2 + 0.3)
    assert read(hub, REPO, path).body == content
    assert "0 errors" in swell(hub.data, "fsck", "--deep")
