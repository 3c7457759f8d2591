"""Facets count what a list shows its reader, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from groundswell.core.values import AddRegular, RepoKind, Visibility
from groundswell.hub.facets import Facets, facets_of
from groundswell.hub.search import ListQuery, Search
from tests.hub.git_world import GitWorld


@pytest.fixture
def world(tmp_path: Path) -> Iterator[GitWorld]:
    world = GitWorld(tmp_path)
    yield world
    world.close()


def facets(world: GitWorld, who: str = "bob", **asked: object) -> Facets:
    principal = world.alice if who == "alice" else world.bob
    kind = RepoKind.MODEL
    return facets_of(Search(world.database), principal, kind, ListQuery(**asked))


def card(**fields: str) -> AddRegular:
    lines = "".join(f"{key}: {value}\n" for key, value in fields.items())
    return AddRegular("README.md", f"---\n{lines}---\n# A model\n".encode())


@pytest.fixture
def filled(world: GitWorld) -> GitWorld:
    for name, visibility, fields in (
        ("a", Visibility.PUBLIC, {"license": "mit", "pipeline_tag": "fill-mask", "tags": "[tiny]"}),
        ("b", Visibility.PUBLIC, {"license": "mit", "library_name": "transformers"}),
        ("c", Visibility.PRIVATE, {"license": "secret-licence", "tags": "[hidden, tiny]"}),
    ):
        world.commit(world.model(name, visibility), card(**fields))
    return world


def test_values_are_counted(filled: GitWorld) -> None:
    found = facets(filled)
    assert found.looked_at == 2
    assert found.licenses == (("mit", 2),)
    assert found.tasks == (("fill-mask", 1),)
    assert found.libraries == (("transformers", 1),)
    assert found.tags == (("tiny", 1),)
    assert facets(filled, words=("alice/a",)).looked_at == 1


def test_private_repositories_count_for_their_readers_alone(filled: GitWorld) -> None:
    assert "secret" not in str(facets(filled))
    assert "hidden" not in str(facets(filled))
    found = facets(filled, "alice")
    assert dict(found.licenses) == {"mit": 2, "secret-licence": 1}
    assert dict(found.tags)["tiny"] == 2


def test_accounts_are_found_by_name_and_full_name(world: GitWorld) -> None:
    world.accounts.create_user("carol", by=None, fullname="Carol of Bobville")
    gone = world.accounts.create_user("bobby", by=None)
    world.accounts.set_disabled(gone.name, disabled=True, by=None)
    found = [each.name for each in world.accounts.find_named(("bob",), 10)]
    assert found == ["bob", "carol"]  # the name that begins so comes first
    assert world.accounts.find_named(("bob", "carol"), 10)[0].name == "carol"
    assert world.accounts.find_named(("%",), 10) == ()
