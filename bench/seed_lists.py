"""How long lists take among many repositories.

    python bench/seed_lists.py [COUNT]

Fills a throw-away database with COUNT models (100,000 by default) of 2,000 owners, a tenth of them
private, and prints the median and the worst of 15 runs of each kind of list, in milliseconds.
"""

from __future__ import annotations

import random
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from groundswell.core.values import (
    ANONYMOUS,
    Principal,
    RepoKind,
    Role,
    confusable_key,
)
from groundswell.hub.facets import facets_of
from groundswell.hub.search import CountRange, ListQuery, Search, Sort
from groundswell.store import tables
from groundswell.store.database import Database

OWNERS = 2_000
BATCH = 5_000
TASKS = ("text-generation", "fill-mask", "text-classification", "text-to-image")
FAMILIES = ("llama", "qwen", "mistral", "bert", "gemma", "phi", "whisper", "vit")
LICENSES = ("mit", "apache-2.0", "other", "cc-by-4.0")


def model(number: int, chance: random.Random) -> tuple[dict[str, Any], list[str]]:
    family = chance.choice(FAMILIES)
    owner = min(int(chance.paretovariate(0.6)), OWNERS)
    tags = ["transformers", "safetensors", family, chance.choice(TASKS), "en"]
    tags.append(f"license:{chance.choice(LICENSES)}")
    if number % 5_000 == 1:
        tags.append("rare-tag")
    row = {
        "id": number,
        "public_id": f"{number:024x}",
        "kind": "model",
        "owner_id": owner,
        "creator_id": owner,
        "namespace": f"owner{owner}",
        "name": f"{family}-{chance.choice(('base', 'chat', 'tiny'))}-{number:x}",
        "visibility": "private" if number % 10 == 0 else "public",
        "created_at": number,
        "modified_at": chance.randrange(10**9),
        "downloads": int(chance.paretovariate(0.5)) % 10**9,
        "likes": int(chance.paretovariate(1)) % 10**6,
        "trending": int(chance.paretovariate(1)) % 10**6,
        "parameter_count": int(10 ** chance.uniform(6, 12)),
        "card": {"license": "mit", "tags": tags},
        "facts": {"safetensors": {"parameters": {"BF16": number}, "total": number}},
    }
    return row, tags


def seed(database: Database, count: int) -> None:
    chance = random.Random(1)

    def owners(conn: sa.Connection) -> None:
        rows = [
            {"id": n, "public_id": f"{n:024x}", "kind": "user", "name": f"owner{n}",
             "folded": f"owner{n}", "created_at": 1}
            for n in range(1, OWNERS + 1)
        ]  # fmt: skip
        conn.execute(sa.insert(tables.accounts), rows)

    database.write(owners)
    for start in range(1, count + 1, BATCH):
        made = [model(number, chance) for number in range(start, min(start + BATCH, count + 1))]

        def batch(conn: sa.Connection, made: list[tuple[dict[str, Any], list[str]]] = made) -> None:
            rows = [row for row, _tags in made]
            conn.execute(sa.insert(tables.repositories), rows)
            names = [
                {"kind": "model", "namespace_folded": row["namespace"], "name_folded": row["name"],
                 "confusable": confusable_key(row["name"]), "repository_id": row["id"],
                 "state": "current"}
                for row in rows
            ]  # fmt: skip
            conn.execute(sa.insert(tables.repository_names), names)
            tags = [
                {"repository_id": row["id"], "position": position, "tag": tag}
                for row, tags in made
                for position, tag in enumerate(tags)
            ]
            conn.execute(sa.insert(tables.repository_tags), tags)

        database.write(batch)


MEMBER = Principal(account_id=5, name="owner5", memberships=((1, Role.READ), (2, Role.WRITE)))
ADMIN = Principal(account_id=5, name="owner5", is_admin=True)
PAGE = 30
CASES: dict[str, tuple[Principal, dict[str, Any]]] = {
    "front page": (ANONYMOUS, {}),
    "by date": (ANONYMOUS, {"sort": Sort.LAST_MODIFIED}),
    "by downloads, ascending": (ANONYMOUS, {"sort": Sort.DOWNLOADS, "descending": False}),
    "as a member": (MEMBER, {"sort": Sort.LAST_MODIFIED}),
    "as an admin": (ADMIN, {"sort": Sort.LAST_MODIFIED}),
    "small author": (ANONYMOUS, {"author": "owner777"}),
    "largest author": (ANONYMOUS, {"author": "owner1"}),
    "frequent word": (ANONYMOUS, {"words": ("llama",)}),
    "rare word": (ANONYMOUS, {"words": ("chat-1869f",)}),
    "no such word": (ANONYMOUS, {"words": ("zzzz",)}),
    "two words": (ANONYMOUS, {"words": ("qwen", "7ff")}),
    "frequent tag": (ANONYMOUS, {"filters": ("text-generation",)}),
    "rare tag": (ANONYMOUS, {"filters": ("rare-tag",)}),
    "two frequent tags": (ANONYMOUS, {"filters": ("license:mit", "fill-mask")}),
    "tags that never meet": (ANONYMOUS, {"filters": ("fill-mask", "text-generation")}),
    "word and tag": (ANONYMOUS, {"words": ("bert",), "filters": ("license:mit",)}),
    "parameters": (ANONYMOUS, {"parameters": CountRange(6 * 10**9, 128 * 10**9)}),
    "few parameters": (ANONYMOUS, {"parameters": CountRange(None, 1_010_000)}),
    "1,000 rows, slim": (ANONYMOUS, {"limit": 1000, "details": False}),
}


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with (
        tempfile.TemporaryDirectory() as folder,
        Database.open(f"sqlite:///{Path(folder)}/hub.db") as database,
    ):
        started = time.perf_counter()
        seed(database, count)
        print(f"{count} models made in {time.perf_counter() - started:.0f} s")
        search = Search(database)
        print(f"{'list':28} {'rows':>5} {'total':>6} {'median ms':>10} {'worst ms':>9}")
        for name, (principal, changes) in CASES.items():
            query = ListQuery(**{"limit": PAGE, **changes})
            times = []
            page = search.list(principal, RepoKind.MODEL, query)
            for _ in range(15):
                begun = time.perf_counter()
                search.list(principal, RepoKind.MODEL, query)
                times.append((time.perf_counter() - begun) * 1000)
            print(
                f"{name:28} {len(page.repositories):5} {page.total!s:>6} "
                f"{statistics.median(times):10.1f} {max(times):9.1f}"
            )
        for name in ("front page", "frequent word", "rare word", "frequent tag"):
            principal, changes = CASES[name]
            times = []
            for _ in range(15):
                begun = time.perf_counter()
                facets_of(search, principal, RepoKind.MODEL, ListQuery(**changes))
                times.append((time.perf_counter() - begun) * 1000)
            print(
                f"{'facets, ' + name:28} {'':5} {'':>6} "
                f"{statistics.median(times):10.1f} {max(times):9.1f}"
            )


if __name__ == "__main__":
    main()
