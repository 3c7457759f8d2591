"""Chores take away what has had its time, and nothing else."""

import sqlalchemy as sa

from groundswell.hub.commits import Commits
from groundswell.hub.discussions import Discussions
from groundswell.hub.upkeep.sweeping import CLAIM_SECONDS, Sweeping
from groundswell.jobs import chores_of
from groundswell.store.git.identity import read_identity
from groundswell.store.tables import claims, device_grants, sessions
from tests.fault.upkeep.conftest import World
from tests.fault.upkeep.small_hub import START, ticking

FAR = START + 10**6 * 10**9


def count(world: World, query: sa.Select) -> int:
    return world.hub.database.read(lambda conn: len(conn.execute(query).all()))


def test_expired_sessions_and_devices_go(world: World) -> None:
    def fill(conn: sa.Connection) -> None:
        for number, expires_at in enumerate((START, FAR)):
            digest = bytes([number]) * 32
            conn.execute(
                sa.insert(sessions).values(
                    digest=digest, account_id=1, created_at=0, expires_at=expires_at
                )
            )
            conn.execute(
                sa.insert(device_grants).values(
                    device_digest=digest,
                    user_code=str(number),
                    client_id="c",
                    scope="",
                    state="pending",
                    created_at=0,
                    expires_at=expires_at,
                )
            )

    world.hub.database.write(fill)
    sweeping = Sweeping(world.hub.premises)
    assert (sweeping.end_sessions(), sweeping.end_device_grants()) == (1, 1)
    assert (sweeping.end_sessions(), sweeping.end_device_grants()) == (0, 0)
    assert count(world, sa.select(sessions)) == count(world, sa.select(device_grants)) == 1


def test_claims_outlive_what_clients_remember(world: World) -> None:
    before = count(world, sa.select(claims))
    sweeping = Sweeping(world.hub.premises)
    assert sweeping.end_claims() == 0
    old = START - (CLAIM_SECONDS + 1) * 1_000_000
    world.hub.database.write(
        lambda conn: conn.execute(sa.update(claims).values(claimed_at=old)).rowcount
    )
    assert sweeping.end_claims() == before > 0
    assert len(world.hub.everything()) > 0, "links stay"


def test_identities_that_a_crash_left_behind_are_written(world: World) -> None:
    path = world.hub.git.path(world.one.id)
    (path / "groundswell.json").unlink()
    assert Sweeping(world.hub.premises).note_identities() == 1
    found = read_identity(path)
    assert found is not None
    assert found.name == "one"


def test_packing_waits_for_backups(world: World) -> None:
    folder = world.hub.git.path(world.one.id) / "objects" / "17"
    folder.mkdir(exist_ok=True)
    before = world.hub.everything()
    for number in range(12):  # git's own estimate looks at this folder alone
        (folder / f"tmp_{number}").write_bytes(b"")
    sweeping = Sweeping(world.hub.premises)
    with world.hub.premises.lease.nothing_is_deleted():
        assert sweeping.pack_repositories() == 0
    assert sweeping.pack_repositories() == 1
    assert list(world.hub.git.path(world.one.id).glob("objects/pack/*.pack"))
    assert world.hub.everything() == before


def test_every_chore_of_a_hub_runs(world: World) -> None:
    hub = world.hub
    discussions = Discussions(hub.database, hub.git, ticking)
    commits = Commits(hub.database, hub.git, hub.blobs, hub.repos, discussions, ticking)
    chores = chores_of(hub.premises, hub.repos, hub.blobs, commits, lambda: 0)
    assert len({chore.name for chore in chores}) == len(chores)
    for chore in chores:
        assert chore.work() >= 0, chore.name
