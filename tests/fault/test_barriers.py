"""How often a commit waits for the disk: as often for a thousand files as for one.

Counted by strace on a live hub. Objects become durable by one sync of the file system, the ref that
names them by a second one after it: together in one, a power cut could keep the ref and lose what
it names. Rows of the database are synced by the database.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from tests.fault.nursery import Nursery
from tests.fault.rig import injecting
from tests.live import LiveHub, token_of
from tests.security.target import Caller, bearer, commit, large, noise, regular, send_large

FILES = 1_000
CALLS = "fsync,fdatasync,syncfs,sync"


def syncs_of_a_commit(hub: LiveHub, ada: Caller, lines: list[tuple[str, object]]) -> Counter[str]:
    """What the hub synced: the name of the file or folder, for each time."""
    with injecting(hub, trace=CALLS) as finish:
        answer = commit(ada, "ada/syncs", *lines)
        assert answer.status == 200, answer.text
        traced = finish()
    found = re.findall(r"\b(fsync|fdatasync|syncfs|sync)\((?:\d+<([^>]*)>)?", traced)
    return Counter(f"{call} {Path(file).name}" for call, file in found)


@pytest.mark.timeout(240)
def test_a_thousand_files_are_one_barrier(data: Path, nursery: Nursery) -> None:
    with nursery.serving(data, "--quiet") as hub:
        ada = Caller(hub.port, bearer(token_of("ada")))
        made = ada.json("POST", "/api/repos/create", {"type": "model", "name": "syncs"})
        assert made.status == 200, made.text
        small = [regular(f"f{n % 10}/{n}.txt", f"file {n}\n".encode()) for n in range(FILES)]
        contents = [noise(500, f"large {n}") for n in range(FILES)]
        sent = [(send_large(ada, "ada/syncs", each), len(each)) for each in contents]
        heavy = [large(f"g{n % 10}/{n}.bin", *each) for n, each in enumerate(sent)]
        counted = {
            "one small": syncs_of_a_commit(hub, ada, small[:1]),
            "small": syncs_of_a_commit(hub, ada, small[1:]),
            "one large": syncs_of_a_commit(hub, ada, heavy[:1]),
            "large": syncs_of_a_commit(hub, ada, heavy[1:]),
        }
        ada.close()
    for name, calls in counted.items():
        # Besides, the log of the database, which now and then is carried over into its file; and a
        # ref that takes the place of another one's file, whose bytes go to the disk before its name.
        rest = {call: count for call, count in calls.items() if "groundswell.db" not in call}
        assert rest.pop("fdatasync main.lock", 0) <= 1, (name, calls)
        assert rest == {"syncfs repos": 2}, (name, calls)
        # Chores of the hub write rows meanwhile, more of them the slower the machine: one or five
        # of a commit's are alike here, and one for each file would be a thousand.
        assert calls.total() <= FILES / 20, (name, calls)
