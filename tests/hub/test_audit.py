"""The record of everything is for the hub's admins, and can be narrowed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from groundswell.core.errors import BadRequest, Forbidden
from groundswell.core.values import Principal
from groundswell.hub.audit import PAGE_EVENTS, Audit, AuditQuery
from tests.hub.git_world import GitWorld


@pytest.fixture
def world(tmp_path: Path) -> Iterator[GitWorld]:
    world = GitWorld(tmp_path)
    yield world
    world.close()


@pytest.fixture
def admin(world: GitWorld) -> Principal:
    return replace(world.bob, is_admin=True)


def test_events_are_found(world: GitWorld, admin: Principal) -> None:
    model = world.model("one")
    world.model("two")
    world.files(model, **{"a.txt": "1"})
    audit = Audit(world.database)
    newest = audit.list(admin, AuditQuery())[0]
    assert (newest.actor, newest.repository) == ("alice", "alice/one")
    made = audit.list(admin, AuditQuery(type="repository.created"))
    assert [each.repository for each in made] == ["alice/two", "alice/one"]
    assert {e.repository for e in audit.list(admin, AuditQuery(repository="Alice/One"))} == {
        "alice/one"
    }
    assert audit.list(admin, AuditQuery(actor="bob")) == ()
    older = audit.list(admin, AuditQuery(before=newest.id))
    assert older[0].id < newest.id
    assert audit.list(admin, AuditQuery(type="%")) == ()


def test_a_page_is_bounded(world: GitWorld, admin: Principal) -> None:
    for number in range(PAGE_EVENTS + 5):
        world.accounts.create_user(f"person-{number:03d}", by=None)
    assert len(Audit(world.database).list(admin, AuditQuery())) == PAGE_EVENTS


def test_nobody_else_reads_it(world: GitWorld, admin: Principal) -> None:
    audit = Audit(world.database)
    with pytest.raises(Forbidden):
        audit.list(world.alice, AuditQuery())
    with pytest.raises(BadRequest):
        audit.list(admin, AuditQuery(type="\0"))
