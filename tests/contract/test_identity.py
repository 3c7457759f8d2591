"""A hub's data folder, database and bucket belong together: another combination is refused.

Two folders on one database would overwrite each other's facts: git folders differ, rows are shared.
Every story runs over SQLite outside the folder and over PostgreSQL, unless it is about one of them.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from groundswell import wiring
from groundswell.cli import swell as verbs
from groundswell.core.errors import Corrupt, ForeignData, Unavailable
from groundswell.hub.identity import Rows, open_database
from groundswell.settings import load
from groundswell.store.bucket import BucketStore
from groundswell.store.database import Database
from groundswell.store.identity import FILE_NAME, FolderIdentity, new_identity
from groundswell.store.layout import DataFolder
from groundswell.store.tables import hub_facts
from tests.contract import object_storage, postgresql
from tests.contract.test_bucket_store import place_at
from tests.live import serving

AT_ONCE = 8


@pytest.fixture(scope="module")
def server() -> Iterator[Path]:
    with postgresql.server() as folder:
        yield folder


@pytest.fixture(scope="module")
def storage() -> Iterator[str]:
    with object_storage.seaweedfs() as endpoint:
        yield endpoint


@dataclass
class Place:
    """Where one story's folders and databases are."""

    home: Path
    fresh_url: Callable[[str], str]

    def folder(self, name: str, url: str | None = None, *lines: str) -> DataFolder:
        """A data folder whose settings name the database."""
        folder = DataFolder(self.home / name)
        folder.create()
        named = [] if url is None else [f'database_url = "{url}"']
        (folder.root / "swell.toml").write_text("\n".join([*named, *lines, ""]))
        return folder


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "sqlite":
        return Place(tmp_path, lambda name: f"sqlite:///{tmp_path}/{name}.db")
    server: Path = request.getfixturevalue("server")
    about = f"{tmp_path.name[:30]}_{os.urandom(3).hex()}"
    return Place(tmp_path, lambda name: postgresql.fresh_url(server, f"{about}_{name}"))


def opened(url: str, folder: DataFolder, rows: Rows = "kept") -> str:
    database, identity = open_database(url, folder, rows=rows)
    database.close()
    return identity


def row_of(url: str) -> str | None:
    query = sa.select(hub_facts.c.value).where(hub_facts.c.name == "identity")
    with Database.open(url) as database:
        found: str | None = database.read(lambda conn: conn.execute(query).scalar())
    return found


def forget_row(url: str) -> None:
    with Database.open(url) as database:
        database.write(
            lambda conn: conn.execute(sa.delete(hub_facts).where(hub_facts.c.name == "identity"))
        )


def file_of(folder: DataFolder) -> str | None:
    return FolderIdentity(folder.root).settled()


def run(data: Path, *arguments: str) -> str:
    """What a verb prints, in this process."""
    done = CliRunner().invoke(verbs, [*arguments, "--data", str(data)])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.output


def refused(data: Path, *arguments: str) -> str:
    """What a verb says that is refused for this reason."""
    with pytest.raises(ForeignData) as found:
        run(data, *arguments)
    return found.value.message


def does_not_start(data: Path, **environment: str) -> str:
    """What `swell serve` says of the same, to the person or unit that starts it."""
    done = subprocess.run(
        [sys.executable, "-m", "groundswell.cli", "serve", "--port=0", "--data", str(data)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, **environment},
    )
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert "swell store new-identity" in done.stderr
    return done.stderr


def begin(folder: DataFolder) -> None:
    """A hub of which a row is known: the user ada."""
    run(folder.root, "user", "add", "ada", "--no-password")


# --- how an identity begins -----------------------------------------------------------------------


def test_the_first_to_open_gives_both_the_same_identity(place: Place) -> None:
    url, folder = place.fresh_url("one"), place.folder("data")
    identity = opened(url, folder)
    assert row_of(url) == file_of(folder) == identity
    assert opened(url, folder) == identity
    assert {each.name for each in folder.root.glob(f"{FILE_NAME}*")} == {FILE_NAME}
    assert opened(place.fresh_url("two"), place.folder("other")) != identity


def test_a_hub_from_before_takes_one_at_its_next_start(place: Place) -> None:
    url = place.fresh_url("old")
    folder = place.folder("data", url)
    begin(folder)
    forget_row(url)
    (folder.root / FILE_NAME).unlink()
    hub = wiring.build(load({"data": folder.root}, environment={}))
    hub.close()
    assert row_of(url) == file_of(folder) == hub.identity
    assert "ada" in run(folder.root, "user", "list")


