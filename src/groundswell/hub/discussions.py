"""Discussions and pull requests: numbers, states, and the merge of what does not collide.

A pull request is a branch ``refs/pr/N`` that begins at the head of main. Knows nothing of
comments yet. What may be read follows the repository; who may change a state is decided here by
``core.policy`` on the repository and by authorship.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from groundswell.core.errors import (
    BadRequest,
    Conflict,
    InvalidCommit,
    NotFound,
    RepoNotFound,
    RevisionNotFound,
)
from groundswell.core.policy import Action, may
from groundswell.core.values import Principal, is_storable
from groundswell.hub.events import record
from groundswell.hub.repos import Repository, finding, trees
from groundswell.hub.repos.service import Repos
from groundswell.store import tables
from groundswell.store.database import Database
from groundswell.store.git import GitStore

PAGE_ITEMS: Final = 50
TITLE_CHARACTERS_MAX: Final = 500
DESCRIPTION_CHARACTERS_MAX: Final = 64 * 1024
CONFLICTS_NAMED_MAX: Final = 20

_table = tables.discussions
_repositories = tables.repositories


class Status(enum.StrEnum):
    """The states of a discussion. A pull request begins as a draft; merged is final."""

    DRAFT = "draft"
    OPEN = "open"
    CLOSED = "closed"
    MERGED = "merged"


@dataclass(frozen=True, slots=True)
class Discussion:
    """One discussion. ``author`` is None when the account is unknown. Times in microseconds."""

    repository_id: int
    number: int
    is_pull_request: bool
    title: str
    description: str
    status: Status
    author: str | None
    base_commit: str | None
    merge_commit: str | None
    created_at: int

    @property
    def reference(self) -> str:
        """The ref of a pull request's branch."""
        return reference_of(self.number)


@dataclass(frozen=True, slots=True)
class DiscussionQuery:
    """Which discussions to list; ``open`` None lists all states, and drafts count as open."""

    is_pull_request: bool | None = None
    open: bool | None = None
    author: str | None = None
    page: int = 0


@dataclass(frozen=True, slots=True)
class DiscussionPage:
    """One page, newest first. ``count`` is that of all pages, ``start`` the first one's place."""

    discussions: tuple[Discussion, ...]
    count: int
    start: int


def reference_of(number: int) -> str:
    """``refs/pr/N``."""
    return f"refs/pr/{number}"


