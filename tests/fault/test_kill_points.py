"""SIGKILL at every step of an upload: whatever had been done by then, nothing is half done.

strace kills the hub when a thread of it comes to its n-th system call of a kind. Each hub that
starts after a kill looks at what the last one left, takes an upload, and is killed in the next.
"""

from __future__ import annotations

import contextlib
import re
import signal
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from tests.fault.nursery import Nursery
from tests.fault.rig import CUT_OFF, NotAcknowledged, Uploads, damage, injecting, locks_in
from tests.live import LiveHub

# Steps that change what is on the disk, and how many of each kind are tried at most, spread over
# those that one upload takes.
STEPS = {
    "fsync": 3, "fdatasync": 3, "syncfs": 2, "rename": 3, "link,linkat": 3, "unlink,unlinkat": 2,
    "mkdir,mkdirat": 1, "pwrite64": 2, "write": 2, "openat": 2,
}  # fmt: skip


def spread(count: int, most: int) -> list[int]:
    """Up to ``most`` of the numbers 1 to ``count``, the first and the last among them."""
    if count <= most:
        return list(range(1, count + 1))
    if most == 1:
        return [count]
    return sorted({1 + round(step * (count - 1) / (most - 1)) for step in range(most)})


def points_of(hub: LiveHub, uploads: Uploads, way: str) -> list[tuple[str, int]]:
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
                points += [(call, n) for n in spread(max(taken[call].values()), most)]
    return points


@pytest.mark.timeout(240)
@pytest.mark.parametrize("way", Uploads.WAYS)
def test_a_hub_killed_at_any_step_of_an_upload(
    way: str, data: Path, tmp_path: Path, nursery: Nursery
) -> None:
    uploads = Uploads(tmp_path)
    with nursery.serving(data) as hub:
        uploads.prepare(hub, (way,))
        uploads.upload(hub, way)  # the first one in a process does more
        points = points_of(hub, uploads, way)
    assert {"syncfs", "rename", "pwrite64", "write"} <= {call for call, _ in points}
    died = 0
    for call, n in points:
        with nursery.serving(data, "--quiet") as hub:
            check_what_is_left(hub, uploads, way)
            with (
                injecting(hub, f"{call}:signal=SIGKILL:when={n}"),
                contextlib.suppress(NotAcknowledged, *CUT_OFF),
            ):
                uploads.upload(hub, way)
            died += hub.process.poll() is not None
            hub.stop(signal.SIGKILL)
    with nursery.serving(data) as hub:
        check_what_is_left(hub, uploads, way)
    assert damage(data, deep=True) == []
    # Work is not always shared among threads alike; and in a push git may die where the hub lives.
    assert died >= len(points) * (0.4 if way == "push" else 0.6), (died, len(points))


def check_what_is_left(hub: LiveHub, uploads: Uploads, way: str) -> None:
    """Everything acknowledged, nothing by halves, no repair needed: the next upload works."""
    uploads.verify(hub)
    assert damage(hub.data) == []
    assert locks_in(hub.data) == []
    uploads.upload(hub, way)