def test_a_first_start_that_broke_off_goes_on(place: Place) -> None:
    """After the offer, and after the row: each is what a power cut may leave."""
    url, folder = place.fresh_url("cut"), place.folder("data")
    identity = FolderIdentity(folder.root).offer(new_identity())
    assert opened(url, folder) == identity
    (folder.root / FILE_NAME).unlink()
    assert FolderIdentity(folder.root).offer(identity) == identity
    assert opened(url, folder) == identity
    assert file_of(folder) == identity
    assert FolderIdentity(folder.root).offered() is None


def at_once(openers: list[tuple[str, DataFolder]]) -> list[str | None]:
    """The identities of so many who open at the same moment; None for who was refused."""
    ready = threading.Barrier(len(openers))
    found: list[str | None] = [None] * len(openers)
    broken: list[BaseException] = []

    def work(number: int, url: str, folder: DataFolder) -> None:
        ready.wait()
        try:
            found[number] = opened(url, folder)
        except ForeignData:
            pass
        except BaseException as error:
            broken.append(error)

    threads = [
        threading.Thread(target=work, args=(number, *each)) for number, each in enumerate(openers)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not broken, broken
    return found


def test_many_on_one_new_folder_agree(place: Place) -> None:
    for turn in range(6):
        url, folder = place.fresh_url(f"many{turn}"), place.folder(f"data{turn}")
        Database.open(url).close()  # the race is for the identity, not for the schema
        found = at_once([(url, folder)] * AT_ONCE)
        assert set(found) == {row_of(url)} == {file_of(folder)}


def test_of_many_folders_on_one_new_database_one_wins(place: Place) -> None:
    for turn in range(6):
        url = place.fresh_url(f"rivals{turn}")
        Database.open(url).close()
        folders = [place.folder(f"data{turn}-{number}") for number in range(AT_ONCE)]
        found = at_once([(url, each) for each in folders])
        (winner,) = [number for number, each in enumerate(found) if each is not None]
        assert row_of(url) == file_of(folders[winner]) == found[winner]
        assert [file_of(each) for each in folders].count(None) == AT_ONCE - 1


def test_two_workers_that_start_at_once_are_one_hub(server: Path, tmp_path: Path) -> None:
    """`swell serve` twice, over a database and a folder that nobody has opened before."""
    url = postgresql.fresh_url(server, "starting")
    data = tmp_path / "data"
    data.mkdir()
    (data / "swell.toml").write_text(f'database_url = "{url}"\n')
    urls: list[str] = []
    ready = threading.Barrier(2, timeout=60)

    def work() -> None:
        ready.wait()
        with serving(data) as hub:
            urls.append(hub.url)
            ready.wait()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(urls)) == 2
    assert row_of(url) == file_of(DataFolder(data)) is not None


# --- what is refused ------------------------------------------------------------------------------


def test_a_second_folder_on_the_database_is_refused(place: Place) -> None:
    """By whatever opens it: the server, checks, and verbs that read rows alone."""
    url = place.fresh_url("shared")
    mine, other = place.folder("mine", url), place.folder("other", url)
    begin(mine)
    identity = file_of(mine)
    before = row_of(url)
    others = (["fsck"], ["fsck", "--rebuild"], ["user", "list"], ["org", "create", "guild"])
    for said in (does_not_start(other.root), *(refused(other.root, *each) for each in others)):
        assert f"belongs to hub {identity}" in said
        assert f"the data folder {other.root} to none" in said
    with pytest.raises(ForeignData):
        opened(url, other)
    assert file_of(other) is None
    assert row_of(url) == before == identity
    assert "ada" in run(mine.root, "user", "list")
    assert "guild" not in run(mine.root, "org", "list")


