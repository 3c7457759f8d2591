"""A scrub finds every flipped bit, puts it aside, heals what has another copy, and goes on where it
stopped.
"""

import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from groundswell.core.errors import Corrupt
from groundswell.hub.upkeep import back_up, check, heal_from
from groundswell.hub.upkeep.scrubbing import Scrub, state_of
from groundswell.jobs.schedule import Scrubbing
from groundswell.store.ports import Kind
from groundswell.store.tables import blobs, cold_bases, reconstructions, xorb_uses
from tests.fault.upkeep.conftest import World
from tests.fault.upkeep.small_hub import SmallHub, damage_rows, flip_bit
from tests.fault.upkeep.test_cooling import Family


def scrub(hub: SmallHub) -> Scrub:
    made = Scrub(hub.premises)
    made.begin(again=True)
    made.run()
    return made


def open_faults(world: World) -> set[tuple[str, str]]:
    return {(each.kind, each.key) for each in world.hub.premises.faults.list_faults()}


def test_a_sound_hub_has_no_faults(world: World) -> None:
    state = scrub(world.hub).state
    assert open_faults(world) == set()
    stored = sum(path.stat().st_size for path in world.root.glob("xorbs/*/*"))
    assert state.last_size_bytes > stored
    assert (state.is_under_way, state.last_faults) == (False, 0)
    assert state_of(world.hub.premises) == state, "it stands in the database"


def test_what_is_broken_is_put_aside_not_served_and_healed_by_an_upload(world: World) -> None:
    path = world.xorb_of(world.weights)
    flip_bit(path, 5_000)
    scrub(world.hub)
    assert not path.exists()
    (fault,) = world.hub.premises.faults.list_faults()
    assert (fault.kind, fault.key) == (Kind.XORB, path.name)
    assert (world.root / fault.place).is_file()
    head = world.hub.git.head(world.one.id)
    assert head is not None
    with pytest.raises(Corrupt):
        world.hub.read(world.one.id, head, "w/model.bin")
    world.commit(world.one, {"again.bin": world.weights}, large=True)
    assert world.hub.read(world.one.id, head, "w/model.bin") == world.weights
    assert open_faults(world) == set()
    assert check(world.hub.premises, deep=True).error_count == 0


def test_clients_are_made_to_forget_what_is_lost(world: World) -> None:
    before = world.hub.blobs.passes.epoch()
    scrub(world.hub)
    assert world.hub.blobs.passes.epoch() == before
    flip_bit(world.xorb_of(world.weights), 5_000)
    scrub(world.hub)
    assert world.hub.blobs.passes.epoch() > before


def test_clients_forget_at_once_and_not_when_the_pass_ends(world: World) -> None:
    """A pass may take weeks; until then whoever sends the same files again would send nothing."""
    before = world.hub.blobs.passes.epoch()
    flip_bit(world.xorb_of(world.weights), 5_000)
    slow = Scrub(world.hub.premises)
    slow.begin()
    while not open_faults(world):
        assert slow.state.is_under_way
        slow.run(1)
    assert slow.state.is_under_way
    assert world.hub.blobs.passes.epoch() > before


def test_a_broken_footer_is_healed_from_the_chunks(world: World) -> None:
    path = world.xorb_of(world.weights)
    flip_bit(path, -60)
    scrub(world.hub)
    (fault,) = world.hub.premises.faults.list_faults(with_healed=True)
    assert (fault.key, fault.healed_by) == (path.name, "its own chunks")
    assert check(world.reopen().premises, deep=True).findings == []


def test_a_chunk_is_healed_from_another_xorb_that_holds_it(world: World) -> None:
    """Whoever may not know of the first xorb has stored the same content in one of their own."""
    eve = world.hub.user("eve")
    theirs = world.hub.model(eve, "theirs")
    more = world.weights + world.new(50_000)
    world.hub.commit(eve, theirs, {"model.bin": more}, large=True)
    path = world.xorb_of(world.weights)
    flip_bit(path, 5_000)
    scrub(world.hub)
    healed = world.hub.premises.faults.list_faults(with_healed=True)
    assert [(each.key, each.healed_by) for each in healed] == [
        (path.name, "another xorb with the same chunks")
    ]
    assert path.is_file()
    assert check(world.reopen().premises, deep=True).findings == []


