"""Collections: who sees, changes and orders what; nothing hidden shows in list, place or count."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from groundswell.core.errors import (
    AccountNotFound,
    BadRequest,
    CollectionExists,
    Conflict,
    Forbidden,
    NotFound,
    Unauthenticated,
)
from groundswell.core.policy import may_see_collection
from groundswell.core.values import (
    ANONYMOUS,
    Principal,
    RepoGrant,
    Role,
    TokenRole,
    Visibility,
)
from groundswell.hub.accounts import Accounts
from groundswell.hub.collections import (
    Collection,
    CollectionChanges,
    CollectionQuery,
    Collections,
    CollectionSort,
    ItemName,
    ItemType,
    items,
    service,
)
from groundswell.hub.collections.finding import visible_collections
from groundswell.hub.collections.ordering import moved
from groundswell.hub.collections.values import parse_slug, slug_of
from groundswell.store import tables
from tests.hub.repo_world import World, model

PAPER = ItemName(ItemType.PAPER, "2307.09288")


class Stage:
    """People around an organisation, its open and its secret model, and collections."""

    def __init__(self, world: World) -> None:
        self.world = world
        world.user("root", admin=True)
        for name in ("ann", "rita", "cora", "eve"):
            world.user(name)
        roles = {"ann": Role.WRITE, "rita": Role.READ, "cora": Role.CONTRIBUTOR}
        world.organisation("org", roles)
        self.ann, self.rita, self.cora, self.eve, self.root = (
            world.as_(name) for name in ("ann", "rita", "cora", "eve", "root")
        )
        self.open = world.repos.create(self.ann, model("org/open"))
        self.secret = world.repos.create(self.ann, model("org/secret"), Visibility.PRIVATE)
        self.collections = Collections(world.database, world.now)

    def make(self, title: str = "Best of", *, private: bool = False) -> Collection:
        return self.collections.create(self.ann, "org", title, is_private=private)

    def add(self, slug: str, name: str, kind: ItemType = ItemType.MODEL) -> Collection:
        return self.collections.add_item(self.ann, slug, ItemName(kind, name))

    def ids(self, principal: Principal, slug: str) -> list[str]:
        found = self.collections.get(principal, slug)
        assert [item.position for item in found.items] == list(range(len(found.items)))
        assert found.item_count == len(found.items)
        return [item.id for item in found.items]

    def titles(self, principal: Principal, **asked: object) -> list[str]:
        page = self.collections.list(principal, CollectionQuery(**asked))  # type: ignore[arg-type]
        return [each.title for each in page.collections]

    def events(self) -> list[str]:
        query = sa.select(tables.events.c.type).where(tables.events.c.type.like("collection.%"))
        query = query.order_by(tables.events.c.id)
        return self.world.database.read(lambda conn: list(conn.execute(query).scalars()))


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    world = World(tmp_path)
    yield Stage(world)
    world.close()


# --- slugs ------------------------------------------------------------------------------------


def test_slugs_of_all_titles_are_read_again() -> None:
    number = "0123456789abcdef01234567"
    for title in ("Best of 2026!", "日本語", "-", "a" * 100, "deadbeef" * 3):
        slug = slug_of("Ann-1", title, number)
        assert parse_slug(slug) == ("Ann-1", number)
        assert slug.isascii()
    assert slug_of("a", "Best of 2026!", number) == f"a/best-of-2026-{number}"
    for text in ("a/b", "a", "", f"a/{number}0", f"a/b/{number}", f"a/x{number}", f"a/{number}\n"):
        assert parse_slug(text) is None
    assert parse_slug(f"a/{number}") == ("a", number)


def test_old_slugs_lead_to_the_collection(stage: Stage) -> None:
    old = stage.make("First title").slug
    stage.collections.change(stage.ann, old, CollectionChanges(title="Second title"))
    found = stage.collections.get(ANONYMOUS, old)
    assert (found.title, found.slug) == ("Second title", f"org/second-title-{found.public_id}")
    assert stage.collections.get(ANONYMOUS, f"ORG/{found.public_id}").id == found.id
    with pytest.raises(NotFound):
        stage.collections.get(ANONYMOUS, f"eve/second-title-{found.public_id}")


# --- making and changing ----------------------------------------------------------------------


def test_a_collection_from_its_beginning_to_its_end(stage: Stage) -> None:
    made = stage.collections.create(
        stage.ann, "ORG", "  Best \n of ", description=" Those. ", item=PAPER, note="Read it."
    )
    assert (made.title, made.description, made.owner.name) == ("Best of", "Those.", "org")
    assert [(item.id, item.note) for item in made.items] == [("2307.09288", "Read it.")]
    changes = CollectionChanges("Rest of", "These.", is_private=True, theme="pink")
    changed = stage.collections.change(stage.ann, made.slug, changes)
    told = (changed.title, changed.description, changed.is_private, changed.theme)
    assert told == ("Rest of", "These.", True, "pink")
    assert changed.updated_at > made.updated_at
    item = made.items[0].public_id
    stage.collections.change_item(stage.ann, made.slug, item, note="Read it twice.")
    assert stage.collections.get(stage.ann, made.slug).items[0].note == "Read it twice."
    stage.collections.delete_item(stage.ann, made.slug, item)
    with pytest.raises(NotFound):
        stage.collections.delete_item(stage.ann, made.slug, item)
    assert stage.ids(stage.ann, made.slug) == []
    stage.collections.delete(stage.ann, made.slug)
    with pytest.raises(NotFound):
        stage.collections.get(stage.ann, made.slug)
    words = "created item_added changed item_changed item_removed deleted"
    assert stage.events() == [f"collection.{word}" for word in words.split()]


def test_titles_are_one_of_a_kind_in_a_namespace(stage: Stage) -> None:
    first, second = stage.make("Best Of"), stage.make("Other")
    with pytest.raises(CollectionExists) as refused:
        stage.make("best   of")
    assert refused.value.slug == first.slug
    with pytest.raises(CollectionExists):
        stage.collections.change(stage.ann, second.slug, CollectionChanges(title="BEST OF"))
    stage.collections.change(stage.ann, first.slug, CollectionChanges(title="BEST OF"))
    stage.collections.create(stage.ann, "ann", "Best of")


@pytest.mark.parametrize(
    "changes",
    [
        CollectionChanges(title=""),
        CollectionChanges(title="x" * 101),
        CollectionChanges(title="a\0b"),
        CollectionChanges(description="x" * 501),
        CollectionChanges(description="\ud800"),
        CollectionChanges(theme="beige"),
        CollectionChanges(position=-1),
        CollectionChanges(position=10**9),
    ],
)
def test_what_is_out_of_bounds_changes_nothing(stage: Stage, changes: CollectionChanges) -> None:
    made = stage.make()
    with pytest.raises(BadRequest):
        stage.collections.change(stage.ann, made.slug, changes)
    assert stage.collections.get(stage.ann, made.slug) == made
    if changes.title is not None:
        with pytest.raises(BadRequest):
            stage.make(changes.title)


def test_collections_items_and_notes_are_bounded(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "COLLECTIONS_MAX", 1)
    monkeypatch.setattr(items, "ITEMS_MAX", 1)
    made = stage.make()
    with pytest.raises(BadRequest):
        stage.make("Another")
    with pytest.raises(BadRequest):
        stage.collections.add_item(stage.ann, made.slug, PAPER, "x" * 501)
    stage.collections.add_item(stage.ann, made.slug, PAPER)
    with pytest.raises(BadRequest):
        stage.add(made.slug, "org/open")


# --- rights -----------------------------------------------------------------------------------


def test_who_may_make_and_change(stage: Stage) -> None:
    collections = stage.collections
    read_token = stage.world.as_("ann", TokenRole.READ)
    fine = stage.world.as_("ann", TokenRole.FINE_GRAINED, (RepoGrant(stage.open.id, write=True),))
    refusals = [
        (ANONYMOUS, Unauthenticated),
        *((each, Forbidden) for each in (stage.rita, stage.eve, read_token, fine)),
    ]
    anns = stage.make()
    coras = collections.create(stage.cora, "org", "Mine")
    stage.add(anns.slug, "org/open")
    item = collections.get(stage.ann, anns.slug).items[0].public_id
    changes = CollectionChanges(description="mine now")
    for who, refusal in (*refusals, (stage.cora, Forbidden)):
        if who is not stage.cora:
            with pytest.raises(refusal):
                collections.create(who, "org", "Theirs")
        for attempt in (
            lambda who=who: collections.change(who, anns.slug, changes),
            lambda who=who: collections.delete(who, anns.slug),
            lambda who=who: collections.add_item(who, anns.slug, PAPER),
            lambda who=who: collections.change_item(who, anns.slug, item, note="x"),
            lambda who=who: collections.delete_item(who, anns.slug, item),
        ):
            with pytest.raises(refusal):
                attempt()
    assert collections.get(ANONYMOUS, anns.slug).description == ""
    for who in (stage.cora, stage.ann, stage.root):
        collections.change(who, coras.slug, changes)
    assert [each.title for each in collections.changeable(stage.cora)] == ["Mine"]
    assert {each.title for each in collections.changeable(stage.ann)} == {"Mine", "Best of"}
    assert collections.changeable(stage.rita) == collections.changeable(ANONYMOUS) == ()
    with pytest.raises(AccountNotFound):
        collections.create(stage.ann, "nobody", "x")


def test_a_private_collection_is_as_if_it_were_not_there(stage: Stage) -> None:
    collections = stage.collections
    hidden = stage.make("Hidden", private=True)
    seen = stage.make("Seen")
    fine = stage.world.as_("ann", TokenRole.FINE_GRAINED, (RepoGrant(stage.secret.id, write=True),))
    for who in (ANONYMOUS, stage.eve, fine):
        for attempt in (
            lambda who=who: collections.get(who, hidden.slug),
            lambda who=who: collections.change(who, hidden.slug, CollectionChanges(title="x")),
            lambda who=who: collections.delete(who, hidden.slug),
            lambda who=who: collections.add_item(who, hidden.slug, PAPER),
            lambda who=who: collections.upvote(who, hidden.slug),
            lambda who=who: collections.take_back_upvote(who, hidden.slug),
        ):
            with pytest.raises(NotFound) as refused:
                attempt()
            assert str(refused.value) == "Collection not found"
        assert stage.titles(who) == stage.titles(who, owners=("org",)) == ["Seen"]
        assert [each.title for each in collections.of_owner(who, "org")] == ["Seen"]
        assert collections.get(who, seen.slug).position == 0
    for who in (stage.ann, stage.rita, stage.cora, stage.root):
        assert set(stage.titles(who)) == {"Hidden", "Seen"}
        assert collections.get(who, seen.slug).position == 1
        collections.get(who, hidden.slug)


def test_the_sql_of_what_may_be_seen_says_what_the_policy_says(stage: Stage) -> None:
    for private in (False, True):
        stage.make(f"org {private}", private=private)
        stage.collections.create(stage.eve, "eve", f"eve {private}", is_private=private)
    table = tables.collections
    grants = (RepoGrant(stage.open.id, write=True),)
    people = [ANONYMOUS] + [
        stage.world.as_(name, token, grants if token is TokenRole.FINE_GRAINED else ())
        for name, token in itertools.product(
            ("ann", "rita", "cora", "eve", "root"), (None, *TokenRole)
        )
    ]
    rows = stage.world.database.read(lambda conn: conn.execute(sa.select(table)).all())
    assert len(rows) == 4
    for principal in people:
        query = sa.select(table.c.id).where(visible_collections(principal))
        found = stage.world.database.read(lambda conn, q=query: set(conn.execute(q).scalars()))
        wanted = {
            row.id
            for row in rows
            if may_see_collection(principal, row.owner_id, is_private=row.is_private)
        }
        assert found == wanted, principal


# --- items ------------------------------------------------------------------------------------


def test_items_that_one_may_not_see_are_nowhere(stage: Stage) -> None:
    """Not in the collection, nor in its count, its places, its time, or a search for them."""
    made = stage.make()
    inner = stage.make("Inner", private=True)
    stage.add(made.slug, "org/secret")
    stage.add(made.slug, inner.slug, ItemType.COLLECTION)
    before = stage.collections.get(ANONYMOUS, made.slug)
    assert (before.items, before.item_count, before.updated_at) == ((), 0, made.updated_at)
    stage.add(made.slug, "org/open")
    whole = ["org/secret", inner.public_id, "org/open"]
    fine = stage.world.as_("ann", TokenRole.FINE_GRAINED, (RepoGrant(stage.open.id, write=True),))
    for who in (ANONYMOUS, stage.eve, fine):
        assert stage.ids(who, made.slug) == ["org/open"]
        (listed,) = stage.collections.list(who, CollectionQuery()).collections
        assert ([item.id for item in listed.items], listed.item_count) == (["org/open"], 1)
        for item in (ItemName(ItemType.MODEL, "org/secret"), ItemName.parse("models/org/none")):
            assert stage.titles(who, items=(item,)) == []
        name = ItemName(ItemType.COLLECTION, inner.slug)
        assert stage.titles(who, items=(name,)) == []
    for who in (stage.ann, stage.rita, stage.root):
        assert stage.ids(who, made.slug) == whole
        assert stage.titles(who, items=(ItemName(ItemType.MODEL, "org/secret"),)) == ["Best of"]
    seen_at = stage.collections.get(ANONYMOUS, made.slug).updated_at
    secret = stage.collections.get(stage.ann, made.slug).items[0].public_id
    stage.collections.change_item(stage.ann, made.slug, secret, note="sh")
    stage.collections.delete_item(stage.ann, made.slug, secret)
    assert stage.collections.get(ANONYMOUS, made.slug).updated_at == seen_at


def test_an_item_goes_with_what_it_names(stage: Stage) -> None:
    made = stage.make()
    inner = stage.make("Inner")
    stage.add(made.slug, "org/open")
    stage.add(made.slug, inner.public_id, ItemType.COLLECTION)
    stage.world.repos.move(stage.ann, stage.open.repo_id, model("ann/moved"))
    assert stage.ids(stage.eve, made.slug) == ["ann/moved", inner.public_id]
    assert stage.titles(stage.eve, items=(ItemName.parse("models/org/open"),)) == ["Best of"]
    stage.world.repos.update_settings(stage.ann, model("ann/moved"), visibility=Visibility.PRIVATE)
    assert stage.ids(stage.eve, made.slug) == [inner.public_id]
    assert stage.ids(stage.ann, made.slug) == ["ann/moved", inner.public_id]
    stage.world.repos.delete(stage.ann, model("ann/moved"))
    stage.collections.delete(stage.ann, inner.slug)
    assert stage.ids(stage.root, made.slug) == []
    left = sa.select(tables.collection_items.c.id)
    assert stage.world.database.read(lambda conn: conn.execute(left).all()) == []


def test_only_what_the_asker_sees_can_be_put_in(stage: Stage) -> None:
    own = stage.collections.create(stage.eve, "eve", "Mine")
    hidden = stage.make("Hidden", private=True)
    for kind, name in (
        (ItemType.MODEL, "org/secret"),
        (ItemType.MODEL, "org/none"),
        (ItemType.MODEL, "none"),
        (ItemType.DATASET, "org/open"),
        (ItemType.COLLECTION, hidden.slug),
        (ItemType.COLLECTION, hidden.public_id),
        (ItemType.COLLECTION, own.public_id + "0"),
        (ItemType.BUCKET, "eve/bucket"),
    ):
        with pytest.raises(NotFound):
            stage.collections.add_item(stage.eve, own.slug, ItemName(kind, name))
    with pytest.raises(BadRequest):
        stage.collections.add_item(stage.eve, own.slug, ItemName(ItemType.PAPER, "a paper"))
    stage.collections.add_item(stage.eve, own.slug, ItemName(ItemType.COLLECTION, own.slug))
    with pytest.raises(NotFound):
        stage.collections.create(stage.eve, "eve", "New", item=ItemName.parse("models/org/secret"))
    assert [each.title for each in stage.collections.of_owner(stage.eve, "eve")] == ["Mine"]


def test_an_item_is_there_once(stage: Stage) -> None:
    made = stage.make()
    stage.add(made.slug, "org/open")
    with pytest.raises(Conflict):
        stage.add(made.slug, "ORG/Open")
    assert stage.ids(ANONYMOUS, made.slug) == ["org/open"]


def test_items_are_moved_among_those_that_one_sees(stage: Stage) -> None:
    made = stage.make()
    for number in range(4):
        stage.world.repos.create(stage.ann, model(f"org/m{number}"))
        stage.add(made.slug, f"org/m{number}")
    stage.world.repos.update_settings(stage.ann, model("org/m0"), visibility=Visibility.PRIVATE)
    items = {item.id: item.public_id for item in stage.collections.get(stage.ann, made.slug).items}
    fourth = items["org/m3"]
    stage.collections.change_item(stage.ann, made.slug, fourth, position=1)
    assert stage.ids(stage.ann, made.slug) == ["org/m0", "org/m3", "org/m1", "org/m2"]
    assert stage.ids(stage.eve, made.slug) == ["org/m3", "org/m1", "org/m2"]
    stage.collections.change_item(stage.ann, made.slug, fourth, position=99)
    assert stage.ids(stage.eve, made.slug) == ["org/m1", "org/m2", "org/m3"]
    with pytest.raises(BadRequest):
        stage.collections.change_item(stage.ann, made.slug, fourth, position=-1)
    other = stage.make("Other")
    with pytest.raises(NotFound):
        stage.collections.change_item(stage.ann, other.slug, fourth, position=0)


@given(st.permutations(range(8)), st.sets(st.integers(0, 7), min_size=1), st.integers(0, 9))
def test_moving_leaves_the_others_in_their_order(
    everything: list[int], shown: set[int], place: int
) -> None:
    seen = [each for each in everything if each in shown]
    one = min(shown)
    found = moved(everything, seen, one, place)
    assert sorted(found) == sorted(everything)
    assert [each for each in found if each != one] == [each for each in everything if each != one]
    shown_now = [each for each in found if each in shown]
    assert shown_now.index(one) == min(place, len(seen) - 1)


# --- lists ------------------------------------------------------------------------------------


def test_lists_are_sorted_filtered_and_paged(stage: Stage) -> None:
    for number in range(5):
        stage.make(f"Number {number}")
    first = stage.collections.of_owner(ANONYMOUS, "org")[0]
    stage.add(first.slug, "org/open")
    stage.collections.add_item(stage.ann, first.slug, PAPER)
    stage.collections.upvote(stage.eve, stage.collections.of_owner(ANONYMOUS, "org")[2].slug)
    newest = ["Number 0", "Number 4", "Number 3", "Number 2", "Number 1"]
    assert stage.titles(ANONYMOUS, sort=CollectionSort.LAST_MODIFIED) == newest
    liked = ["Number 2", "Number 4", "Number 3", "Number 1", "Number 0"]
    for sort in (CollectionSort.TRENDING, CollectionSort.UPVOTES):
        assert stage.titles(ANONYMOUS, sort=sort) == liked
        found: list[str] = []
        cursor = None
        while True:
            query = CollectionQuery(sort=sort, limit=2, cursor=cursor)
            page = stage.collections.list(ANONYMOUS, query)
            found += [each.title for each in page.collections]
            cursor = page.next_cursor
            if cursor is None:
                break
        assert found == liked
    opened = ItemName.parse("models/org/open")
    assert stage.titles(ANONYMOUS, items=(opened, PAPER)) == ["Number 0"]
    assert stage.titles(ANONYMOUS, items=(opened, ItemName.parse("papers/2301.00001"))) == []
    assert stage.titles(ANONYMOUS, owners=("none", "\0")) == []
    assert len(stage.titles(ANONYMOUS, owners=("ORG", "none"))) == 5
    assert stage.titles(ANONYMOUS, words=("NUMBER", "3")) == ["Number 3"]
    assert stage.titles(ANONYMOUS, words=("%",)) == []
    for wrong in (
        CollectionQuery(limit=0),
        CollectionQuery(cursor="x"),
        CollectionQuery(words=("x" * 201,)),
        CollectionQuery(words=("\0",)),
        CollectionQuery(owners=("x",) * 21),
    ):
        with pytest.raises(BadRequest):
            stage.collections.list(ANONYMOUS, wrong)
    with pytest.raises(BadRequest):
        ItemName.parse("org/open")


def test_a_list_tells_the_first_items(stage: Stage) -> None:
    made = stage.make()
    for number in range(6):
        paper = ItemName(ItemType.PAPER, f"2301.0000{number}")
        stage.collections.add_item(stage.ann, made.slug, paper)
    (listed,) = stage.collections.list(ANONYMOUS, CollectionQuery()).collections
    assert ([item.id[-1] for item in listed.items], listed.item_count) == (list("0123"), 6)


def test_collections_of_a_namespace_have_an_order(stage: Stage) -> None:
    made = [stage.make(f"c{number}", private=number == 0) for number in range(4)]
    stage.collections.change(stage.ann, made[3].slug, CollectionChanges(position=1))
    titles = [each.title for each in stage.collections.of_owner(stage.ann, "org")]
    assert titles == ["c0", "c3", "c1", "c2"]
    assert [each.title for each in stage.collections.of_owner(stage.eve, "org")] == titles[1:]
    assert stage.collections.get(stage.eve, made[3].slug).position == 0
    assert stage.make("c4").position == 4


# --- upvotes ----------------------------------------------------------------------------------


def test_an_upvote_counts_once_and_not_while_its_account_is_closed(stage: Stage) -> None:
    made = stage.make()
    upvote, take_back = stage.collections.upvote, stage.collections.take_back_upvote
    assert [upvote(stage.eve, made.slug), upvote(stage.eve, made.slug)] == [1, 1]
    assert upvote(stage.rita, made.slug) == 2
    assert stage.collections.get(stage.eve, made.slug).is_upvoted
    assert not stage.collections.get(stage.ann, made.slug).is_upvoted
    accounts = Accounts(stage.world.database, stage.world.now)
    accounts.set_disabled("eve", disabled=True, by=None)
    assert stage.collections.get(ANONYMOUS, made.slug).upvotes == 1
    accounts.set_disabled("eve", disabled=False, by=None)
    assert [take_back(stage.eve, made.slug), take_back(stage.eve, made.slug)] == [1, 1]
    with pytest.raises(Unauthenticated):
        upvote(ANONYMOUS, made.slug)
    with pytest.raises(Forbidden):
        upvote(stage.world.as_("eve", TokenRole.READ), made.slug)
