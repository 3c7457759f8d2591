"""The index is made again from git, xorbs and shards, and gives the same content everywhere."""

import hashlib

import pytest
import sqlalchemy as sa

from groundswell.core.errors import RepoNotFound, Unavailable
from groundswell.core.policy import Action
from groundswell.core.values import ANONYMOUS, RepoId, RepoKind, Visibility
from groundswell.hub.upkeep import Code, check, rebuild
from groundswell.store.database import Database
from groundswell.store.git.identity import read_identity
from groundswell.store.tables import hub_facts, links, repositories
from tests.fault.upkeep.conftest import World
from tests.fault.upkeep.small_hub import SmallHub, damage_rows, flip_bit
from tests.fault.upkeep.test_check import LOST_ROWS


def lose_database(world: World) -> SmallHub:
    world.hub.close()
    for path in world.root.glob("groundswell.db*"):
        path.unlink()
    world.hub = SmallHub.open(world.root, serves=True)
    return world.hub


def model(name: str) -> RepoId:
    return RepoId(RepoKind.MODEL, "ada", name)


def test_a_lost_database_is_made_again(world: World) -> None:
    world.commit(world.one, {"proposal.txt": b"hello"})
    head = world.hub.git.head(world.one.id)
    world.hub.git.swap_ref(world.one.id, "refs/pr/4", None, head)
    world.hub.repos.index(world.one.id)
    before = world.hub.everything()
    row = world.hub.repos.find(world.ada, model("one"), Action.READ)
    hub = lose_database(world)
    report = rebuild(hub.premises)
    assert {each.code for each in report.findings} == {
        Code.ACCOUNT_RECOVERED,
        Code.REPOSITORY_RECOVERED,
    }
    assert check(hub.premises, deep=True).findings == []
    assert hub.everything() == before

    found = hub.repos.find(ANONYMOUS, model("one"), Action.READ)
    for name in ("id", "public_id", "repo_id", "visibility", "head_commit", "card", "tags",
                 "created_at", "used_bytes"):  # fmt: skip
        assert getattr(found, name) == getattr(row, name), name
    with pytest.raises(RepoNotFound):
        hub.repos.find(ANONYMOUS, model("hidden"), Action.READ)
    # Numbers of discussions are not given out again, nor are those of repositories.
    query = sa.select(repositories.c.last_discussion).where(repositories.c.name == "one")
    assert hub.database.read(lambda conn: conn.execute(query).scalar()) == 4
    # The hub can be used: an admin sets a password on the command line, or makes a token.
    ada = hub.accounts.find_account("ada")
    assert not ada.is_admin
    assert hub.accounts.ensure_first_admin() is not None


def test_a_second_rebuild_changes_nothing(world: World) -> None:
    hub = lose_database(world)
    rebuild(hub.premises)

    def rows() -> list[object]:
        return hub.database.read(
            lambda conn: [conn.execute(sa.select(table)).all() for table in (repositories, links)]
        )

    first = rows()
    assert rebuild(hub.premises).findings == []
    assert rows() == first


@pytest.mark.parametrize("statement", LOST_ROWS)
def test_lost_and_wrong_rows_heal(world: World, statement: str) -> None:
    before = world.hub.everything()
    world.hub.close()
    damage_rows(world.root, statement)
    hub = world.reopen(serves=True)
    rebuild(hub.premises)
    assert check(hub.premises).findings == []
    assert hub.everything() == before
    hidden = hub.repos.find(world.ada, model("hidden"), Action.READ)
    assert hidden.visibility is Visibility.PRIVATE


def test_a_lost_shard_is_written_again_and_survives_the_next_loss(world: World) -> None:
    before = world.hub.everything()
    for path in world.root.glob("shards/*/*"):
        path.unlink()
    hub = world.reopen(serves=True)
    assert rebuild(hub.premises).counted["shards_written"] == 1
    assert check(hub.premises).findings == []
    hub = lose_database(world)
    rebuild(hub.premises, deep=True)
    assert hub.everything() == before


def test_a_shard_whose_sha256_lies_is_found_by_the_deep_rebuild(world: World) -> None:
    """Such a shard cannot come about by rot, since its bytes have its hash: only by a fault."""
    from groundswell.hub.blobs.scanning import scan_shard
    from groundswell.store.ports import Kind
    from groundswell.wire.hashing import chunk_hash, hash_to_hex
    from groundswell.wire.shard import ShardFile, write_shard

    for key in list(world.hub.store.list_keys(Kind.SHARD)):
        files = list(scan_shard(world.hub.store, key).files())
        wrong = [
            ShardFile(each.file_hash, each.terms, each.verification_hashes, b"\7" * 32)
            for each in files
        ]
        world.hub.store.delete(Kind.SHARD, key)
        data = write_shard(wrong)
        world.hub.store.put(Kind.SHARD, hash_to_hex(chunk_hash(data)), data)
    hub = lose_database(world)
    report = rebuild(hub.premises, deep=True)
    assert report.by_code[Code.RECIPE_BROKEN] == 4


