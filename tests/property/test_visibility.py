"""Lists show exactly what the rule of access lets somebody see."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from groundswell.core.policy import Action, Subject, may
from groundswell.core.values import (
    Gate,
    Principal,
    RepoGrant,
    RepoKind,
    Role,
    TokenRole,
    Visibility,
)
from groundswell.hub.repos import visible_filter
from groundswell.hub.repos.finding import visible_parts
from groundswell.hub.search import ListQuery, Search, Sort
from groundswell.store import tables
from groundswell.store.database import Database

OWNERS = st.integers(1, 5)
ROWS = st.lists(
    st.tuples(
        OWNERS,
        st.sampled_from(Visibility),
        st.sampled_from(Gate),
        st.booleans(),  # disabled
        st.booleans(),  # deleted
        st.integers(0, 3),  # the sort value: many are equal
    ),
    max_size=12,
)
ROLES = st.sampled_from(Role)
PRINCIPALS = st.builds(
    Principal,
    account_id=st.none() | OWNERS,
    is_admin=st.booleans(),
    memberships=st.lists(st.tuples(OWNERS, ROLES), max_size=3, unique_by=lambda m: m[0]).map(tuple),
    token_role=st.none() | st.sampled_from(TokenRole),
    grants=st.lists(
        st.builds(RepoGrant, repository_id=st.integers(1, 12), write=st.booleans()), max_size=4
    ).map(tuple),
)


@pytest.fixture(scope="module")
def database(tmp_path_factory: Any) -> Any:
    folder = tmp_path_factory.mktemp("visibility")
    with Database.open(f"sqlite:///{folder}/hub.db") as database:

        def accounts(conn: Any) -> None:
            rows = [
                {"id": n, "public_id": str(n), "kind": "user", "name": f"a{n}", "folded": f"a{n}",
                 "created_at": 1}
                for n in range(1, 6)
            ]  # fmt: skip
            conn.execute(sa.insert(tables.accounts), rows)

        database.write(accounts)
        yield database


def fill(database: Any, rows: Any) -> None:
    def work(conn: Any) -> None:
        conn.execute(sa.delete(tables.repositories))
        for number, (owner, visibility, gate, disabled, deleted, value) in enumerate(rows, 1):
            conn.execute(
                sa.insert(tables.repositories).values(
                    id=number, public_id=str(number), kind="model", owner_id=owner,
                    namespace=f"a{owner}", name=f"m{number}", visibility=visibility.value,
                    gate=gate.value, disabled=disabled, created_at=value, modified_at=value,
                    deleted_at=1 if deleted else None, likes=value, downloads=value, trending=value,
                )
            )  # fmt: skip

    database.write(work)


def expected(rows: Any, principal: Any) -> Any:
    return {
        number
        for number, (owner, visibility, gate, disabled, deleted, _value) in enumerate(rows, 1)
        if not deleted
        and may(
            principal, Action.SEE, Subject(number, owner, None, visibility, gate, disabled)
        ).allowed
    }


@settings(
    max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(
    ROWS,
    st.lists(PRINCIPALS, min_size=1, max_size=4),
    st.integers(1, 4),
    st.sampled_from(Sort),
    st.booleans(),
)
def test_lists_show_what_the_rule_allows(
    database: Any, rows: Any, principals: Any, limit: Any, sort: Any, descending: Any
) -> None:
    fill(database, rows)
    search = Search(database)
    table = tables.repositories
    for principal in principals:
        wanted = expected(rows, principal)
        query = sa.select(table.c.id).where(visible_filter(principal))
        found = database.read(lambda conn, query=query: conn.execute(query).scalars().all())
        assert set(found) == wanted
        public, private = (
            set(
                database.read(
                    lambda conn, part=part: (
                        conn.execute(sa.select(table.c.id).where(part)).scalars().all()
                    )
                )
            )
            for part in visible_parts(principal)
        )
        assert not public & private
        listed = []
        cursor = None
        while True:
            page = search.list(
                principal,
                RepoKind.MODEL,
                ListQuery(limit=limit, cursor=cursor, sort=sort, descending=descending),
            )
            if cursor is None:
                assert page.total == len(wanted)
            listed += [(repository.likes, repository.id) for repository in page.repositories]
            cursor = page.next_cursor
            if cursor is None:
                break
        assert {number for _value, number in listed} == wanted
        assert listed == sorted(listed, reverse=descending)
