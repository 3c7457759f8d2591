"""Small forms of the Hub API: dates that clients parse, links, queries, expand sets."""

import re
from datetime import UTC, datetime

import pytest

from groundswell.core.errors import BadRequest
from groundswell.core.values import HISTORY_KINDS, Entry, EntryKind, Pointer, RepoKind
from groundswell.wire.hub_api.expand import EXPANDABLE, LISTED, LISTED_IN_FULL, TOLD, check_expand
from groundswell.wire.hub_api.text import date_text, next_link, parse_query, values_of
from groundswell.wire.hub_api.tree import MASKED, sibling, tree_item

FILE = Entry(EntryKind.FILE, "w.bin", "1" * 40, 1000, Pointer("2" * 64, 1000), 130)


def test_dates_are_in_the_form_that_clients_parse() -> None:
    text = date_text(1_700_000_000_123_456)
    assert datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC) == datetime(
        2023, 11, 14, 22, 13, 20, 123_000, tzinfo=UTC
    )
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", date_text(0))


def test_a_link_keeps_the_query_and_replaces_the_cursor() -> None:
    query = parse_query(b"expand[]=a&expand=b&filter=x,y&cursor=old&limit=2")
    link = next_link("http://h/api/models", query, {"cursor": "n w"})
    assert link == (
        '<http://h/api/models?expand=a&expand=b&filter=x%2Cy&limit=2&cursor=n%20w>; rel="next"'
    )
    assert values_of(query, "expand") == ["a", "b"]
    assert values_of(query, "filter") == ["x", "y"]


@pytest.mark.parametrize("query", [b"a=%ff", b"\xff=1", b"&".join(b"a=1" for _ in range(3000))])
def test_queries_are_bounded_text(query: bytes) -> None:
    with pytest.raises(BadRequest):
        parse_query(query)


def test_an_unknown_expand_names_the_known_ones() -> None:
    with pytest.raises(BadRequest, match=r'Invalid option: expected one of "author"\|'):
        check_expand(RepoKind.MODEL, ["sha", "runtime"])
    assert check_expand(RepoKind.SPACE, ["runtime", "sha", "sha"]) == ("runtime", "sha")


def test_what_is_told_can_be_asked_for() -> None:
    for kind in HISTORY_KINDS:
        for told in (TOLD, LISTED, LISTED_IN_FULL):
            assert set(told[kind]) <= set(EXPANDABLE[kind])


def test_siblings_and_trees_name_the_hash_differently() -> None:
    assert tree_item(FILE, "3" * 64) == {
        "type": "file",
        "oid": "1" * 40,
        "size": 1000,
        "path": "w.bin",
        "lfs": {"oid": "2" * 64, "size": 1000, "pointerSize": 130},
        "xetHash": "3" * 64,
    }
    assert sibling(FILE, blobs=True)["lfs"] == {
        "sha256": "2" * 64,
        "size": 1000,
        "pointerSize": 130,
    }
    assert sibling(FILE, blobs=False) == {"rfilename": "w.bin"}


def test_hashes_are_masked_for_those_outside_a_gate() -> None:
    item = tree_item(FILE, "3" * 64, masked=True)
    assert item["lfs"]["oid"] == item["xetHash"] == MASKED
    assert sibling(FILE, blobs=True, masked=True)["lfs"]["sha256"] == MASKED
