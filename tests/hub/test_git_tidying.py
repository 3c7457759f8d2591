"""What is cut off goes soon, what is written is packed soon, and no writer loses anything to it."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from groundswell.core.errors import Unavailable
from groundswell.store.git import Author, GitStore, Side, refs, upkeep
from groundswell.store.git.gates import Gates
from groundswell.store.git.sharing import SharedLocks
from groundswell.store.git.values import MODE_FILE

NUMBER = 7
MAIN, SIDE = "refs/heads/main", "refs/heads/side"


@pytest.fixture
def git(tmp_path: Path) -> Iterator[GitStore]:
    store = GitStore(tmp_path / "repos")
    store.create(NUMBER)
    yield store
    store.barrier.close()


def commit(git: GitStore, parent: str | None, files: dict[str, bytes]) -> str:
    edit = git.edit(NUMBER, parent)
    for path, content in files.items():
        edit.put(path, Side(MODE_FILE, git.write_blob(NUMBER, content)))
    return git.make_commit(
        NUMBER,
        tree=edit.write(),
        parents=[] if parent is None else [parent],
        author=Author("a", "a@example.org"),
        message="m\n",
        time=1_700_000_000_000_000,
    )


def loose_objects(git: GitStore) -> int:
    objects = git.path(NUMBER) / "objects"
    return sum(1 for _ in objects.glob("[0-9a-f][0-9a-f]/*"))


def test_a_deleted_branch_is_gone_for_good_after_tidying(git: GitStore) -> None:
    main = commit(git, None, {"a": b"public"})
    git.swap_ref(NUMBER, MAIN, None, main)
    side = commit(git, main, {"b": b"secret"})
    git.swap_ref(NUMBER, SIDE, None, side)
    assert git.tidying.due() == []
    git.swap_ref(NUMBER, SIDE, side, None)
    assert git.resolve(NUMBER, side) == side  # still there, and now in the caches of this handle
    assert git.tidying.due() == [NUMBER]
    assert git.upkeep(NUMBER)
    assert git.resolve(NUMBER, side) is None
    assert git.text_at(NUMBER, main, "a", 100) == b"public"
    assert not git.upkeep(NUMBER)


def test_what_was_packed_before_it_was_cut_off_goes_too(git: GitStore) -> None:
    first = commit(git, None, {"a": b"first"})
    git.swap_ref(NUMBER, MAIN, None, first)
    git.upkeep(NUMBER, force=True)
    second = commit(git, None, {"a": b"second"})
    git.swap_ref(NUMBER, MAIN, first, second)
    assert git.upkeep(NUMBER)
    assert git.resolve(NUMBER, first) is None
    assert git.resolve(NUMBER, "main") == second


def test_the_wish_to_remove_outlives_the_process(git: GitStore) -> None:
    first, second = (commit(git, None, {"a": text}) for text in (b"1", b"2"))
    git.swap_ref(NUMBER, MAIN, None, first)
    git.swap_ref(NUMBER, MAIN, first, second)
    later = GitStore(git.root)
    assert later.tidying.due() == []
    assert later.upkeep(NUMBER)  # as the hourly look at every folder does
    assert later.resolve(NUMBER, first) is None
    later.barrier.close()


def test_what_is_cut_off_while_it_is_packed_goes_by_the_next_run(
    git: GitStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It went into the new pack, and the run removes loose objects alone."""
    main = commit(git, None, {"a": b"1"})
    git.swap_ref(NUMBER, MAIN, None, main)
    for name in ("early", "late"):
        git.swap_ref(NUMBER, f"refs/heads/{name}", None, commit(git, main, {name: b"2"}))
    early, late = (git.ref_target(NUMBER, f"refs/heads/{name}") for name in ("early", "late"))
    assert early is not None
    assert late is not None
    real = upkeep.Upkeep.pack

    def pack(self: upkeep.Upkeep, folder: Path, **options: bool) -> None:
        real(self, folder, **options)
        if git.ref_target(NUMBER, "refs/heads/late") is not None:
            git.swap_ref(NUMBER, "refs/heads/late", late, None)

    monkeypatch.setattr(upkeep.Upkeep, "pack", pack)
    git.swap_ref(NUMBER, "refs/heads/early", early, None)
    assert git.upkeep(NUMBER)
    assert git.resolve(NUMBER, early) is None
    assert git.upkeep(NUMBER), "nobody knows any more that something was cut off"
    assert git.resolve(NUMBER, late) is None
    assert not git.upkeep(NUMBER)


