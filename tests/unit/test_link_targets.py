"""Where a link of an article leads, and which names stand in a text."""

import posixpath

import pytest

from groundswell.ask.packs.graphs.making import beside
from groundswell.ask.packs.graphs.names import Gazetteer


@pytest.mark.parametrize("source", ["a.md", "notes/a.md", "notes/deep/a.md"])
@pytest.mark.parametrize(
    "target",
    ["b", "b.md", "b/c", "./b", "../b", "../../../b", "/b", "a/../b", ".", "..", "...", "a//b"],
)
def test_a_target_is_a_path_from_the_articles_folder(source: str, target: str) -> None:
    place = posixpath.normpath(posixpath.join("/", posixpath.dirname(source), target))
    assert beside(source, target) == place.lstrip("/")


def test_the_longest_name_is_found_and_words_are_none() -> None:
    names = ("Lake", "Lake Turkana", "Lake Turkana National Park", "java", "Java", "C", "New York")
    gazetteer = Gazetteer((name, name) for name in names)

    def found(text: str) -> list[str]:
        return [text[each.start : each.stop] for each in gazetteer.find(text)]

    assert found("On Lake Turkana. Java is near Lake Turkana National Park") == [
        "Lake Turkana", "Java", "Lake Turkana National Park",
    ]  # fmt: skip
    assert found("Lake Turkana National Bank") == ["Lake Turkana"]
    assert found("Lake") == ["Lake"]
    assert found("a lake of java") == []  # both are words, as they are written here
    assert found("New\nYork") == found("new york") == found("") == found("!?") == []
    assert found("New York New York") == ["New York", "New York"]
