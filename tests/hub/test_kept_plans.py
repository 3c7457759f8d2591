"""How a file is sent, remembered by its commit: no statement for who asks again, and never too long.

Who may read is asked each time, and the answer to that says whether what is remembered still holds,
also when another process took a content away or brought it back in another shape.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from groundswell.core.errors import Corrupt, EntryNotFound, RepoNotFound
from groundswell.core.values import RecipePlan, Visibility
from groundswell.hub.blobs import dedup_domain
from groundswell.hub.blobs.losing import find_links, lose_links
from groundswell.hub.repos import Repository
from groundswell.store.ports import Kind
from groundswell.store.tables import links
from groundswell.wire.hashing import file_hash, hash_to_hex
from groundswell.wire.shard import ShardFile, Term, Terms, verification_hashes, write_shard
from groundswell.wire.xorb import XorbBuilder
from tests.hub.blobs.world import noise
from tests.hub.git_world import GitWorld

SIZE = 400_000
CONTENT = noise(SIZE)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[GitWorld]:
    world = GitWorld(tmp_path / "data")
    yield world
    world.close()


@contextmanager
def statements(world: GitWorld) -> Iterator[list[str]]:
    """Every statement of reads meanwhile, as SQLite sees it: one thread reads by one connection."""
    seen: list[str] = []
    connection = world.database.read(lambda conn: conn.connection.driver_connection)
    assert isinstance(connection, sqlite3.Connection)
    connection.set_trace_callback(seen.append)
    try:
        yield seen
    finally:
        connection.set_trace_callback(None)


def read(world: GitWorld, model: Repository, revision: str = "main") -> bytes:
    """The file as a door reads it: the right first, then the plan."""
    located = world.content.locate(world.found(model, world.bob), revision, "w.bin")
    assert isinstance(located.plan, RecipePlan)
    pieces = world.blobs.open_content(located.plan, 0, located.plan.size_bytes)
    return b"".join(bytes(each) for each in pieces)


def test_who_asks_again_costs_no_statement_but_those_of_the_right(world: GitWorld) -> None:
    model = world.model()
    done = world.large(model, "w.bin", CONTENT)
    with statements(world) as first:
        assert read(world, model) == CONTENT
    with statements(world) as right:
        found = world.found(model, world.bob)
    assert 0 < len(right) < len(first)
    for revision in ("main", done.commit):
        with statements(world) as again:
            assert read(world, model, revision) == CONTENT
        assert again == right, "the policy, and nothing else"
    with statements(world) as none:
        world.content.locate(found, done.commit, "w.bin")
    assert none == []


def test_the_right_is_asked_each_time(world: GitWorld) -> None:
    model = world.model()
    world.large(model, "w.bin", CONTENT)
    assert read(world, model) == CONTENT
    world.repos.update_settings(world.alice, model.repo_id, visibility=Visibility.PRIVATE)
    with pytest.raises(RepoNotFound):
        read(world, model)


@pytest.mark.parametrize("comes_back", [False, True])
def test_a_content_that_another_process_took_away_is_gone_here(
    world: GitWorld, comes_back: bool
) -> None:
    """The collector of another worker, or a verb of the command line: this process is told nothing
    but what the database says.
    """
    model, other = world.model(), world.model("other")
    done = world.large(model, "w.bin", CONTENT)
    world.large(other, "w.bin", CONTENT)
    assert read(world, model) == read(world, other) == CONTENT
    here = links.c.repository_id == model.id
    world.database.write(lambda conn: lose_links(conn, here, world.now()))
    with pytest.raises(EntryNotFound):
        read(world, model, done.commit)
    with statements(world) as kept:
        assert read(world, other) == CONTENT
    assert not any("reconstructions" in each for each in kept), "what others hold stays kept"
    if comes_back:
        lost = sa.true()
        world.database.write(lambda conn: bool(find_links(conn, lost, world.now())))
        assert read(world, model) == CONTENT


def test_a_content_that_is_healed_in_another_shape_is_read_at_once(world: GitWorld) -> None:
    """The xorb of a recipe is lost, and a client that cuts chunks elsewhere sends the content: the
    plan that is remembered names the lost one.
    """
    model = world.model()
    world.large(model, "w.bin", CONTENT)
    assert read(world, model) == CONTENT
    (lost,) = world.store.list_keys(Kind.XORB)
    world.store.delete(Kind.XORB, lost)
    world.blobs.forget(lost)
    with pytest.raises(Corrupt):
        read(world, model)
    send_cut_elsewhere(world, model)
    assert read(world, model) == CONTENT


def send_cut_elsewhere(world: GitWorld, model: Repository) -> None:
    builder = XorbBuilder()
    records = b"".join(builder.add(CONTENT[at : at + 90_000]) for at in range(0, SIZE, 90_000))
    index = builder.finish()
    domain = dedup_domain(world.alice, model)
    spooled = world.blobs.spool()
    spooled.write(records)
    world.blobs.receive_xorb(domain, hash_to_hex(index.xorb_hash), spooled)
    terms = Terms.of([Term(index.xorb_hash, SIZE, 0, len(index))])
    proofs = verification_hashes(terms, lambda _: index)
    sha256 = hashlib.sha256(CONTENT).digest()
    file = ShardFile(file_hash(index.chunks()), terms, proofs, sha256)
    assert world.alice.account_id is not None
    world.blobs.register_shard(domain, model.id, world.alice.account_id, write_shard([file]))
