"""M: builds of the package in which one line of the write rule is gone. Each must be found.

A mutation is another text in one place of a copy of the source; where that place is not there any
more, the experiment fails. A story is what F2, F3, F4, F7 or F8 does, made short: to every mutation
belongs the one that sees it. A journal carries names along with whatever else is synced, so that
some lines are missed only when the database lies on another disk, or when the power goes between
two steps.
"""

from __future__ import annotations

import contextlib
import gc
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import groundswell
from groundswell.wire.hashing import hash_to_hex
from tests.clients.stage import ask
from tests.fault.disks import PowerCutDisk, power_cut_disk
from tests.fault.experiments.failing_disk import Attempts, latched
from tests.fault.experiments.figures import Figure, Scale, counted
from tests.fault.experiments.kill_points import killed_at, what_is_left
from tests.fault.experiments.power_cuts import AFTER_THE_BARRIER, harm
from tests.fault.experiments.site import Site
from tests.fault.nursery import Nursery
from tests.fault.rig import (
    CUT_OFF,
    NotAcknowledged,
    Uploads,
    injecting,
    noise,
    packed_for_xet,
    xet_address,
)
from tests.live import LiveHub

PACKAGE: Final = Path(groundswell.__file__).parent
AT_ONCE: Final = 2
ROOT: Final = Path(__file__).resolve().parents[3]


@dataclass
class Build:
    """A mutated build at work: its hubs, its source, and a folder for one story."""

    site: Site
    nursery: Nursery
    source: Path
    folder: Path

    @contextlib.contextmanager
    def disk(self, kind: str, *, database_elsewhere: bool = False) -> Iterator[PowerCutDisk]:
        """A disk with ``data`` on it; its database may lie on one that no power cut meets."""
        with power_cut_disk(self.folder, kind) as disk:
            data = self.site.fresh_data(disk.path)
            if database_elsewhere:
                there = self.folder / "database"
                there.mkdir()
                for file in data.glob("groundswell.db*"):
                    shutil.move(file, there / file.name)
                (data / "groundswell.db").symlink_to(there / "groundswell.db")
            yield disk
            gc.collect()  # libgit2 keeps packs open until its handles are gone


Story = Callable[[Build], str]
"""What came to light; "" when nothing did."""


def _serve(build: Build, data: Path, work: Callable[[LiveHub, Uploads], None]) -> Uploads:
    """Do something with a hub of the mutated build, and kill it."""
    uploads = Uploads(build.folder)
    with build.nursery.serving(data, "--quiet") as hub:
        work(hub, uploads)
        hub.stop(signal.SIGKILL)
    return uploads


def acknowledged(kind: str, *ways: str, sends: str = "", elsewhere: bool = False) -> Story:
    """F3: uploads, the last of them only sent, and a cut at once."""

    def story(build: Build) -> str:
        with build.disk(kind, database_elsewhere=elsewhere) as disk:

            def work(hub: LiveHub, uploads: Uploads) -> None:
                uploads.prepare(hub, ("small", "lfs", "xet"))
                for way in ways:
                    uploads.upload(hub, way)
                if sends:
                    uploads.send(hub, sends)
                disk.cut()

            uploads = _serve(build, disk.path / "data", work)
            disk.restore_power()
            return harm(build.site.nursery, disk.path / "data", uploads)

    return story


def a_xorb_alone(build: Build) -> str:
    """F3: a xorb is sent and acknowledged, the shard not yet; the database is out of reach."""
    with build.disk("ext4", database_elsewhere=True) as disk:

        def work(hub: LiveHub, uploads: Uploads) -> None:
            uploads.prepare(hub, ("xet",))
            packed, _ = packed_for_xet(noise(300_000, "alone"))
            base, token = xet_address(hub, uploads.repo("xet"))
            for key, records in packed.records.items():
                path = f"{base}/v1/xorbs/default/{hash_to_hex(key)}"
                assert ask(hub, "POST", path, token=token, body=records).status == 200
            disk.cut()

        uploads = _serve(build, disk.path / "data", work)
        disk.restore_power()
        return harm(build.site.nursery, disk.path / "data", uploads)


def on_a_slow_disk(build: Build) -> str:
    """F3: syncs take half a second; the power goes as soon as the hub says yes."""
    with build.disk("ext4") as disk:

        def work(hub: LiveHub, uploads: Uploads) -> None:
            uploads.prepare(hub, ("lfs",))
            uploads.upload(hub, "lfs")
            with injecting(hub, "fdatasync:delay_enter=500000"):
                uploads.send(hub, "lfs")
                disk.cut()
                hub.stop(signal.SIGKILL)

        uploads = _serve(build, disk.path / "data", work)
        disk.restore_power()
        return harm(build.site.nursery, disk.path / "data", uploads)