def test_a_broken_shard_is_written_again_from_the_database(world: World) -> None:
    path = min(world.root.glob("shards/*/*"))
    flip_bit(path, 100)
    scrub(world.hub)
    (fault,) = world.hub.premises.faults.list_faults(with_healed=True)
    assert (fault.key, fault.healed_by) == (path.name, "the database")
    assert check(world.reopen().premises, deep=True).findings == []


def test_a_backup_heals_what_the_hub_cannot(world: World, tmp_path: Path) -> None:
    back_up(world.hub.premises, tmp_path / "backup")
    objects = sorted(world.hub.git.path(world.one.id).glob("objects/??/*"))
    for path in (world.xorb_of(world.weights), objects[0], objects[-1]):
        flip_bit(path, 30)
    scrub(world.hub)
    assert {kind for kind, _ in open_faults(world)} == {Kind.XORB, "repositories"}
    report = heal_from(world.hub.premises, tmp_path / "backup")
    assert (report.findings, open_faults(world)) == ([], set())
    assert report.counted["healed"] == 2
    scrub(world.hub)
    assert open_faults(world) == set()
    assert world.hub.everything()


def test_a_broken_backup_heals_nothing(world: World, tmp_path: Path) -> None:
    back_up(world.hub.premises, tmp_path / "backup")
    path = world.xorb_of(world.weights)
    flip_bit(path, 5_000)
    flip_bit(tmp_path / "backup/xorbs" / path.parent.name / path.name, 6_000)
    scrub(world.hub)
    report = heal_from(world.hub.premises, tmp_path / "backup")
    assert report.error_count == 1
    assert open_faults(world) == {(Kind.XORB, path.name)}


def test_what_was_brought_back_by_hand_is_whole_again(world: World) -> None:
    path = world.xorb_of(world.weights)
    kept = path.read_bytes()
    flip_bit(path, 5_000)
    scrub(world.hub)
    path.write_bytes(kept)
    scrub(world.hub)
    assert open_faults(world) == set()


def test_it_goes_on_where_it_stopped(world: World) -> None:
    keys = sorted(path.name for path in world.root.glob("xorbs/*/*"))
    first = Scrub(world.hub.premises)
    first.begin()
    read = first.run(1)
    assert 0 < read < 1_000_000, "an allowance ends it after one object"
    assert first.state.after == keys[0]
    flip_bit(min(world.root.glob(f"xorbs/*/{keys[0]}")), 100)
    flip_bit(min(world.root.glob(f"xorbs/*/{keys[1]}")), 100)
    second = Scrub(world.reopen().premises)
    second.begin()
    second.run()
    assert open_faults(world) == {(Kind.XORB, keys[1])}, "the first was read before it broke"


def test_it_ends_when_the_hub_stops(world: World) -> None:
    made = Scrub(world.hub.premises)
    made.begin()
    made.stop()
    assert made.run() == 0
    assert made.state.is_under_way