def test_every_other_verb_is_refused_as_well(tmp_path: Path) -> None:
    """They open the hub by the same two doors; `verify` stands for one, `token` for the other."""
    url = f"sqlite:///{tmp_path}/shared.db"
    place = Place(tmp_path, lambda _: url)
    mine, other = place.folder("mine", url), place.folder("other", url)
    begin(mine)
    for verb in (
        ["verify", "ada/x"],
        ["scrub"],
        ["faults"],
        ["usage"],
        ["quota"],
        ["rebuild", "inboxes"],
        ["backup", str(tmp_path / "backup")],
        ["store", "collect"],
        ["store", "new-epoch"],
        ["token", "list", "ada"],
        ["org", "list"],
        ["migrate-store", "--to", str(mine.root / "swell.toml")],
    ):
        if verb[0] == "migrate-store":
            (mine.root / "swell.toml").write_text("")
        refused(other.root, *verb)


def test_a_folder_on_a_new_database_is_refused(place: Place) -> None:
    folder = place.folder("data", first := place.fresh_url("first"))
    begin(folder)
    second = place.fresh_url("second")
    said = does_not_start(folder.root, SWELL_DATABASE_URL=second)
    assert f"{folder.root} belongs to hub {file_of(folder)}, and the database to none" in said
    assert "fsck --rebuild" in said
    assert row_of(second) is None
    assert row_of(first) == file_of(folder)


def test_two_hubs_are_not_mixed(place: Place) -> None:
    one, two = place.fresh_url("one"), place.fresh_url("two")
    mine, other = place.folder("mine", one), place.folder("other", two)
    begin(mine)
    begin(other)
    for rows in ("kept", "lost"):
        with pytest.raises(ForeignData, match=f"{file_of(mine)}.*{row_of(two)}"):
            opened(two, mine, rows=rows)
    assert file_of(mine) == row_of(one)
    assert file_of(other) == row_of(two)


def test_a_damaged_file_is_not_taken_for_none(place: Place) -> None:
    url, folder = place.fresh_url("one"), place.folder("data")
    opened(url, folder)
    (folder.root / FILE_NAME).write_text("")
    with pytest.raises(Corrupt, match="damaged"):
        opened(url, folder)


# --- the ways that are meant ----------------------------------------------------------------------


def test_a_lost_database_is_made_again_for_its_folder(place: Place) -> None:
    folder = place.folder("data", place.fresh_url("first"))
    begin(folder)
    identity = file_of(folder)
    second = place.fresh_url("second")
    (folder.root / "swell.toml").write_text(f'database_url = "{second}"\n')
    refused(folder.root, "fsck")
    run(folder.root, "fsck", "--rebuild")
    assert row_of(second) == file_of(folder) == identity
    run(folder.root, "fsck")


def test_a_database_inside_the_folder_came_with_it(tmp_path: Path) -> None:
    place = Place(tmp_path, str)
    folder = place.folder("data")
    begin(folder)
    identity = file_of(folder)
    (folder.root / FILE_NAME).unlink()
    assert "ada" in run(folder.root, "user", "list")
    assert file_of(folder) == identity
    # Lost, it is not silently begun anew over repositories of which it knows nothing.
    for path in folder.root.glob("groundswell.db*"):
        path.rename(tmp_path / path.name)
    assert "fsck --rebuild" in does_not_start(folder.root)
    run(folder.root, "fsck", "--rebuild")
    assert row_of(folder.database_url) == identity


def test_they_are_joined_on_purpose(place: Place) -> None:
    url = place.fresh_url("shared")
    mine, other = place.folder("mine", url), place.folder("other", url)
    begin(mine)
    before = row_of(url)
    said = run(other.root, "store", "new-identity")
    assert row_of(url) == file_of(other) != before
    assert str(row_of(url)) in said
    assert "ada" in run(other.root, "user", "list")
    refused(mine.root, "user", "list")


def test_a_change_that_broke_off_goes_on(place: Place) -> None:
    """`new-identity` stopped after its offer changes nothing; after the row it is done."""
    url, folder = place.fresh_url("shared"), place.folder("data")
    before, after = opened(url, folder), new_identity()
    FolderIdentity(folder.root).change_offer(after)
    assert opened(url, folder) == before
    with Database.open(url) as database:
        database.write(lambda conn: conn.execute(sa.update(hub_facts).values(value=after)))
    assert opened(url, folder) == after == file_of(folder)


def test_no_identity_is_changed_under_a_hub_at_work(place: Place) -> None:
    url = place.fresh_url("busy")
    folder = place.folder("data", url)
    with serving(folder.root):
        with pytest.raises(Unavailable, match="serves this data folder"):
            run(folder.root, "store", "new-identity")
        assert row_of(url) == file_of(folder)


