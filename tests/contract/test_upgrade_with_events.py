"""A hub that holds years of events and was never told of inboxes, feeds or webhooks is brought up
to date: old news stays quiet, what happened is in the feeds, and what happens now is told.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from groundswell.core.policy import Action
from groundswell.core.values import ANONYMOUS, Principal
from groundswell.hub.activity import Activities
from groundswell.hub.discussions import Discussions
from groundswell.hub.notifications import Filter, Inbox, News, Projecting, Watching, rebuild
from groundswell.hub.projections import Projections
from groundswell.hub.sealing import Sealer
from groundswell.hub.webhooks import NAME, Watched, WatchedType, WebhookDraft, Webhooks, project
from groundswell.store import tables
from groundswell.store.database.schema import migrate
from groundswell.store.outbound import Outbound, OutboundPolicy
from tests.contract import postgresql
from tests.hub.repo_world import World, model

_numbers = itertools.count()
ADA, BEN, EVE = 1, 2, 3
OPEN, HIDDEN = 1, 2
# (type, who, repository, number, what is told): as hubs of those days wrote them.
EVENTS: list[tuple[str, int, int, int | None, dict[str, Any]]] = [
    ("repository.created", ADA, OPEN, None, {"kind": "model", "name": "ada/open"}),
    ("repository.created", ADA, HIDDEN, None, {"kind": "model", "name": "ada/hidden"}),
    ("commit.landed", ADA, OPEN, None, {"ref": "refs/heads/main", "old": None, "new": "a" * 40}),
    ("discussion.created", BEN, OPEN, 1, {"number": 1, "is_pull_request": False}),
    ("discussion.created", ADA, HIDDEN, 1, {"number": 1, "is_pull_request": False}),
    ("discussion.status_changed", ADA, OPEN, 1, {"number": 1, "status": "closed"}),
]


@pytest.fixture(scope="module")
def server() -> Iterator[Path]:
    with postgresql.server() as folder:
        yield folder


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/hub.db"
    return postgresql.fresh_url(request.getfixturevalue("server"), f"old{next(_numbers)}")


class Old:
    """Rows of a schema of old, by its own columns."""

    def __init__(self, conn: sa.Connection) -> None:
        self._conn = conn
        self._metadata = sa.MetaData()
        self._metadata.reflect(conn)

    def has(self, table: str) -> bool:
        return table in self._metadata.tables

    def put(self, table: str, **values: Any) -> None:
        columns = self._metadata.tables[table].c
        row = {name: value for name, value in values.items() if name in columns}
        self._conn.execute(sa.insert(self._metadata.tables[table]).values(row))


def _fill(old: Old) -> None:
    row: dict[str, Any]
    for number, name in ((ADA, "ada"), (BEN, "ben"), (EVE, "eve")):
        row = {"kind": "user", "name": name, "folded": name, "created_at": 1}
        old.put("accounts", public_id=f"{number:024x}", email=f"{name}@x.example", **row)
        old.put("account_names", confusable=name, folded=name, account_id=number)
    for number, name, visibility in ((OPEN, "open", "public"), (HIDDEN, "hidden", "private")):
        row = {"kind": "model", "namespace": "ada", "name": name, "visibility": visibility}
        row |= {"owner_id": ADA, "creator_id": ADA, "created_at": 1, "modified_at": 1}
        old.put("repositories", public_id=f"{number:024x}", last_discussion=1, **row)
        row = {"kind": "model", "namespace_folded": "ada", "name_folded": name}
        old.put("repository_names", confusable=name, repository_id=number, state="current", **row)
    texts = {}
    for number, author, text in ((OPEN, BEN, "What now, @ada?"), (HIDDEN, ADA, "Secret, @ben")):
        row = {"repository_id": number, "number": 1, "is_pull_request": False}
        row |= {"author_id": author, "status": "open", "description": text, "comment_count": 1}
        old.put("discussions", title=f"Old {number}", created_at=5, **row)
        texts[number] = text
    for id_, (type_, who, repository, thread, told) in enumerate(EVENTS, 1):
        row = {"happened_at": id_, "type": type_, "actor_id": who, "repository_id": repository}
        old.put("events", discussion_number=thread, payload=told, **row)
        if type_ == "discussion.created" and old.has("comments"):
            row = {"discussion_id": repository, "author_id": who, "text": texts[repository]}
            old.put("comments", id=id_, written_at=5, **row)


class Hub:
    """The hub of today on that database."""

    def __init__(self, folder: Path, url: str) -> None:
        self.world = World(folder, url)
        self.world.ids = {"ada": ADA, "ben": BEN, "eve": EVE}
        self.ada, self.ben, self.eve = (self.world.as_(name) for name in ("ada", "ben", "eve"))
        database, now = self.world.database, self.world.now
        self.news: list[News] = []
        self.projecting = Projecting(database, self._hear)
        self.inbox, self.watching = Inbox(database, now), Watching(database, now)
        self.discussions = Discussions(database, self.world.git, now)
        self.activities = Activities(database)
        self.webhooks = Webhooks(database, now, Sealer([b"k" * 32]), Outbound(OutboundPolicy()))

    def _hear(self, _conn: sa.Connection, news: Sequence[News]) -> None:
        self.news += news

    def repository(self, name: str = "open") -> Any:
        return self.world.repos.find(self.ada, model(f"ada/{name}"), Action.SEE)

    def heard(self, who: Principal) -> list[tuple[int | None, str]]:
        found = self.inbox.list(who, Filter.ALL).notifications
        return [(each.number, each.reason.value) for each in found]

    def follow_hooks(self) -> list[int]:
        """Ids of the events that webhooks are to be told of."""
        Projections(self.world.database).run(NAME, project(self.world.now))
        query = sa.select(tables.webhook_deliveries.c.event_id)
        return list(self.world.database.read(lambda conn: conn.execute(query).scalars().all()))


@pytest.fixture(params=["0001", "0007"])
def hub(request: pytest.FixtureRequest, url: str, tmp_path: Path) -> Iterator[Hub]:
    engine = sa.create_engine(url)
    with engine.begin() as conn:
        migrate(conn, request.param)
        _fill(Old(conn))
    engine.dispose()
    found = Hub(tmp_path / "data", url)
    yield found
    found.world.close()


def test_old_news_is_quiet_and_new_news_is_told(hub: Hub) -> None:
    hub.projecting.run()
    people = hub.ada, hub.ben, hub.eve
    assert [hub.heard(each) for each in people] == [[], [], []]
    assert hub.news == []
    hook = WebhookDraft("https://far.example/", (Watched(WatchedType.USER, "ada"),))
    hub.webhooks.create(hub.ada, hook)
    assert hub.follow_hooks() == []

    # Feeds have all of it, for those who may see it.
    def feed(who: Principal, account: str) -> list[tuple[str, str]]:
        found = hub.activities.of_account(who, account).activities
        return [(each.type, each.repository.repo_id.name) for each in found]

    of_open = hub.activities.of_repository(ANONYMOUS, hub.repository()).activities
    assert [each.type for each in of_open][-1] == "repository.created"
    assert "discussion.created" in [each.type for each in of_open]
    assert feed(hub.eve, "ada")[-1] == ("repository.created", "open")
    assert {name for _, name in feed(hub.eve, "ada")} == {"open"}
    assert {name for _, name in feed(hub.ada, "ada")} == {"open", "hidden"}
    (text,) = [
        each.comment.text
        for each in hub.discussions.timeline(hub.discussions.get(hub.repository(), 1)).happenings
        if each.comment is not None
    ]
    assert text == "What now, @ada?"

    # What happens now comes to those who took part of old, and made the repository.
    said = hub.discussions.comment(hub.eve, hub.repository(), 1, "Does it?").id
    hub.projecting.run()
    assert hub.heard(hub.ben) == [(1, "author")]
    assert [number for number, _ in hub.heard(hub.ada)] == [1]
    assert {(each.account_id, each.event_id) for each in hub.news} == {(ADA, said), (BEN, said)}
    assert hub.follow_hooks() == [said]
    opened = hub.discussions.create(hub.ben, hub.repository(), "New", "@eve")
    hub.projecting.run()
    assert hub.heard(hub.eve) == [(opened, "mention")]
    assert hub.heard(hub.ada)[0] == (opened, "watching")


def test_inboxes_made_anew_stay_as_quiet(hub: Hub) -> None:
    hub.projecting.run()
    hub.discussions.comment(hub.eve, hub.repository(), 1, "Does it?")
    hub.projecting.run()
    before = [hub.heard(each) for each in (hub.ada, hub.ben, hub.eve)]
    assert rebuild(hub.world.database, lambda _count: None) == 2
    assert [hub.heard(each) for each in (hub.ada, hub.ben, hub.eve)] == before
