"""F4: a disk that fails to sync: nothing is acknowledged, nothing is written until a restart, reads
go on, and a restart finds everything consistent. A disk that fails to read: an error, no bytes.

After a failed fsync the kernel may have dropped what it could not write: asking again would succeed
and mean nothing. So one failure is enough to stop.
"""

from __future__ import annotations

import http.client
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from tests.clients.stage import ask
from tests.fault.experiments.figures import Figure, Scale, counted
from tests.fault.experiments.site import Site
from tests.fault.nursery import Nursery
from tests.fault.rig import NotAcknowledged, Uploads, damage, injecting, locks_in, read
from tests.live import LiveHub

ANSWER_SECONDS_MAX = 1.0
CALLS = ("fsync", "fdatasync", "syncfs")


def is_ready(hub: LiveHub) -> bool:
    answer = ask(hub, "GET", "/readyz")
    assert answer.status in {200, 503}
    return answer.status == 200


class Attempts:
    """Uploads that may be refused, and how long that took."""

    def __init__(self, uploads: Uploads) -> None:
        self.uploads = uploads
        self.slowest_seconds = 0.0
        self.faults: list[str] = []

    def attempt(self, hub: LiveHub, way: str) -> bool:
        """Whether an upload was acknowledged. Refusals are 503."""
        begun = time.monotonic()
        try:
            self.uploads.upload(hub, way)
        except NotAcknowledged as refusal:
            if refusal.answer.status != 503:
                self.faults.append(f"{way}: {refusal}")
        except subprocess.CalledProcessError:
            pass
        else:
            return True
        finally:
            self.slowest_seconds = max(self.slowest_seconds, time.monotonic() - begun)
        return False


def latched(attempts: Attempts, hub: LiveHub, way: str) -> list[str]:
    """What a hub does that it must not do after its disk failed.

    The disk is well again, as far as it says. The hub does not believe it.
    """
    faults = []
    if is_ready(hub):
        faults.append("ready")
    if attempts.attempt(hub, way) or attempts.attempt(hub, way):
        faults.append(f"an upload by {way} acknowledged")
    return faults


def run(site: Site, folder: Path, scale: Scale) -> Iterator[Figure]:
    """The experiment."""
    faults: list[str] = []
    failures, slowest_seconds = 0, 0.0
    for way in Uploads.WAYS:
        for call in CALLS:
            (place := folder / f"{way}-{call}").mkdir()
            attempts = Attempts(Uploads(place))
            data = site.fresh_data(place)
            failures += _fail(site.nursery, data, attempts, way, call, scale.of(2, 50))
            faults += [f"{way}, {call}: {each}" for each in attempts.faults]
            slowest_seconds = max(slowest_seconds, attempts.slowest_seconds)
    yield Figure(
        "F4",
        "failed syncs after which something is acknowledged, lost or not latched",
        counted(faults, f"of {failures} failed syncs"),
        "0",
        not faults and failures >= len(Uploads.WAYS) * 2,
        "fsync, fdatasync and syncfs, the first and later ones of an upload by each way",
    )
    yield Figure(
        "F4",
        "slowest refusal",
        f"{slowest_seconds:.2f} s",
        f"≤ {ANSWER_SECONDS_MAX:g} s",
        slowest_seconds <= ANSWER_SECONDS_MAX,
        "under strace, whole uploads by API and git",
    )
    yield _failing_reads(site, folder)


def _fail(nursery: Nursery, data: Path, attempts: Attempts, way: str, call: str, most: int) -> int:
    """Let the first, second, … sync of an upload fail; how many did."""
    uploads, faults = attempts.uploads, attempts.faults
    failures = 0
    with nursery.serving(data, "--quiet") as hub:
        uploads.prepare(hub, (way,))
        uploads.upload(hub, way)
    for when in range(1, most + 1):
        with nursery.serving(data, "--quiet") as hub:
            faults += uploads.faults(hub)
            uploads.upload(hub, way)
            with injecting(hub, f"{call}:error=EIO:when={when}") as finish:
                is_done = attempts.attempt(hub, way)
                has_failed = "INJECTED" in finish()
            if not has_failed:
                break  # this way takes fewer syncs of this kind
            failures += 1
            if is_done:
                faults.append(f"acknowledged though sync {when} failed")
            # Where git's own sync fails in a push, what git took is thrown away: nothing is to latch.
            if (call, way) != ("fsync", "push"):
                faults += latched(attempts, hub, way)
            # A ref may have moved whose rows wait for the restart; what was promised is read.
            faults += uploads.lost(hub)
    with nursery.serving(data) as hub:
        if not is_ready(hub):
            faults.append("not ready after a restart")
        faults += uploads.faults(hub)
        uploads.upload(hub, way)
        faults += uploads.faults(hub)
    faults += locks_in(data) + damage(data, deep=True)
    return failures


def _failing_reads(site: Site, folder: Path) -> Figure:
    """EIO for every read of a content's file."""
    data = site.fresh_data(folder)
    uploads = Uploads(folder, "reads")
    answers: list[str] = []
    wrong: list[str] = []
    with site.nursery.serving(data, "--quiet") as hub:
        uploads.prepare(hub, ("lfs",))
        before = set(data.glob("xorbs/*/*"))
        for _ in range(4):
            uploads.upload(hub, "lfs")
        fresh = set(data.glob("xorbs/*/*")) - before
    repo = uploads.repo("lfs")
    for xorb in sorted(fresh):
        with site.nursery.serving(data, "--quiet") as hub:
            with injecting(hub, "pread64,preadv,preadv2:error=EIO", path=xorb):
                for path, content in uploads.acknowledged[repo].items():
                    try:
                        answer = read(hub, repo, path)
                    except (OSError, http.client.HTTPException):
                        answers.append("broken off")
                        continue
                    if answer.body != content:
                        answers.append(str(answer.status))
                        wrong += [path] if answer.status < 500 else []
            wrong += uploads.lost(hub)  # the disk is well again
    return Figure(
        "F4",
        "reads that fail and are answered with less or other bytes",
        counted(wrong, f"of {len(answers)} failed reads"),
        "0",
        not wrong and len(answers) >= len(fresh) > 0,
        f"answered {', '.join(sorted(set(answers)))}",
    )
