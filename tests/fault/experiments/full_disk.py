"""F5: a full disk, no inodes, no descriptors, a limit to the size of files: uploads are refused with
507 (503 without descriptors) and change nothing, reads go on, and the same upload succeeds once
there is space, without a restart.
"""

from __future__ import annotations

import contextlib
import os
import resource
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.clients.stage import ask
from tests.fault.disks import SmallDisk, small_disk
from tests.fault.experiments.figures import Figure, Scale, counted
from tests.fault.experiments.site import Site
from tests.fault.rig import ADA, NotAcknowledged, Uploads, damage, locks_in
from tests.live import LiveHub

MIB = 1 << 20
# What uploads of a way take, where there is time for large ones.
LARGE_BYTES = {"small": 8 * MIB, "lfs": 100 * MIB, "xet": 100 * MIB, "push": 8 * MIB}
PAGE_BYTES = 10_000
PAGES = 56


def levels(upload_bytes: int, count: int) -> list[int]:
    """Space left, from nothing to almost enough: what fails is another step each time."""
    return [0, *(upload_bytes * 6 // 10 >> (2 * step // 3) for step in reversed(range(count - 1)))]


@contextlib.contextmanager
def hub_on_a_small_disk(
    site: Site, folder: Path, size_bytes: int = 48 * MIB, inodes: int = 0
) -> Iterator[tuple[LiveHub, SmallDisk]]:
    folder.mkdir()
    with small_disk(folder, size_bytes, inodes) as disk:
        data = site.fresh_data(disk.path)
        with site.nursery.serving(data, "--quiet") as hub:
            yield hub, disk


def heads(hub: LiveHub, repo: str) -> object:
    """Where every ref of a repository is."""
    return ask(hub, "GET", f"/api/models/{repo}/refs?include_prs=1", token=ADA).json()


def refused_for_space(uploads: Uploads, hub: LiveHub, way: str, size_bytes: int = MIB) -> bool:
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


@dataclass
class Tally:
    """What came of many uploads to a disk without room."""

    tried: int = 0
    refused: int = 0
    moved: int = 0
    faults: list[str] = field(default_factory=list)

    def figure(self, what: str, refused_min: int, note: str = "", moved_max: int = 0) -> Figure:
        return Figure(
            "F5",
            f"{what}: wrong answers, reads lost, the same upload refused with room; refs moved",
            f"{counted(self.faults, f'of {self.tried} uploads')}; {self.moved}",
            f"0; ≤ {moved_max}",
            not self.faults and self.refused >= refused_min and self.moved <= moved_max,
            f"{self.refused} of them refused; {note}".rstrip("; "),
        )

    def attempt(self, uploads: Uploads, hub: LiveHub, way: str, size_bytes: int) -> None:
        """One upload without room: refused, or done after all; nothing in between."""
        self.tried += 1
        before = heads(hub, uploads.repo(way))
        try:
            is_refused = refused_for_space(uploads, hub, way, size_bytes)
        except (AssertionError, NotAcknowledged) as error:
            self.faults.append(f"{way}: {error}")
            return
        self.refused += is_refused
        has_moved = is_refused and heads(hub, uploads.repo(way)) != before
        self.moved += has_moved
        # Until its rows are there, a new path may be listed and not yet be read.
        self.faults += uploads.lost(hub) if has_moved else uploads.faults(hub)

    def recover(self, uploads: Uploads, hub: LiveHub, way: str, size_bytes: int) -> None:
        """The same upload with room."""
        try:
            uploads.again(hub, way, size_bytes)
        except (NotAcknowledged, subprocess.CalledProcessError) as error:
            self.faults.append(f"{way}, with room: {error}")
        self.faults += uploads.faults(hub)

    def end(self, hub: LiveHub) -> None:
        self.faults += locks_in(hub.data) + damage(hub.data, deep=True)
        self.faults += [f"spool/{path.name} is left" for path in (hub.data / "spool").iterdir()]


def run(site: Site, folder: Path, scale: Scale) -> Iterator[Figure]:
    """The experiment."""
    count = scale.of(6, 20)
    yield _no_space(site, folder, scale, count)
    yield _no_inodes(site, folder)
    yield _every_page(site, folder)
    yield _limits(site, folder)


def _no_space(site: Site, folder: Path, scale: Scale, count: int) -> Figure:
    tally, kept = Tally(), []
    for way in Uploads.WAYS:
        upload_bytes = scale.of(MIB, LARGE_BYTES[way])
        disk_bytes = scale.of(48 * MIB, (2 * count + 6) * upload_bytes + 64 * MIB)
        with hub_on_a_small_disk(site, folder / f"space-{way}", disk_bytes) as (hub, disk):
            uploads = Uploads(folder / f"space-{way}")
            uploads.prepare(hub, (way,))
            uploads.upload(hub, way, upload_bytes)
            for leave_bytes in levels(upload_bytes, count):
                disk.fill(leave_bytes)
                tally.attempt(uploads, hub, way, upload_bytes)
                disk.free()
                free_bytes = disk.free_bytes
                tally.recover(uploads, hub, way, upload_bytes)
                kept.append((free_bytes - disk.free_bytes) / upload_bytes)
            tally.end(hub)
    if max(kept) > 3:
        tally.faults.append(f"{max(kept):.1f} times an upload's size was kept")
    note = f"{count} levels, by each way; at most {max(kept):.1f} times its size kept"
    return tally.figure("no space", count * 2, note)


def _no_inodes(site: Site, folder: Path) -> Figure:
    tally = Tally()
    for way in Uploads.WAYS:
        place = folder / f"inodes-{way}"
        with hub_on_a_small_disk(site, place, inodes=600) as (hub, disk):
            uploads = Uploads(place)
            uploads.prepare(hub, (way,))
            uploads.upload(hub, way)
            for leave in (0, 1, 2, 4, 6):
                disk.fill_inodes(leave)
                tally.attempt(uploads, hub, way, 300_000)
                disk.free()
                tally.recover(uploads, hub, way, 300_000)
            tally.end(hub)
    return tally.figure("no inodes", 8)


def _every_page(site: Site, folder: Path) -> Figure:
    """Space ends at each step in turn, also between a ref and its rows."""
    tally, enough = Tally(), []
    for way in ("small", "lfs"):
        place = folder / f"pages-{way}"
        with hub_on_a_small_disk(site, place) as (hub, disk):
            uploads = Uploads(place)
            uploads.prepare(hub, (way,))
            uploads.upload(hub, way, PAGE_BYTES)
            for pages in range(PAGES):
                disk.fill(pages * 4096)
                before = tally.refused
                tally.attempt(uploads, hub, way, PAGE_BYTES)
                # From nothing to enough. What is enough differs by a few pages: logs and trees grow.
                enough.append(tally.refused == before)
                disk.free()
                tally.recover(uploads, hub, way, PAGE_BYTES)
            tally.end(hub)
            if enough[-PAGES] or not any(enough[-8:]):
                tally.faults.append(f"{way}: the disk was never full, or never had room")
    # Where space ends between a ref and its rows, the ref stays and its rows follow later.
    note = "a ref moved where space ended between it and its rows"
    return tally.figure(f"0 to {PAGES - 1} pages left", 10, note, moved_max=PAGES)


# Where an upload meets the end of them hangs on how many are left.
DESCRIPTORS = (1, 2, 3)


def _limits(site: Site, folder: Path) -> Figure:
    """Files may not grow, or no more may be opened, for a while."""
    tally = Tally()
    (place := folder / "limits").mkdir()
    data = site.fresh_data(place)
    refused_with: set[int] = set()
    with site.nursery.serving(data, "--quiet") as hub:
        uploads = Uploads(place)
        uploads.prepare(hub, ("lfs", "small"))
        for way in ("lfs", "small"):
            uploads.upload(hub, way)
            for limit, room in (
                (resource.RLIMIT_FSIZE, 100_000),
                *((resource.RLIMIT_NOFILE, spare) for spare in DESCRIPTORS),
            ):
                is_open = len(os.listdir(f"/proc/{hub.process.pid}/fd"))
                most = room + (is_open if limit == resource.RLIMIT_NOFILE else 0)
                usual = resource.prlimit(hub.process.pid, limit)
                resource.prlimit(hub.process.pid, limit, (most, usual[1]))
                tally.tried += 1
                try:
                    uploads.upload(hub, way)
                except NotAcknowledged as refusal:
                    tally.refused += 1
                    refused_with.add(refusal.answer.status)
                    if refusal.answer.status not in {503, 507}:
                        tally.faults.append(f"{way}: {refusal}")
                finally:
                    resource.prlimit(hub.process.pid, limit, usual)
                tally.faults += uploads.faults(hub)
                tally.recover(uploads, hub, way, 300_000)
        tally.end(hub)
    return tally.figure("EFBIG and EMFILE", 2, f"with {sorted(refused_with)}")
