"""SQLite's side of the database: versions, turns, checkpoints, backups, faults."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.script import ScriptDirectory

from groundswell.core.errors import BadRequest, Conflict, DataTooNew, StorageFull, Unavailable
from groundswell.store import migrations
from groundswell.store.database import Database, Prepared, turn, writer
from groundswell.store.database.schema import migrate
from groundswell.store.database.sqlite import SqliteDatabase
from groundswell.store.layout import DataFolder
from groundswell.store.tables import hub_facts, metadata
from groundswell.testing.database import names, put


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "groundswell.db"


@pytest.fixture
def database(path: Path) -> Iterator[Database]:
    with Database.open(f"sqlite:///{path}") as opened:
        yield opened


def schema_of(path: Path) -> list[tuple[str, list[str]]]:
    """Each table and index, its columns and constraints in whatever order: one that was added to a
    table stands at its end.
    """
    with sqlite3.connect(path) as conn:
        rows = conn.execute("SELECT name, sql FROM sqlite_master WHERE sql NOT NULL").fetchall()
    conn.close()
    return sorted((name, sorted(parts_of("".join(text.split())))) for name, text in rows)


def parts_of(text: str) -> list[str]:
    """The parts of a CREATE statement between the commas of its outer parentheses."""
    head, _, rest = text.partition("(")
    inner, _, tail = rest.rpartition(")")
    parts, depth = [""], 0
    for letter in inner:
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return [head, tail, *parts]


# --- versions -------------------------------------------------------------------------------------


def test_revisions_build_exactly_the_tables(path: Path, tmp_path: Path) -> None:
    Database.open(f"sqlite:///{path}").close()
    migrated = tmp_path / "migrated.db"
    engine = sa.create_engine(f"sqlite:///{migrated}")
    with engine.begin() as conn:
        migrate(conn)
    with engine.connect() as conn:
        from alembic.autogenerate import compare_metadata
        from alembic.migration import MigrationContext

        assert compare_metadata(MigrationContext.configure(conn), metadata) == []
    engine.dispose()
    assert schema_of(migrated) == schema_of(path)


def test_an_older_database_keeps_its_rows(path: Path) -> None:
    """A claim of the first schema is there after the second has rebuilt its table; who was on an
    access list is let in by a request."""
    engine = sa.create_engine(f"sqlite:///{path}")
    with engine.begin() as conn:
        migrate(conn, "0001")
        for text in (
            (
                "INSERT INTO accounts (id, public_id, kind, name, folded, created_at) "
                "VALUES (1, 'p', 'user', 'ada', 'ada', 1)"
            ),
            (
                "INSERT INTO repositories (id, public_id, kind, owner_id, namespace, name, visibility, "
                "created_at, modified_at) VALUES (1, 'r', 'model', 1, 'ada', 'm', 'public', 1, 1)"
            ),
            "INSERT INTO reconstructions VALUES ('f', 's', 5, x'', 1)",
            "INSERT INTO blobs VALUES ('s', 5, 'f', 1)",
            "INSERT INTO claims VALUES (1, 1, 's', 7)",
            "INSERT INTO repository_access VALUES (1, 1, 9)",
        ):
            conn.exec_driver_sql(text)
    engine.dispose()
    with Database.open(f"sqlite:///{path}") as database:
        rows = database.read(lambda conn: conn.exec_driver_sql("SELECT * FROM claims").all())
        let_in = "SELECT repository_id, account_id, status, decided_at FROM access_requests"
        listed = database.read(lambda conn: conn.exec_driver_sql(let_in).all())
    assert [tuple(row) for row in rows] == [(1, 1, "s", 7, 0, 0)]
    assert [tuple(row) for row in listed] == [(1, 1, "accepted", 9)]


def test_descriptions_become_first_comments(path: Path) -> None:
    engine = sa.create_engine(f"sqlite:///{path}")
    repository = (
        "INSERT INTO repositories (id, public_id, kind, owner_id, namespace, name, visibility, "
        "created_at, modified_at) VALUES (1, 'r', 'model', 1, 'ada', 'm', 'public', 1, 1)"
    )
    discussion = (
        "INSERT INTO discussions (id, repository_id, number, is_pull_request, title, description, "
        "status, author_id, created_at) VALUES (?, 1, ?, ?, 't', ?, 'open', 1, 5)"
    )
    event = (
        "INSERT INTO events (id, happened_at, type, actor_id, repository_id, payload) "
        "VALUES (?, 5, ?, 1, 1, ?)"
    )
    with engine.begin() as conn:
        migrate(conn, "0003")
        account = (
            "INSERT INTO accounts (id, public_id, kind, name, folded, created_at) "
            "VALUES (1, 'p', 'user', 'ada', 'ada', 1)"
        )
        for text in (account, repository):
            conn.exec_driver_sql(text)
        for values in ((7, 1, False, "why"), (8, 2, True, "better"), (9, 3, False, "untold")):
            conn.exec_driver_sql(discussion, values)
        for values in (
            (1, "repository.created", "{}"),
            (2, "discussion.created", '{"number": 1, "is_pull_request": false}'),
            (3, "discussion.created", '{"number": 2, "is_pull_request": true}'),
            (4, "commit.landed", '{"ref": "refs/pr/2", "old": "a", "new": "b"}'),
            (5, "commit.landed", '{"ref": "refs/heads/main", "old": "a", "new": "b"}'),
            (6, "pull_request.merged", '{"number": 2, "commit": "c"}'),
        ):
            conn.exec_driver_sql(event, values)
    engine.dispose()
    with Database.open(f"sqlite:///{path}") as database:

        def look(conn: sa.Connection) -> tuple[list[Any], list[Any]]:
            comments = "SELECT id, discussion_id, text, version, written_at FROM comments"
            numbers = "SELECT id, discussion_number FROM events ORDER BY id"
            return (
                [tuple(row) for row in conn.exec_driver_sql(comments)],
                [tuple(row) for row in conn.exec_driver_sql(numbers)],
            )

        comments, numbers = database.read(look)
    assert comments == [(2, 7, "why", 1, 5), (3, 8, "better", 1, 5), (7, 9, "untold", 1, 5)]
    assert numbers == [(1, None), (2, 1), (3, 2), (4, 2), (5, None), (6, 2), (7, 3)]


def test_head_is_the_newest_revision() -> None:
    folder = ScriptDirectory(str(Path(migrations.__file__).parent))
    assert folder.get_heads() == [migrations.HEAD]


def test_an_up_to_date_database_opens_without_alembic(path: Path) -> None:
    Database.open(f"sqlite:///{path}").close()
    program = (
        "import sys; from groundswell.store.database import Database; "
        f"Database.open('sqlite:///{path}').close(); assert 'alembic' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_an_empty_schema_is_brought_up_to_date(path: Path) -> None:
    with sqlite3.connect(path) as conn:
        conn.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
    conn.close()
    with Database.open(f"sqlite:///{path}") as database:
        assert database.read(names) == []


def test_a_newer_schema_is_refused_and_left_alone(path: Path) -> None:
    Database.open(f"sqlite:///{path}").close()
    with sqlite3.connect(path) as conn:
        conn.execute("UPDATE alembic_version SET version_num = '9999'")
    conn.close()
    with pytest.raises(DataTooNew):
        Database.open(f"sqlite:///{path}")
    assert ("alembic_version", version_of(path)) == ("alembic_version", "9999")


def version_of(path: Path) -> object:
    with sqlite3.connect(path) as conn:
        (found,) = conn.execute("SELECT version_num FROM alembic_version").fetchone()
    conn.close()
    return found


def test_nothing_is_migrated_under_a_running_hub(path: Path) -> None:
    with Database.open(f"sqlite:///{path}", serves=True):
        with sqlite3.connect(path) as conn:
            conn.execute("UPDATE alembic_version SET version_num = '0000'")
        conn.close()
        with pytest.raises(Unavailable):
            Database.open(f"sqlite:///{path}")


@pytest.mark.parametrize("url", ["mysql://x", "", "sqlite://", "groundswell.db"])
def test_other_urls_are_refused(url: str) -> None:
    with pytest.raises(BadRequest):
        Database.open(url)


def test_one_hub_serves_a_database(path: Path) -> None:
    with Database.open(f"sqlite:///{path}", serves=True) as first:
        with pytest.raises(Unavailable):
            Database.open(f"sqlite:///{path}", serves=True)
        with Database.open(f"sqlite:///{path}") as beside:
            beside.write(put("a"))
        assert first.read(names) == ["a"]
    Database.open(f"sqlite:///{path}", serves=True).close()


def test_nobody_else_reads_the_file(database: Database, path: Path) -> None:
    database.write(put("a"))
    for file in path.parent.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_layout_makes_its_folders(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "new" / "data")
    folder.create()
    folder.create()
    assert sorted(each.name for each in folder.root.iterdir()) == [
        "cold", "keys", "repos", "shards", "spool", "xorbs",
    ]  # fmt: skip
    assert stat.S_IMODE(folder.root.stat().st_mode) == 0o700


# --- turns and checkpoints ------------------------------------------------------------------------


def test_writing_waits_for_the_turn(database: Database, path: Path) -> None:
    other = turn.Turn(path)
    done = threading.Event()

    def write() -> None:
        database.write(put("a"))
        done.set()

    with other.held():
        thread = threading.Thread(target=write)
        thread.start()
        assert not done.wait(0.1)
        assert database.read(names) == []
    assert done.wait(10)
    thread.join()
    other.close()


def test_a_turn_that_never_comes_is_an_error(path: Path) -> None:
    one, other = turn.Turn(path), turn.Turn(path, timeout_seconds=0.05)
    with one.held(), pytest.raises(Unavailable), other.held():
        pass
    with other.held():
        pass
    one.close()
    other.close()


def test_two_processes_that_write_all_the_time_both_come_to_their_turn(
    database: Database, path: Path
) -> None:
    program = (
        "from groundswell.store.database import Database\n"
        "from groundswell.testing.database import put\n"
        f"with Database.open('sqlite:///{path}') as database:\n"
        "    for number in range(50): database.write(put(f'other{number}'))\n"
    )
    other = subprocess.Popen([sys.executable, "-c", program])
    number = 0
    while other.poll() is None:
        database.write(put(f"mine{number}"))
        number += 1
    assert other.returncode == 0
    assert len(database.read(names)) == 50 + number


def test_a_long_log_is_folded_back(database: Database, path: Path) -> None:
    page = "x" * 100_000
    for number in range(100):
        database.write(put(f"{number:03}", page))
    assert Path(f"{path}-wal").stat().st_size < 2 * writer.CHECKPOINT_BYTES


def test_a_quiet_log_is_emptied(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "IDLE_SECONDS", 0.02)
    with Database.open(f"sqlite:///{path}") as database:
        database.write(put("a"))
        wal = Path(f"{path}-wal")
        waited = threading.Event()
        for _ in range(200):
            if wal.stat().st_size == 0:
                break
            waited.wait(0.02)
        assert wal.stat().st_size == 0
        assert database.read(names) == ["a"]


def test_a_reader_of_old_pages_delays_the_log_but_nobody_else(database: Database) -> None:
    inside, leave = threading.Event(), threading.Event()

    def slow(conn: sa.Connection) -> list[str]:
        before = names(conn)
        inside.set()
        leave.wait(20)
        return before + names(conn)

    found: list[list[str]] = []
    thread = threading.Thread(target=lambda: found.append(database.read(slow)))
    thread.start()
    inside.wait(10)
    for number in range(100):
        database.write(put(f"{number:03}", "x" * 100_000))
    leave.set()
    thread.join()
    assert found == [[]]
    assert len(database.read(names)) == 100


# --- backup ---------------------------------------------------------------------------------------


def test_a_backup_is_one_snapshot_of_a_busy_database(database: Database, tmp_path: Path) -> None:
    stop = threading.Event()
    written: list[str] = []

    def write() -> None:
        while not stop.is_set():
            name = f"{len(written):06}"
            database.write(put(name, "x" * 1000))
            written.append(name)

    thread = threading.Thread(target=write)
    thread.start()
    while len(written) < 20:
        stop.wait(0.01)
    before = len(written)
    database.backup_to(tmp_path / "copy.db")
    stop.set()
    thread.join()
    with Database.open(f"sqlite:///{tmp_path}/copy.db") as copy:
        kept = copy.read(names)
    assert len(kept) >= before
    assert kept == written[: len(kept)]
    assert not list(tmp_path.glob("*partial*"))
    with pytest.raises(BadRequest):
        database.backup_to(tmp_path / "copy.db")


# --- faults ---------------------------------------------------------------------------------------


def limit_pages(database: Database, pages: int | None) -> None:
    """Let the file grow no further, which SQLite reports exactly as a full disk."""
    assert isinstance(database, SqliteDatabase)
    driver = writer.driver_of(database._writer.connection)
    (now,) = driver.execute("PRAGMA page_count").fetchone()
    driver.execute(f"PRAGMA max_page_count={now + pages if pages is not None else 2**31}")


def test_a_full_disk_changes_nothing_and_needs_no_restart(database: Database) -> None:
    database.write(put("a"))
    limit_pages(database, 0)
    for _ in range(3):
        with pytest.raises(StorageFull):
            database.write(put("big", "x" * 1_000_000))
    assert database.read(names) == ["a"]
    assert database.fault is None
    limit_pages(database, None)
    database.write(put("big", "x" * 1_000_000))
    assert database.read(names) == ["a", "big"]


def test_units_beside_one_that_fills_the_disk_are_kept_or_told(database: Database) -> None:
    database.write(put("a"))
    limit_pages(database, 40)
    kept, told = [], []

    def work(number: int) -> None:
        for round_number in range(20):
            name = f"{number}-{round_number}"
            try:
                database.write(put(name, "x" * 20_000))
                kept.append(name)
            except StorageFull:
                told.append(name)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told
    assert set(database.read(names)) == {"a", *kept}


def test_after_a_disk_error_nothing_is_written_and_reads_go_on(path: Path) -> None:
    database = Database.open(f"sqlite:///{path}")
    database.write(put("a"))

    def breaks(_conn: sa.Connection) -> None:
        error = sqlite3.OperationalError("disk I/O error")
        error.sqlite_errorcode = 1034  # SQLITE_IOERR_FSYNC
        raise sa.exc.OperationalError("COMMIT", {}, error)

    with pytest.raises(Unavailable):
        database.write(breaks)
    assert database.fault is not None
    with pytest.raises(Unavailable, match="restarted"):
        database.write(put("b"))
    assert database.read(names) == ["a"]
    database.close()
    with Database.open(f"sqlite:///{path}") as again:
        again.write(put("b"))


def test_a_unit_cannot_call_write(database: Database) -> None:
    with pytest.raises(AssertionError, match="called write"):
        database.write(lambda _conn: database.write(put("a")))
    database.write(put("b"))


def test_facts_are_json(database: Database) -> None:
    database.write(put("a", [1, {"b": None}]))
    assert database.read(lambda conn: conn.execute(sa.select(hub_facts.c.value)).scalar_one()) == [
        1,
        {"b": None},
    ]


# --- the short way to the driver ------------------------------------------------------------------


@pytest.mark.parametrize("told", [{"a": [1, None, "ä"]}, [], "text", None])
def test_a_prepared_statement_says_what_sqlalchemy_says(database: Database, told: object) -> None:
    name, value = hub_facts.c.name, hub_facts.c.value
    new_value = sa.bindparam("told", type_=value.type)
    insert = Prepared(sa.insert(hub_facts).values(name=sa.bindparam("given"), value=new_value))
    change = Prepared(
        sa.update(hub_facts).where(name == sa.bindparam("given")).values(value=new_value)
    )
    select = Prepared(sa.select(hub_facts).where(name == sa.bindparam("given"), name != "never"))
    assert database.write(lambda conn: insert.run(conn, given="one", told=told)) == 1
    through = database.read(lambda conn: conn.execute(sa.select(hub_facts)).mappings().one())
    assert database.read(lambda conn: select.first(conn, given="one")) == dict(through)
    assert through["value"] == told
    assert database.write(lambda conn: change.run(conn, given="one", told=1)) == 1
    assert database.read(lambda conn: select.all(conn, given="one"))[0]["value"] == 1
    assert database.read(lambda conn: select.first(conn, given="two")) is None
    assert database.write(lambda conn: change.run(conn, given="two", told=1)) == 0


def test_a_prepared_statement_fails_like_any_other(database: Database) -> None:
    insert = Prepared(
        sa.insert(hub_facts).values(
            name=sa.bindparam("given"), value=sa.bindparam("told", type_=hub_facts.c.value.type)
        )
    )

    def twice(conn: sa.Connection) -> None:
        insert.run(conn, given="a", told=1)
        insert.run(conn, given="a", told=1)

    with pytest.raises(Conflict):
        database.write(twice)
    assert database.read(names) == []
    with pytest.raises(KeyError):
        database.write(lambda conn: insert.run(conn, given="a"))
    listed = Prepared(sa.select(hub_facts).where(hub_facts.c.name.in_(["a", "b"])))
    with pytest.raises(AssertionError):
        database.read(listed.all)


def test_reads_of_one_snapshot_see_one_state(database: Database) -> None:
    database.write(put("before"))
    with database.snapshot(), database.snapshot():
        assert database.read(names) == ["before"]
        database.write(put("meanwhile"))
        assert database.read(names) == ["before"]
        with pytest.raises(ZeroDivisionError):
            database.read(lambda _: 1 // 0)
        assert database.read(names) == ["before"]
    assert set(database.read(names)) == {"before", "meanwhile"}
