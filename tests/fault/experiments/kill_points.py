"""F2: SIGKILL at every step of an upload: whatever had been done by then, nothing is half done.

strace kills the hub when a thread of it comes to its n-th system call of a kind. Each hub that
starts after a kill looks at what the last one left, takes an upload, and is killed in the next.
"""

from __future__ import annotations

import contextlib
import re
import signal
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

from tests.fault.experiments.figures import Figure, Scale, counted
from tests.fault.experiments.site import Site
from tests.fault.nursery import Nursery
from tests.fault.rig import CUT_OFF, NotAcknowledged, Uploads, damage, injecting, locks_in
from tests.live import LiveHub

# Steps that change what is on the disk, and how many of each kind are tried at most where time is
# short, spread over those that one upload takes.
STEPS = {
    "fsync": 2, "fdatasync": 3, "syncfs": 2, "rename": 3, "link,linkat": 2, "unlink,unlinkat": 2,
    "mkdir,mkdirat": 1, "pwrite64": 2, "write": 2, "openat": 1,
}  # fmt: skip
ALL = 1_000_000


def spread(count: int, most: int) -> list[int]:
    """Up to ``most`` of the numbers 1 to ``count``, the first and the last among them."""
    if count <= most:
        return list(range(1, count + 1))
    if most == 1:
        return [count]
    return sorted({1 + round(step * (count - 1) / (most - 1)) for step in range(most)})


def points_of(hub: LiveHub, uploads: Uploads, way: str, scale: Scale) -> list[tuple[str, int]]:
    """(system calls, n): the steps of one upload, as a thread of the hub takes them."""
    with injecting(hub, trace=",".join(STEPS)) as finish:
        uploads.upload(hub, way)
        traced = finish()
    taken: dict[str, Counter[str]] = defaultdict(Counter)
    for thread, call in re.findall(r"^(\d+) +(\w+)\(", traced, re.MULTILINE):
        taken[call][thread] += 1
    points = []
    for calls, most in STEPS.items():
        for call in calls.split(","):
            if call in taken:
                numbers = spread(max(taken[call].values()), scale.of(most, ALL))
                points += [(call, n) for n in numbers]
    return points


def what_is_left(hub: LiveHub, uploads: Uploads, way: str) -> list[str]:
    """What a kill has spoilt: everything acknowledged is there, nothing by halves, no repair is
    needed and the next upload works.
    """
    found = uploads.faults(hub) + damage(hub.data) + locks_in(hub.data)
    try:
        uploads.upload(hub, way)
    except (NotAcknowledged, *CUT_OFF) as error:
        found.append(f"the next upload: {error}")
    return found


def killed_at(hub: LiveHub, uploads: Uploads, way: str, call: str, n: int) -> bool:
    """Upload, and be killed at that step; whether it came so far."""
    with (
        injecting(hub, f"{call}:signal=SIGKILL:when={n}"),
        contextlib.suppress(NotAcknowledged, *CUT_OFF),
    ):
        uploads.upload(hub, way)
    died = hub.process.poll() is not None
    hub.stop(signal.SIGKILL)
    return died


def run(site: Site, folder: Path, scale: Scale) -> Iterator[Figure]:
    """The experiment: one row for each way of uploading."""
    for way in Uploads.WAYS:
        (place := folder / way).mkdir()
        yield _by_one_way(site.nursery, site.fresh_data(place), place, way, scale)


def _by_one_way(nursery: Nursery, data: Path, folder: Path, way: str, scale: Scale) -> Figure:
    uploads = Uploads(folder)
    with nursery.serving(data) as hub:
        uploads.prepare(hub, (way,))
        uploads.upload(hub, way)  # the first one in a process does more
        points = points_of(hub, uploads, way, scale)
    kinds = {call for call, _ in points}
    died = 0
    spoilt: list[str] = []
    for call, n in points:
        with nursery.serving(data, "--quiet") as hub:
            spoilt += what_is_left(hub, uploads, way)
            died += killed_at(hub, uploads, way, call, n)
    with nursery.serving(data) as hub:
        spoilt += what_is_left(hub, uploads, way)
    spoilt += damage(data, deep=True)
    # Work is not always shared among threads alike; and in a push git may die where the hub lives.
    is_telling = died >= len(points) * (0.4 if way == "push" else 0.6)
    return Figure(
        "F2",
        f"steps of an upload ({way}) at which a kill spoils something",
        counted(spoilt, f"of {len(points)} steps"),
        "0",
        not spoilt and is_telling and {"syncfs", "rename", "pwrite64", "write"} <= kinds,
        f"{died} of them killed the hub",
    )
