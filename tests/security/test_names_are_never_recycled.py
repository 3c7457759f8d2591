"""S5: whoever gets a name that others know gets what they will send and load.

Deleted and transferred repositories whose names could be registered again have served strangers'
code to everybody who still used the old name. Here a name, once given, never leads to another
owner's content: deleted names answer as missing, moved names redirect, and names that look like
others are refused.
"""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from groundswell.core.errors import (
    GroundswellError,
    InvalidName,
    NameTaken,
    NotFound,
    RepoMoved,
    RepoNotFound,
)
from groundswell.core.values import Role, Visibility
from tests.hub.repo_world import World, model


@pytest.fixture
def world(tmp_path: Any) -> Any:
    world = World(tmp_path)
    world.user("victim")
    world.user("squatter")
    world.organisation("org", {"victim": Role.ADMIN, "squatter": Role.CONTRIBUTOR})
    yield world
    world.close()


def owner_at(world: Any, principal: Any, name: Any) -> Any:
    """Who serves the content at a name, following redirects."""
    for _ in range(5):
        try:
            return world.get(principal, name).owner_id
        except RepoMoved as moved:
            name = f"{moved.namespace}/{moved.name}"
        except RepoNotFound:
            return None
    pytest.fail("redirects go in circles")


def rename(world: Any) -> None:
    world.repos.move(world.as_("victim"), model("victim/m"), model("victim/n"))


def transfer(world: Any) -> None:
    world.repos.move(world.as_("victim"), model("victim/m"), model("org/m"))


def delete(world: Any) -> None:
    world.repos.delete(world.as_("victim"), model("victim/m"))


def rename_and_delete(world: Any) -> None:
    rename(world)
    world.repos.delete(world.as_("victim"), model("victim/n"))


def transfer_and_delete(world: Any) -> None:
    transfer(world)
    world.repos.delete(world.as_("victim"), model("org/m"))


def transfer_and_rename(world: Any) -> None:
    transfer(world)
    world.repos.move(world.as_("victim"), model("org/m"), model("org/z"))


HISTORIES = (rename, transfer, delete, rename_and_delete, transfer_and_delete, transfer_and_rename)


def create_there(world: Any, by: Any) -> None:
    world.repos.create(by, model("victim/m"))


def move_there(world: Any, by: Any) -> None:
    made = world.repos.create(by, model(f"{by.name}/bait"))
    world.repos.move(by, made.repo_id, model("victim/m"))


def copy_there(world: Any, by: Any) -> None:
    made = world.repos.create(by, model(f"{by.name}/bait"))
    world.repos.duplicate(by, made.repo_id, model("victim/m"))


TRIES = (create_there, move_there, copy_there)


@pytest.mark.parametrize("history", HISTORIES, ids=lambda f: f.__name__)
@pytest.mark.parametrize("attempt", TRIES, ids=lambda f: f.__name__)
def test_nobody_else_serves_content_at_an_old_name(world: Any, history: Any, attempt: Any) -> None:
    victim = world.as_("victim")
    world.repos.create(victim, model("victim/m"))
    before = world.ids["victim"]
    history(world)
    known = {before, owner_at(world, victim, "victim/m")}
    with pytest.raises(GroundswellError) as caught:
        attempt(world, world.as_("squatter"))
    assert caught.value.status in {403, 404, 409}
    assert owner_at(world, world.as_("squatter"), "victim/m") in known | {None}


@pytest.mark.parametrize("history", HISTORIES, ids=lambda f: f.__name__)
def test_the_owner_gets_back_only_what_was_always_theirs(world: Any, history: Any) -> None:
    victim = world.as_("victim")
    first = world.repos.create(victim, model("victim/m"))
    history(world)
    mine = history in {delete, rename_and_delete}
    if mine:
        again = world.repos.create(victim, model("victim/m"))
        assert again.id != first.id
        assert again.public_id != first.public_id
        assert again.created_at > first.created_at
    else:
        with pytest.raises(NameTaken):
            world.repos.create(victim, model("victim/m"))


