"""``swell fsck``, ``backup`` and ``restore`` as a person types them."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
import sqlalchemy as sa

from groundswell.cli import main
from groundswell.cli._upkeep import ProgressBar
from groundswell.hub.discussions import Discussions
from groundswell.hub.notifications import Inbox, Projecting
from groundswell.store.tables import notifications
from tests.fault.upkeep.conftest import World
from tests.fault.upkeep.small_hub import SmallHub, flip_bit, ticking


@pytest.fixture
def swell(capfd):
    def run(*arguments: object) -> SimpleNamespace:
        with pytest.raises(SystemExit) as left:
            main([str(each) for each in arguments])
        out, err = capfd.readouterr()
        return SimpleNamespace(code=left.value.code, out=out, err=err)

    return run


def test_a_check_says_what_it_looked_at(world: World, swell) -> None:
    """Beside the open hub."""
    done = swell("fsck", "--data", world.root)
    assert (done.code, done.err) == (0, "")
    assert "2 repositories" in done.out
    assert done.out.endswith("0 errors, 0 notes.\n")


def test_damage_is_told_by_the_exit_code_and_as_json(world: World, swell) -> None:
    path = world.xorb_of(world.weights)
    flip_bit(path, 5_000)
    assert swell("fsck", "--data", world.root, "--json").code == 0
    done = swell("fsck", "--deep", "--json", "--quarantine", "--data", world.root)
    assert (done.code, done.err) == (8, "")
    report = json.loads(done.out)
    assert report["errors"] >= 1
    found = next(each for each in report["findings"] if each["code"] == "xorb-corrupt")
    assert found["where"] == path.name
    assert found["action"].startswith("moved to quarantine/xorbs/")
    assert not path.exists()
    assert swell("fsck", "--data", world.root).out.startswith("error: xorb-missing: ")


def test_a_rebuild_is_refused_while_a_hub_serves(world: World, swell) -> None:
    world.reopen(serves=True)
    done = swell("fsck", "--rebuild", "--data", world.root)
    assert done.code == 7
    assert "Another hub serves this data folder already." in done.err
    world.hub.close()
    done = swell("fsck", "--rebuild", "--data", world.root)
    assert done.code == 0, done.out + done.err


def test_a_database_that_is_no_database(world: World, swell) -> None:
    before = world.hub.everything()
    world.hub.close()
    (world.root / "groundswell.db").write_bytes(b"this is no database" * 500)
    for suffix in ("-wal", "-shm"):
        Path(f"{world.root}/groundswell.db{suffix}").unlink(missing_ok=True)
    done = swell("fsck", "--rebuild", "--data", world.root)
    assert done.code == 8
    assert "move groundswell.db" in done.err
    (world.root / "groundswell.db").rename(world.root.parent / "broken.db")
    done = swell("fsck", "--rebuild", "--data", world.root)
    assert done.code == 0
    assert "swell user passwd ada" in done.out
    world.hub = SmallHub.open(world.root)
    assert world.hub.everything() == before


def test_a_backup_and_its_restore(world: World, swell, tmp_path: Path) -> None:
    before = world.hub.everything()
    # A folder that is not there may be one that is not mounted: nothing is made in its place, and
    # the hub takes no identity with another database.
    nowhere = tmp_path / "nowhere"
    (world.root / "swell.toml").write_text(f'database_url = "sqlite:///{nowhere}/else.db"\n')
    refused = swell("backup", tmp_path / "backup", "--data", world.root)
    assert refused.code == 2
    assert f"The folder {nowhere} of the database is not there." in refused.err
    assert not nowhere.exists()
    assert not (world.root / "identity").exists()
    (world.root / "swell.toml").write_text("")
    refused = swell("backup", world.root / "inside", "--data", world.root)
    assert "cannot lie inside the data folder" in refused.err
    (world.root / "swell.toml").write_text("port = 8123\n")
    done = swell("backup", tmp_path / "backup", "--data", world.root)
    assert done.code == 0, done.err
    assert done.out.startswith("Snapshot ")
    again = swell("backup", tmp_path / "backup", "--data", world.root, "--json")
    assert json.loads(again.out)["snapshot"] in {
        path.name for path in (tmp_path / "backup/snapshots").iterdir()
    }
    done = swell("restore", tmp_path / "backup", "--data", tmp_path / "new", "--deep")
    assert done.code == 0, done.out + done.err
    assert (tmp_path / "new/swell.toml.restored").read_text() == "port = 8123\n"
    hub = SmallHub.open(tmp_path / "new")
    try:
        assert hub.everything() == before
    finally:
        hub.close()
    done = swell("restore", tmp_path / "backup", "--data", tmp_path / "new")
    assert done.code == 2
    assert "not empty" in done.err


def test_a_folder_that_is_not_there(swell, tmp_path: Path) -> None:
    for verb in (("fsck",), ("backup", tmp_path / "backup")):
        done = swell(*verb, "--data", tmp_path / "nothing")
        assert done.code == 3
        assert "There is no data folder" in done.err
    assert not (tmp_path / "nothing").exists()


def test_the_bar() -> None:
    bar = ProgressBar()
    bar.begin("xorbs", 40)
    bar.advance(10)
    assert bar.text() == "xorbs: [#######.......................]  25% of 40"
    bar.begin("shards", None)
    bar.advance()
    assert bar.text() == "shards: 1"


def test_what_is_left_out_is_told(world: World, swell) -> None:
    assert "Not read again" not in swell("fsck", "--data", world.root).out
    done = swell("fsck", "--data", world.root)
    assert "Not read again, as unchanged since they were found sound: 4 files, 2 repo" in done.out
    assert "--full reads everything again." in done.out
    assert json.loads(swell("fsck", "--data", world.root, "--json").out)["left_out"]["xorbs"] == 3
    assert "Not read again" not in swell("fsck", "--full", "--data", world.root).out
    done = swell("fsck", "--resume", "--data", world.root)
    assert (done.code, "No deep check was interrupted" in done.err) == (2, True)
    done = swell("fsck", "--resume", "--deep", "--data", world.root)
    assert (done.code, "it stands alone" in done.err) == (2, True)


def test_a_check_that_is_stopped_says_how_to_go_on(world: World, swell, monkeypatch) -> None:
    def stop(bar: ProgressBar, what: str, total: int | None) -> None:
        del bar, total
        if what == "shards":
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(ProgressBar, "begin", stop)
        done = swell("fsck", "--deep", "--data", world.root)
    assert done.code == 130
    assert "What was checked is noted: `swell fsck --resume` goes on from here." in done.err
    done = swell("fsck", "--data", world.root)
    assert "A deep check that began at" in done.out
    assert "3 xorbs" in done.out.partition("Not read again")[2]
    done = swell("fsck", "--resume", "--data", world.root)
    assert (done.code, "Went on with the check that began at" in done.out) == (0, True)
    assert "3 xorbs" in done.out.partition("Not read again")[2]


def test_inboxes_are_made_anew_beside_the_open_hub(world: World, swell) -> None:
    hub = world.hub
    eve, database = hub.user("eve"), hub.database
    Discussions(database, hub.git, ticking).create(eve, world.one, "A question", "")
    Projecting(database).run()
    inbox = Inbox(database, ticking)
    assert inbox.count(world.ada) == 1  # whoever makes a repository watches it
    database.write(lambda conn: conn.execute(sa.delete(notifications)).rowcount)
    done = swell("rebuild", "inboxes", "--data", world.root, "--json")
    assert (done.code, done.err) == (0, "")
    assert json.loads(done.out) == [{"threads": 1, "notifications": 1}]
    assert inbox.count(world.ada) == 1
    assert swell("rebuild", "inboxes", "--data", world.root / "none").code != 0
