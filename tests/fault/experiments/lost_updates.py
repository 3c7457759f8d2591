"""F8: many committers on one branch, by API and by git: no update is lost.

The chain is as long as the number of yeses, no yes is off it, and a head that was read never goes
back. With one hub on SQLite, and with two workers on PostgreSQL and one folder, where committers
read the head at one and commit at the other.
"""

from __future__ import annotations

import contextlib
import random
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from tests.clients.stage import Answer, ask
from tests.contract import postgresql
from tests.fault.experiments.figures import Figure, Scale, counted
from tests.fault.experiments.site import Site
from tests.fault.rig import ADA, acknowledged, commit_lines, create_repo, paths_of, small_file
from tests.live import LiveHub, serving

ATTEMPTS_MAX = 4_000
REPO = "ada/many-hands"


def commit_at(hub: LiveHub, repo: str, parent: str, path: str) -> Answer:
    body = commit_lines(small_file(path, path.encode()), parentCommit=parent)
    where = f"/api/models/{repo}/commit/main"
    headers = {"Content-Type": "application/x-ndjson"}
    return ask(hub, "POST", where, token=ADA, body=body, headers=headers)


def head_of(hub: LiveHub, repo: str) -> str:
    head: str = acknowledged(ask(hub, "GET", f"/api/models/{repo}", token=ADA)).json()["sha"]
    return head


def history_of(hub: LiveHub, repo: str) -> list[str]:
    """Every commit of main, the newest first."""
    found: list[str] = []
    page = 0
    while True:
        where = f"/api/models/{repo}/commits/main?p={page}&limit=100"
        some = acknowledged(ask(hub, "GET", where, token=ADA)).json()
        found += [each["id"] for each in some]
        if len(some) < 50:
            return found
        page += 1


class Crowd:
    """Runs functions at once, and raises what any of them raised."""

    def __init__(self, seconds_max: float = 100) -> None:
        self._seconds_max = seconds_max
        self._faults: list[BaseException] = []
        self._threads: list[threading.Thread] = []

    def add(self, work: Callable[..., object], *arguments: object) -> None:
        def run() -> None:
            try:
                work(*arguments)
            except BaseException as error:
                self._faults.append(error)

        self._threads.append(threading.Thread(target=run, daemon=True))

    def run(self) -> None:
        for thread in self._threads:
            thread.start()
        for thread in self._threads:
            thread.join(self._seconds_max)
            assert not thread.is_alive()
        if self._faults:
            raise self._faults[0]


