"""The contract of ``Database``, as tests that every engine must pass.

Knows what ``groundswell.store.database`` promises. Does not know an engine: crashes and full disks
are tested where there are processes and disks.
"""

from __future__ import annotations

import abc
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from groundswell.core.errors import Conflict, GroundswellError, Unavailable
from groundswell.store.database import Database, insert_ignore, upsert
from groundswell.store.tables import accounts, hub_facts, memberships, metadata

THREADS = 8
WAIT_SECONDS = 20


@contextmanager
def _raises(expected: type[BaseException]) -> Iterator[None]:
    try:
        yield
    except expected:
        return
    msg = f"{expected.__name__} was not raised"
    raise AssertionError(msg)


class _Mishap(Exception):
    """Something that goes wrong inside a unit of work."""


def put(name: str, value: object = None) -> Callable[[sa.Connection], None]:
    """A unit that inserts one fact."""

    def work(conn: sa.Connection) -> None:
        conn.execute(sa.insert(hub_facts).values(name=name, value=value))

    return work


def putting(name: str, value: object) -> Callable[[sa.Connection], None]:
    """A unit that inserts one fact or sets its value."""
    row = {"name": name, "value": value}
    return lambda conn: upsert(conn, hub_facts, row, update=["value"])


def names(conn: sa.Connection) -> list[str]:
    """A unit that gives the names of all facts, in order."""
    return list(conn.execute(sa.select(hub_facts.c.name).order_by(hub_facts.c.name)).scalars())


def increment(conn: sa.Connection) -> int:
    """A unit that looks and then changes: lost updates show."""
    here = hub_facts.c.name == "counter"
    value: int = conn.execute(sa.select(hub_facts.c.value).where(here)).scalar_one()
    conn.execute(sa.update(hub_facts).where(here).values(value=value + 1))
    return value + 1


def in_threads(work: Callable[[int], None], count: int = THREADS) -> None:
    """Run ``work(number)`` in threads at once; raise what any of them raised."""
    errors: list[BaseException] = []

    def run(number: int) -> None:
        with _collected(errors):
            work(number)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT_SECONDS)
        assert not thread.is_alive(), "a unit of work does not end"
    if errors:
        raise errors[0]


class _collected:  # noqa: N801 - reads as a phrase
    def __init__(self, errors: list[BaseException]) -> None:
        self._errors = errors

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        if error is not None:
            self._errors.append(error)
        return True


