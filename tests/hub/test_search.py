"""Lists of repositories: words, tags, ranges, sorts, cursors."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
import sqlalchemy as sa

from groundswell.core.errors import BadRequest
from groundswell.core.values import ANONYMOUS, Gate, RepoKind, Role, Visibility, fold_name
from groundswell.hub import search as search_module
from groundswell.hub.search import CountRange, ListQuery, Sort, parse_count_range
from groundswell.store import tables
from tests.hub.repo_world import World

MODELS = [
    # namespace/name, tags, downloads, likes, parameters
    ("ann/llama-tiny", ["transformers", "text-generation", "en", "license:mit"], 5, 9, 10**6),
    ("ann/bert_base", ["transformers", "fill-mask", "license:apache-2.0"], 50, 3, 110 * 10**6),
    ("org/Llama-70B", ["transformers", "text-generation", "license:other"], 500, 3, 70 * 10**9),
    ("org/whisper", ["en", "license:mit"], 1, 1, None),
]


@pytest.fixture
def world(tmp_path: Any) -> Any:
    world = World(tmp_path)
    world.user("ann")
    world.user("bob")
    world.organisation("org", {"ann": Role.WRITE})
    for number, (full_name, tags, downloads, likes, parameters) in enumerate(MODELS, 1):
        add(world, number, full_name, tags, downloads, likes, parameters)
    add(world, 5, "org/secret-llama", ["text-generation"], 9, 9, 10, visibility="private")
    add(world, 6, "ann/data", ["language:en", "license:mit"], 9, 9, None, kind="dataset")
    add(world, 7, "ann/gone-llama", ["text-generation"], 9, 9, None, deleted_at=1)
    yield world
    world.close()


def add(
    world: Any,
    number: Any,
    full_name: Any,
    tags: Any,
    downloads: Any,
    likes: Any,
    parameters: Any,
    **values: Any,
) -> None:
    namespace, name = full_name.split("/")
    kind = values.pop("kind", "model")
    row = {
        "id": number,
        "public_id": str(number),
        "kind": kind,
        "owner_id": world.ids[namespace],
        "namespace": namespace,
        "name": name,
        "visibility": "public",
        "created_at": number,
        "modified_at": 100 - number,
        "downloads": downloads,
        "likes": likes,
        "trending": likes,
        "parameter_count": parameters,
        "card": {"x": 1},
        **values,
    }
    name_row = {
        "kind": kind,
        "namespace_folded": fold_name(namespace),
        "name_folded": fold_name(name),
        "confusable": name,
        "repository_id": number,
        "state": "deleted" if values.get("deleted_at") else "current",
    }

    def work(conn: Any) -> None:
        conn.execute(sa.insert(tables.repositories).values(row))
        conn.execute(sa.insert(tables.repository_names).values(name_row))
        for position, tag in enumerate(tags):
            conn.execute(
                sa.insert(tables.repository_tags).values(
                    repository_id=number, position=position, tag=tag
                )
            )

    world.write(work)


@pytest.fixture(params=["few are rare", "nothing is rare"])
def names(world: Any, request: Any, monkeypatch: Any) -> Any:
    """Names of a list; every case holds for both orders of work."""
    if request.param == "nothing is rare":
        monkeypatch.setattr(search_module, "RARE_ROWS", 1)

    def run(principal: Any = ANONYMOUS, kind: Any = RepoKind.MODEL, **query: Any) -> Any:
        query.setdefault("sort", Sort.CREATED_AT)
        query.setdefault("descending", False)
        page = world.search.list(principal, kind, ListQuery(**query))
        if page.next_cursor is None and query.get("cursor") is None:
            assert page.total == len(page.repositories)
        return [repository.full_name for repository in page.repositories]

    return run


ALL = ["ann/llama-tiny", "ann/bert_base", "org/Llama-70B", "org/whisper"]


def test_lists_hold_one_kind_and_what_one_may_see(world: Any, names: Any) -> None:
    assert names() == ALL
    assert names(world.as_("bob")) == ALL
    assert names(world.as_("ann")) == [*ALL, "org/secret-llama"]
    assert names(kind=RepoKind.DATASET) == ["ann/data"]
    assert names(kind=RepoKind.SPACE) == []


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"words": ("llama",)}, [0, 2]),
        ({"words": ("LLAMA", "70b")}, [2]),
        ({"words": ("ann/",)}, [0, 1]),
        ({"words": ("org/w",)}, [3]),
        ({"words": ("_",)}, [1]),
        ({"words": ("%",)}, []),
        ({"words": ("\\",)}, []),
        ({"words": ("secret",)}, []),
        ({"words": ("gone",)}, []),
        ({"author": "ANN"}, [0, 1]),
        ({"author": "nobody"}, []),
        ({"author": "an"}, []),
        ({"filters": ("license:mit",)}, [0, 3]),
        ({"filters": ("license:mit", "text-generation")}, [0]),
        ({"filters": ("language:en",)}, [0, 3]),
        ({"filters": ("language:de",)}, []),
        ({"filters": ("LICENSE:MIT",)}, []),
        ({"pipeline_tag": "fill-mask"}, [1]),
        ({"library": "transformers"}, [0, 1, 2]),
        ({"parameters": CountRange(10**8, None)}, [1, 2]),
        ({"parameters": CountRange(None, 10**8)}, [0]),
        ({"parameters": CountRange(10**6, 110 * 10**6)}, [0, 1]),
        ({"parameters": CountRange(10**30, None)}, []),
        ({"gated": True}, []),
        ({"gated": False}, [0, 1, 2, 3]),
        ({"author": "org", "words": ("l",), "filters": ("transformers",)}, [2]),
    ],
)
def test_conditions_hold_together(names: Any, query: Any, found: Any) -> None:
    assert names(**query) == [ALL[index] for index in found]


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        (Sort.CREATED_AT, [3, 2, 1, 0]),
        (Sort.LAST_MODIFIED, [0, 1, 2, 3]),
        (Sort.DOWNLOADS, [2, 1, 0, 3]),
        (Sort.LIKES, [0, 2, 1, 3]),
        (Sort.TRENDING, [0, 2, 1, 3]),
    ],
)
def test_sorts_go_both_ways_and_break_ties_by_number(names: Any, sort: Any, order: Any) -> None:
    wanted = [ALL[index] for index in order]
    assert names(sort=sort, descending=True) == wanted
    assert names(sort=sort, descending=False) == wanted[::-1]


def test_pages_follow_each_other(world: Any) -> None:
    ann = world.as_("ann")
    seen, cursor = [], None
    while True:
        query = ListQuery(sort=Sort.LIKES, limit=2, cursor=cursor)
        page = world.search.list(ann, RepoKind.MODEL, query)
        assert page.total == (5 if cursor is None else None)
        seen += [repository.full_name for repository in page.repositories]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen == [
        "org/secret-llama",
        "ann/llama-tiny",
        "org/Llama-70B",
        "ann/bert_base",
        "org/whisper",
    ]


def test_a_page_keeps_its_place_when_rows_come_and_go(world: Any) -> None:
    first = world.search.list(ANONYMOUS, RepoKind.MODEL, ListQuery(sort=Sort.CREATED_AT, limit=2))
    add(world, 50, "ann/new", [], 0, 0, None)
    world.write(
        lambda conn: (
            conn.execute(
                sa.update(tables.repositories)
                .where(tables.repositories.c.id == 3)
                .values(deleted_at=1)
            ).rowcount
        )
    )
    second = world.search.list(
        ANONYMOUS,
        RepoKind.MODEL,
        ListQuery(sort=Sort.CREATED_AT, limit=2, cursor=first.next_cursor),
    )
    assert [r.full_name for r in second.repositories] == ["ann/bert_base", "ann/llama-tiny"]


def test_rows_come_with_tags_and_details_only_when_asked(world: Any) -> None:
    query = ListQuery(words=("tiny",))
    (full,) = world.search.list(ANONYMOUS, RepoKind.MODEL, query).repositories
    assert full.tags == ("transformers", "text-generation", "en", "license:mit")
    assert full.card == {"x": 1}
    (slim,) = world.search.list(
        ANONYMOUS, RepoKind.MODEL, ListQuery(words=("tiny",), details=False)
    ).repositories
    assert slim.card is None
    assert (slim.tags, slim.downloads) == (full.tags, full.downloads)
    assert full.visibility is Visibility.PUBLIC
    assert full.gate is Gate.OPEN


def cursor_of(*values: Any) -> Any:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "query",
    [
        {"limit": 0},
        {"limit": 1001},
        {"words": ("x",) * 9},
        {"filters": ("x",) * 21},
        {"words": ("x" * 201,)},
        {"author": "x" * 201},
        {"cursor": ""},
        {"cursor": "é"},
        {"cursor": "AAAA"},
        {"cursor": "[" * 10_000},
        {"cursor": cursor_of()},
        {"cursor": cursor_of("likes", True, 1)},
        {"cursor": cursor_of("likes", True, 1, 1)},
        {"cursor": cursor_of("trendingScore", False, 1, 1)},
        {"cursor": cursor_of("trendingScore", 1, 1, 1)},
        {"cursor": cursor_of("trendingScore", True, "1", 1)},
        {"cursor": cursor_of("trendingScore", True, 1.5, 1)},
        {"cursor": cursor_of("trendingScore", True, True, 1)},
        {"cursor": cursor_of("trendingScore", True, 2**63, 1)},
        {"cursor": cursor_of("trendingScore", True, [1], 1)},
    ],
)
def test_what_cannot_be_is_refused(world: Any, query: Any) -> None:
    with pytest.raises(BadRequest):
        world.search.list(ANONYMOUS, RepoKind.MODEL, ListQuery(**query))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("min:6B,max:128B", CountRange(6 * 10**9, 128 * 10**9)),
        ("min:0", CountRange(0, None)),
        ("max:1.5m", CountRange(None, 1_500_000)),
        ("max:2T, min:500K", CountRange(500_000, 2 * 10**12)),
    ],
)
def test_ranges_are_parsed(text: Any, found: Any) -> None:
    assert parse_count_range(text) == found


@pytest.mark.parametrize(
    "text", ["", "6B", "min:", "min:-1", "min:1,min:2", "min:1e9", "min:9999999", "min:1X", "min:١"]
)
def test_other_ranges_are_refused(text: Any) -> None:
    with pytest.raises(BadRequest):
        parse_count_range(text)