def cut_at(kind: str, way: str, call: str, n: int) -> Story:
    """F2 and F3: killed at a step, and the power goes when names had just been written."""

    def story(build: Build) -> str:
        with build.disk(kind) as disk:

            def work(hub: LiveHub, uploads: Uploads) -> None:
                uploads.prepare(hub, (way,))
                uploads.upload(hub, way)
                killed_at(hub, uploads, way, call, n)
                disk.cut(with_names=True)

            uploads = _serve(build, disk.path / "data", work)
            disk.restore_power()
            # Before it, objects that nothing refers to may be there by half.
            deep = (call, n) == AFTER_THE_BARRIER
            return harm(build.site.nursery, disk.path / "data", uploads, deep=deep)

    return story


def killed(way: str, call: str, n: int) -> Story:
    """F2: killed at a step; the same build starts again."""

    def story(build: Build) -> str:
        data = build.site.fresh_data(build.folder)

        def work(hub: LiveHub, uploads: Uploads) -> None:
            uploads.prepare(hub, (way,))
            uploads.upload(hub, way)
            killed_at(hub, uploads, way, call, n)

        uploads = _serve(build, data, work)
        with build.nursery.serving(data, "--quiet") as hub:
            return "; ".join(what_is_left(hub, uploads, way)[:1])

    return story


def tidied(build: Build) -> str:
    """F3: repositories are packed, and the power goes."""
    with build.disk("ext4") as disk:
        data = disk.path / "data"

        def work(hub: LiveHub, uploads: Uploads) -> None:
            uploads.prepare(hub, ("small",))
            uploads.upload(hub, "small")

        uploads = _serve(build, data, work)
        program = "import sys, pathlib; from tests.fault.experiments.power_cuts import tidy; "
        program += "tidy(pathlib.Path(sys.argv[1]))"
        _run(build, "-c", program, str(data))
        disk.cut()
        disk.restore_power()
        return harm(build.site.nursery, data, uploads)


def failed(call: str, way: str, file: str = "") -> Story:
    """F4: one sync fails; the hub must believe its disk no more."""

    def story(build: Build) -> str:
        data = build.site.fresh_data(build.folder)
        attempts = Attempts(Uploads(build.folder))
        found: list[str] = []

        def work(hub: LiveHub, uploads: Uploads) -> None:
            attempts.uploads.prepare(hub, (way,))
            attempts.uploads.upload(hub, way)
            path = data / file if file else None
            with injecting(hub, f"{call}:error=EIO:when=1", path=path):
                if attempts.attempt(hub, way):
                    found.append("acknowledged")
            found.extend(latched(attempts, hub, way))

        _serve(build, data, work)
        return "; ".join([*found, *attempts.faults][:1])

    return story


def experiment(name: str) -> Story:
    """A whole experiment, run by the mutated build itself."""

    def story(build: Build) -> str:
        done = _run(build, "-m", "tests.fault.experiments", name, check=False)
        rows = [line for line in done.stdout.splitlines() if "| FAIL |" in line]
        return " ".join(rows[0].split("|")[2:4]).strip() if rows and done.returncode else ""

    return story


