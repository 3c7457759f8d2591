"""Several processes over one folder of repositories: one winner, nobody in the way, one leader."""

import json
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from groundswell.store.git import Author, GitStore
from groundswell.store.git.gates import Gates
from groundswell.store.git.sharing import SharedLocks

NAMES = 400

RACE = textwrap.dedent(
    """
    import json, sys, time
    from pathlib import Path
    from groundswell.core.errors import ConcurrentWrite
    from groundswell.store.git import GitStore
    root, commit, names = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    store, won = GitStore(root), []
    store.resolve(1, commit)
    (root / f"ready-{commit}").touch()
    while len(list(root.glob("ready-*"))) < 2:
        time.sleep(0.001)
    for number in range(names):
        try:
            store.swap_ref(1, f"refs/heads/b{number}", None, commit)
            won.append(number)
        except ConcurrentWrite:
            pass
    print(json.dumps(won))
    """
)

HOLD = textwrap.dedent(
    """
    import sys
    from pathlib import Path
    from groundswell.store.git import GitStore
    store = GitStore(Path(sys.argv[1]))
    {what}
        print(is_so, flush=True)
        sys.stdin.read()
    """
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[GitStore]:
    made = GitStore(tmp_path / "repos")
    made.create(1)
    yield made
    made.close()


def commit(store: GitStore, message: str) -> str:
    return store.make_commit(
        1,
        tree=store.edit(1, None).write(),
        parents=[],
        author=Author("ada", "ada@example.org"),
        message=message,
        time=1_700_000_000_000_000,
    )


def test_of_two_processes_that_make_a_ref_one_wins(store: GitStore) -> None:
    commits = [commit(store, "one"), commit(store, "other")]
    command = [sys.executable, "-c", RACE, str(store.root)]
    racers = [
        subprocess.Popen([*command, each, str(NAMES)], stdout=subprocess.PIPE) for each in commits
    ]
    won = {
        each: json.loads(racer.communicate(timeout=60)[0])
        for each, racer in zip(commits, racers, strict=True)
    }
    assert sorted(won[commits[0]] + won[commits[1]]) == list(range(NAMES))
    for each, numbers in won.items():
        for number in numbers:
            assert store.ref_target(1, f"refs/heads/b{number}") == each


def holder(store: GitStore, what: str) -> subprocess.Popen[str]:
    """Another process that does this and tells of it, until its input is closed."""
    return subprocess.Popen(
        [sys.executable, "-c", HOLD.format(what=what), str(store.root)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def told(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_who_is_alone_is_alone_among_processes(store: GitStore) -> None:
    with store.gates.writing(1):
        with holder(store, "with store.gates.alone(1, 0.1) as is_so:") as other:
            assert told(other) == "False"
            other.communicate("")
        with holder(store, "with store.gates.alone(2, 0.1) as is_so:") as other:
            assert told(other) == "True"
            with store.gates.alone(2, 0) as mine:
                assert not mine
            other.kill()  # the kernel lets go for it
        with store.gates.alone(2, 5) as mine:
            assert mine
    with holder(store, "with store.gates.alone(1, 0.1) as is_so:") as other:
        assert told(other) == "True"
        other.communicate("")
    with store.gates.writing(1):
        pass


def test_one_leads_until_it_ends(tmp_path: Path) -> None:
    store = GitStore(tmp_path / "repos")
    assert store.workers.leads()
    assert store.workers.leads()
    second = GitStore(store.root)
    what = "if (is_so := store.workers.leads()) is not None:"
    with holder(store, what) as other:
        assert told(other) == "False"
        assert not second.workers.leads()
        other.communicate("")
    second.close()
    third = GitStore(store.root)
    store.close()
    assert third.workers.leads()
    third.close()


def test_the_first_to_begin_is_told_so(store: GitStore) -> None:
    with store.workers.beginning() as is_first:
        assert is_first
    what = "with store.workers.beginning() as is_so:"
    with holder(store, what) as other:
        assert told(other) == "False"
        assert store.workers.fallen() == []
        other.kill()
    (fallen,) = store.workers.fallen()
    store.workers.bury(fallen)
    assert store.workers.fallen() == []
    store.workers.end()
    with holder(store, what) as other:
        assert told(other) == "True"
        other.communicate("")


def test_notes_are_known_by_their_writer(store: GitStore, tmp_path: Path) -> None:
    other = GitStore(tmp_path / "repos")
    mine, theirs = store.notes.write({"a": 1}), other.notes.write({"b": 2})
    assert store.notes.of(other.workers.name) == [(theirs, {"b": 2})]
    assert dict(store.notes.pending()) == {mine: {"a": 1}, theirs: {"b": 2}}
    other.close()


def test_a_gate_waits_for_another_process(tmp_path: Path) -> None:
    one, other = (Gates(SharedLocks(tmp_path / "locks")) for _ in range(2))
    with one.alone(1, 0) as is_alone, other.alone(1, 0.01) as is_other:
        assert is_alone
        assert not is_other
    with one.writing(1), other.writing(1):
        pass