def test_a_restored_hub_is_one_of_its_own(tmp_path: Path) -> None:
    place = Place(tmp_path, str)
    folder = place.folder("data")
    begin(folder)
    run(folder.root, "backup", str(tmp_path / "backup"))
    run(tmp_path / "again", "restore", str(tmp_path / "backup"))
    restored = DataFolder(tmp_path / "again")
    assert row_of(restored.database_url) == file_of(restored)
    assert file_of(restored) not in {None, file_of(folder)}
    assert "ada" in run(restored.root, "user", "list")


def test_a_restored_hub_keeps_off_the_database_of_the_old_one(server: Path, tmp_path: Path) -> None:
    """The settings are restored too, under another name: whoever puts them back is told."""
    place = Place(tmp_path, lambda name: postgresql.fresh_url(server, f"restored_{name}"))
    folder = place.folder("data", url := place.fresh_url("old"))
    begin(folder)
    run(folder.root, "backup", str(tmp_path / "backup"), "--without-database")
    copy = url.replace("restored_old", "restored_copy")  # as pg_dump and pg_restore make it
    with psycopg.connect(host=str(server), user="hub", dbname="postgres", autocommit=True) as conn:
        conn.execute("CREATE DATABASE restored_copy TEMPLATE restored_old")
    again = tmp_path / "again"
    run(again, "restore", str(tmp_path / "backup"), f"--database-url={copy}")
    settings = again / "swell.toml"
    settings.write_text(f'database_url = "{copy}"\n')
    assert "ada" in run(again, "user", "list")
    settings.write_text((again / "swell.toml.restored").read_text())
    refused(again, "user", "list")
    assert "ada" in run(folder.root, "user", "list")


# --- buckets --------------------------------------------------------------------------------------


def on_bucket(place: Place, name: str, endpoint: str, prefix: str) -> DataFolder:
    return place.folder(name, None, *object_storage.settings(endpoint, prefix))


def test_a_second_hub_on_the_bucket_is_refused(storage: str, tmp_path: Path) -> None:
    place = Place(tmp_path, str)
    mine = on_bucket(place, "mine", storage, "claimed")
    other = on_bucket(place, "other", storage, "claimed")
    run(mine.root, "fsck")
    others = (["fsck"], ["store", "collect"])
    for said in (does_not_start(other.root), *(refused(other.root, *each) for each in others)):
        assert f"s3://{object_storage.BUCKET}/claimed belongs to hub {file_of(mine)}" in said
    run(mine.root, "fsck")
    # Another prefix is another place; and the same one may be taken over.
    run(on_bucket(place, "third", storage, "beside").root, "fsck")
    run(other.root, "store", "new-identity")
    run(other.root, "fsck")
    assert f"belongs to hub {file_of(other)}" in refused(mine.root, "fsck")


def test_of_many_hubs_on_one_new_bucket_one_wins(storage: str, tmp_path: Path) -> None:
    """Each begins a moment after the one before: some look before the first has written."""
    for turn in range(6):
        at = replace(place_at(storage), prefix=f"rivals{turn}")
        rivals = [BucketStore(at, tmp_path / f"{turn}-{each}") for each in range(AT_ONCE)]
        ready = threading.Barrier(AT_ONCE)
        won: list[int] = []

        def work(number: int, store: BucketStore, ready=ready, won=won) -> None:  # type: ignore[no-untyped-def]
            identity = new_identity()
            ready.wait()
            time.sleep(number * 0.001)
            with contextlib.suppress(ForeignData):
                store.claim(identity)
                won.append(number)

        threads = [threading.Thread(target=work, args=each) for each in enumerate(rivals)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(won) == 1, won


def test_nothing_is_moved_into_the_bucket_of_another_hub(storage: str, tmp_path: Path) -> None:
    place = Place(tmp_path, str)
    other = on_bucket(place, "other", storage, "taken")
    run(other.root, "fsck")
    folder = place.folder("data")
    begin(folder)
    target = str(other.root / "swell.toml")
    refused(folder.root, "migrate-store", "--to", target, "--objects-only")
    on_bucket(place, "elsewhere", storage, "free")
    run(folder.root, "migrate-store", "--to", str(tmp_path / "elsewhere" / "swell.toml"))
    (folder.root / "swell.toml").write_text((tmp_path / "elsewhere" / "swell.toml").read_text())
    run(folder.root, "fsck")