class Discussions:
    """The discussions of repositories that ``Repos.find`` gave for this principal."""

    def __init__(
        self, database: Database, git: GitStore, clock: Callable[[], int], repos: Repos
    ) -> None:
        self._database = database
        self._git = git
        self._clock = clock
        self._repos = repos

    def create(
        self,
        principal: Principal,
        repository: Repository,
        title: str,
        description: str = "",
        *,
        is_pull_request: bool = False,
    ) -> int:
        """Open a discussion, or a draft pull request whose branch begins at the head of main.

        The number is the next of the repository's one counter; it is never used twice.

        Raises:
            BadRequest: no title, or texts above their limits.
            RevisionNotFound: a pull request on a repository without main.
            Unauthenticated, Forbidden, GatedRepo, DisabledRepo: the principal may not contribute.
        """
        title = title.strip()
        if not title or len(title) > TITLE_CHARACTERS_MAX:
            raise BadRequest(f"A title has 1 to {TITLE_CHARACTERS_MAX} characters.")
        if not is_storable(title + description):
            raise BadRequest("The text holds a character that cannot be kept.")
        if len(description) > DESCRIPTION_CHARACTERS_MAX:
            raise BadRequest(f"A description has at most {DESCRIPTION_CHARACTERS_MAX} characters.")
        number = self._database.write(lambda conn: _next_number(conn, principal, repository.id))
        base = self._branch(repository.id, number) if is_pull_request else None
        status = Status.DRAFT if is_pull_request else Status.OPEN

        def work(conn: sa.Connection) -> None:
            now = self._clock()
            conn.execute(
                sa.insert(_table).values(
                    repository_id=repository.id,
                    number=number,
                    is_pull_request=is_pull_request,
                    title=title,
                    description=description,
                    status=status.value,
                    author_id=principal.account_id,
                    base_commit=base,
                    created_at=now,
                )
            )
            payload = {"number": number, "is_pull_request": is_pull_request}
            actor = principal.account_id
            record(conn, now, "discussion.created", actor, repository.id, payload)

        self._database.write(work)
        return number

    def _branch(self, repository_id: int, number: int) -> str:
        head = self._git.head(repository_id)
        if head is None:
            raise RevisionNotFound("main")
        self._git.swap_ref(repository_id, reference_of(number), None, head)
        self._git.barrier.wait("reference")
        return head

    def get(self, repository: Repository, number: int) -> Discussion:
        """The discussion of that number.

        Raises:
            NotFound: there is none.
        """
        return self._database.read(lambda conn: _get(conn, repository.id, number))

    def list(self, repository: Repository, query: DiscussionQuery) -> DiscussionPage:
        """One page of the repository's discussions.

        Raises:
            BadRequest: a page that cannot be.
        """
        if not 0 <= query.page <= 1_000_000:
            raise BadRequest("No such page.")
        chosen = _select().where(_table.c.repository_id == repository.id)
        if query.is_pull_request is not None:
            chosen = chosen.where(_table.c.is_pull_request == query.is_pull_request)
        if query.open is not None:
            states = [Status.DRAFT.value, Status.OPEN.value]
            is_open = _table.c.status.in_(states)
            chosen = chosen.where(is_open if query.open else ~is_open)
        if query.author is not None:
            if not is_storable(query.author):
                raise BadRequest("No such author.")
            chosen = chosen.where(tables.accounts.c.folded == query.author.lower())
        start = query.page * PAGE_ITEMS

        def work(conn: sa.Connection) -> DiscussionPage:
            count = conn.execute(
                sa.select(sa.func.count()).select_from(chosen.subquery())
            ).scalar_one()
            page = chosen.order_by(_table.c.number.desc()).offset(start).limit(PAGE_ITEMS)
            rows = conn.execute(page).mappings().all()
            return DiscussionPage(tuple(_discussion(row) for row in rows), count, start)

        return self._database.read(work)

    def set_status(
        self, principal: Principal, repository: Repository, number: int, status: Status
    ) -> Discussion:
        """Open or close. The author may, and whoever may write to the repository.

        Raises:
            BadRequest: neither open nor closed was asked for.
            Conflict: it is merged.
            NotFound: there is no such discussion.
            Unauthenticated, Forbidden: the principal may not.
        """
        if status not in {Status.OPEN, Status.CLOSED}:
            raise BadRequest("A discussion can be opened or closed.")

        def work(conn: sa.Connection) -> Discussion:
            before = _get(conn, repository.id, number)
            own = not principal.is_anonymous and before.author == principal.name
            _decide(conn, principal, repository.id, Action.CONTRIBUTE if own else Action.WRITE)
            if before.status is Status.MERGED:
                raise Conflict("A merged pull request stays merged.")
            _change(conn, repository.id, number, {"status": status.value})
            payload = {"number": number, "status": status.value}
            now = self._clock()
            actor = principal.account_id
            record(conn, now, "discussion.status_changed", actor, repository.id, payload)
            return _get(conn, repository.id, number)

        return self._database.write(work)

    # --- merging ------------------------------------------------------------------------------

    def merge(self, principal: Principal, repository: Repository, number: int) -> str:
        """Bring a pull request into main by a merge commit, and give that commit's id.

        Raises:
            Conflict: not open, or paths that changed on both sides; the message names them.
            ConcurrentWrite: main moved meanwhile. Retrying is safe.
            NotFound: there is no such pull request.
            Unauthenticated, Forbidden: the principal may not write to the repository.
        """

        def look(conn: sa.Connection) -> Discussion:
            found = _get(conn, repository.id, number)
            _decide(conn, principal, repository.id, Action.WRITE)
            return found

        request = self._database.read(look)
        if not request.is_pull_request:
            raise NotFound
        if request.status is not Status.OPEN:
            raise Conflict(f"This pull request is {request.status.value}: only open ones merge.")
        with self._git.gates.writing(repository.id):
            commit = self._merge(principal, repository.id, request)

        def work(conn: sa.Connection) -> None:
            now = self._clock()
            changes = {"status": Status.MERGED.value, "merge_commit": commit}
            _change(conn, repository.id, number, changes)
            conn.execute(
                sa.update(_repositories)
                .where(_repositories.c.id == repository.id)
                .values(modified_at=now)
            )
            payload = {"number": number, "commit": commit}
            actor = principal.account_id
            record(conn, now, "pull_request.merged", actor, repository.id, payload)

        self._database.write(work)
        self._repos.index(repository.id)
        return commit

    def _merge(self, principal: Principal, repository_id: int, request: Discussion) -> str:
        git = self._git
        head = git.resolve(repository_id, request.reference)
        main = git.head(repository_id)
        if head is None or main is None:
            raise RevisionNotFound(request.reference if head is None else "main")
        base = request.base_commit
        if git.is_ancestor(repository_id, main, head):
            base = main
        if git.is_ancestor(repository_id, head, main):
            return main  # everything is there already, as after a crash between ref and row
        if base is None or not all(
            git.is_ancestor(repository_id, base, tip) for tip in (head, main)
        ):
            raise Conflict("The histories of main and this pull request no longer meet.")
        commit = git.make_commit(
            repository_id,
            tree=self._merged_tree(repository_id, base, main, head),
            parents=(main, head),
            author=trees.author_of(principal),
            message=f"{request.title} (#{request.number})",
            time=self._clock(),
        )
        git.barrier.wait("objects")
        git.swap_ref(repository_id, trees.MAIN, main, commit)
        git.barrier.wait("reference")
        return commit

    def _merged_tree(self, repository_id: int, base: str, main: str, head: str) -> str:
        """Main's tree with the pull request's changes, path by path."""
        edit = self._git.edit(repository_id, main)
        conflicts: list[str] = []
        for change in self._git.changes(repository_id, base, head):
            present = edit.find(change.path)
            if present == change.new:
                continue
            try:
                if present != change.old:
                    conflicts.append(change.path)
                elif change.new is None:
                    edit.remove(change.path)
                else:
                    edit.put(change.path, change.new)
            except InvalidCommit:
                conflicts.append(change.path)
            if len(conflicts) >= CONFLICTS_NAMED_MAX:
                break
        if conflicts:
            raise Conflict("Changed on both sides: " + ", ".join(p[:200] for p in conflicts))
        return edit.write()