class DatabaseContract(abc.ABC):
    """Subclass it, give ``open_database``, and let the test runner collect the rest."""

    @abc.abstractmethod
    def open_database(self) -> Database:
        """The same database each time, empty at the first."""

    def test_what_was_written_is_read(self) -> None:
        """JSON comes back as it went in."""
        with self.open_database() as database:
            database.write(put("a", {"deep": [1, None, "ä"]}))
            found = database.read(
                lambda conn: conn.execute(sa.select(hub_facts.c.value)).scalar_one()
            )
            assert found == {"deep": [1, None, "ä"]}

    def test_it_is_there_after_opening_again(self) -> None:
        """Closing loses nothing."""
        with self.open_database() as database:
            database.write(put("a"))
        with self.open_database() as database:
            assert database.read(names) == ["a"]

    def test_two_openings_see_each_other(self) -> None:
        """What one has written, the other reads at once."""
        with self.open_database() as one, self.open_database() as other:
            one.write(put("a"))
            other.write(put("b"))
            assert one.read(names) == other.read(names) == ["a", "b"]

    def test_work_gives_its_value_and_its_error(self) -> None:
        """The caller gets what the unit returned or raised; a failed unit leaves nothing."""
        with self.open_database() as database:
            assert database.write(lambda _conn: 7) == 7

            def fails(conn: sa.Connection) -> None:
                put("a")(conn)
                raise _Mishap

            with _raises(_Mishap):
                database.write(fails)
            assert database.read(names) == []
            with _raises(_Mishap):
                database.read(fails_at_once)

    def test_a_failing_unit_takes_no_other_with_it(self) -> None:
        """Units that share a commit do not share their failures."""
        with self.open_database() as database:

            def work(number: int) -> None:
                for round_number in range(5):
                    name = f"{number}-{round_number}"
                    if number % 2:
                        with _raises(_Mishap):
                            database.write(failing_after(put(name)))
                    else:
                        database.write(put(name))

            in_threads(work)
            wanted = [f"{n}-{r}" for n in range(0, THREADS, 2) for r in range(5)]
            assert database.read(names) == sorted(wanted)

    def test_a_read_cannot_write(self) -> None:
        """A read that tries to write fails, and writing goes on."""
        with self.open_database() as database:
            with _raises((sa.exc.DBAPIError, GroundswellError)):  # type: ignore[arg-type]
                database.read(put("a"))
            assert database.read(names) == []
            database.write(put("b"))
            assert database.read(names) == ["b"]

    def test_a_read_is_one_snapshot(self) -> None:
        """What is written meanwhile does not show inside one read."""
        with self.open_database() as database:

            def work(conn: sa.Connection) -> tuple[list[str], list[str]]:
                before = names(conn)
                in_threads(lambda _number: database.write(put("late")), count=1)
                return before, names(conn)

            assert database.read(work) == ([], [])
            assert database.read(names) == ["late"]

    def test_no_update_is_lost(self) -> None:
        """A look and a change in one unit are as good as a lock."""
        with self.open_database() as database:
            database.write(put("counter", 0))
            seen: list[int] = []

            def work(_number: int) -> None:
                seen.extend(database.write(increment) for _ in range(5))

            in_threads(work)
            assert sorted(seen) == list(range(1, 5 * THREADS + 1))

    def test_slow_units_that_meet_all_go_through(self) -> None:
        """A busy row makes its writers wait and refuses none of them, whichever worker they use."""
        with self.open_database() as one, self.open_database() as other:
            one.write(put("counter", 0))

            def slow_increment(conn: sa.Connection) -> int:
                value = increment(conn)
                threading.Event().wait(0.02)
                return value

            def work(number: int) -> None:
                for _ in range(4):
                    (one, other)[number % 2].write(slow_increment)

            in_threads(work)
            assert one.write(increment) == 4 * THREADS + 1

    def test_only_one_takes_a_name(self) -> None:
        """Of many who look and then take, one takes."""
        with self.open_database() as database:
            won: list[int] = []

            def take(conn: sa.Connection) -> bool:
                if "name" in names(conn):
                    return False
                put("name")(conn)
                return True

            def work(number: int) -> None:
                if database.write(take):
                    won.append(number)

            in_threads(work)
            assert len(won) == 1

    def test_a_taken_key_is_a_conflict(self) -> None:
        """A unique key that is taken is told in the hub's words."""
        with self.open_database() as database:
            database.write(put("a"))
            with _raises(Conflict):
                database.write(put("a"))
            assert database.read(names) == ["a"]

    def test_foreign_keys_hold(self) -> None:
        """A row cannot name another that is not there."""
        with self.open_database() as database:
            row = {"organisation_id": 1, "user_id": 2, "role": "read"}
            with _raises(sa.exc.IntegrityError):
                database.write(lambda conn: conn.execute(sa.insert(memberships), row).rowcount)

    def test_insert_ignore_counts_what_was_new(self) -> None:
        """Rows that are there stay as they are and are not counted."""
        with self.open_database() as database:
            database.write(put("a", 1))
            rows = [{"name": "a", "value": 2}, {"name": "b", "value": 2}]
            assert database.write(lambda conn: insert_ignore(conn, hub_facts, rows[0])) == 0
            assert database.write(lambda conn: insert_ignore(conn, hub_facts, rows)) == 1
            assert database.write(lambda conn: insert_ignore(conn, hub_facts, [])) == 0

    def test_upsert_sets_what_was_named(self) -> None:
        """A row that is there gets the new value."""
        with self.open_database() as database:
            for value in (1, 2):
                database.write(putting("a", value))
            assert database.read(
                lambda conn: conn.execute(sa.select(hub_facts.c.value)).scalars().all()
            ) == [2]

    def test_numbers_keep_64_bits_and_truth_stays_truth(self) -> None:
        """Types survive, also where an engine has fewer of them."""
        with self.open_database() as database:
            row = {
                "public_id": "0" * 24,
                "kind": "user",
                "name": "a",
                "folded": "a",
                "is_admin": True,
                "created_at": 2**62,
            }
            database.write(lambda conn: conn.execute(sa.insert(accounts), row).rowcount)
            found = database.read(lambda conn: conn.execute(sa.select(accounts)).mappings().one())
            assert (found["created_at"], found["is_admin"]) == (2**62, True)
            assert found["private_by_default"] is False

    def test_every_table_is_there(self) -> None:
        """A new database has the tables and its version, and nothing else."""
        with self.open_database() as database:
            there = database.read(lambda conn: set(sa.inspect(conn).get_table_names()))
            assert there == {*metadata.tables, "alembic_version"}

    def test_a_closed_database_refuses(self) -> None:
        """Closing twice is fine; after it nothing works."""
        database = self.open_database()
        database.close()
        database.close()
        with _raises(Unavailable):
            database.write(put("a"))
        with _raises(Unavailable):
            database.read(names)

    def test_closing_waits_for_the_units_under_way(self) -> None:
        """A unit that has begun is finished and kept."""
        database = self.open_database()
        started = threading.Event()
        done: list[str] = []

        def slow(conn: sa.Connection) -> None:
            started.set()
            threading.Event().wait(0.2)
            put("slow")(conn)

        def write() -> None:
            database.write(slow)
            done.append("slow")

        thread = threading.Thread(target=write)
        thread.start()
        assert started.wait(WAIT_SECONDS)
        database.close()
        thread.join(WAIT_SECONDS)
        assert done == ["slow"]
        with self.open_database() as again:
            assert again.read(names) == ["slow"]


def fails_at_once(_conn: sa.Connection) -> None:
    """A unit that only fails."""
    raise _Mishap


def failing_after(work: Callable[[sa.Connection], None]) -> Callable[[sa.Connection], None]:
    """A unit that does its work and then fails."""

    def fails(conn: sa.Connection) -> None:
        work(conn)
        raise _Mishap

    return fails