@pytest.mark.parametrize("moment", ["before the ref moved", "after it"])
def test_a_process_that_ends_while_it_cuts_off_leaves_the_wish(
    git: GitStore, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    main, side = (commit(git, None, {"a": text}) for text in (b"1", b"2"))
    git.swap_ref(NUMBER, MAIN, None, main)
    git.swap_ref(NUMBER, SIDE, None, side)
    real = refs.swap

    def killed(*arguments: object) -> None:
        if moment == "after it":
            real(*arguments)  # type: ignore[arg-type]
        raise SystemExit

    monkeypatch.setattr(refs, "swap", killed)
    with pytest.raises(SystemExit):
        git.swap_ref(NUMBER, SIDE, side, None)
    monkeypatch.undo()
    later = GitStore(git.root)
    assert later.upkeep(NUMBER)
    assert (later.resolve(NUMBER, side) is None) is (moment == "after it")
    later.barrier.close()


def test_an_ordinary_commit_cuts_nothing_off(git: GitStore) -> None:
    first = commit(git, None, {"a": b"1"})
    git.swap_ref(NUMBER, MAIN, None, first)
    second = commit(git, first, {"a": b"2"})
    third = commit(git, second, {"a": b"3"})
    git.swap_ref(NUMBER, MAIN, first, third)  # as a push of two commits
    assert git.tidying.due() == []


def test_many_new_objects_are_packed(git: GitStore) -> None:
    files = {f"d{n % 10}/{n}": str(n).encode() for n in range(4_500)}
    git.swap_ref(NUMBER, MAIN, None, commit(git, None, files))
    assert git.tidying.due() == [NUMBER]
    assert loose_objects(git) > 4_500
    assert git.upkeep(NUMBER)
    assert loose_objects(git) == 0
    assert git.text_at(NUMBER, git.head(NUMBER) or "", "d3/13", 100) == b"13"


def test_nothing_is_removed_while_somebody_writes(
    git: GitStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("groundswell.store.git.tidying.ALONE_SECONDS", 0.05)
    first = commit(git, None, {"a": b"1"})
    git.swap_ref(NUMBER, MAIN, None, first)
    git.swap_ref(NUMBER, SIDE, None, commit(git, None, {"b": b"2"}))
    git.swap_ref(NUMBER, SIDE, git.ref_target(NUMBER, SIDE), None)
    git.tidying.due()
    with git.gates.writing(NUMBER):
        made = commit(git, first, {"c": b"not yet named"})
        tidier = threading.Thread(target=git.upkeep, args=(NUMBER,))
        tidier.start()
        tidier.join()
        git.swap_ref(NUMBER, MAIN, first, made)
    assert git.tidying.due() == [NUMBER]  # it comes again
    assert git.upkeep(NUMBER)
    assert git.text_at(NUMBER, made, "c", 100) == b"not yet named"


def test_a_writer_waits_for_the_one_who_is_alone_and_not_the_other_way_round(
    tmp_path: Path,
) -> None:
    gates = Gates(SharedLocks(tmp_path / "locks"))
    with gates.writing(1), gates.writing(1), gates.alone(2, 0) as other:
        assert other
        with gates.alone(1, 0.01) as mine:
            assert not mine
    entered = threading.Event()

    def write() -> None:
        with gates.writing(1):
            entered.set()

    with gates.alone(1, 1) as mine:
        assert mine
        writer = threading.Thread(target=write)
        writer.start()
        assert not entered.wait(0.05)
    assert entered.wait(5)
    writer.join()


def test_tidying_is_broken_off(git: GitStore) -> None:
    git.swap_ref(NUMBER, MAIN, None, commit(git, None, {"a": b"1"}))
    git.tidying.stop()
    with pytest.raises(Unavailable):
        git.upkeep(NUMBER, force=True)
    with git.gates.alone(NUMBER, 0) as is_alone:
        assert is_alone  # nothing is left locked
