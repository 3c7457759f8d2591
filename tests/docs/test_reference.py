"""Pages of docs/reference say what the code is: they are made from it."""

import json
import urllib.request

import click
import pytest

from groundswell.http.app import FALLBACK
from tests.arch.tree import ROOT, project_files
from tests.docs.documents import text
from tests.docs.reference import (
    DOORS,
    PAGES,
    changelog,
    every_route,
    groundswell_metrics,
    leaves,
    openapi,
    swell,
)
from tests.docs.route_notes import NOTES
from tests.live import LiveHub


@pytest.mark.parametrize("page", PAGES)
def test_the_page_is_what_the_code_says(page: str) -> None:
    stands = (ROOT / f"docs/reference/{page}.md").read_text(encoding="utf-8")
    assert stands == PAGES[page](), "make it again: python -m tests.docs.reference"


def test_the_description_is_what_the_code_says() -> None:
    assert text("docs/reference/openapi.json") == openapi(), "python -m tests.docs.reference"


def test_the_description_is_what_a_hub_answers(documented_hub: LiveHub) -> None:
    with urllib.request.urlopen(f"{documented_hub.url}/api/openapi.json", timeout=30) as answer:
        assert json.load(answer) == json.loads(text("docs/reference/openapi.json"))


def test_every_route_says_what_it_is_for_and_who_may() -> None:
    known = {(route.door.name, route.name) for route in every_route()}
    assert {*known} == {*NOTES}


def test_every_door_of_the_app_is_listed() -> None:
    named = {
        path.split("/")[3].removesuffix(".py")
        for path in project_files()
        if path.startswith("src/groundswell/http/") and "def routes()" in text(path)
    }
    assert {door.__name__.rpartition(".")[2] for door, _, _ in DOORS} == named
    assert FALLBACK.name == "none"


def test_every_verb_is_in_the_reference() -> None:
    verbs = dict(leaves(swell, ("swell",)))
    assert {name.split()[1] for name in verbs} == set(swell.list_commands(click.Context(swell)))
    for name in verbs:
        assert f"\n## {name}\n" in text("docs/reference/cli.md")


def test_there_are_metrics() -> None:
    assert len(groundswell_metrics()) >= 6


def test_the_changelog_begins_with_what_the_fragments_say() -> None:
    assert text("CHANGELOG.md") == changelog(), "make it again: python -m tests.docs.reference"
    assert "\n- " in changelog()
