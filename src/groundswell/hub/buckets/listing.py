"""Looking into buckets: one namespace's, one bucket's files and folders, one file.

Knows the order of paths and how a folder's level is cut out of them. Each use case finds the bucket
for its asker in its own transaction.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Final

import sqlalchemy as sa

from groundswell.core.errors import BadRequest, EntryNotFound, RepoNotFound
from groundswell.core.policy import Action
from groundswell.core.values import (
    PATH_LENGTH_MAX_BYTES,
    Principal,
    RepoId,
    RepoKind,
    is_storable,
)
from groundswell.hub.accounts import directory
from groundswell.hub.blobs import Blobs
from groundswell.hub.buckets import rows
from groundswell.hub.buckets.values import (
    PATHS_MAX,
    Bucket,
    BucketFile,
    BucketFolder,
    BucketPage,
    FilePage,
    LocatedFile,
)
from groundswell.hub.cursors import PAGE_ROWS_MAX, Order, next_cursor
from groundswell.hub.repos import Repository, visible_filter
from groundswell.hub.repos.finding import find
from groundswell.hub.repos.rows import load_without_details
from groundswell.store.database import Database
from groundswell.store.tables import repositories

WORD_CHARACTERS_MAX: Final = 200
# Rows read at once where folders may be between them: what a folder hides is read in vain.
_LEVEL_ROWS: Final = 50
_ORDER: Final = Order(repositories.c.created_at, repositories.c.id)


class Listing:
    """Finds buckets and what is in them. See ``Buckets``."""

    def __init__(self, database: Database, blobs: Blobs, clock: Callable[[], int]) -> None:
        self._database = database
        self._blobs = blobs
        self._clock = clock

    def get(self, principal: Principal, repo_id: RepoId) -> Bucket:
        """The bucket as it is now.

        Raises:
            RepoMoved, RepoNotFound, DisabledRepo: as ``Repos.find``.
        """
        return self._database.read(
            lambda conn: rows.bucket_of(conn, self._find(conn, principal, repo_id))
        )

    def list(
        self,
        principal: Principal,
        namespace: str,
        word: str = "",
        cursor: str | None = None,
        limit: int = PAGE_ROWS_MAX,
    ) -> BucketPage:
        """A page of a namespace's buckets that the asker may see, the newest first.

        ``word`` has to stand in a bucket's name.

        Raises:
            AccountNotFound: there is no such namespace.
            BadRequest: a word or cursor that cannot be.
        """
        if len(word) > WORD_CHARACTERS_MAX or not is_storable(word):
            raise BadRequest(f"A word has at most {WORD_CHARACTERS_MAX} characters, none zero.")

        def work(conn: sa.Connection) -> BucketPage:
            table = repositories
            owner = directory.find(conn, namespace)
            query = sa.select(table.c.id, table.c.created_at).where(
                table.c.kind == RepoKind.BUCKET.value,
                table.c.owner_id == owner.id,
                visible_filter(principal),
            )
            if word:
                place = sa.func.strpos if conn.dialect.name == "postgresql" else sa.func.instr
                query = query.where(place(sa.func.lower(table.c.name), word.lower()) > 0)
            found = conn.execute(_ORDER.page(query, cursor, limit)).mappings().all()
            numbers = [row["id"] for row in found[:limit]]
            return BucketPage(
                _buckets(conn, numbers), next_cursor(found, limit, "created_at", "id")
            )

        return self._database.read(work)

    def tree(
        self,
        principal: Principal,
        repo_id: RepoId,
        prefix: str = "",
        *,
        recursive: bool = True,
        cursor: str | None = None,
        limit: int = PAGE_ROWS_MAX,
    ) -> FilePage:
        """A page of what begins with the prefix, letter by letter, as clients want it.

        Without ``recursive`` what lies deeper is told as folders: below the prefix itself where
        that is a folder, else beside it.

        Raises:
            BadRequest: a cursor that no page gave, or a limit that cannot be.
            RepoMoved, RepoNotFound, DisabledRepo: as ``Repos.find``.
        """
        if not 1 <= limit <= PAGE_ROWS_MAX:
            raise BadRequest(f"limit must be between 1 and {PAGE_ROWS_MAX}.")
        after = _open_cursor(cursor)
        if len(prefix.encode()) > PATH_LENGTH_MAX_BYTES or not is_storable(prefix):
            return FilePage((), None)
        walk = _all if recursive else _level

        def work(conn: sa.Connection) -> FilePage:
            number = self._find(conn, principal, repo_id).id
            return _page(walk(conn, number, prefix, after, limit + 1), limit)

        return self._database.read(work)

    def paths_info(
        self, principal: Principal, repo_id: RepoId, paths: Sequence[str]
    ) -> tuple[BucketFile, ...]:
        """The files at these paths, in their order; what is no file is left out.

        Raises:
            BadRequest: more than ``PATHS_MAX`` paths.
        """
        if len(paths) > PATHS_MAX:
            raise BadRequest(f"At most {PATHS_MAX} paths at a time.")
        wanted = [path for path in dict.fromkeys(paths) if is_storable(path)]

        def work(conn: sa.Connection) -> dict[str, BucketFile]:
            return rows.files_at(conn, self._find(conn, principal, repo_id).id, wanted)

        found = self._database.read(work)
        return tuple(found[path] for path in wanted if path in found)

    def locate(self, principal: Principal, repo_id: RepoId, path: str) -> LocatedFile:
        """The file at a path and how to send it.

        Raises:
            EntryNotFound: no file lies there.
        """

        def work(conn: sa.Connection) -> tuple[Repository, BucketFile]:
            repository = self._find(conn, principal, repo_id)
            found = rows.files_at(conn, repository.id, [path] if is_storable(path) else [])
            if path not in found:
                raise EntryNotFound(path)
            return repository, found[path]

        repository, file = self._database.read(work)
        return LocatedFile(repository, file, self._blobs.plan(repository.id, file.sha256))

    def _find(self, conn: sa.Connection, principal: Principal, repo_id: RepoId) -> Repository:
        if repo_id.kind is not RepoKind.BUCKET:
            raise RepoNotFound
        return find(conn, principal, repo_id, Action.READ, self._clock())


def _all(
    conn: sa.Connection, number: int, prefix: str, after: str, most: int
) -> list[BucketFile | BucketFolder]:
    """Files only, however deep."""
    return [*rows.some_files(conn, number, prefix, after, most)]


def _level(
    conn: sa.Connection, number: int, prefix: str, after: str, most: int
) -> list[BucketFile | BucketFolder]:
    """Files of one level, and a folder in the place of everything below it."""
    items: list[BucketFile | BucketFolder] = []
    place = _behind(after)
    while len(items) < most:
        some = rows.some_files(conn, number, prefix, place, _LEVEL_ROWS)
        for file in some:
            if len(items) == most:
                break
            if file.path <= place:
                continue  # in a folder that was told of
            folder = _folder(file.path, prefix)
            items.append(file if folder is None else BucketFolder(folder))
            place = file.path if folder is None else _behind(f"{folder}/")
        if len(some) < _LEVEL_ROWS:
            break
    return items


def _buckets(conn: sa.Connection, numbers: Sequence[int]) -> tuple[Bucket, ...]:
    found, sums = load_without_details(conn, numbers), rows.sums_of(conn, numbers)
    return tuple(Bucket(found[each], *sums[each]) for each in numbers if each in sums)


def _behind(place: str) -> str:
    """Behind everything in a folder that ends in a slash; of anything else, the place itself."""
    return place + rows.END if place.endswith("/") else place


def _folder(path: str, prefix: str) -> str | None:
    """The folder of the level that the path lies in, None where it is of the level itself."""
    start = len(prefix)
    if path[start : start + 1] == "/" and prefix:
        start += 1
    cut = path.find("/", start)
    return None if cut < 0 else path[:cut]


def _page(items: Sequence[BucketFile | BucketFolder], limit: int) -> FilePage:
    shown = tuple(items[:limit])
    if len(items) <= limit:
        return FilePage(shown, None)
    last = shown[-1]
    place = f"{last.path}/" if isinstance(last, BucketFolder) else last.path
    return FilePage(shown, base64.urlsafe_b64encode(place.encode()).decode().rstrip("="))


def _open_cursor(cursor: str | None) -> str:
    if cursor is None:
        return ""
    try:
        padding = "=" * (-len(cursor) % 4)
        raw = base64.b64decode(cursor[:4_000] + padding, altchars=b"-_", validate=True)
        place = raw.decode("utf-8")
    except (ValueError, binascii.Error) as error:
        raise BadRequest("The cursor is not one of this hub's.") from error
    if not is_storable(place):
        raise BadRequest("The cursor is not one of this hub's.")
    return place
