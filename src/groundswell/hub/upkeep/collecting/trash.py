"""What is marked and not yet gone: listed, and brought back.

Knows marks, lost links and folders that were set aside. Everything here is for the admin of the
hub: it asks nobody's rights.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from groundswell.core.errors import GroundswellError, NameTaken, NotFound
from groundswell.core.values import RepoId, fold_name
from groundswell.hub.blobs import marks as rules
from groundswell.hub.blobs.losing import find_links
from groundswell.hub.events import record
from groundswell.hub.repos import Repos, names
from groundswell.hub.repos.finding import CURRENT, name_row
from groundswell.hub.repos.identities import note_identity
from groundswell.hub.upkeep.collecting.storetime import store_time
from groundswell.hub.upkeep.premises import PAGE_ROWS, Contents, Premises
from groundswell.store.tables import lost_links, marks, repositories

_MICROS: Final = 1_000_000
_PLACES_MAX: Final = 3


@dataclass(frozen=True, slots=True)
class Marked:
    """Something that nothing needs. ``since`` and ``until`` are microseconds since the epoch, as
    the clock would have it now; ``until`` is when it may go. ``places`` says where it was missed
    from last.
    """

    kind: str
    key: str
    size_bytes: int
    since: int
    until: int
    places: tuple[str, ...]


def listed(premises: Premises, grace_seconds: float, kinds: Sequence[str] = ()) -> Iterator[Marked]:
    """Everything that is marked, by kind and key, read in portions."""
    clock_time = premises.clock()
    behind = clock_time - premises.database.read(lambda conn: store_time(conn, clock_time))
    grace = int(grace_seconds * _MICROS)
    for kind in kinds or (rules.REPOSITORY, rules.FILE, rules.SHARD, rules.XORB):
        query = sa.select(marks.c.key, marks.c.size_bytes, marks.c.marked_at)
        for row in premises.pages(query.where(marks.c.kind == kind), marks.c.key):
            since = row.marked_at + behind
            places = _places(premises, kind, row.key)
            yield Marked(kind, row.key, row.size_bytes, since, since + grace, places)


def _places(premises: Premises, kind: str, key: str) -> tuple[str, ...]:
    table = repositories
    columns = (table.c.kind, table.c.namespace, table.c.name)
    if kind == rules.REPOSITORY:
        query = sa.select(*columns, sa.literal("")).where(table.c.id == int(key))
    elif kind == rules.FILE:
        query = (
            sa.select(*columns, lost_links.c.path)
            .join_from(lost_links, table, table.c.id == lost_links.c.repository_id)
            .where(lost_links.c.sha256 == key)
            .order_by(table.c.id)
            .limit(_PLACES_MAX)
        )
    else:
        return ()
    rows = premises.database.read(lambda conn: conn.execute(query).all())
    return tuple(
        f"{kind} {namespace}/{name}" + (f": {path}" if path else "")
        for kind, namespace, name, path in rows
    )


def bring_back_file(premises: Premises, sha256: str) -> int:
    """Give a content back to the repositories that let it go; to how many.

    Raises:
        NotFound: it is not here any more, or no repository that still exists had it.
    """
    now = premises.clock()

    def work(conn: sa.Connection) -> int:
        alive = sa.select(repositories.c.id).where(repositories.c.deleted_at.is_(None))
        lost = sa.and_(lost_links.c.sha256 == sha256, lost_links.c.repository_id.in_(alive))
        query = sa.select(lost_links.c.repository_id).where(lost)
        numbers = list(conn.execute(query).scalars())
        if not find_links(conn, lost, now):
            msg = "No repository that exists let go of a content of this sha256 that is still here."
            raise NotFound(msg)
        for number in numbers:
            record(conn, now, "content.restored", None, number, {"sha256s": [sha256]})
        return len(numbers)

    return premises.database.write(work)


def bring_back(premises: Premises, repo_id: RepoId) -> int:
    """Undo the deletion of a repository: its history, its large files, its name. Its number.

    Discussions, grants and settings went with the deletion and do not come back.

    Raises:
        NotFound: no repository of that name was deleted, or not lately enough.
        NameTaken: the name belongs to another repository now.
    """
    if not repo_id.kind.has_history:
        msg = "A bucket that was deleted cannot be brought back: restore a backup."
        raise NotFound(msg)
    number = _deleted_number(premises, repo_id)
    if not premises.git.aside.bring_back(number):
        msg = f"The files of {repo_id.full_name} were removed already: restore a backup."
        raise NotFound(msg)
    now = premises.clock()

    def work(conn: sa.Connection) -> None:
        row = name_row(conn, repo_id)
        if row is not None and row["state"] == CURRENT and row["repository_id"] != number:
            raise NameTaken(
                f"{repo_id.full_name} is another repository now: move that one first.",
                repo_id.url_path,
            )
        mark = sa.and_(marks.c.kind == rules.REPOSITORY, marks.c.key == str(number))
        if conn.execute(sa.select(marks.c.doomed).where(mark)).scalar():
            raise NotFound(f"{repo_id.full_name} is being removed: restore a backup.")
        conn.execute(sa.delete(marks).where(mark))
        conn.execute(
            sa.update(repositories)
            .where(repositories.c.id == number)
            .values(deleted_at=None, modified_at=now)
        )
        names.claim(conn, repo_id, number)
        find_links(conn, lost_links.c.repository_id == number, now)
        payload = {"kind": repo_id.kind.value, "name": repo_id.full_name}
        record(conn, now, "repository.restored", None, number, payload)

    try:
        premises.database.write(work)
    except GroundswellError:
        premises.git.aside.put(number)
        raise
    _describe(premises, number)
    return number


def _deleted_number(premises: Premises, repo_id: RepoId) -> int:
    """The repository of that name that was deleted last."""
    table = repositories
    after, found = 0, 0
    while True:
        query = (
            sa.select(table.c.id, table.c.namespace, table.c.name)
            .where(
                table.c.kind == repo_id.kind.value,
                table.c.deleted_at.is_not(None),
                table.c.id > after,
            )
            .order_by(table.c.id)
            .limit(PAGE_ROWS)
        )
        rows = premises.database.read(lambda conn: conn.execute(query).all())  # noqa: B023 - at once
        for row in rows:
            wanted = (fold_name(repo_id.namespace), fold_name(repo_id.name))
            if (fold_name(row.namespace), fold_name(row.name)) == wanted:
                found = row.id
        if len(rows) < PAGE_ROWS:
            break
        after = rows[-1].id
    if not found:
        msg = f"No repository called {repo_id.full_name} was deleted."
        raise NotFound(msg)
    return found


def _describe(premises: Premises, number: int) -> None:
    repos = Repos(premises.database, premises.git, premises.clock, Contents(premises))
    try:
        repos.index(number)
    finally:
        repos.close()
    note_identity(premises.database, premises.git, number)