@pytest.mark.parametrize("name", ["pack", "idx", "bitmap", "commit-graph"])
def test_what_git_keeps_in_packs_is_checked(world: World, name: str) -> None:
    git, number = world.hub.git, world.one.id
    pack(world)
    found = [path for path in git.path(number).glob("objects/**/*") if path.is_file()]
    (path,) = [each for each in found if each.name.endswith(name)]
    flip_bit(path, path.stat().st_size // 2)
    scrub(world.hub)
    faults = world.hub.premises.faults.list_faults(with_healed=True)
    assert any(path.name in each.what for each in faults), faults
    if name in {"bitmap", "commit-graph"}:
        assert open_faults(world) == set()
        assert not path.exists()
        assert check(world.hub.premises, deep=True).findings == []


def pack(world: World) -> None:
    from groundswell.store.git.upkeep import Upkeep

    upkeep, folder = Upkeep(), world.hub.git.path(world.one.id)
    upkeep.pack(folder)
    upkeep.prune(folder, now=True)
    upkeep.write_commit_graph(folder)


def test_a_signing_key_that_changed_is_told(world: World) -> None:
    scrub(world.hub)
    (key,) = (world.root / "keys").glob("*.key")
    kept = key.read_bytes()
    flip_bit(key, 7)
    scrub(world.hub)
    assert open_faults(world) == {("database", f"key-changed keys/{key.name}")}
    key.write_bytes(kept)
    scrub(world.hub)
    assert open_faults(world) == set()


def test_rows_that_keep_content_from_being_collected_are_made_again(world: World) -> None:
    query = sa.select(xorb_uses).order_by(xorb_uses.c.xorb_hash, xorb_uses.c.sha256)
    before = world.hub.database.read(lambda conn: conn.execute(query).all())
    keys = sorted({row.xorb_hash for row in before})
    world.hub.close()
    damage_rows(
        world.root,
        f"DELETE FROM xorb_uses WHERE xorb_hash = '{keys[0]}'",
        f"INSERT INTO xorb_uses VALUES ('{keys[1]}', '{'ab' * 32}')",
    )
    scrub(world.reopen())
    (fault,) = world.hub.premises.faults.list_faults(with_healed=True)
    assert fault.key.startswith("use-missing ")
    assert fault.healed_by == "the recipes"
    assert world.hub.database.read(lambda conn: conn.execute(query).all()) == before
    assert check(world.hub.premises).findings == []
    scrub(world.hub)
    assert open_faults(world) == set()


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE reconstructions SET terms = zeroblob(length(terms))",
        "UPDATE reconstructions SET terms = substr(terms, 1, 47) WHERE length(terms) > 0",
        "UPDATE reconstructions SET size_bytes = size_bytes + 1",
        "DELETE FROM reconstructions",
        "UPDATE blobs SET size_bytes = size_bytes + 4",
        "DELETE FROM blobs",
    ],
)
def test_rows_of_files_are_taken_from_shards_again(world: World, damage: str) -> None:
    recipes = sa.select(
        reconstructions.c.file_hash,
        reconstructions.c.sha256,
        reconstructions.c.size_bytes,
        reconstructions.c.terms,
    ).order_by(reconstructions.c.file_hash)
    contents = sa.select(blobs.c.sha256, blobs.c.size_bytes, blobs.c.file_hash).order_by(
        blobs.c.sha256
    )
    both = (recipes, contents)
    before = [world.hub.database.read(lambda conn, q=q: conn.execute(q).all()) for q in both]  # type: ignore[misc]
    assert before[0]
    world.hub.close()
    damage_rows(world.root, damage)
    scrub(world.reopen())
    found = world.hub.premises.faults.list_faults(with_healed=True)
    assert found
    assert {each.healed_by for each in found} == {"a shard"}
    now = [world.hub.database.read(lambda conn, q=q: conn.execute(q).all()) for q in both]  # type: ignore[misc]
    assert now == before
    scrub(world.hub)
    assert open_faults(world) == set()


def test_what_was_collected_is_not_brought_back_with_what_is_mended(world: World) -> None:
    """Its shard is still there: the row of another file is healed, and nobody asked for this one."""
    both = world.hub.database.read(
        lambda conn: conn.execute(sa.select(reconstructions.c.file_hash)).scalars().all()
    )
    assert len(both) > 1
    gone, broken = sorted(both)[:2]
    world.hub.close()
    damage_rows(
        world.root,
        f"DELETE FROM links WHERE sha256 IN (SELECT sha256 FROM blobs WHERE file_hash = '{gone}')",
        f"DELETE FROM blobs WHERE file_hash = '{gone}'",
        f"DELETE FROM reconstructions WHERE file_hash = '{gone}'",
        f"UPDATE reconstructions SET size_bytes = 1 WHERE file_hash = '{broken}'",
    )
    scrub(world.reopen())
    left = world.hub.database.read(
        lambda conn: conn.execute(sa.select(reconstructions.c.file_hash)).scalars().all()
    )
    assert sorted(left) == sorted(set(both) - {gone})
    healed = world.hub.premises.faults.list_faults(with_healed=True)
    assert "a shard" in {each.healed_by for each in healed}


def test_a_missing_xorb_is_a_fault(world: World) -> None:
    path = world.xorb_of(world.weights)
    path.rename(world.root / "elsewhere")
    scrub(world.hub)
    assert open_faults(world) == {(Kind.XORB, path.name)}
    shutil.move(world.root / "elsewhere", path)
    scrub(world.hub)
    assert open_faults(world) == set()


def test_the_chore_keeps_to_its_rate(world: World) -> None:
    """A second's worth is read in a second: what a large object takes more, later ones wait for."""
    now = 0.0
    scrubbing = Scrubbing(world.hub.premises, 50_000, lambda: now)
    read = []
    for _ in range(60):
        now += 1.0
        scrubbing.work()
        read.append(state_of(world.hub.premises))
        if not read[-1].is_under_way:
            break
    total_bytes = read[-1].last_size_bytes
    assert total_bytes > 1_000_000
    assert len(read) >= total_bytes / 50_000 - 17, "the last xorb may be paid after the end"
    assert len(read) <= total_bytes / 50_000 + 2
    assert scrubbing.work() == 0, "the next pass begins a day after this one ended"


