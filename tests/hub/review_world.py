"""A pull request that people look at: alice's model, bob's change, and eve."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sqlalchemy as sa

from groundswell.core.values import AddRegular, DeleteEntry, Principal
from groundswell.hub.discussions import Discussion, Status
from groundswell.hub.reviews import Decision, Half, NewComment, Place, Review, Thread
from groundswell.store import tables
from tests.hub.git_world import GitWorld

OLD = "".join(f"line {number}\n" for number in range(1, 31))
NEW = OLD.replace("line 10\n", "line ten\nline 10b\n").replace("line 20\n", "")


class Stage(GitWorld):
    """Alice's model, a pull request of bob's that changes ``a.txt``, and eve who looks at it."""

    def __init__(self, root: Path, url: str | None = None) -> None:
        super().__init__(root, url)
        self.eve = self.user("eve")
        self.repository = self.model()
        self.put({"a.txt": OLD, "same.txt": "same\n"})
        self.number = self.discussions.create(
            self.bob, self.repository, "Change", is_pull_request=True
        )
        self.push({"a.txt": NEW})
        self.discussions.set_status(self.bob, self.repository, self.number, Status.OPEN)

    def put(self, files: dict[str, str | None], revision: str = "main", who: Any = None) -> str:
        operations = [
            DeleteEntry(path) if text is None else AddRegular(path, text.encode())
            for path, text in files.items()
        ]
        return self.commit(self.repository, *operations, revision=revision, who=who).commit

    def push(self, files: dict[str, str | None]) -> str:
        return self.put(files, self.request.reference, self.bob)

    @property
    def request(self) -> Discussion:
        return self.discussions.get(self.repository, self.number)

    @property
    def head(self) -> str:
        found = self.git.resolve(self.repository.id, self.request.reference)
        assert found is not None
        return found

    def text(self, path: str = "a.txt") -> str:
        found = self.git.text_at(self.repository.id, self.head, path, 1 << 20)
        assert found is not None
        return found.decode()

    def submit(self, who: Principal, decision: Decision, text: str = "", **more: Any) -> Review:
        return self.reviews.submit(who, self.repository, self.number, decision, text, **more)

    def approve(self, who: Principal) -> Review:
        return self.submit(who, Decision.APPROVED)

    def say(self, text: str, first: int, last: int | None = None, **place: Any) -> Thread:
        """Eve says something on lines, at once."""
        where = Place(place.pop("path", "a.txt"), place.pop("side", Half.NEW), first, last or first)
        who = place.pop("who", self.eve)
        made = self.submit(who, Decision.COMMENT, comments=[NewComment(where, text)], **place)
        return self.known(who, made.id)[0]

    def known(self, who: Principal, review: int | None = None) -> list[Thread]:
        found = self.reviews.reading.threads(who, self.repository, self.request)
        return [each for each in found if review in {None, each.review_id}]

    def standing(self) -> list[tuple[str, str, bool, bool]]:
        found = self.reviews.reading.standing(self.alice, self.repository, self.request)
        return [(each.reviewer, each.verdict, each.is_stale, each.may_write) for each in found]

    def apply(self, who: Principal, *found: Thread, **more: Any) -> str:
        ids = [each.comments[0].id for each in found]
        return self.reviews.applying.apply(who, self.repository, self.number, ids, **more)

    def count(self, table: sa.Table) -> int:
        query = sa.select(sa.func.count()).select_from(table)
        return self.database.read(lambda conn: conn.execute(query).scalar_one())

    def events(self) -> list[str]:
        query = sa.select(tables.events.c.type).order_by(tables.events.c.id)
        query = query.where(tables.events.c.discussion_number == self.number)
        return self.database.read(lambda conn: list(conn.execute(query).scalars()))
