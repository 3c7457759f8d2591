"""The use cases of discussions, each one transaction.

Who may change what is decided by ``core.policy`` on the repository and by authorship. Does not
merge: ``hub.merging`` does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

import sqlalchemy as sa

from groundswell.core.errors import BadRequest, Conflict, RevisionNotFound
from groundswell.core.policy import Action
from groundswell.core.values import Principal, is_storable
from groundswell.hub.discussions import comments, rows
from groundswell.hub.discussions.labels import marks_of
from groundswell.hub.discussions.searching import conditions
from groundswell.hub.discussions.values import (
    TITLE_CHARACTERS_MAX,
    Discussion,
    DiscussionPage,
    DiscussionQuery,
    Happening,
    Status,
    Timeline,
    reference_of,
)
from groundswell.hub.events import record
from groundswell.hub.repos import Repository
from groundswell.hub.repos.finding import decide_again
from groundswell.store import tables
from groundswell.store.database import Database
from groundswell.store.git import GitStore

PAGE_ITEMS: Final = 50
PINNED_MAX: Final = 10

_table = tables.discussions


class Discussions:
    """The discussions of repositories that ``Repos.find`` gave for this principal."""

    def __init__(self, database: Database, git: GitStore, clock: Callable[[], int]) -> None:
        self._database = database
        self._git = git
        self._clock = clock

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
        title = checked_title(title)
        comments.checked_text(description)
        number = self._database.write(lambda conn: rows.next_number(conn, principal, repository.id))
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
                    status=status.value,
                    author_id=principal.account_id,
                    base_commit=base,
                    created_at=now,
                )
            )
            made = rows.load(conn, repository.id, number)
            comments.say(conn, now, principal.account_id, made, description, comments.SAYING[0])

        self._database.write(work)
        return number

    def _branch(self, repository_id: int, number: int) -> str:
        head = self._git.head(repository_id)
        if head is None:
            raise RevisionNotFound("main")
        self._git.swap_ref(repository_id, reference_of(number), None, head)
        self._git.barrier.wait("reference")
        return head

    # --- reading ------------------------------------------------------------------------------

    def get(self, repository: Repository, number: int) -> Discussion:
        """The discussion of that number.

        Raises:
            NotFound: there is none.
        """
        return self._database.read(
            lambda conn: _marked(conn, [rows.load(conn, repository.id, number)])[0]
        )

    def list(self, repository: Repository, query: DiscussionQuery) -> DiscussionPage:
        """One page of the repository's discussions.

        Raises:
            BadRequest: a page that cannot be.
        """
        if not 0 <= query.page <= 1_000_000:
            raise BadRequest("No such page.")
        chosen = rows.select().where(*conditions(repository.id, query))
        start = query.page * PAGE_ITEMS
        order = (_table.c.is_pinned.desc(), _table.c.number.desc())

        def work(conn: sa.Connection) -> DiscussionPage:
            counted = chosen.add_columns(sa.func.count().over().label("all_of_them"))
            page = counted.order_by(*order).offset(start).limit(PAGE_ITEMS)
            found = conn.execute(page).mappings().all()
            if found or start == 0:
                count = found[0]["all_of_them"] if found else 0
            else:
                beyond = sa.select(sa.func.count()).select_from(chosen.subquery())
                count = conn.execute(beyond).scalar_one()
            shown = _marked(conn, [rows.discussion_of(row) for row in found])
            return DiscussionPage(tuple(shown), count, start)

        return self._database.read(work)

    def timeline(
        self,
        discussion: Discussion,
        *,
        before: int | None = None,
        after: int | None = None,
        limit: int | None = None,
    ) -> Timeline:
        """What happened, oldest first: all of it, the last ``limit`` entries (before the one of
        that id), or the first ones after one.
        """
        return self._database.read(
            lambda conn: comments.timeline(
                conn, discussion, before=before, after=after, limit=limit
            )
        )

    def has(self, repository: Repository, number: int) -> bool:
        """Whether there is one of that number."""
        query = sa.select(_table.c.id).where(
            _table.c.repository_id == repository.id, _table.c.number == number
        )
        return self._database.read(lambda conn: conn.execute(query).first()) is not None

    def count_before(self, discussion: Discussion, id_: int) -> int:
        """How many entries of the record come before the one of that id."""
        return self._database.read(lambda conn: comments.count_before(conn, discussion, id_))

    # --- talking ------------------------------------------------------------------------------

    def comment(
        self, principal: Principal, repository: Repository, number: int, text: str
    ) -> Happening:
        """Say something.

        Raises:
            BadRequest: nothing, too much, or what cannot be kept.
            Conflict, Forbidden: the discussion is full, or locked.
            NotFound: there is no such discussion.
            Unauthenticated, Forbidden, GatedRepo: the principal may not contribute.
        """
        if not comments.checked_text(text).strip():
            raise BadRequest("A comment needs words.")

        def work(conn: sa.Connection) -> Happening:
            found = rows.load(conn, repository.id, number)
            comments.check_may_speak(conn, principal, repository.id, found)
            id_ = comments.say(conn, self._clock(), principal.account_id, found, text)
            return comments.one(conn, found, id_)

        return self._database.write(work)

    def edit(
        self, principal: Principal, repository: Repository, number: int, comment: int, text: str
    ) -> Happening:
        """Let one's own comment say something else; what it said is kept.

        Raises:
            BadRequest: too much, or what cannot be kept.
            NotFound: there is no such discussion or comment.
            Forbidden: somebody else's comment, or a locked discussion.
            Conflict: it is hidden, or was edited too often.
        """
        comments.checked_text(text)

        def work(conn: sa.Connection) -> Happening:
            found = rows.load(conn, repository.id, number)
            comments.check_may_speak(conn, principal, repository.id, found)
            comments.edit(conn, self._clock(), principal, found, comment, text)
            return comments.one(conn, found, comment)

        return self._database.write(work)

    def hide(
        self, principal: Principal, repository: Repository, number: int, comment: int
    ) -> Happening:
        """Remove for ever what a comment says; one's own, or any with the right to write.

        Raises:
            NotFound: there is no such discussion or comment.
            Unauthenticated, Forbidden: the principal may not.
        """

        def work(conn: sa.Connection) -> Happening:
            found = rows.load(conn, repository.id, number)
            decide_again(conn, principal, repository.id, Action.CONTRIBUTE)
            comments.hide(conn, self._clock(), principal, found, comment)
            return comments.one(conn, found, comment)

        return self._database.write(work)

    # --- states -------------------------------------------------------------------------------

    def set_title(
        self, principal: Principal, repository: Repository, number: int, title: str
    ) -> Happening:
        """Name it anew. The author may, and whoever may write. When it has that name, nothing
        changes, and what is given is the last change.

        Raises:
            BadRequest: no title, or one that cannot be kept.
            NotFound, Unauthenticated, Forbidden: as ``set_status``.
        """
        title = checked_title(title)

        def work(conn: sa.Connection) -> Happening:
            before = rows.decide_on(conn, principal, repository.id, number)
            if before.title == title:
                return comments.last(conn, before, "discussion.title_changed")
            rows.change(conn, before.id, title=title)
            told = {"from": before.title, "to": title}
            return self._note(conn, principal, before, "discussion.title_changed", told)

        return self._database.write(work)

    def set_status(
        self,
        principal: Principal,
        repository: Repository,
        number: int,
        status: Status,
        comment: str = "",
    ) -> Happening:
        """Open or close, with a word about it. The author may, and whoever may write to the
        repository. When it is in that state, what is given is the last change.

        Raises:
            BadRequest: neither open nor closed was asked for.
            Conflict: it is merged.
            NotFound: there is no such discussion.
            Unauthenticated, Forbidden: the principal may not.
        """
        if status not in {Status.OPEN, Status.CLOSED}:
            raise BadRequest("A discussion can be opened or closed.")
        comments.checked_text(comment)

        def work(conn: sa.Connection) -> Happening:
            before = rows.decide_on(conn, principal, repository.id, number)
            if before.status is Status.MERGED:
                raise Conflict("A merged pull request stays merged.")
            if comment.strip():
                comments.check_may_speak(conn, principal, repository.id, before)
                comments.say(conn, self._clock(), principal.account_id, before, comment)
            if before.status is status:
                return comments.last(conn, before, "discussion.status_changed")
            rows.change(conn, before.id, status=status.value)
            told = {"status": status.value, "from": before.status.value}
            return self._note(conn, principal, before, "discussion.status_changed", told)

        return self._database.write(work)

    def set_locked(
        self, principal: Principal, repository: Repository, number: int, *, locked: bool
    ) -> None:
        """Let only who may write comment, or everybody again. It takes the right to write."""
        type_ = "discussion.locked" if locked else "discussion.unlocked"
        self._mark(principal, repository, number, type_, is_locked=locked)

    def set_pinned(
        self, principal: Principal, repository: Repository, number: int, *, pinned: bool
    ) -> None:
        """Keep it on top of the list, or no longer. It takes the right to write.

        Raises:
            Conflict: ``PINNED_MAX`` others are pinned.
        """
        type_ = "discussion.pinned" if pinned else "discussion.unpinned"
        self._mark(principal, repository, number, type_, is_pinned=pinned)

    def _mark(
        self,
        principal: Principal,
        repository: Repository,
        number: int,
        type_: str,
        **values: bool,
    ) -> None:
        def work(conn: sa.Connection) -> None:
            decide_again(conn, principal, repository.id, Action.WRITE)
            before = rows.load(conn, repository.id, number)
            if all(getattr(before, name) == value for name, value in values.items()):
                return
            if values.get("is_pinned"):
                _check_pins(conn, repository.id)
            rows.change(conn, before.id, **values)
            self._note(conn, principal, before, type_, {})

        self._database.write(work)

    def _note(
        self,
        conn: sa.Connection,
        principal: Principal,
        discussion: Discussion,
        type_: str,
        told: dict[str, Any],
    ) -> Happening:
        number, repository = discussion.number, discussion.repository_id
        payload = {"number": number, **told}
        actor = principal.account_id
        id_ = record(conn, self._clock(), type_, actor, repository, payload, number)
        return comments.one(conn, discussion, id_)


def _marked(conn: sa.Connection, found: Sequence[Discussion]) -> list[Discussion]:
    """The same with their labels and who sees to them."""
    labels, people = marks_of(conn, [each.id for each in found])
    return [
        replace(each, labels=labels.get(each.id, ()), assignees=people.get(each.id, ()))
        for each in found
    ]


def checked_title(title: str) -> str:
    """The title without spaces around it.

    Raises:
        BadRequest: none, too long, or what cannot be kept.
    """
    title = title.strip()
    if not title or len(title) > TITLE_CHARACTERS_MAX:
        raise BadRequest(f"A title has 1 to {TITLE_CHARACTERS_MAX} characters.")
    if not is_storable(title):
        raise BadRequest("The text holds a character that cannot be kept.")
    return title


def _check_pins(conn: sa.Connection, repository_id: int) -> None:
    query = sa.select(sa.func.count()).where(
        _table.c.repository_id == repository_id, _table.c.is_pinned
    )
    if conn.execute(query).scalar_one() >= PINNED_MAX:
        raise Conflict(f"At most {PINNED_MAX} discussions of a repository are pinned.")
