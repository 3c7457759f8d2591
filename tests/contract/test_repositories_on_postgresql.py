"""Repositories, lists and discussions do on PostgreSQL what they do on SQLite."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from groundswell.core.errors import CollectionExists, Conflict, GatedRepo, NameTaken, RepoMoved
from groundswell.core.policy import Action
from groundswell.core.values import (
    ANONYMOUS,
    AccessStatus,
    AddRegular,
    Gate,
    RepoKind,
    Role,
    Visibility,
)
from groundswell.hub import search as search_module
from groundswell.hub.access import EXPIRES_DAYS, Access, Asker
from groundswell.hub.accounts import Accounts
from groundswell.hub.collections import (
    CollectionChanges,
    CollectionQuery,
    Collections,
    CollectionSort,
    ItemName,
)
from groundswell.hub.discussions import DiscussionQuery, Status
from groundswell.hub.follows import Follows
from groundswell.hub.likes import Likes
from groundswell.hub.overviews import Overviews
from groundswell.hub.reviews import Decision, NewComment, Place
from groundswell.hub.search import CountRange, ListQuery, Sort
from groundswell.hub.upkeep import Premises
from groundswell.hub.upkeep.trending import Trending
from groundswell.store import tables
from groundswell.store.disk import DiskStore
from groundswell.store.layout import DataFolder
from groundswell.wire.cards import read_gate_form
from tests.contract import postgresql
from tests.hub.git_world import GitWorld
from tests.hub.repo_world import World, model
from tests.hub.review_world import Stage

README = b"---\nlicense: mit\ntags: [chat]\nlanguage: en\n---\n# Title\n"


@pytest.fixture(scope="module")
def postgresql_folder() -> Iterator[Path]:
    with postgresql.server() as folder:
        yield folder


@pytest.fixture(scope="module")
def url(postgresql_folder: Path) -> str:
    return postgresql.fresh_url(postgresql_folder, "lists")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, url: str) -> Iterator[World]:
    folder: Path = tmp_path_factory.mktemp("hub")
    world = World(folder, url)
    world.user("ann")
    world.organisation("org", {"ann": Role.WRITE})
    ann = world.as_("ann")
    world.repos.create(ann, model("ann/Open-One"))
    world.repos.create(ann, model("ann/secret"), Visibility.PRIVATE)
    described = world.repos.create(ann, model("org/talks"))
    world.put(described.id, {"README.md": README, "config.json": b'{"model_type": "a\\u0000b"}'})
    yield world
    world.close()


QUERIES = [
    (ListQuery(), ["ann/Open-One", "org/talks"]),
    (ListQuery(words=("OPEN",)), ["ann/Open-One"]),
    (ListQuery(words=("org/t",)), ["org/talks"]),
    (ListQuery(words=("%",)), []),
    (ListQuery(author="ORG"), ["org/talks"]),
    (ListQuery(filters=("license:mit", "language:en")), ["org/talks"]),
    (ListQuery(words=("talk",), filters=("chat",)), ["org/talks"]),
    (ListQuery(parameters=CountRange(1, None)), []),
    (ListQuery(gated=False, details=False), ["ann/Open-One", "org/talks"]),
    (ListQuery(words=("'; DROP TABLE repositories; --",)), []),
]


@pytest.mark.parametrize("rare_rows", [1, 1500])
@pytest.mark.parametrize("sort", list(Sort))
def test_lists(world: World, sort: Sort, rare_rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    import dataclasses

    monkeypatch.setattr(search_module, "RARE_ROWS", rare_rows)
    for query, names in QUERIES:
        query = dataclasses.replace(query, sort=sort)  # noqa: PLW2901 - the case, sorted
        found = world.search.list(ANONYMOUS, RepoKind.MODEL, query).repositories
        assert sorted(each.full_name for each in found) == names
    first = world.search.list(world.as_("ann"), RepoKind.MODEL, ListQuery(sort=sort, limit=2))
    assert first.total == 3
    rest = ListQuery(sort=sort, limit=2, cursor=first.next_cursor)
    second = world.search.list(world.as_("ann"), RepoKind.MODEL, rest)
    assert len(first.repositories + second.repositories) == 3


def test_moves_copies_downloads_and_deletions(world: World) -> None:
    ann = world.as_("ann")
    made = world.repos.create(ann, model("ann/moving", "dataset"))
    with pytest.raises(NameTaken):
        world.repos.create(ann, model("ann/m0ving", "dataset"))
    world.repos.move(ann, made.repo_id, model("org/moved", "dataset"))
    with pytest.raises(RepoMoved):
        world.get(ann, "ann/moving", "dataset")
    copy = world.repos.duplicate(ann, model("org/moved", "dataset"), model("ann/copy", "dataset"))
    world.repos.count_download(copy.id)
    world.repos.flush_downloads()
    assert world.get(ann, "ann/copy", "dataset").downloads == 1
    world.repos.update_settings(ann, copy.repo_id, settings={"a": 1})
    world.repos.delete(ann, copy.repo_id)
    assert world.repos.finish_deletions() == 0
    again = world.repos.create(ann, model("ann/copy", "dataset"))
    assert again.id > copy.id


def test_pull_requests(tmp_path: Path, postgresql_folder: Path) -> None:
    world = GitWorld(tmp_path, postgresql.fresh_url(postgresql_folder, "talks"))
    repository = world.model()
    talks = world.discussions
    made = world.commit(repository, AddRegular("a", b"1"), who=world.bob, create_pr=True)
    number = made.pull_request_number
    assert number == 1
    said = talks.comment(world.bob, repository, number, "look")
    talks.edit(world.bob, repository, number, said.id, "look at it")
    talks.set_title(world.bob, repository, number, "A 100% change")
    talks.set_status(world.alice, repository, number, Status.OPEN)
    commit = world.merging.merge(world.alice, repository, number, comment="thanks")
    page = talks.list(repository, DiscussionQuery(open=False, author="bob", words=("100%",)))
    assert [each.status for each in page.discussions] == [Status.MERGED]
    happenings = talks.timeline(page.discussions[0]).happenings
    assert [each.type for each in happenings] == [
        "discussion.created",
        "commit.landed",
        "discussion.commented",
        "discussion.title_changed",
        "discussion.status_changed",
        "discussion.commented",
        "pull_request.merged",
    ]
    assert happenings[2].comment is not None
    assert [each.text for each in happenings[2].comment.earlier] == ["look"]
    assert happenings[-1].payload["commit"] == commit
    talks.hide(world.alice, repository, number, said.id)
    world.close()


def test_requests_for_access(world: World) -> None:
    access = Access(world.database, world.now)
    ann, cid = world.as_("ann"), world.user("cid", email="cid@example.org")
    made = world.repos.create(ann, model("ann/asked"))
    world.put(made.id, {"README.md": b"---\nextra_gated_fields: {Why: text}\n---\n"})
    settings = {EXPIRES_DAYS: 1}
    world.repos.update_settings(ann, made.repo_id, gate=Gate.MANUAL, settings=settings)
    own, seen = world.get(ann, "ann/asked"), world.get(cid, "ann/asked")
    form = read_gate_form(seen.card).digest
    access.ask(cid, seen, form, {0: "science"}, "")
    with pytest.raises(Conflict):
        access.ask(cid, seen, form, {0: "science"}, "")
    page = access.list(ann, own, AccessStatus.PENDING, limit=1)
    assert [(each.name, each.fields) for each in page.requests] == [("cid", {"Why": "science"})]
    assert access.count_pending(ann, own) == 1
    asker = Asker(request_id=page.requests[0].public_id)
    access.handle(ann, own, asker, AccessStatus.ACCEPTED)
    assert world.repos.find(cid, made.repo_id, Action.READ).access is AccessStatus.ACCEPTED
    table = tables.access_requests
    ended = sa.update(table).values(expires_at=1)
    world.write(lambda conn: conn.execute(ended).rowcount)
    with pytest.raises(GatedRepo):
        world.repos.find(cid, made.repo_id, Action.READ)
    assert access.list(ann, own, AccessStatus.ACCEPTED, limit=1).total == 0
    assert access.list(ann, own, AccessStatus.ENDED, limit=1).total == 1
    access.handle(ann, own, asker, AccessStatus.REJECTED, "no")
    found = access.standing(cid, seen)
    assert found is not None
    assert found.rejection_reason == "no"
    access.handle(ann, own, asker, AccessStatus.PENDING)
    access.withdraw(cid, seen)
    access.grant(ann, own, "cid")
    assert world.repos.find(cid, made.repo_id, Action.READ)
    world.repos.delete(ann, made.repo_id)


def test_likes_and_what_trends(world: World, tmp_path: Path) -> None:
    ann = world.as_("ann")
    world.user("liker")
    liker = world.as_("liker")
    likes = Likes(world.database, world.now)
    made = [world.repos.create(ann, model(f"ann/liked-{number}")) for number in range(3)]
    for each in made:
        likes.give(liker, each)
        likes.give(liker, each)
    likes.give(ann, made[0])
    likes.take_back(liker, made[1])
    world.repos.count_download(made[2].id)
    world.repos.count_download(made[2].id)
    world.repos.flush_downloads()
    store, folder = DiskStore(tmp_path / "blobs"), DataFolder(tmp_path)
    trending = Trending(Premises(world.database, store, world.git, folder, world.now))
    trending.run()
    told = [(each.likes, each.trending) for each in (world.get(ann, m.full_name) for m in made)]
    assert told == [(2, 20), (0, 0), (1, 11)]
    first = likes.of_account(ANONYMOUS, "liker", limit=1)
    second = likes.of_account(ANONYMOUS, "liker", limit=1, cursor=first.next_cursor)
    found = [like.repository.repo_id.name for like in first.likes + second.likes]
    assert (found, second.next_cursor) == (["liked-2", "liked-0"], None)
    Accounts(world.database, world.now).set_disabled("liker", disabled=True, by=None)
    assert [each.name for each in likes.likers(made[0]).accounts] == ["ann"]
    assert world.get(ann, "ann/liked-0").likes == 1


def test_collections(world: World) -> None:
    ann = world.as_("ann")
    collections = Collections(world.database, world.now)
    hidden = collections.create(ann, "org", "Hidden", is_private=True)
    made = collections.create(ann, "org", "Best of", item=ItemName.parse("models/ann/open-one"))
    for text in ("models/ann/secret", f"collections/{hidden.slug}", "papers/2307.09288"):
        collections.add_item(ann, made.slug, ItemName.parse(text), "A note.")
    with pytest.raises(CollectionExists):
        collections.create(ann, "org", "BEST OF")
    with pytest.raises(Conflict):
        collections.add_item(ann, made.slug, ItemName.parse("papers/2307.09288"))
    whole = collections.get(ann, made.slug)
    assert [(item.position, item.type) for item in whole.items] == [
        *((0, "model"), (1, "model"), (2, "collection"), (3, "paper"))
    ]
    collections.change_item(ann, made.slug, whole.items[3].public_id, position=0)
    seen = collections.get(ANONYMOUS, made.slug)
    assert [item.id for item in seen.items] == ["2307.09288", "ann/Open-One"]
    assert (seen.item_count, seen.position) == (2, 0)
    changes = CollectionChanges(description="These.", position=0)
    assert collections.change(ann, made.slug, changes).position == 0
    assert collections.upvote(ann, made.slug) == collections.upvote(ann, made.slug) == 1
    for sort in CollectionSort:
        query = CollectionQuery(
            owners=("ORG",),
            items=(ItemName.parse("papers/2307.09288"),),
            words=("these",),
            sort=sort,
            limit=1,
        )
        page = collections.list(ANONYMOUS, query)
        assert [each.slug for each in page.collections] == [made.slug]
        assert page.next_cursor is None
    first = collections.list(ann, CollectionQuery(limit=1))
    second = collections.list(ann, CollectionQuery(limit=1, cursor=first.next_cursor))
    titles = [each.title for each in first.collections + second.collections]
    assert titles == ["Best of", "Hidden"]
    assert collections.take_back_upvote(ann, made.slug) == 0
    collections.delete_item(ann, made.slug, whole.items[0].public_id)
    collections.delete(ann, hidden.slug)
    assert [item.id for item in collections.get(ann, made.slug).items] == [
        "2307.09288",
        "ann/secret",
    ]


def test_follows_and_overviews(world: World) -> None:
    follows, overviews = Follows(world.database, world.now), Overviews(world.database)
    for name in ("one", "two"):
        world.user(name)
        follows.follow(world.as_(name), "ann")
        follows.follow(world.as_(name), "ann")
        follows.follow(world.as_(name), "org")
    follows.follow(world.as_("one"), "two")
    first = follows.followers(world.as_("one"), "ann", limit=1)
    second = follows.followers(world.as_("one"), "ann", limit=1, cursor=first.next_cursor)
    told = [(each.account.name, each.is_followed) for each in first.accounts + second.accounts]
    assert (told, second.next_cursor) == ([("two", True), ("one", False)], None)
    follows.unfollow(world.as_("two"), "ann")
    seen = overviews.of(ANONYMOUS, "ann")
    assert (seen.follower_count, seen.following_count, seen.is_followed) == (1, 0, False)
    assert overviews.of(world.as_("one"), "ann").is_followed
    own = overviews.of(world.as_("ann"), "ann")
    assert own.repository_counts["model"] == seen.repository_counts["model"] + 1


def test_reviews(tmp_path: Path, postgresql_folder: Path) -> None:
    stage = Stage(tmp_path, postgresql.fresh_url(postgresql_folder, "reviews"))
    try:
        place = [NewComment(Place("a.txt"), "Pending.")]
        stage.reviews.draft(stage.eve, stage.repository, stage.number, place)
        thread = stage.say("```suggestion\nline 10\n```", 10, 11, with_pending=False)
        assert [each.id for each in stage.known(stage.bob)] == [thread.id]
        made = stage.apply(stage.bob, thread)
        assert stage.known(stage.alice)[0].comments[0].applied_commit == made
        first = stage.submit(stage.eve, Decision.CHANGES_REQUESTED)
        stage.approve(stage.alice)
        stage.approve(stage.eve)
        assert [each[0] for each in stage.standing()] == ["alice", "eve"]
        listed = stage.reviews.reading.listed(stage.bob, stage.repository, stage.request, limit=2)
        assert [each.id for each in listed][1:] == [first.id]
        gone = sa.delete(tables.discussions)
        assert stage.database.write(lambda conn: conn.execute(gone).rowcount) == 1
    finally:
        stage.close()
