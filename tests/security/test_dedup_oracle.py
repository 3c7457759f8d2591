"""S10, the quiet half: is there somebody who has this chunk?

The story: somebody has a guess at a file (a leaked draft, a model with a watermark) and wants to know
whether a private repository holds it. She asks her own store for its chunks, its hashes, a shard of
it. All answers are "no"; but one "no" is longer, or comes later, as the hub first found the chunk
and then found that she may not know of it.

Three questions: about a chunk of somebody's private repository, about one of a repository that she
could read until today, and about one that nobody has. The answers have the same bytes; the hub runs
the same statements for each, and reads nothing from its store; and their times, taken in turns,
have the same median.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from groundswell.hub.blobs import dedup_domain
from groundswell.wire.hashing import hash_from_hex
from groundswell.wire.shard import write_shard
from tests.hub.blobs.world import World, file_of
from tests.live import swell
from tests.security.target import MIB, Answer, Target, commit, large, publish
from tests.security.watch import Watch
from tests.security.xet_calls import CHUNKS, FILES, Cas, Known, cas_of, known, send

SAMPLES = 200
ROUNDS = 3  # a busy machine may spoil some
# A lookup in an index that finds a row, and then another one, would take longer than that.
APART_MAX = 0.15
ABSENT = known(2 * MIB, "nowhere")


@pytest.fixture(scope="module")
def asked(target: Target) -> tuple[Cas, dict[str, Known]]:
    """The asker's store, and what lies where she may not read."""
    olga = target.user("olga")
    files = {"private": known(2 * MIB, "guess"), "lost": known(2 * MIB, "lost"), "absent": ABSENT}
    for name in ("private", "lost"):
        owner = olga if name == "private" else target.user("lux")
        namespace = "olga" if name == "private" else "works"
        repo = target.repository(owner, namespace, "guessed", private=True)
        file = files[name]
        send(cas_of(target, owner, repo, "write"), file.packed, file.sha256)
        told = commit(owner, repo, large("m.bin", file.sha256, len(file.content)))
        assert told.status == 200, told.text
    # The sender of the one is who asks: right until now, and no more.
    swell(target.data, "org", "remove-member", "works", "lux")
    asker = target.user("lux")
    repo = target.repository(asker, "lux", "lair")
    publish(asker, repo, "own.bin", b"her own large file " * 5000)
    return cas_of(target, asker, repo, "write"), files


def questions(cas: Cas, file: Known) -> dict[str, Callable[[], Answer]]:
    shard = write_shard([file_of(file.packed, bytes.fromhex(file.sha256))])
    return {
        "chunk": lambda: cas("GET", f"{CHUNKS[0]}/{file.chunk_hashes[0]}"),
        "file": lambda: cas("GET", f"{FILES[0]}/{file.file_hash}"),
        "shard": lambda: cas("POST", "/v2/shards", shard),
    }


@pytest.mark.parametrize("what", ["chunk", "file", "shard"])
def test_neither_size_nor_time_of_an_answer_tells(
    asked: tuple[Cas, dict[str, Known]], what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    cas, files = asked
    asks = {name: questions(cas, file)[what] for name, file in files.items()}
    for _ in range(ROUNDS):
        times: dict[str, list[float]] = {name: [] for name in asks}
        answers = set()
        for turn in range(SAMPLES):
            order = list(asks)[turn % 3 :] + list(asks)[: turn % 3]
            for name in order:
                began = time.perf_counter()
                answer = asks[name]()
                times[name].append(time.perf_counter() - began)
                answers.add((answer.status, answer.body, answer.headers["Content-Length"]))
        assert len(answers) == 1, answers
        assert answers.pop()[0] in {400, 404}
        medians = {name: statistics.median(each) * 1000 for name, each in times.items()}
        low, high = min(medians.values()), max(medians.values())
        if (high - low) / low <= APART_MAX:
            break
    else:
        pytest.fail(f"{what}: medians in milliseconds {medians}")
    with capsys.disabled():
        told = ", ".join(f"{name} {value:.2f}" for name, value in medians.items())
        print(f"\nmedian ms until the answer about a {what}: {told}")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


def test_the_same_is_done_for_each_answer(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    ada, eve = world.user("ada"), world.user("eve")
    assert ada.account_id is not None
    assert eve.account_id is not None
    hers, own = world.repository("hers", ada.account_id), world.repository("own", eve.account_id)
    secret = known(300_000, "secret")
    world.send_file(ada, hers, secret.content)
    world.link(hers, secret.sha256)
    first, second = (hash_from_hex(each.chunk_hashes[0]) for each in (secret, ABSENT))
    watch = Watch(world, monkeypatch)
    try:
        domain = dedup_domain(eve, own)
        world.blobs.find_chunk(domain, second)  # what is prepared once is prepared
        watch.taken()
        assert world.blobs.find_chunk(domain, first) is None
        about_private = watch.taken()
        assert world.blobs.find_chunk(domain, second) is None
        about_nothing = watch.taken()
        assert about_private == about_nothing
        assert len(about_private) == 2  # the own domain, and the public one
        # To whom it may be told, more is done: the watch sees that.
        assert world.blobs.find_chunk(dedup_domain(ada, hers), first) is not None
        assert len(watch.taken()) > len(about_private)
    finally:
        watch.close()