def test_random_bits_of_every_kind_of_file(world: World) -> None:
    """Each flip alone: found, and what is read while it lies there is right or an error."""
    rng = random.Random(11)
    kinds = ("xorbs/*/*", "shards/*/*", "repos/*/*/objects/??/*")
    right = world.hub.everything()
    for number in range(30):
        path = rng.choice(sorted(world.root.glob(kinds[number % 3])))
        kept = path.read_bytes()
        place = rng.randrange(len(kept))
        path.chmod(0o600)
        path.write_bytes(
            kept[:place] + bytes([kept[place] ^ (1 << rng.randrange(8))]) + kept[place + 1 :]
        )
        hub = world.reopen()
        before = hub.premises.faults.list_faults(with_healed=True)
        scrub(hub)
        after = hub.premises.faults.list_faults(with_healed=True)
        assert after != before, (path, place)
        path.unlink(missing_ok=True)
        path.write_bytes(kept)
    world.reopen()
    scrub(world.hub)
    assert open_faults(world) == set()
    assert world.hub.everything() == right


class ColdFamily:
    """A base and two fine-tunes of it, all cold; a backup that holds them plain."""

    def __init__(self, root: Path) -> None:
        self.family = Family(root)
        self.premises = self.family.hub.premises
        self.backup = root.parent / "backup"
        back_up(self.premises, self.backup)
        assert self.family.cool().made_cold == 3
        pairs = self.family.rows(sa.select(cold_bases))
        (self.base,) = {row.base_hash for row in pairs}
        self.leaning = {row.xorb_hash for row in pairs}

    def damage(self, key: str, place: int) -> None:
        flip_bit(self.family.stored("cold")[key], place)
        self.family.reopen()
        self.premises = self.family.hub.premises

    def broken(self) -> set[str]:
        return {each.key for each in self.premises.faults.list_faults()}


@pytest.fixture
def cold(tmp_path: Path) -> Iterator[ColdFamily]:
    made = ColdFamily(tmp_path / "data")
    yield made
    made.family.hub.close()


@pytest.mark.parametrize("place", [9, 20_000])
def test_a_broken_cold_xorb_is_put_aside_and_healed_by_an_upload(
    cold: ColdFamily, place: int
) -> None:
    key = min(cold.leaning)
    cold.damage(key, place)
    scrub(cold.family.hub)
    assert cold.broken() == {key}
    (fault,) = cold.premises.faults.list_faults()
    assert (cold.family.root / fault.place).parent.name == "cold"
    with pytest.raises(Corrupt):
        cold.family.check_readable()
    for name in ("tuned", "again"):
        cold.family.hub.commit(
            cold.family.ada,
            cold.family.repositories[name],
            {"copy.safetensors": cold.family.files[name]},
            large=True,
        )
    assert cold.broken() == set()
    cold.family.check_readable()
    cold.family.check_sound()


def test_what_leans_on_a_broken_base_stays_and_is_whole_with_it(cold: ColdFamily) -> None:
    cold.damage(cold.base, 20_000)
    scrub(cold.family.hub)
    assert cold.broken() == {cold.base, *cold.leaning}
    assert cold.family.stored("cold").keys() == cold.leaning, "only what is broken itself goes"
    assert heal_from(cold.premises, cold.backup).error_count == 0
    assert cold.broken() == set()
    cold.family.reopen()
    cold.family.check_readable()
    assert scrub(cold.family.hub).state.last_faults == 0


def test_a_cold_xorb_is_healed_from_its_frames_and_from_others(cold: ColdFamily) -> None:
    eve = cold.family.hub.user("eve")
    theirs = cold.family.hub.model(eve, "theirs")
    more = cold.family.files["tuned"] + cold.family.files["again"]
    cold.family.hub.commit(eve, theirs, {"both.bin": more}, large=True)
    for key in cold.leaning:
        path = cold.family.stored("cold")[key]
        flip_bit(path, path.stat().st_size // 2)
    cold.family.reopen()
    cold.premises = cold.family.hub.premises
    scrub(cold.family.hub)
    assert cold.broken() == set()
    cold.family.check_readable()
    cold.family.check_sound()
