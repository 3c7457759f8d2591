"""The line of events: nothing is passed over, whatever order transactions end in."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import sqlalchemy as sa

from groundswell.hub import projections as module
from groundswell.hub.events import record
from groundswell.hub.projections import Event, Projections
from groundswell.store import tables
from groundswell.store.database import Database
from tests.contract import postgresql
from tests.hub.following import begin_again


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    url = f"sqlite:///{tmp_path}/hub.db"
    if request.param == "postgresql":
        folder = request.getfixturevalue("server")
        url = postgresql.fresh_url(folder, f"line{abs(hash(tmp_path.name))}")
    with Database.open(url) as opened:
        yield opened


class Seen:
    """A projection that notes what it was given, in the database like any other."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.line = Projections(database)

    def work(self, conn: sa.Connection, events: Sequence[Event]) -> None:
        for each in events:
            row = {"kind": "seen", "key": str(each.id), "what": str(each.place)}
            conn.execute(sa.insert(tables.faults).values(**row, found_at=1))

    def run(self) -> list[int]:
        self.line.run("seen", self.work)
        query = sa.select(tables.faults.c.key, tables.faults.c.what)
        rows = self.database.read(lambda conn: conn.execute(query).all())
        return [int(key) for key, place in sorted(rows, key=lambda row: int(row[1]))]


def tell(database: Database, count: int = 1) -> list[int]:
    def work(conn: sa.Connection) -> list[int]:
        return [record(conn, 5, "thing.done", None, None, {"n": n}) for n in range(count)]

    return database.write(work)


def test_every_event_is_seen_once_and_in_order(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "EVENTS_AT_ONCE", 7)
    seen = Seen(database)
    assert seen.run() == []
    first = tell(database, 20)
    assert seen.run() == first
    second = tell(database, 3)
    assert seen.run() == first + second
    assert [each.place for each in seen.line.after(20)] == [21, 22, 23]
    assert seen.line.after(0)[3].payload == {"n": 3}


def test_what_breaks_off_is_done_again(database: Database) -> None:
    seen = Seen(database)
    ids = tell(database, 3)

    def breaks(conn: sa.Connection, events: Sequence[Event]) -> None:
        seen.work(conn, events)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        seen.line.run("seen", breaks)
    assert seen.line.place_of("seen") == 0
    assert seen.run() == ids


def test_each_projection_has_a_place_of_its_own(database: Database) -> None:
    line = Projections(database)
    tell(database, 2)
    heard: list[int] = []
    assert line.run("one", lambda _conn, events: heard.extend(e.id for e in events)) == 2
    assert (line.place_of("one"), line.place_of("two")) == (2, 0)
    begin_again(database, "one")
    assert line.run("one", lambda _conn, events: heard.extend(e.id for e in events)) == 2
    assert heard[:2] == heard[2:]


def test_two_at_once_do_not_do_it_twice(database: Database) -> None:
    ids = tell(database, 40)
    seen = Seen(database)
    faults: list[BaseException] = []

    def run() -> None:
        try:
            for _ in range(10):
                Projections(database).run("seen", seen.work)
        except BaseException as error:
            faults.append(error)

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    more = [id_ for _ in range(10) for id_ in tell(database)]
    for thread in threads:
        thread.join()
    assert not faults
    assert seen.run() == ids + more


def test_a_lower_number_that_is_seen_later_is_not_passed_over(server: Path) -> None:
    """PostgreSQL gives the number when a row is written and shows it when the transaction ends."""
    url = postgresql.fresh_url(server, "late")
    with Database.open(url) as database:
        seen = Seen(database)
        engine = sa.create_engine(url)
        with engine.connect() as slow:
            late = record(slow, 5, "thing.done", None, None, {"late": True})
            early = tell(database)[0]
            assert late < early
            assert seen.run() == [early], "by numbers one would go on behind the late one"
            slow.commit()
        engine.dispose()
        assert seen.run() == [early, late]
        last = tell(database)[0]
        assert seen.run() == [early, late, last]


def test_writers_in_a_crowd_and_a_follower(server: Path) -> None:
    """Serialisable units that meet one another, begin again and leave gaps: each event, once."""
    url = postgresql.fresh_url(server, "crowd")
    with Database.open(url) as database:
        seen = Seen(database)
        told: list[int] = []
        done = threading.Event()

        def write() -> None:
            for _ in range(25):
                told.extend(tell(database, 2))

        def follow() -> None:
            while not done.is_set():
                seen.line.run("seen", seen.work)

        writers = [threading.Thread(target=write) for _ in range(6)]
        follower = threading.Thread(target=follow)
        follower.start()
        for thread in writers:
            thread.start()
        for thread in writers:
            thread.join()
        done.set()
        follower.join()
        found = seen.run()
        assert sorted(found) == sorted(told)
        assert len(found) == 300
