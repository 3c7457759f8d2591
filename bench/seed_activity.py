"""How long activity takes in a hub where much happened.

    python bench/seed_activity.py [EVENTS [REPOSITORIES]]

Fills a throw-away database with REPOSITORIES models (100,000 by default, as ``seed_lists``) and
EVENTS events (1,000,000), most of them of few people and repositories, and prints the median and
the worst of 15 runs of each kind of page, in milliseconds of processor time.
"""

from __future__ import annotations

import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bench.seed_lists import ADMIN, MEMBER, OWNERS, seed
from groundswell.core.values import ANONYMOUS, Principal
from groundswell.hub.activity import Activities, ActivityPage
from groundswell.hub.notifications import Filter, Inbox
from groundswell.hub.repos.rows import load
from groundswell.store import tables
from groundswell.store.database import Database

BATCH = 10_000
THREADS = 20_000
KINDS = ("commit.landed",) * 6 + ("discussion.commented",) * 3 + ("repository.changed",)
BUSY, IDLE, NOBODY = 5, 1_500, 2_000  # who follows most, few, none


def fill(database: Database, count: int, repositories: int) -> None:
    chance = random.Random(2)

    def threads(conn: sa.Connection) -> None:
        rows = [
            {"id": n, "repository_id": n, "number": 1, "is_pull_request": False, "title": f"t{n}",
             "status": "open", "author_id": 1 + n % OWNERS, "created_at": n}
            for n in range(1, THREADS + 1)
        ]  # fmt: skip
        conn.execute(sa.insert(tables.discussions), rows)

    def follows(conn: sa.Connection) -> None:
        pairs = [(BUSY, n) for n in range(1, OWNERS + 1) if n != BUSY] + [(IDLE, 1_999), (IDLE, 2)]
        rows = [{"follower_id": a, "followed_id": b, "followed_at": b} for a, b in pairs]
        conn.execute(sa.insert(tables.follows), rows)
        watched = [
            {"account_id": BUSY, "repository_id": 1 + n * 7 % repositories, "level": "all",
             "since_event": 0}
            for n in range(4_000)
        ]  # fmt: skip
        conn.execute(sa.insert(tables.watches), watched)

    def inbox(conn: sa.Connection) -> None:
        rows = [
            {"account_id": BUSY, "discussion_id": n, "repository_id": n, "event_id": n,
             "reason": "watching", "happened_at": n, "read_at": None if n % 2 else n}
            for n in range(1, THREADS + 1)
        ]  # fmt: skip
        conn.execute(sa.insert(tables.notifications), rows)

    for work in (threads, follows, inbox):
        database.write(work)
    for start in range(1, count + 1, BATCH):
        rows = [event(n, repositories, chance) for n in range(start, min(start + BATCH, count + 1))]
        database.write(
            lambda conn, rows=rows: conn.execute(sa.insert(tables.events), rows).rowcount
        )


def event(number: int, repositories: int, chance: random.Random) -> dict[str, Any]:
    repository = min(int(chance.paretovariate(0.4)), repositories)
    if number % 2:
        repository = chance.randrange(1, repositories + 1)
    kind = chance.choice(KINDS)
    is_said = kind == "discussion.commented"
    repository = 1 + repository % THREADS if is_said else repository
    return {
        "id": number,
        "happened_at": number,
        "type": kind,
        "actor_id": min(int(chance.paretovariate(0.6)), OWNERS),
        "repository_id": repository,
        "discussion_number": 1 if is_said else None,
        "payload": {"ref": "refs/heads/main", "old": "0" * 40, "new": "1" * 40},
    }


def principal(number: int) -> Principal:
    return Principal(account_id=number, name=f"owner{number}")


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    repositories = int(sys.argv[2]) if len(sys.argv) > 2 else 100_000
    with (
        tempfile.TemporaryDirectory() as folder,
        Database.open(f"sqlite:///{Path(folder)}/hub.db") as database,
    ):
        started = time.perf_counter()
        seed(database, repositories)
        fill(database, count, repositories)
        print(f"{count} events made in {time.perf_counter() - started:.0f} s")
        activities, inbox = Activities(database), Inbox(database, lambda: 0)
        busiest = database.read(lambda conn: load(conn, 1))
        assert busiest is not None
        deep = str(count // 2)

        def organisation() -> ActivityPage:
            return activities.of_account(ANONYMOUS, "owner1")

        cases: dict[str, Callable[[], Any]] = {
            "busiest repository": lambda: activities.of_repository(ANONYMOUS, busiest),
            "busiest repository, deep": lambda: activities.of_repository(
                ANONYMOUS, busiest, cursor=deep
            ),
            "busiest person": lambda: activities.of_account(ANONYMOUS, "owner1"),
            "busiest person, deep": lambda: activities.of_account(ANONYMOUS, "owner1", cursor=deep),
            "person without events": lambda: activities.of_account(ANONYMOUS, "owner1999"),
            "home, follows 1,999, watches 4,000": lambda: activities.home(MEMBER),
            "the same, deep": lambda: activities.home(MEMBER, cursor=deep),
            "the same, as an admin": lambda: activities.home(ADMIN),
            "home, follows 2": lambda: activities.home(principal(IDLE)),
            "home, follows nobody": lambda: activities.home(principal(NOBODY)),
            "badge, 10,000 unread": lambda: inbox.count(MEMBER),
            "badge, none": lambda: inbox.count(principal(NOBODY)),
            "inbox, 20,000 threads": lambda: inbox.list(MEMBER),
            "inbox, all read ones too": lambda: inbox.list(MEMBER, Filter.ALL),
        }
        report(cases)
        # An organisation: the account that has most repositories, as if it were one.
        database.write(
            lambda conn: (
                conn.execute(
                    sa.update(tables.accounts)
                    .where(tables.accounts.c.id == 1)
                    .values(kind="organisation")
                ).rowcount
            )
        )
        owned = sa.select(sa.func.count()).where(tables.repositories.c.owner_id == 1)
        number = database.read(lambda conn: conn.execute(owned).scalar_one())
        report({f"organisation of {number} repositories": organisation})


def report(cases: dict[str, Callable[[], Any]]) -> None:
    for name, work in cases.items():
        times = []
        work()
        for _ in range(15):
            begun = time.thread_time()
            work()
            times.append((time.thread_time() - begun) * 1000)
        print(f"{name:36} median {statistics.median(times):7.1f} ms, worst {max(times):7.1f}")


if __name__ == "__main__":
    main()
