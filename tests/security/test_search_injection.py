"""S20: texts that try to become SQL.

Every text of a list reaches the database. Quotes, comments, wildcards, subqueries and sleeps must
stay the words they are: they find what contains them, which is nothing, and take no longer than
any other word.
"""

from __future__ import annotations

import dataclasses
import time
from typing import Any

import pytest

from groundswell.core.errors import BadRequest
from groundswell.core.values import ANONYMOUS, RepoKind, Visibility
from groundswell.hub.search import ListQuery
from tests.hub.repo_world import World, model

UNSTORABLE = ["\x00", "a\x00' OR 1=1", "\ud800"]
PAYLOADS = [
    *UNSTORABLE,
    "'",
    "''",
    '"',
    "`",
    "\\",
    "\\'",
    "' OR 1=1 --",
    "' OR '1'='1",
    '" OR "1"="1',
    "') OR ('1'='1",
    "1; DROP TABLE repositories; --",
    "' UNION SELECT digest FROM tokens --",
    "'||(SELECT password_hash FROM accounts)||'",
    "' AND (SELECT count(*) FROM tokens) > 0 --",
    "' AND randomblob(1000000000) --",
    "' AND (SELECT pg_sleep(5)) IS NULL --",
    "'; SELECT pg_sleep(5); --",
    "/* */",
    "-- ",
    "#",
    "%",
    "_",
    "%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%",
    "%_%_%_%_%_%_%_%_%_%_%_%_%_%_%_%_%",
    "[a-z]",
    ":tag_1",
    "?1",
    "$1",
    "{0}",
    "%(tag)s",
    "a\r\nSet-Cookie: x=1",
    "\ud7ff\U0010ffff",
    "x' ESCAPE 'x",
    "NULL",
]


@pytest.fixture(scope="module")
def world(tmp_path_factory: Any) -> Any:
    world = World(tmp_path_factory.mktemp("hub"))
    ann = world.user("ann")
    world.repos.create(ann, model("ann/open"))
    world.repos.create(ann, model("ann/secret"), Visibility.PRIVATE)
    yield world
    world.close()


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize(
    "place", ["author", "words", "filters", "pipeline_tag", "library", "cursor"]
)
def test_texts_stay_texts(world: Any, place: Any, payload: Any) -> None:
    value: Any = (payload,) if place in {"words", "filters"} else payload
    started = time.process_time()
    changes: dict[str, Any] = {place: value}
    query = dataclasses.replace(ListQuery(), **changes)
    if place == "cursor" or payload in UNSTORABLE:
        with pytest.raises(BadRequest):
            world.search.list(ANONYMOUS, RepoKind.MODEL, query)
    else:
        page = world.search.list(ANONYMOUS, RepoKind.MODEL, query)
        assert page.repositories == ()
        assert page.total == 0
    assert time.process_time() - started < 0.5
    everything = world.search.list(ANONYMOUS, RepoKind.MODEL, ListQuery())
    assert [repository.full_name for repository in everything.repositories] == ["ann/open"]