def test_what_is_broken_is_told_and_the_rest_is_made_again(world: World) -> None:
    flip_bit(world.xorb_of(world.weights), -60)
    hub = lose_database(world)
    report = rebuild(hub.premises)
    assert report.by_code[Code.RECIPE_BROKEN] >= 1
    found = check(hub.premises)
    assert {Code.XORB_CORRUPT, Code.POINTER_UNLINKED} <= {each.code for each in found.findings}
    commit = hub.git.head(world.hidden.id)
    assert commit is not None
    assert len(hub.read(world.hidden.id, commit, "secret.bin")) == 90_000


def test_a_folder_without_identity_comes_back_private(world: World) -> None:
    (world.hub.git.path(world.one.id) / "groundswell.json").write_text("{")
    hub = lose_database(world)
    rebuild(hub.premises)
    query = sa.select(repositories.c.namespace, repositories.c.name, repositories.c.visibility)
    rows = hub.database.read(lambda conn: conn.execute(query.order_by("id")).all())
    assert tuple(rows[0]) == ("recovered", "repository-1", "private")
    assert read_identity(hub.git.path(1)).visibility == "private"


def test_a_creation_that_broke_off_does_not_come_back(world: World) -> None:
    world.hub.git.create(300)
    hub = world.reopen(serves=True)
    assert rebuild(hub.premises).findings == []
    assert [each.code for each in check(hub.premises).findings] == [Code.REPOSITORY_STRAY]


def test_the_first_admin_comes_back_as_admin(world: World) -> None:
    made = world.hub.accounts.ensure_first_admin()
    assert made is not None
    from groundswell.core.values import Principal

    admin = Principal(account_id=made.account.id, name="admin")
    world.hub.model(admin, "mine")
    hub = lose_database(world)
    rebuild(hub.premises)
    assert hub.accounts.find_account("admin").is_admin
    assert hub.accounts.ensure_first_admin() is None


def test_clients_forget_what_they_knew(world: World) -> None:
    before = world.hub.blobs.passes.epoch()
    hub = lose_database(world)
    rebuild(hub.premises)
    first = hub.blobs.passes.epoch()
    rebuild(hub.premises)
    assert before < first < hub.blobs.passes.epoch()
    assert hub.database.read(
        lambda conn: conn.execute(
            sa.select(hub_facts.c.value).where(hub_facts.c.name == "last_repository_number")
        ).scalar()
    ) == max(world.one.id, world.hidden.id)


def test_no_rebuild_while_a_hub_serves(world: World) -> None:
    world.reopen(serves=True)
    with pytest.raises(Unavailable):
        Database.open(world.hub.folder.database_url, serves=True)


def test_identities_follow_moves_and_settings(world: World) -> None:
    repos, git = world.hub.repos, world.hub.git
    repos.move(world.ada, model("one"), model("two"))
    repos.update_settings(world.ada, model("two"), visibility=Visibility.PRIVATE)
    found = read_identity(git.path(world.one.id))
    assert (found.namespace, found.name, found.visibility) == ("ada", "two", "private")
    repos.update_settings(world.ada, model("two"), visibility=Visibility.PUBLIC)
    assert read_identity(git.path(world.one.id)).visibility == "public"
    assert not list(git.path(world.one.id).glob("*.new"))


def test_content_that_was_given_up_stays_given_up(world: World) -> None:
    """Its pointer stays in history; neither a check nor a rebuild takes that for damage."""
    from groundswell.hub.events import record

    gone = hashlib.sha256(world.weights).hexdigest()

    def give_up(conn: sa.Connection) -> None:
        conn.execute(sa.delete(links).where(links.c.sha256 == gone))
        payload = {"sha256s": [gone], "rewrote_history": False}
        record(conn, world.hub.premises.clock(), "content.deleted", 1, world.one.id, payload)

    world.hub.database.write(give_up)
    assert check(world.hub.premises).findings == []
    hub = world.reopen(serves=True)
    rebuild(hub.premises)
    linked = sa.select(links).where(links.c.sha256 == gone)
    assert hub.database.read(lambda conn: conn.execute(linked).first()) is None
    assert check(hub.premises).findings == []
