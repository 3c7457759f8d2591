"""A disk that fails to sync: nothing is acknowledged, nothing is written until a restart, reads go
on, and a restart finds everything consistent.

After a failed fsync the kernel may have dropped what it could not write: asking again would succeed
and mean nothing. So one failure is enough to stop.
"""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest

from tests.clients.stage import ask
from tests.fault.nursery import Nursery
from tests.fault.rig import NotAcknowledged, Uploads, damage, injecting, locks_in
from tests.live import LiveHub

ANSWER_SECONDS_MAX = 10


def is_ready(hub: LiveHub) -> bool:
    answer = ask(hub, "GET", "/readyz")
    assert answer.status in {200, 503}
    return answer.status == 200


def attempt(uploads: Uploads, hub: LiveHub, way: str) -> bool:
    """Whether an upload was acknowledged. Refusals are 503, in time."""
    begun = time.monotonic()
    try:
        uploads.upload(hub, way)
    except NotAcknowledged as refusal:
        if refusal.answer.status != 503:
            raise
        return False
    except subprocess.CalledProcessError:
        return False
    finally:
        assert time.monotonic() - begun < ANSWER_SECONDS_MAX
    return True


@pytest.mark.timeout(240)
@pytest.mark.parametrize("way", Uploads.WAYS)
@pytest.mark.parametrize("call", ["fsync", "fdatasync", "syncfs"])
def test_one_failed_sync_ends_all_writing(
    call: str, way: str, data: Path, tmp_path: Path, nursery: Nursery
) -> None:
    uploads = Uploads(tmp_path)
    with nursery.serving(data, "--quiet") as hub:
        uploads.prepare(hub, (way,))
        uploads.upload(hub, way)
    for when in (1, 2):
        with nursery.serving(data, "--quiet") as hub:
            uploads.verify(hub)
            uploads.upload(hub, way)
            with injecting(hub, f"{call}:error=EIO:when={when}"):
                failed = not attempt(uploads, hub, way)
            if not failed:
                continue  # this way takes fewer syncs of this kind
            if (call, way) != (
                "fsync",
                "push",
            ):  # there git failed, and what it took is thrown away
                # The disk is well again, as far as it says. The hub does not believe it.
                assert not is_ready(hub)
                assert not attempt(uploads, hub, way)
                assert not attempt(uploads, hub, way)
            # A ref may have moved whose rows wait for the restart; what was promised is read.
            assert uploads.lost(hub) == []
    with nursery.serving(data) as hub:
        assert is_ready(hub)
        uploads.verify(hub)
        uploads.upload(hub, way)
        uploads.verify(hub)
    assert locks_in(data) == []
    assert damage(data, deep=True) == []
