"""Relations: what forks and cards tell, in both directions, and nothing of what is hidden."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from groundswell.core.errors import RepoNotFound
from groundswell.core.values import ANONYMOUS, AddRegular, Principal, RepoId, RepoKind, Visibility
from groundswell.hub.relations import COUNTED_MAX, RELATIVES_MAX, Ancestry, Bond, Kin, Relations
from groundswell.hub.relations.values import RELATIONS_MAX
from groundswell.hub.repos import Repository
from groundswell.store import tables
from tests.hub.git_world import GitWorld


@pytest.fixture
def world(tmp_path: Path) -> Iterator[GitWorld]:
    world = GitWorld(tmp_path)
    yield world
    world.close()


def make(
    world: GitWorld, name: str, card: str = "", kind: str = "model", *, private: bool = False
) -> Repository:
    who = world.alice if name.startswith("alice/") else world.bob
    visibility = Visibility.PRIVATE if private else Visibility.PUBLIC
    made = world.repos.create(
        who,
        RepoId.parse(RepoKind(kind), name),
        visibility,
        sdk="static" if kind == "space" else None,
    )
    if card:
        world.commit(made, AddRegular("README.md", f"---\n{card}\n---\n".encode()), who=who)
    return made


def seen(world: GitWorld, who: Principal, repository: Repository) -> Ancestry:
    return Relations(world.database).ancestry(who, repository)


def lines(found: Ancestry) -> set[tuple[str, str, str]]:
    names = [each.name for each in found.relatives]
    return {(names[r.earlier], r.bond.value, names[r.later]) for r in found.relations}


def kin(world: GitWorld, who: Principal, repository: Repository) -> Kin:
    return Relations(world.database).kin(who, repository)


def test_both_directions_several_steps_and_every_bond(world: GitWorld) -> None:
    data = make(world, "alice/data", kind="dataset")
    base = make(world, "alice/Base", "base_model: elsewhere/root\ndatasets: [alice/data, far/set]")
    make(world, "bob/tuned", "base_model: alice/Base\nbase_model_relation: finetune")
    make(world, "bob/lora", "base_model: alice/base\nbase_model_relation: adapter")
    merged = make(
        world,
        "bob/merged",
        "base_model: [bob/tuned, bob/lora, other/base]\nbase_model_relation: merge",
    )
    make(world, "bob/small", "base_model: bob/merged\nbase_model_relation: quantized")
    make(world, "bob/odd", "base_model: bob/merged\nbase_model_relation: dreamt")
    fork = world.forks.fork(world.bob, base.repo_id, RepoId.parse(RepoKind.MODEL, "bob/fork"))
    make(world, "alice/of-fork", "base_model: bob/fork")
    found = seen(world, ANONYMOUS, base)
    assert found.is_whole
    assert found.relatives[0].name == "alice/Base"
    everything = {
        ("elsewhere/root", "derived", "alice/Base"),
        ("alice/data", "dataset", "alice/Base"),
        ("far/set", "dataset", "alice/Base"),
        ("alice/Base", "finetune", "bob/tuned"),
        ("alice/Base", "adapter", "bob/lora"),
        ("bob/tuned", "merge", "bob/merged"),
        ("bob/lora", "merge", "bob/merged"),
        ("other/base", "merge", "bob/merged"),
        ("bob/merged", "quantized", "bob/small"),
        ("bob/merged", "derived", "bob/odd"),
        ("alice/Base", "fork", "bob/fork"),
        ("elsewhere/root", "derived", "bob/fork"),
        ("bob/fork", "derived", "alice/of-fork"),
    }
    assert lines(found) == everything
    outside = {each.name for each in found.relatives if each.seen is None}
    assert outside == {"elsewhere/root", "far/set", "other/base"}
    up = lines(seen(world, ANONYMOUS, merged))
    assert ("elsewhere/root", "derived", "alice/Base") in up
    assert ("alice/Base", "fork", "bob/fork") not in up  # no ancestor, and nothing came of it here
    assert lines(seen(world, ANONYMOUS, fork)) >= {("alice/Base", "fork", "bob/fork")}
    assert lines(seen(world, ANONYMOUS, data)) == {
        ("alice/data", "dataset", "alice/Base"),
        ("alice/data", "dataset", "bob/fork"),
    }
    assert kin(world, ANONYMOUS, base).counts == (
        (Bond.FINETUNE, 1),
        (Bond.ADAPTER, 1),
    )
    assert kin(world, ANONYMOUS, merged).counts == ((Bond.QUANTIZED, 1), (Bond.DERIVED, 1))
    assert kin(world, ANONYMOUS, data).counts == ((Bond.DATASET, 2),)
    bases = [
        (b.relative.name, b.bond, b.relative.seen is None)
        for b in kin(world, ANONYMOUS, merged).bases
    ]
    assert bases == [
        ("bob/tuned", Bond.MERGE, False),
        ("bob/lora", Bond.MERGE, False),
        ("other/base", Bond.MERGE, True),
    ]


def test_what_is_private_cannot_be_told_from_what_is_not_there(world: GitWorld) -> None:
    base = make(world, "alice/base")
    make(world, "alice/secret", private=True)
    make(world, "bob/quiet", "base_model: alice/base\nbase_model_relation: finetune", private=True)
    world.forks.fork(
        world.bob, base.repo_id, RepoId.parse(RepoKind.MODEL, "bob/hidden-fork"), Visibility.PRIVATE
    )
    child = make(
        world, "bob/child", "base_model: [alice/secret, alice/nothing]\ndatasets: alice/secret"
    )
    below = make(world, "alice/below", "base_model: bob/quiet")
    for who in (ANONYMOUS, world.alice):
        assert seen(world, who, base) == Ancestry(seen(world, who, base).relatives[:1], (), True)
        assert kin(world, who, base) == Kin((), ())
        assert [each.seen for each in seen(world, who, below).relatives[1:]] == [None]
        assert "bob/hidden-fork" not in str(seen(world, who, below))
    for bases in (kin(world, ANONYMOUS, child).bases, kin(world, world.bob, child).bases):
        assert [each.relative.seen for each in bases] == [None, None, None]
    assert lines(seen(world, world.bob, base)) == {
        ("alice/base", "finetune", "bob/quiet"),
        ("alice/base", "fork", "bob/hidden-fork"),
        ("bob/quiet", "derived", "alice/below"),
    }
    assert kin(world, world.bob, base).counts == ((Bond.FINETUNE, 1),)
    # A way that leads through somebody's private repository is no way for others.
    assert ("bob/quiet", "derived", "alice/below") in lines(seen(world, ANONYMOUS, below))
    assert len(seen(world, ANONYMOUS, below).relatives) == 2
    private = kin(world, world.alice, child).bases[0].relative.seen
    assert private is not None
    hidden = replace(base, id=private.id)
    for ask in (seen, kin):
        with pytest.raises(RepoNotFound):
            ask(world, world.bob, hidden)


def test_names_that_were_given_up_still_lead_on(world: GitWorld) -> None:
    base = make(world, "alice/first")
    child = make(world, "bob/child", "base_model: alice/first")
    target = RepoId.parse(RepoKind.MODEL, "alice/second")
    world.repos.move(world.alice, base.repo_id, target)
    expected = {("alice/second", "derived", "bob/child")}
    assert lines(seen(world, ANONYMOUS, base)) == lines(seen(world, ANONYMOUS, child)) == expected
    assert kin(world, ANONYMOUS, base).counts == ((Bond.DERIVED, 1),)
    world.repos.delete(world.alice, target)
    assert lines(seen(world, ANONYMOUS, child)) == {("alice/first", "derived", "bob/child")}


def test_circles_names_that_are_none_and_itself(world: GitWorld) -> None:
    one = make(world, "alice/one", "base_model: [bob/two, alice/one, './local', 'a:b/c']")
    make(world, "bob/two", "base_model: alice/one")
    space = make(world, "alice/one", kind="space")
    found = lines(seen(world, ANONYMOUS, one))
    assert found >= {
        ("bob/two", "derived", "alice/one"),
        ("alice/one", "derived", "bob/two"),
        ("./local", "derived", "alice/one"),
    }
    assert lines(seen(world, ANONYMOUS, space)) == set()  # a card's base model is no space


def test_all_is_bounded_and_says_so(world: GitWorld) -> None:
    base, narrow = make(world, "alice/base"), make(world, "alice/narrow")
    rows, names, tags = [], [], []
    for number in range(1000, 1000 + COUNTED_MAX + 5):
        name = f"child-{number}"
        rows.append(
            {"id": number, "public_id": f"{number:024x}", "kind": "model", "owner_id": base.owner_id,
             "namespace": "alice", "name": name, "visibility": "public", "created_at": 1, "modified_at": 1}
        )  # fmt: skip
        names.append(
            {"kind": "model", "namespace_folded": "alice", "name_folded": name, "confusable": name,
             "repository_id": number, "state": "current"}
        )  # fmt: skip
        said = ["base_model:alice/base", "base_model:merge:alice/base"]
        if number < 1100:
            said += ["base_model:alice/narrow"]
            said += [f"base_model:merge:elsewhere/x{number % 30 + n}" for n in range(9)]
        tags += [
            {"repository_id": number, "position": position, "tag": tag}
            for position, tag in enumerate(said)
        ]

    def fill(conn: sa.Connection) -> None:
        conn.execute(sa.insert(tables.repositories), rows)
        conn.execute(sa.insert(tables.repository_names), names)
        conn.execute(sa.insert(tables.repository_tags), tags)

    world.database.write(fill)
    found = seen(world, ANONYMOUS, base)
    assert len(found.relatives) == RELATIVES_MAX
    assert not found.is_whole
    assert found.relatives[1].name == f"alice/child-{1000 + COUNTED_MAX + 4}"  # the newest
    assert dict(kin(world, ANONYMOUS, base).counts)[Bond.MERGE] == COUNTED_MAX + 1
    woven = seen(world, ANONYMOUS, narrow)
    assert len(woven.relations) == RELATIONS_MAX
    assert not woven.is_whole