@dataclass
class History:
    """What the committers were told, in the order they were told it."""

    hubs: Sequence[LiveHub]
    folder: Path
    commits_each: int
    pushes_each: int
    won: set[str] = field(default_factory=set)
    statuses: Counter[int] = field(default_factory=Counter)
    seen: list[list[str]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def committer(self, number: int) -> None:
        chance = random.Random(number)
        left = self.commits_each
        heads: list[str] = []
        with self.lock:
            self.seen.append(heads)
        for attempt in range(ATTEMPTS_MAX):
            reading, writing = chance.choice(self.hubs), chance.choice(self.hubs)
            heads.append(head_of(reading, REPO))
            answer = commit_at(writing, REPO, heads[-1], f"c{number}/{left}-{attempt}.txt")
            with self.lock:
                self.statuses[answer.status] += 1
            if answer.status == 200:
                made = answer.json()["commitOid"]
                heads.append(made)
                with self.lock:
                    self.won.add(made)
                left -= 1
                if left == 0:
                    return
            elif answer.status in {409, 412}:
                time.sleep(chance.uniform(0, 0.05))
            else:
                self.faults.append(f"a commit is answered {answer.status}")
        self.faults.append(f"committer {number} never got through")

    def pusher(self, number: int) -> None:
        place = urlsplit(self.hubs[number % len(self.hubs)].url)
        clone = self.folder / f"clone{number}"
        git = ["git", "-c", "user.name=ada", "-c", "user.email=ada@example.org"]
        url = f"http://ada:{ADA}@{place.netloc}/{REPO}"
        subprocess.run([*git, "clone", "-q", url, str(clone)], check=True, capture_output=True)
        at = [*git, "-C", str(clone)]
        for push in range(self.pushes_each):
            (clone / f"p{number}-{push}.txt").write_text("pushed")
            subprocess.run([*at, "add", "."], check=True)
            subprocess.run([*at, "commit", "-qm", "pushed"], check=True)
            for _ in range(ATTEMPTS_MAX):
                done = subprocess.run([*at, "push", "-q"], capture_output=True, check=False)
                if done.returncode == 0:
                    break
                subprocess.run([*at, "pull", "-q", "--rebase"], capture_output=True, check=False)
            else:
                self.faults.append(f"pusher {number} never got through: {done.stderr!r}")
                return
            asked = [*at, "rev-parse", "HEAD"]
            head = subprocess.run(asked, capture_output=True, text=True, check=True)
            with self.lock:
                self.won.add(head.stdout.strip())

    def check(self, first: str, wanted: int) -> None:
        """The chain against what was told."""
        chains = [history_of(hub, REPO) for hub in self.hubs]
        if any(chain != chains[0] for chain in chains):
            self.faults.append("the workers show different histories")
        made = chains[0][: chains[0].index(first)]
        off = self.won - set(made)
        self.faults += [f"{each[:8]} was confirmed and is off the chain" for each in sorted(off)]
        if len(made) != wanted:
            self.faults.append(f"the chain has {len(made)} commits, {wanted} were confirmed")
        files = {path for path in paths_of(self.hubs[-1], REPO) if path[0] in "cp"}
        if wanted < 1_000 and len(files) != wanted:  # a page of the listing
            self.faults.append(f"{len(files)} files of {wanted}")
        age = {each: number for number, each in enumerate(chains[0])}
        for heads in self.seen:
            ages = [age.get(each, -1) for each in heads]
            if -1 in ages or ages != sorted(ages, reverse=True):
                self.faults.append("a head that was read went back")


def run(site: Site, folder: Path, scale: Scale) -> Iterator[Figure]:
    """The experiment."""
    with one_hub(site, folder) as hub:
        yield _race([hub], folder / "one", scale, "one hub on SQLite")
    with two_workers(folder) as pair:
        yield _race(pair, folder / "two", scale, "two workers on PostgreSQL")


@contextlib.contextmanager
def one_hub(site: Site, folder: Path) -> Iterator[LiveHub]:
    with site.nursery.serving(site.fresh_data(folder), "--quiet") as hub:
        yield hub


@contextlib.contextmanager
def two_workers(folder: Path) -> Iterator[list[LiveHub]]:
    """Two hubs over one PostgreSQL and one folder."""
    data = folder / "shared"
    data.mkdir()
    with postgresql.server() as server:
        url = postgresql.fresh_url(server, "two")
        (data / "swell.toml").write_text(f'database_url = "{url}"\n')
        with serving(data, "--quiet", people=True) as one, serving(data, "--quiet") as other:
            yield [one, other]


def _race(hubs: Sequence[LiveHub], folder: Path, scale: Scale, where: str) -> Figure:
    folder.mkdir()
    committers, pushers = scale.of(6, 32), scale.of(2, 4)
    history = History(hubs, folder, scale.of(8, 50), scale.of(4, 25))
    create_repo(hubs[0], REPO)
    first = head_of(hubs[0], REPO)
    crowd = Crowd(scale.of(100, 3_600))
    for number in range(committers):
        crowd.add(history.committer, number)
    for number in range(pushers):
        crowd.add(history.pusher, number)
    crowd.run()
    wanted = committers * history.commits_each + pushers * history.pushes_each
    if len(history.won) != wanted:
        history.faults.append(f"{len(history.won)} commits confirmed")
    history.check(first, wanted)
    refused = sum(count for status, count in history.statuses.items() if status != 200)
    return Figure(
        "F8",
        f"updates lost, off the chain or read backwards, {where}",
        counted(history.faults, f"of {wanted} confirmed"),
        "0",
        not history.faults,
        f"{committers} committers and {pushers} git pushers; {history.statuses[200]} commits by "
        f"API, {refused} refused with 409 or 412",
    )