def test_members_of_an_organisation_do_not_inherit_what_moved_away(world: Any) -> None:
    victim, squatter = world.as_("victim"), world.as_("squatter")
    world.repos.create(victim, model("org/m"))
    world.repos.move(victim, model("org/m"), model("victim/m"))
    with pytest.raises(NameTaken):
        world.repos.create(squatter, model("org/m"))
    with pytest.raises(NameTaken):
        world.repos.create(squatter, model("org/M"))
    world.repos.delete(victim, model("victim/m"))
    with pytest.raises(NameTaken):
        world.repos.create(squatter, model("org/m"))
    assert owner_at(world, victim, "org/m") is None


def test_a_hidden_target_is_not_told_by_the_refusal(world: Any) -> None:
    victim, squatter = world.as_("victim"), world.as_("squatter")
    world.repos.create(victim, model("org/m"), Visibility.PRIVATE)
    world.repos.move(victim, model("org/m"), model("victim/secret"))
    with pytest.raises(NameTaken) as caught:
        world.repos.create(squatter, model("org/m"))
    assert "secret" not in caught.value.message
    assert caught.value.url == "org/m"
    assert caught.value.existing_id is None


# Pairs of letters that look alike, and separators, in every place of these words.
WORDS = (
    "model-one",
    "llama-3.1-instruct",
    "gpt-oss-120b",
    "warm-lion",
    "vivid-moon10",
    "wren-marten-vw",
)
ALIKE = {"o": "0", "0": "oO", "l": "1iI", "1": "lIi", "i": "1lL", "m": ["rn"], "w": ["vv"]}
SEPARATORS = ("_", ".", "")
DIGITLIKE = "0123456789oliOLI"


def lookalikes(word: Any) -> Any:
    for place, letter in enumerate(word):
        rest = (word[:place], word[place + 1 :])
        if letter in "-.":
            numbers = word[place - 1] in DIGITLIKE and word[place + 1] in DIGITLIKE
            others = [each for each in SEPARATORS if each != letter and (each or not numbers)]
        else:
            others = [*ALIKE.get(letter, ()), letter.upper()]
        for other in others:
            if other != letter:
                yield f"{rest[0]}{other}{rest[1]}"
        if place > 0 and word[place - 1] not in DIGITLIKE:
            yield f"{rest[0]}-{letter}{rest[1]}"
            yield f"{rest[0]}_{letter}{rest[1]}"
            yield f"{rest[0]}.{letter}{rest[1]}"


CONFUSABLE = sorted(
    {
        (word, twin)
        for word in WORDS
        for twin in lookalikes(word)
        if "--" not in twin and ".." not in twin
    }
)


def test_names_that_look_alike_are_refused(world: Any) -> None:
    victim, squatter = world.as_("victim"), world.as_("squatter")
    for word in WORDS:
        world.repos.create(victim, model(f"org/{word}"))
    assert len(CONFUSABLE) >= 200
    taken = 0
    for _word, twin in CONFUSABLE:
        with pytest.raises((NameTaken, InvalidName)):
            world.repos.create(squatter, model(f"org/{twin}"))
        taken += 1
    assert taken == len(CONFUSABLE)


FOREIGN = (
    "\u043cодель",  # Cyrillic
    "m\u043edel",
    "m\u03bfdel",
    "ｍodel",
    "mo\u200bdel",
    "model\u0301",
    "mod\u0435l",
    "\u202emodel",
)


def test_letters_of_other_scripts_are_no_letters_of_names() -> None:
    for name in FOREIGN:
        with pytest.raises(InvalidName):
            model(f"org/{name}")
        with pytest.raises(InvalidName):
            model(f"{name}/m")


def test_different_names_stay_different(world: Any) -> None:
    victim = world.as_("victim")
    names = ("alpha", "beta", "gamma-2", "gamma-3", "delta-7b", "delta-70b", "v1.0", "v2.0")
    for name in names:
        world.repos.create(victim, model(f"org/{name}"))
    for one, other in itertools.combinations(names, 2):
        assert world.get(victim, f"org/{one}").id != world.get(victim, f"org/{other}").id


def test_deleted_names_answer_as_missing_to_everybody(world: Any) -> None:
    victim = world.as_("victim")
    world.repos.create(victim, model("victim/m"))
    delete(world)
    for name in ("victim", "squatter"):
        with pytest.raises(NotFound):
            world.get(world.as_(name), "victim/m")
