"""Xorbs become cold: read as before, whole after a crash at any step, never without their base."""

from __future__ import annotations

import hashlib
import random
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa

from groundswell.core.errors import Corrupt, Unavailable
from groundswell.core.values import Principal, Visibility
from groundswell.hub.repos import Repository
from groundswell.hub.upkeep import Code, back_up, check, rebuild, restore
from groundswell.hub.upkeep.cooling import Cooling, Tally, bases_in_use, bases_of
from groundswell.store.layout import DataFolder
from groundswell.store.leases import DeletionLease
from groundswell.store.ports import Kind
from groundswell.store.tables import cold_bases, cold_xorbs, xorbs
from tests.fault.upkeep.small_hub import SmallHub, flip_bit, opened
from tests.fault.weights import bf16, safetensors

STEPS = ("cold_written", "cold_adopted", "cold_verified", "cold_noted", "plain_dropped")
COUNT = 300_000


class Killed(BaseException):
    """What a failpoint raises: nobody catches it, as nobody catches SIGKILL."""


class Family:
    """A base with two tensors, a fine-tune of it, and a fine-tune of the fine-tune."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.hub = SmallHub.open(root)
        self.ada: Principal = self.hub.user("ada")
        dice = np.random.default_rng(4)
        weights = dice.standard_normal(COUNT) * 0.02
        tuned = weights + dice.standard_normal(COUNT) * 4e-5
        again = tuned + dice.standard_normal(COUNT) * 4e-5
        self.files = {
            "base": safetensors({"a": bf16(weights[:100_001]), "b": bf16(weights[100_001:])}),
            "tuned": safetensors({"b": bf16(tuned[100_001:]), "a": bf16(tuned[:100_001])}),
            "again": safetensors({"a": bf16(again[:100_001]), "b": bf16(again[100_001:])}),
        }
        self.repositories = {
            "base": self.add("base", None),
            "tuned": self.add("tuned", "ada/base"),
            "again": self.add("again", "ada/tuned"),
        }

    def add(self, name: str, base: str | None, who: Principal | None = None) -> Repository:
        who = who or self.ada
        repository = self.hub.model(who, name)
        if base:
            card = f"---\nbase_model: {base}\n---\n# {name}\n".encode()
            self.hub.commit(who, repository, {"README.md": card})
        self.hub.commit(who, repository, {"model.safetensors": self.files[name]}, large=True)
        return repository

    def cool(self, failpoint: Callable[[str], None] | None = None) -> Tally:
        options = {"failpoint": failpoint} if failpoint else {}
        return Cooling(self.hub.premises, self.hub.blobs.forget, **options).run(0)

    def reopen(self) -> None:
        self.hub.close()
        self.hub = SmallHub.open(self.root)

    def check_readable(self) -> None:
        for name, repository in self.repositories.items():
            head = self.hub.git.head(repository.id)
            assert head is not None
            read = self.hub.read(repository.id, head, "model.safetensors")
            assert read == self.files[name], name

    def check_sound(self, *, deep: bool = True) -> None:
        report = check(self.hub.premises, deep=deep)
        assert [each for each in report.findings if each.severity.value == "error"] == []

    def stored(self, folder: str) -> dict[str, Path]:
        return {path.name: path for path in self.root.glob(f"{folder}/*/*")}

    def rows(self, query: sa.Select[Any]) -> list[Any]:
        return self.hub.database.read(lambda conn: list(conn.execute(query)))


@pytest.fixture
def family(tmp_path: Path) -> Any:
    made = Family(tmp_path / "data")
    yield made
    made.hub.close()


def test_a_family_becomes_cold_and_reads_as_before(family: Family) -> None:
    plain = family.stored("xorbs")
    plain_bytes = sum(path.stat().st_size for path in plain.values())
    tally = family.cool()
    assert tally.made_cold == 3
    assert tally.plain_bytes == plain_bytes
    assert family.stored("xorbs") == {}
    cold = family.stored("cold")
    assert cold.keys() == plain.keys()
    assert tally.cold_bytes == sum(path.stat().st_size for path in cold.values())
    assert tally.cold_bytes < 0.42 * plain_bytes
    family.check_readable()
    family.reopen()
    family.check_readable()
    family.check_sound()
    assert family.cool() == Tally()


def test_every_range_of_a_virtual_xorb_is_that_of_the_xorb(family: Family) -> None:
    before = {}
    for key in family.stored("xorbs"):
        index = family.hub.premises.indexes.get(key).index
        before[key] = (index, family.hub.store.read_raw(key, 0, index.raw_bytes))
    family.cool()
    dice = random.Random(3)
    for key, (index, raw) in before.items():
        with family.hub.store.open(Kind.XORB, key) as reader:
            whole = reader.read_at(0, reader.size_bytes)
            assert reader.size_bytes == family.hub.store.size_bytes(Kind.XORB, key)
            for _ in range(60):
                start, stop = sorted(dice.choices(range(len(whole)), k=2))
                assert reader.read_at(start, stop - start) == whole[start:stop]
                buffers = [memoryview(bytearray(1)), memoryview(bytearray(stop - start))]
                reader.read_into(max(start - 1, 0), buffers)
                begin = max(start - 1, 0)
                found = b"".join(map(bytes, buffers))
                assert found == whole[begin : begin + len(found)] or stop == len(whole)
            with pytest.raises(Corrupt):
                reader.read_at(reader.size_bytes - 1, 2)
            assert reader.read_cached_into(0, [memoryview(bytearray(8))]) == 0
        virtual = family.hub.premises.indexes.get(key).index
        assert virtual.joined_hashes == index.joined_hashes
        for chunk in range(len(index)):
            begin, end = virtual.physical_range(chunk, chunk + 1)
            first, last = virtual.raw_range(chunk, chunk + 1)
            assert whole[begin + 8 : end] == raw[first:last]
            assert whole[begin] == 0
            assert whole[begin + 4] == 0


def test_a_fine_tune_of_a_fine_tune_is_a_difference_to_the_first_base(family: Family) -> None:
    family.cool()
    pairs = {(row.xorb_hash, row.base_hash) for row in family.rows(sa.select(cold_bases))}
    children = {child for child, _ in pairs}
    bases = {base for _, base in pairs}
    assert len(children) == 2
    assert len(bases) == 1
    assert not children & bases
    database = family.hub.database
    assert database.read(lambda conn: bases_in_use(conn, children | bases)) == bases
    assert database.read(lambda conn: bases_of(conn, children | bases)) == bases


def test_the_row_of_a_base_cannot_be_removed_while_it_is_needed(family: Family) -> None:
    family.cool()
    (base,) = {row.base_hash for row in family.rows(sa.select(cold_bases))}
    children = {row.xorb_hash for row in family.rows(sa.select(cold_bases))}
    remove = sa.delete(xorbs).where(xorbs.c.hash == base)
    with pytest.raises(sa.exc.IntegrityError):
        family.hub.database.write(lambda conn: conn.execute(remove))
    database = family.hub.database
    database.write(lambda conn: conn.exec_driver_sql("DELETE FROM xorb_domains"))
    gone = sa.delete(xorbs).where(xorbs.c.hash.in_(children))
    database.write(lambda conn: conn.execute(gone))
    assert family.rows(sa.select(cold_bases)) == []
    database.write(lambda conn: conn.execute(remove))
    assert family.rows(sa.select(cold_xorbs)) == []


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("nth", [1, 2, 3])
def test_a_crash_at_any_step_leaves_everything_readable(
    family: Family, step: str, nth: int
) -> None:
    seen = 0

    def kill(at: str) -> None:
        nonlocal seen
        seen += at == step
        if seen == nth:
            raise Killed

    with pytest.raises(Killed):
        family.cool(kill)
    family.reopen()
    family.check_readable()
    family.check_sound()
    family.cool()
    assert family.stored("xorbs") == {}
    assert len(family.stored("cold")) == 3
    family.check_readable()
    family.check_sound()
    pairs = family.rows(sa.select(cold_bases))
    assert not {row.xorb_hash for row in pairs} & {row.base_hash for row in pairs}


def test_a_cold_form_that_is_wrong_on_the_disk_never_replaces_the_plain_one(
    family: Family,
) -> None:
    def spoil(step: str) -> None:
        if step == "cold_adopted":
            for path in family.stored("cold").values():
                flip_bit(path, path.stat().st_size // 3)

    tally = family.cool(spoil)
    assert tally.made_cold == 0
    assert tally.left_plain == 3
    assert family.stored("cold") == {}
    family.check_readable()
    family.check_sound()


def test_a_flipped_bit_is_found_put_aside_and_healed_by_the_same_xorb(family: Family) -> None:
    plain = {key: path.read_bytes() for key, path in family.stored("xorbs").items()}
    family.cool()
    needed = {row.base_hash for row in family.rows(sa.select(cold_bases))}
    key, path = next(
        (key, path) for key, path in family.stored("cold").items() if key not in needed
    )
    flip_bit(path, path.stat().st_size // 2)
    family.reopen()
    with pytest.raises(Corrupt):
        family.check_readable()
    report = check(family.hub.premises, deep=True, quarantine=True)
    assert {(each.code, each.where) for each in report.findings} >= {(Code.XORB_CORRUPT, key)}
    assert key not in family.stored("cold")
    assert [path.name for path in family.root.glob("quarantine/cold/*")] == [key]
    assert family.hub.store.put(Kind.XORB, key, plain[key])
    family.check_readable()
    family.check_sound()


def test_random_flips_in_cold_files_are_never_served(family: Family) -> None:
    family.cool()
    dice = random.Random(11)
    for _ in range(25):
        _, path = dice.choice(sorted(family.stored("cold").items()))
        whole = path.read_bytes()
        flip_bit(path, dice.randrange(len(whole)))
        family.reopen()
        try:
            family.check_readable()
        except Corrupt:
            pass
        else:
            raise AssertionError("a flipped bit was not found")
        path.write_bytes(whole)
    family.reopen()
    family.check_readable()


def test_a_rebuilt_database_knows_what_needs_what(family: Family) -> None:
    family.cool()
    before = set(map(tuple, family.rows(sa.select(cold_bases))))
    family.hub.database.write(lambda conn: conn.execute(sa.delete(cold_bases)))
    family.hub.database.write(lambda conn: conn.execute(sa.delete(cold_xorbs)))
    family.hub.close()
    family.hub = SmallHub.open(family.root, serves=True)
    rebuild(family.hub.premises, deep=True)
    assert set(map(tuple, family.rows(sa.select(cold_bases)))) == before
    family.check_readable()
    family.check_sound()


def test_backups_hold_every_xorb_plain_and_restore(family: Family, tmp_path: Path) -> None:
    back_up(family.hub.premises, tmp_path / "backup")
    family.cool()
    name, report = back_up(family.hub.premises, tmp_path / "backup")
    assert report.findings == []
    assert report.counted["bytes_copied"] < 500_000  # what is there in another encoding stays
    assert len(list((tmp_path / "backup").glob("xorbs/*/*"))) == 3
    fresh = tmp_path / "fresh"
    back_up(family.hub.premises, fresh)
    family.hub.close()
    for number, source in enumerate((tmp_path / "backup", fresh)):
        target = tmp_path / f"restored{number}"
        restore(source, DataFolder(target), opened)
        family.root = target
        family.reopen()
        family.check_readable()
        family.check_sound()
    assert name


def test_a_xorb_that_comes_again_lies_plain_until_the_next_run(family: Family) -> None:
    family.cool()
    known = set(family.stored("cold"))
    plain = SmallHub.open(family.root.parent / "other")
    who = plain.user("bob")
    repository = plain.model(who, "m")
    plain.commit(who, repository, {"m.safetensors": family.files["base"]}, large=True)
    (path,) = (family.root.parent / "other").glob("xorbs/*/*")
    assert path.name in known
    spooled = family.hub.store.spool()
    spooled.write(path.read_bytes())
    family.check_readable()  # the index of the virtual xorb is remembered
    assert family.hub.store.adopt(Kind.XORB, path.name, spooled)
    plain.close()
    family.check_readable()
    family.check_sound()
    assert family.cool().settled == 1
    assert family.stored("xorbs") == {}
    family.check_readable()


def test_a_base_of_somebody_else_is_used_only_when_anybody_may_read_it(tmp_path: Path) -> None:
    for visibility, expected in ((Visibility.PUBLIC, 1), (Visibility.PRIVATE, 0)):
        family = Family(tmp_path / visibility.value)
        bob = family.hub.user("bob")
        base = family.hub.model(bob, "secret", visibility)
        family.files["secret"] = family.files["base"][:-2] + b"\0\0"
        family.hub.commit(bob, base, {"x.safetensors": family.files["secret"]}, large=True)
        # Of ada's own, nothing has these tensors.
        for name in ("base", "tuned", "again"):
            family.hub.repos.delete(family.ada, family.repositories.pop(name).repo_id)
        dice = np.random.default_rng(9)
        numbers = np.frombuffer(family.files["base"][-2 * COUNT :], np.uint16).astype(np.uint32)
        weights = (numbers << np.uint32(16)).view(np.float32)
        tuned = weights + dice.standard_normal(COUNT).astype(np.float32) * np.float32(4e-5)
        family.files["mine"] = safetensors({"a": bf16(tuned[:100_001]), "b": bf16(tuned[100_001:])})
        family.repositories["mine"] = family.add("mine", "bob/secret")
        family.cool()
        assert len(family.rows(sa.select(cold_bases))) == expected
        family.check_readable()
        family.hub.close()


def test_two_runs_do_not_meet(family: Family) -> None:
    lock = DeletionLease(family.root / "cooling.lock")
    with lock.deleting() as is_alone:
        assert is_alone
        with pytest.raises(Unavailable):
            family.cool()
    assert family.cool().made_cold == 3


def test_what_came_a_moment_ago_and_what_gains_nothing_stays_plain(family: Family) -> None:
    assert Cooling(family.hub.premises).run(10**6).made_cold == 0
    noise = safetensors({"n": random.Random(1).randbytes(400_000)})
    repository = family.hub.model(family.ada, "noise")
    family.hub.commit(family.ada, repository, {"n.safetensors": noise}, large=True)
    text = random.Random(2).randbytes(100_000)
    family.hub.commit(family.ada, repository, {"other.bin": text}, large=True)
    tally = family.cool()
    assert (tally.made_cold, tally.left_plain) == (3, 1)
    assert len(family.stored("xorbs")) == 2
    assert family.cool() == Tally()


def test_who_reads_meanwhile_notices_nothing(family: Family) -> None:
    contents = {}
    for name, repository in family.repositories.items():
        (sha256,) = (hashlib.sha256(family.files[name]).hexdigest(),)
        contents[name] = (family.hub.blobs.plan(repository.id, sha256), family.files[name])
    is_over = threading.Event()
    rounds: list[int] = []
    faults: list[BaseException] = []

    def read(seed: int) -> None:
        dice = random.Random(seed)
        count = 0
        try:
            while not is_over.is_set() or not count:
                plan, content = dice.choice(sorted(contents.values(), key=lambda each: each[1]))
                start, stop = sorted(dice.choices(range(len(content) + 1), k=2))
                found = b"".join(family.hub.blobs.open_content(plan, start, stop))
                assert found == content[start:stop]
                count += 1
        except BaseException as fault:
            faults.append(fault)
        rounds.append(count)

    threads = [threading.Thread(target=read, args=(seed,)) for seed in range(3)]
    for thread in threads:
        thread.start()
    try:
        assert family.cool().made_cold == 3
        time.sleep(0.3)
    finally:
        is_over.set()
        for thread in threads:
            thread.join()
    assert faults == []
    assert min(rounds) > 1