def _run(build: Build, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Python with the mutated build before the real one."""
    return subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, "PYTHONPATH": f"{build.source}:{ROOT}"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=200,
        check=check,
    )


@dataclass(frozen=True)
class Mutation:
    """One line of the write rule that is gone: ``old`` becomes ``new`` in ``file``."""

    line: str
    file: str
    old: str
    new: str
    story: Story
    is_experiment: bool = False

    def text(self) -> str:
        """Today's text of the file, in which ``old`` stands just once."""
        text = (PACKAGE / self.file).read_text(encoding="utf-8")
        assert text.count(self.old) == 1, f"{self.line}: {self.file} reads otherwise now"
        return text


_ADOPTED: Final = 'self._sync_folder(folder)\n            self._failpoint("after_folder_sync")'
_COPIED: Final = """is_new = not os.path.exists(path)
            with open(spooled.path, "rb") as source, open(path, "wb") as target:
                target.write(source.read())"""
_CHECKED: Final = "self._check_transaction(unit)\n"

MUTATIONS: Final = (
    Mutation("1 bytes: fdatasync", "store/disk/store.py", "os.fdatasync(descriptor)", "pass",
             acknowledged("ext4", sends="lfs")),
    Mutation("1 bytes: the name comes last", "store/disk/store.py",
             "is_new = link(spooled.path, path)", _COPIED, acknowledged("ext4", sends="lfs")),
    Mutation("1 bytes: fsync of the folder", "store/disk/store.py", _ADOPTED, "pass",
             a_xorb_alone),
    Mutation("2 barrier before the ref", "hub/commits/landing.py",
             'self._git.barrier.wait("objects")', "pass", cut_at("ext4", "small", "syncfs", 1)),
    Mutation("2 barrier after the ref", "hub/commits/landing.py",
             'self._git.barrier.wait("reference")', "pass",
             acknowledged("ext4", "small", elsewhere=True)),
    Mutation("2 barrier of a new repository", "hub/repos/trees.py",
             'git.barrier.wait("reference")', "pass", acknowledged("ext4", elsewhere=True)),
    Mutation("2 the barrier itself", "store/git/barrier.py", "_LIBC.syncfs(descriptor) != 0",
             "False", acknowledged("ext4", "small")),
    Mutation("2 the ref's bytes before its name", "store/git/refs.py", "sync(descriptor)", "pass",
             cut_at("xfs", "small", "syncfs", 2)),
    Mutation("2 packed refs before the others go", "store/git/process.py",
             '"-c", "core.fsync=reference",', "", tidied),
    Mutation("2 the note before the ref", "hub/commits/landing.py",
             'self._git.barrier.wait("objects")',
             'self._git.notes.remove(note), self._git.barrier.wait("objects")',
             killed("lfs", "syncfs", 2)),
    Mutation("2 locks of the dead are removed", "store/git/upkeep.py",
             "remove_locks(folder) + _remove_empty_refs(folder)", "0",
             killed("small", "rename", 2)),
    Mutation("2 a ref is compared before it moves", "store/git/store.py",
             "refs.swap(handle, name, old,", "refs.swap(handle, name, old and refs.target(handle, name),",
             experiment("F8"), True),
    Mutation("3 rows: synchronous=FULL", "store/database/sqlite.py", '"synchronous=FULL"',
             '"synchronous=NORMAL"', acknowledged("ext4", sends="lfs")),
    Mutation("4 the answer comes last", "store/database/writer.py", _CHECKED,
             f"{_CHECKED}                    unit.finished.release()\n", on_a_slow_disk),
    Mutation("5 a failed fdatasync: the store latches", "store/disk/store.py",
             "self._is_latched = True", "pass", failed("fdatasync", "lfs")),
    Mutation("5 a failed syncfs: the barrier latches", "store/git/barrier.py",
             "self._fault = self._fault or fault", "pass", failed("syncfs", "small")),
    Mutation("5 a failed sync of the log: the writer latches", "store/database/writer.py",
             "self.fault = fault", "pass", failed("fdatasync", "small", "groundswell.db-wal")),
    Mutation("6 deletion: the grace", "hub/upkeep/collecting/removing.py",
             "marks.c.marked_at <= self._until", "sa.true()", experiment("F7"), True),
    Mutation("6 deletion: who names it takes the mark away", "hub/blobs/marks.py",
             "count += conn.execute(statement).rowcount", "pass", experiment("F7"), True),
    Mutation("6 deletion: nothing goes while a backup is made",
             "hub/upkeep/collecting/removing.py", "if is_allowed:", "if is_allowed or keys:",
             experiment("F7"), True),
)  # fmt: skip


def run(site: Site, folder: Path, scale: Scale) -> Iterator[Figure]:
    """The check: one row for each mutation; then its control."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        outcomes = [
            pool.submit(_outcome, site, folder / f"m{number}", mutation)
            for number, mutation in enumerate(MUTATIONS)
        ]
        stories = dict.fromkeys(each.story for each in MUTATIONS if not each.is_experiment)
        controls = [
            pool.submit(_control, site, folder / f"c{number}", story)
            for number, story in enumerate(stories)
        ]
        for mutation, outcome in zip(MUTATIONS, outcomes, strict=True):
            found = outcome.result()
            value = "found" if found else "NOT FOUND"
            yield Figure("M", f"gone: {mutation.line}", value, "found", bool(found), found[:120])
        seen = [found for control in controls if (found := control.result())]
        of = f"of {len(controls)} stories"
        yield Figure("M", "control: found where nothing is gone", counted(seen, of), "0", not seen)


def _control(site: Site, folder: Path, story: Story) -> str:
    folder.mkdir()
    return story(Build(site, site.nursery, PACKAGE.parent, folder))


def _outcome(site: Site, folder: Path, mutation: Mutation) -> str:
    source = folder / "source"
    source.mkdir(parents=True)
    text = mutation.text()
    shutil.copytree(PACKAGE, source / "groundswell")
    path = source / "groundswell" / mutation.file
    path.write_text(text.replace(mutation.old, mutation.new), encoding="utf-8")
    nursery = Nursery(source, is_silent=True)
    try:
        return mutation.story(Build(site, nursery, source, folder))
    except (NotAcknowledged, AssertionError, *CUT_OFF) as error:
        return f"the hub does not work: {error}".splitlines()[0]
    finally:
        nursery.close()
        shutil.rmtree(source)
