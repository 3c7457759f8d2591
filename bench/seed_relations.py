"""How long a lineage takes among many repositories.

    python bench/seed_relations.py [COUNT]

Fills a throw-away database as ``seed_lists`` does, with COUNT models (100,000 by default): half of
them declare the first model as their base, the others make a tree of merges in which each is named
by three; 30,000 are forks of the first. Prints medians of 30 runs in milliseconds, of the clock and
of processor time: finding the relations and making the page of them, and the box beside a card.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa

from bench.seed_lists import MEMBER, seed
from groundswell.core.values import ANONYMOUS, Principal
from groundswell.http.pages.relations import lineage_page
from groundswell.http.pages.templating import render
from groundswell.http.pages.views import RepoHead, Shell
from groundswell.hub.relations import Relations
from groundswell.hub.repos.rows import load
from groundswell.store import tables
from groundswell.store.database import Database

RUNS = 30
FIRST = 1
SHELL = Shell(viewer=None, csrf="", base_url="http://127.0.0.1", path="/", now=1)


def _declare(database: Database, count: int) -> int:
    """Write the relations; the number at which the tree begins."""
    table = tables.repositories.c
    half = count // 2 + 2

    def work(conn: sa.Connection) -> None:
        names = {
            row.id: f"{row.namespace}/{row.name}"
            for row in conn.execute(sa.select(table.id, table.namespace, table.name))
        }
        tags = []
        for number in range(2, count + 1):
            base, bond = FIRST, "finetune"
            if number > half:
                base, bond = half + (number - half - 1) // 3, "merge"
            for position, tag in enumerate(("", f"{bond}:"), start=50):
                said = f"base_model:{tag}{names[base]}"
                tags.append({"repository_id": number, "position": position, "tag": said})
        conn.execute(sa.insert(tables.repository_tags), tags)
        copies = [
            {"repository_id": number, "upstream_id": FIRST, "root_id": FIRST, "forked_at": number,
             "forked_commit": "0" * 40, "bound_visibility": "public", "bound_gate": "open"}
            for number in range(count * 6 // 10, count * 9 // 10)
        ]  # fmt: skip
        conn.execute(sa.insert(tables.forks), copies)

    database.write(work)
    return half


def _timed(work: Callable[[], object]) -> str:
    work()
    clock, processor = [], []
    for _ in range(RUNS):
        begun, spent = time.perf_counter(), time.process_time()
        work()
        clock.append((time.perf_counter() - begun) * 1000)
        processor.append((time.process_time() - spent) * 1000)
    return f"{statistics.median(clock):8.1f} {statistics.median(processor):8.1f}"


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with (
        tempfile.TemporaryDirectory() as folder,
        Database.open(f"sqlite:///{Path(folder)}/hub.db") as database,
    ):
        seed(database, count)
        half = _declare(database, count)
        relations = Relations(database)
        cases: dict[str, tuple[Principal, int]] = {
            "base of half of the hub": (ANONYMOUS, FIRST),
            "top of the tree": (ANONYMOUS, half + 1),
            "middle of the tree": (ANONYMOUS, half + 200),
            "the same, as a member": (MEMBER, half + 200),
            "end of the tree": (ANONYMOUS, count - 1),
            "one finetune": (ANONYMOUS, 3),
        }
        print(f"{'lineage':26} {'names':>5}    page      cpu      box      cpu")
        for name, (principal, number) in cases.items():
            here = database.read(lambda conn, number=number: load(conn, number))
            assert here is not None
            repo_id = here.repo_id
            head = RepoHead(
                "model", repo_id.namespace, repo_id.name, f"/{repo_id.full_name}",
                is_private=False, gate="open", is_disabled=False, likes=0, may_write=False,
                may_contribute=False, may_administer=False,
            )  # fmt: skip

            def page(
                principal: Principal = principal, here: object = here, head: RepoHead = head
            ) -> str:
                found = relations.ancestry(principal, here)  # type: ignore[arg-type]
                return render(lineage_page(head, found), SHELL)

            found = relations.ancestry(principal, here)
            box = _timed(lambda here=here, who=principal: relations.kin(who, here))
            print(f"{name:26} {len(found.relatives):5} {_timed(page)} {box}")


if __name__ == "__main__":
    main()
