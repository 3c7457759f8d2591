"""F7: uploads that freeze between any two of their steps, with the collector at work between them.

On a folder with SQLite, and on PostgreSQL and an object storage, there also with the collector in
another worker that never rests. Stock clients that freeze are in tests/fault/test_collector_live.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tests.fault import frozen_uploads as uploads
from tests.fault.experiments.figures import Figure, Scale
from tests.fault.experiments.site import Site
from tests.hub.blobs.world import digest_of, noise


def run(site: Site, folder: Path, scale: Scale) -> Iterator[Figure]:
    """The experiment."""
    del site
    wanted = scale.of(100, 1_000)
    with uploads.servers() as servers:
        yield _row("on a folder", uploads.measure(wanted, None))
        yield _row("on PostgreSQL and S3", uploads.measure(wanted, servers))
        yield _row("beside a collecting worker", uploads.measure(wanted, servers, beside=True))
    backup = _removed_during_a_backup(folder)
    yield Figure("F7", "objects removed during a backup", str(backup), "0", backup == 0)


def _row(where: str, found: uploads.Figure) -> Figure:
    return Figure(
        "F7",
        f"commits with a missing object, {where}",
        f"{found.lost} in {found.interleavings} interleavings",
        "0, and no faults or garbage",
        found.is_good,
        f"{found.refused} refused and sent again, {found.collected} xorbs collected, "
        f"{found.faults} faults, {found.left} left",
    )


def _removed_during_a_backup(folder: Path) -> int:
    """How much goes while a backup is made, of what is due; all of it goes afterwards."""
    place = uploads.Place(folder)
    try:
        content = noise(120_000, 99)
        place.upload(place.one, content)
        assert place.commit(place.one, digest_of(content))
        place.let_go(place.one, digest_of(content))
        place.days(uploads.GRACE // uploads.DAY - 1)
        before = len(place.on_disk())
        with place.premises().lease.nothing_is_deleted():
            place.days(3 * uploads.GRACE // uploads.DAY)
            kept = len(place.on_disk())
        place.days(3 * uploads.GRACE // uploads.DAY)
        assert not place.on_disk(), "nothing was due: this proves nothing"
        return before - kept
    finally:
        place.close()
