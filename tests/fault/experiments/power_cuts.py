"""F3: a power cut right after an acknowledgement, and in the middle of an upload, loses nothing
that was acknowledged. And the rig would notice if it did.

The data lies on a loop-mounted ext4 or XFS, which is shut down so that everything not flushed is
gone (what xfstests does). The same story with syncs that do nothing must lose things: otherwise the
disk would be too kind to prove anything.
"""

from __future__ import annotations

import gc
import itertools
import random
import signal
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

from groundswell import wiring
from groundswell.core.errors import GroundswellError
from groundswell.settings import Settings
from tests.clients.stage import ask
from tests.fault.disks import PowerCutDisk, power_cut_disk
from tests.fault.experiments.figures import Figure, Scale, counted
from tests.fault.experiments.kill_points import killed_at
from tests.fault.experiments.site import Site
from tests.fault.nursery import Nursery
from tests.fault.rig import CUT_OFF, NotAcknowledged, Uploads, damage, injecting, locks_in
from tests.live import LiveHub, swell

FILE_SYSTEMS = ("ext4", "xfs")
SYNCS = ("fsync", "fdatasync", "syncfs")
# Steps of an upload between which the power goes.
STEPS = (("syncfs", 1), ("syncfs", 2), ("fdatasync", 1), ("rename", 2), ("fsync", 1), ("linkat", 1))
# The ref has moved, and everything before it is synced: only here may names be on the disk already.
# Were they before the first barrier, objects would be empty files that nothing refers to: until the
# scrub puts them aside, the same upload is refused (docs/explain/what-success-promises.md).
AFTER_THE_BARRIER = ("syncfs", 2)


class Cuts:
    """One disk, and what was acknowledged on it. Counts what is lost."""

    def __init__(self, nursery: Nursery, disk: PowerCutDisk, data: Path, folder: Path) -> None:
        self._nursery = nursery
        self._disk = disk
        self._data = data
        self._ways = itertools.cycle(Uploads.WAYS)
        self._rng = random.Random(3)
        self._tokens: list[str] = []
        self.uploads = Uploads(folder)
        self.lost: list[str] = []
        self.cuts = self.in_the_middle = 0

    def begin(self) -> None:
        with self._nursery.serving(self._data, "--quiet") as hub:
            self.uploads.prepare(hub)
            self._cut(hub)

    def again(self) -> None:
        """Power comes back; look; upload; power goes."""
        self._disk.restore_power()
        with self._nursery.serving(self._data, "--quiet") as hub:
            self.look(hub)
            way = next(self._ways)
            if self.cuts % 4 == 1:
                self.lost += _failed(self.uploads, hub, way)
                step = self._rng.choice(STEPS)
                self.in_the_middle += killed_at(hub, self.uploads, way, *step)
                self._cut(hub, with_names=step == AFTER_THE_BARRIER)
                return
            self._work(hub, way)
            if self.cuts % 5 == 3:
                tidy(self._data)
            self._cut(hub, with_names=self.cuts % 3 == 2)

    def end(self) -> None:
        self._disk.restore_power()
        with self._nursery.serving(self._data) as hub:
            self.look(hub)
        self.lost += damage(self._data, deep=True)

    def look(self, hub: LiveHub) -> None:
        """Note what was lost since."""
        told = [*self.uploads.faults(hub), *damage(self._data), *locks_in(self._data)]
        told += [f"token {each[:6]}" for each in self._tokens if not _is_known(hub, each)]
        try:
            self.uploads.commit_sent(hub)
        except NotAcknowledged as refusal:
            told.append(f"an upload that was acknowledged: {refusal}")
            self.uploads.sent.clear()
        self.lost += [f"cut {self.cuts}: {each}" for each in told]

    def _work(self, hub: LiveHub, way: str) -> None:
        self.lost += _failed(self.uploads, hub, way)
        if self.cuts % 3 == 2:
            self.uploads.send(hub, "lfs" if self.cuts % 2 else "xet")
        elif self.cuts % 10 == 4:
            name = f"cut-{self.cuts}"
            swell(self._data, "user", "add", name, text="a long passphrase\n" * 2)
            made = swell(self._data, "token", "create", name, "--role", "write")
            self._tokens.append(made.strip())
        else:
            self.lost += _failed(self.uploads, hub, next(self._ways))

    def _cut(self, hub: LiveHub, *, with_names: bool = False) -> None:
        self._disk.cut(with_names=with_names)
        hub.stop(signal.SIGKILL)
        self.cuts += 1