def _decide(
    conn: sa.Connection, principal: Principal, repository_id: int, action: Action
) -> Repository:
    """The repository as it is now, when the principal may; otherwise the refusal."""
    present = finding.load_for(conn, principal, repository_id)
    if present is None or not may(principal, Action.SEE, present.subject).allowed:
        raise RepoNotFound
    finding.decide(principal, present, action)
    return present


def _next_number(conn: sa.Connection, principal: Principal, repository_id: int) -> int:
    _decide(conn, principal, repository_id, Action.CONTRIBUTE)
    counter = _repositories.c.last_discussion
    statement = (
        sa.update(_repositories)
        .where(_repositories.c.id == repository_id)
        .values(last_discussion=counter + 1)
        .returning(counter)
    )
    return int(conn.execute(statement).scalar_one())


def _select() -> sa.Select[Any]:
    accounts = tables.accounts
    return sa.select(_table, accounts.c.name.label("author")).join_from(
        _table, accounts, _table.c.author_id == accounts.c.id, isouter=True
    )


def _get(conn: sa.Connection, repository_id: int, number: int) -> Discussion:
    query = _select().where(_table.c.repository_id == repository_id, _table.c.number == number)
    row = conn.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFound("Discussion not found")
    return _discussion(row)


def _change(conn: sa.Connection, repository_id: int, number: int, values: dict[str, Any]) -> None:
    conn.execute(
        sa.update(_table)
        .where(_table.c.repository_id == repository_id, _table.c.number == number)
        .values(values)
    )


def _discussion(row: sa.RowMapping) -> Discussion:
    return Discussion(
        repository_id=row["repository_id"],
        number=row["number"],
        is_pull_request=row["is_pull_request"],
        title=row["title"],
        description=row["description"],
        status=Status(row["status"]),
        author=row["author"],
        base_commit=row["base_commit"],
        merge_commit=row["merge_commit"],
        created_at=row["created_at"],
    )
