"""Discussions: how long their pages take, however much was said.

One hub in a process of its own, asked over HTTP by one client after another; the texts are long,
with tables, lists and coloured code. ``python -m bench.talk``.
"""

from __future__ import annotations

import http.client
import os
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

import sqlalchemy as sa

from bench.rows import Row, percentile, show, write
from bench.servers import USER, RunningHub, hub
from groundswell.core.policy import Action
from groundswell.core.values import AddRegular, CommitHeader, Principal, RepoId, RepoKind
from groundswell.hub.discussions import Discussion, comments, rows
from groundswell.settings import Settings
from groundswell.store.tables import accounts
from groundswell.wiring import Hub, build

COMMENTS = 9_999
EVENTS = 100
RUNS = 40
HEAVY = (
    "## Run {n}\n\nAs @ada said in #3, see `config.json` and a1b2c3d.\n\n"
    "| step | loss | note |\n|---|---|---|\n"
    + "".join(f"| {step} | 0.{step} | **better** than [before](#3) |\n" for step in range(20))
    + "\n```python\n"
    + "for step in range(10):\n    loss = model(batch)['loss']  # forward\n" * 8
    + "```\n\n"
    + "- a point with *stress* and a [link](https://example.org/page)\n" * 12
)


def _fill(folder: Path) -> None:
    """Discussion 1 with many heavy comments, pull request 2 with many events that collides."""
    made = build(Settings(data=folder))
    try:
        person = _person(made)
        repository = made.repos.create(person, RepoId(RepoKind.MODEL, USER, "talk"))
        files = [AddRegular(f"f{n}.txt", b"one\n" * 50) for n in range(20)]
        made.commits.commit(person, repository, "main", CommitHeader("first"), files)
        made.discussions.create(person, repository, "Long", HEAVY.format(n=0))
        made.discussions.create(person, repository, "Change", "x", is_pull_request=True)
        theirs = [AddRegular(f"f{n}.txt", b"two\n" * 50) for n in range(20)]
        made.commits.commit(person, repository, "refs/pr/2", CommitHeader("theirs"), theirs)
        ours = [AddRegular(f"f{n}.txt", b"three\n" * 50) for n in range(20)]
        made.commits.commit(person, repository, "main", CommitHeader("ours"), ours)
        found = made.discussions.get(made.repos.find(person, repository.repo_id, Action.SEE), 1)
        made.database.write(lambda conn: _say(conn, person, found))
        for number in range(EVENTS - 1):
            made.discussions.set_title(person, repository, 2, f"Change {number}")
    finally:
        made.close()


def _person(made: Hub) -> Principal:
    query = sa.select(accounts.c.id).where(accounts.c.name == USER)
    number = made.database.read(lambda conn: conn.execute(query).scalar_one())
    return made.accounts.refresh(number)


def _say(conn: sa.Connection, person: Principal, discussion: Discussion) -> None:
    for number in range(1, COMMENTS):
        present = rows.load(conn, discussion.repository_id, discussion.number)
        text = HEAVY.format(n=number)
        comments.say(conn, time.time_ns() // 1000, person.account_id, present, text)


def _times(running: RunningHub, path: str, runs: int = RUNS) -> list[float]:
    """Milliseconds from a request to the end of its answer, over one connection."""
    connection = http.client.HTTPConnection(urlsplit(running.url).netloc)
    found = []
    for _ in range(runs):
        began = time.perf_counter()
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        found.append((time.perf_counter() - began) * 1000)
        assert answer.status == 200, (path, answer.status)
    connection.close()
    return found


def _processor_ms(pid: int) -> float:
    """What the hub's process has used of the processor; not its rendering workers."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


def measure(running: RunningHub) -> list[Row]:
    """The rows of the table."""
    at = f"/{USER}/talk/discussions"
    _times(running, "/robots.txt", 1)
    _times(running, f"{at}/2", 1)  # the rendering worker is there
    found = []
    for name, path in (
        ("10,000 comments of 2.3 kB: newest", f"{at}/1"),
        ("the same: in the middle", f"{at}/1?before=5000"),
        ("pull request, 100 events, 20 files collide", f"{at}/2"),
        ("list: a word of a comment", f"{at}?search=forward"),
        ("list: ten words that nobody said", f"{at}?search=a1+b2+c3+d4+e5+f6+g7+h8+i9+j0"),
    ):
        first = _times(running, path, 1)[0]
        began = _processor_ms(running.pid)
        again = _times(running, path)
        spent = (_processor_ms(running.pid) - began) / RUNS
        slow = percentile(again, 0.99)
        note = f"{spent:.1f} ms of the processor; first {first:.0f} ms, p99 {slow:.0f} ms"
        found.append(Row(name, percentile(again, 0.5), "ms", aim="≤ 300", note=note))
    return found


def main() -> None:
    """Measure, print and keep."""
    with tempfile.TemporaryDirectory() as folder, hub(Path(folder)) as running:
        _fill(running.folder)
        found = measure(running)
    print(show(found))
    write("talk", found)


if __name__ == "__main__":
    main()