def tidy(data: Path) -> None:
    """Pack every repository, as the hub does now and then: refs and objects change their files."""
    hub = wiring.build(Settings(data=data))
    try:
        for number in hub.git.numbers():
            hub.git.upkeep(number, force=True)
    finally:
        hub.close()
        del hub
        gc.collect()  # libgit2 keeps packs open until its handles are gone


def _is_known(hub: LiveHub, token: str) -> bool:
    return ask(hub, "GET", "/api/whoami-v2", token=token).status == 200


def _failed(uploads: Uploads, hub: LiveHub, way: str) -> list[str]:
    try:
        uploads.upload(hub, way)
    except (NotAcknowledged, *CUT_OFF) as error:
        told = error.stderr if isinstance(error, subprocess.CalledProcessError) else error
        return [f"an upload by {way}: {told!s}"]
    return []


def run(site: Site, folder: Path, scale: Scale) -> Iterator[Figure]:
    """The experiment, its control first."""
    for kind in FILE_SYSTEMS:
        yield control(site, folder, kind)
    for kind in FILE_SYSTEMS:
        (place := folder / kind).mkdir()
        with power_cut_disk(place, kind) as disk:
            cuts = Cuts(site.nursery, disk, site.fresh_data(disk.path), place)
            cuts.begin()
            for _ in range(scale.of(16, 200)):
                cuts.again()
            cuts.end()
        counts = cuts.uploads.counted
        yield Figure(
            "F3",
            f"lost, torn or locked after power cuts on {kind}",
            counted(cuts.lost, f"in {cuts.cuts} cuts"),
            "0",
            not cuts.lost and min(counts.values()) >= 2 and cuts.in_the_middle > 0,
            f"{counts.total()} uploads and more acknowledged; {cuts.in_the_middle} cuts in the "
            "middle of one",
        )


# A commit's syncfs carries along what other syncs were for, and so does the journal for folders:
# alone, only these are missed. What hides behind them is found by the mutations.
SILENCED = (SYNCS, ("syncfs",), ("fdatasync",))


def control(site: Site, folder: Path, kind: str) -> Figure:
    """The same cut, seen when syncs do nothing."""
    unseen = []
    for number, silenced in enumerate(SILENCED):
        (place := folder / f"control-{kind}-{number}").mkdir()
        if not _is_missed(site, place, kind, silenced):
            unseen.append(" and ".join(silenced))
    return Figure(
        "F3",
        f"control: the same on {kind} with syncs that do nothing",
        f"{len(SILENCED) - len(unseen)} of {len(SILENCED)} lose data",
        "all",
        not unseen,
        f"not seen: {'; '.join(unseen)}" if unseen else "",
    )


def _is_missed(site: Site, folder: Path, kind: str, silenced: tuple[str, ...]) -> bool:
    with power_cut_disk(folder, kind) as disk:
        data = site.fresh_data(disk.path)
        uploads = Uploads(folder)
        with site.nursery.serving(data, "--quiet") as hub:
            uploads.prepare(hub)
            uploads.upload(hub, "lfs")
            with injecting(hub, f"{','.join(silenced)}:retval=0"):
                if "syncfs" in silenced:
                    for way in Uploads.WAYS:
                        uploads.upload(hub, way)
                if "fdatasync" in silenced:
                    uploads.send(hub, "lfs")
                disk.cut()
                hub.stop(signal.SIGKILL)
        disk.restore_power()
        return bool(harm(site.nursery, data, uploads))


def harm(nursery: Nursery, data: Path, uploads: Uploads, *, deep: bool = True) -> str:
    """What acknowledged is gone or damaged, or that the hub does not even start; "" for nothing."""
    try:
        with nursery.serving(data) as hub:
            uploads.commit_sent(hub)
            found = uploads.faults(hub) + damage(data, deep=deep) + locks_in(data)
    except (AssertionError, GroundswellError, NotAcknowledged, sqlite3.Error, *CUT_OFF) as error:
        return str(error).strip().splitlines()[-1][:200] or repr(error)
    return found[0] if found else ""
