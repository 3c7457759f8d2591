"""A power cut right after an acknowledgement loses nothing. And the rig would notice if it did.

The data lies on a loop-mounted ext4 with a journal, which is shut down so that everything not
flushed is gone (what xfstests does). The same story with syncs that do nothing must lose things:
otherwise the disk would be too kind to prove anything.
"""

from __future__ import annotations

import itertools
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from groundswell.core.errors import GroundswellError
from tests.clients.stage import ask
from tests.fault.disks import power_cut_disk
from tests.fault.nursery import Nursery
from tests.fault.rig import NotAcknowledged, Uploads, damage, injecting, locks_in
from tests.live import LiveHub, swell

CUTS = 20
SYNCS = ("fsync", "fdatasync", "syncfs")


def is_known(hub: LiveHub, token: str) -> bool:
    return ask(hub, "GET", "/api/whoami-v2", token=token).status == 200


@pytest.mark.timeout(240)
def test_what_was_acknowledged_survives_a_power_cut(
    fresh_data: Callable[[Path], Path], tmp_path: Path, nursery: Nursery
) -> None:
    ways = itertools.cycle(Uploads.WAYS)
    tokens: list[str] = []
    with power_cut_disk(tmp_path) as disk:
        data = fresh_data(disk.path)
        uploads = Uploads(tmp_path)
        with nursery.serving(data, "--quiet") as hub:
            uploads.prepare(hub)
            disk.cut()
            hub.stop(signal.SIGKILL)
        for cut in range(CUTS):
            disk.restore_power()
            with nursery.serving(data, "--quiet") as hub:
                uploads.verify(hub)
                assert all(is_known(hub, token) for token in tokens), f"a token is lost, cut {cut}"
                assert damage(data) == []
                assert locks_in(data) == []
                uploads.commit_sent(hub)
                uploads.upload(hub, next(ways))
                if cut % 3 == 2:
                    uploads.send(hub, "lfs" if cut % 2 else "xet")
                elif cut % 5 == 4:
                    swell(data, "user", "add", f"cut-{cut}", text="a long passphrase\n" * 2)
                    made = swell(data, "token", "create", f"cut-{cut}", "--role", "write")
                    tokens.append(made.strip())
                else:
                    uploads.upload(hub, next(ways))
                disk.cut()
                hub.stop(signal.SIGKILL)
        disk.restore_power()
        with nursery.serving(data) as hub:
            uploads.commit_sent(hub)
            uploads.verify(hub)
            assert all(is_known(hub, token) for token in tokens)
        assert damage(data, deep=True) == []
    assert min(uploads.counted.values()) >= CUTS // 4, uploads.counted


# A commit's syncfs carries along what other syncs were for, and so does ext4's journal for folders:
# alone, only these are missed.
@pytest.mark.parametrize("silenced", [SYNCS, ("syncfs",), ("fdatasync",)], ids="-".join)
def test_the_same_cut_is_seen_when_syncs_do_nothing(
    silenced: tuple[str, ...],
    fresh_data: Callable[[Path], Path],
    tmp_path: Path,
    nursery: Nursery,
) -> None:
    with power_cut_disk(tmp_path) as disk:
        data = fresh_data(disk.path)
        uploads = Uploads(tmp_path)
        with nursery.serving(data, "--quiet") as hub:
            uploads.prepare(hub)
            uploads.upload(hub, "lfs")
            with injecting(hub, f"{','.join(silenced)}:retval=0"):
                if "syncfs" in silenced:
                    for way in Uploads.WAYS:
                        uploads.upload(hub, way)
                if "fdatasync" in silenced:
                    uploads.send(hub, "lfs")
                disk.cut()
                hub.stop(signal.SIGKILL)
        disk.restore_power()
        assert is_harmed(nursery, data, uploads), f"the rig lost nothing without {silenced}"


def is_harmed(nursery: Nursery, data: Path, uploads: Uploads) -> bool:
    """Whether something acknowledged is gone or damaged, or the hub does not even start."""
    try:
        with nursery.serving(data) as hub:
            uploads.commit_sent(hub)
            return uploads.lost(hub) != [] or damage(data) != []
    except (AssertionError, GroundswellError, NotAcknowledged):
        return True
