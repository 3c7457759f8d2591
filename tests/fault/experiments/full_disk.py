"""A full disk: uploads are refused with 507 and change nothing, reads go on, and the same upload
succeeds once there is space, without a restart.
"""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.clients.stage import ask
from tests.fault.disks import SmallDisk, small_disk
from tests.fault.nursery import Nursery
from tests.fault.rig import ADA, NotAcknowledged, Uploads, damage, locks_in
from tests.live import LiveHub

DISK_BYTES = 48 << 20
UPLOAD_BYTES = 1 << 20
# Space left, from nothing to almost enough: what fails is another step each time.
LEVELS = (0, 4 << 10, 16 << 10, 64 << 10, 200 << 10, 600 << 10)


@contextlib.contextmanager
def hub_on_a_small_disk(
    tmp_path: Path, fresh_data: Callable[[Path], Path], nursery: Nursery, inodes: int = 0
) -> Iterator[tuple[LiveHub, SmallDisk]]:
    with small_disk(tmp_path, DISK_BYTES, inodes) as disk:
        data = fresh_data(disk.path)
        with nursery.serving(data) as hub:
            yield hub, disk


def heads(hub: LiveHub, repo: str) -> object:
    """Where every ref of a repository is."""
    return ask(hub, "GET", f"/api/models/{repo}/refs?include_prs=1", token=ADA).json()


def refused_for_space(
    uploads: Uploads, hub: LiveHub, way: str, size_bytes: int = UPLOAD_BYTES
) -> bool:
    """Try an upload: False when there was room enough for it after all."""
    try:
        uploads.upload(hub, way, size_bytes)
    except NotAcknowledged as refusal:
        code = refusal.answer.headers.get("X-Error-Code", "StorageFull")  # Xet and LFS have none
        if (refusal.answer.status, code) != (507, "StorageFull"):
            raise
    except subprocess.CalledProcessError as refusal:
        if b"space" not in refusal.stderr:
            raise AssertionError(refusal.stderr) from refusal
    else:
        return False
    return True


@pytest.mark.parametrize("way", Uploads.WAYS)
def test_uploads_to_a_full_disk(
    way: str, tmp_path: Path, fresh_data: Callable[[Path], Path], nursery: Nursery
) -> None:
    with hub_on_a_small_disk(tmp_path, fresh_data, nursery) as (hub, disk):
        uploads = Uploads(tmp_path)
        uploads.prepare(hub, (way,))
        uploads.upload(hub, way, UPLOAD_BYTES)
        refused = 0
        for leave_bytes in LEVELS:
            before = heads(hub, uploads.repo(way))
            disk.fill(leave_bytes)
            if refused_for_space(uploads, hub, way):
                refused += 1
                assert heads(hub, uploads.repo(way)) == before, f"moved with {leave_bytes} left"
            uploads.verify(hub)
            disk.free()
            free_bytes = disk.free_bytes
            uploads.again(hub, way, UPLOAD_BYTES)
            uploads.verify(hub)
            assert disk.free_bytes > free_bytes - 3 * UPLOAD_BYTES
        assert refused >= 4, "the disk was never full"
        assert locks_in(hub.data) == []
        assert damage(hub.data, deep=True) == []
        assert list((hub.data / "spool").iterdir()) == [], "what was refused still takes space"


@pytest.mark.parametrize("way", Uploads.WAYS)
def test_no_inode_is_left(
    way: str, tmp_path: Path, fresh_data: Callable[[Path], Path], nursery: Nursery
) -> None:
    with hub_on_a_small_disk(tmp_path, fresh_data, nursery, inodes=600) as (hub, disk):
        uploads = Uploads(tmp_path)
        uploads.prepare(hub, (way,))
        uploads.upload(hub, way)
        for leave in (0, 1, 2, 4, 6):
            disk.fill_inodes(leave)
            before = heads(hub, uploads.repo(way))
            if refused_for_space(uploads, hub, way):
                assert heads(hub, uploads.repo(way)) == before
            uploads.verify(hub)
            disk.free()
            uploads.again(hub, way)
            uploads.verify(hub)
        assert damage(hub.data, deep=True) == []


@pytest.mark.parametrize("way", ["small", "lfs"])
def test_every_page_of_a_disk_that_is_almost_full(
    way: str, tmp_path: Path, fresh_data: Callable[[Path], Path], nursery: Nursery
) -> None:
    """Space ends at each step in turn, also between a ref and its rows."""
    with hub_on_a_small_disk(tmp_path, fresh_data, nursery) as (hub, disk):
        uploads = Uploads(tmp_path)
        uploads.prepare(hub, (way,))
        uploads.upload(hub, way, 10_000)
        refused = []
        for pages in range(56):
            disk.fill(pages * 4096)
            refused.append(refused_for_space(uploads, hub, way, 10_000))
            assert uploads.lost(hub) == []
            disk.free()
            uploads.again(hub, way, 10_000)
            uploads.verify(hub)
        # From nothing to enough. What is enough differs by a few pages: logs and trees grow.
        assert refused[0]
        assert not all(refused[-8:])
        assert damage(hub.data, deep=True) == []
