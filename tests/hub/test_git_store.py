"""The git store below the use cases: barrier, compare-and-swap, upkeep, hostile trees."""

from __future__ import annotations

import contextlib
import os
import resource
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from groundswell.core.errors import ConcurrentWrite, Conflict, TooLarge, Unavailable
from groundswell.hub.commits import checking
from groundswell.hub.commits.checking import PushCheck
from groundswell.store.git import Author, GitStore, Side, barrier
from groundswell.store.git.quarantine import new_entries
from groundswell.store.git.values import MODE_FILE

AUTHOR = Author("A", "a@example.org")
MAIN = "refs/heads/main"


@pytest.fixture
def store(tmp_path: Path) -> GitStore:
    made = GitStore(tmp_path / "repos")
    made.create(1)
    return made


def commit(store: GitStore, parent: str | None, files: dict[str, bytes]) -> str:
    edit = store.edit(1, parent)
    for path, content in files.items():
        edit.put(path, Side(MODE_FILE, store.write_blob(1, content)))
    return store.make_commit(
        1, tree=edit.write(), parents=[parent] if parent else [], author=AUTHOR,
        message="m\n", time=1_700_000_000_000_000,
    )  # fmt: skip


def test_waiters_share_syncs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    count, are_there = 0, threading.Event()

    def slow(descriptor: int) -> None:
        nonlocal count
        count += 1
        are_there.wait()
        os.fsync(descriptor)

    monkeypatch.setattr(barrier, "_sync_file_system", slow)
    shared = barrier.SyncBarrier(tmp_path)
    threads = [threading.Thread(target=shared.wait, args=("objects",)) for _ in range(24)]
    for thread in threads:
        thread.start()
    time.sleep(0.1)  # one of them syncs, the others wait for the next
    are_there.set()
    for thread in threads:
        thread.join()
    shared.close()
    assert 1 <= count <= 4


def test_a_failed_sync_is_never_tried_again(
    store: GitStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = commit(store, None, {"a": b"a"})
    store.swap_ref(1, MAIN, None, first)

    def fail(descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(barrier, "_sync_file_system", fail)
    with pytest.raises(Unavailable):
        store.barrier.wait("objects")
    monkeypatch.undo()
    for write in (
        lambda: store.barrier.wait("objects"),
        lambda: store.write_blob(1, b"b"),
        lambda: store.swap_ref(1, MAIN, first, first),
    ):
        with pytest.raises(Unavailable):
            write()
    assert store.head(1) == first  # reads go on


def test_too_many_open_files_is_no_fault_of_the_hub(
    store: GitStore,
) -> None:
    """libgit2 says it in words alone; a moment later it goes."""
    first = commit(store, None, {"a": b"1"})
    store.swap_ref(1, MAIN, None, first)
    with limited_descriptors():
        with pytest.raises(Unavailable, match="too many files open"):
            store.ref_target(1, MAIN)
        with pytest.raises(Unavailable, match="too many files open"):
            store.swap_ref(1, MAIN, first, first)
    assert store.head(1) == first


@contextlib.contextmanager
def limited_descriptors() -> Iterator[None]:
    """This process may open nothing more."""
    usual = resource.getrlimit(resource.RLIMIT_NOFILE)
    highest = max(int(each) for each in os.listdir("/proc/self/fd"))
    held = [
        os.open("/dev/null", os.O_RDONLY)
        for _ in range(highest - len(os.listdir("/proc/self/fd")) + 2)
    ]
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(held, default=highest) + 1, usual[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, usual)
        for each in held:
            os.close(each)


def test_refs_move_only_from_where_they_are(store: GitStore) -> None:
    one, two = commit(store, None, {"a": b"1"}), commit(store, None, {"a": b"2"})
    store.swap_ref(1, MAIN, None, one)
    for old in (None, two):
        with pytest.raises(ConcurrentWrite):
            store.swap_ref(1, MAIN, old, two)
    with pytest.raises(Conflict):
        store.swap_ref(1, f"{MAIN}/below", None, two)
    store.swap_ref(1, MAIN, one, two)
    with pytest.raises(ConcurrentWrite):
        store.swap_ref(1, MAIN, one, None)
    store.swap_ref(1, MAIN, two, None)
    assert store.head(1) is None


def test_boot_removes_what_a_power_cut_left(store: GitStore) -> None:
    first = commit(store, None, {"a": b"1"})
    store.swap_ref(1, MAIN, None, first)
    (store.path(1) / "refs/heads/main.lock").touch()
    (store.path(1) / "refs/heads/never-told").touch()
    (store.path(1) / "incoming-1234").mkdir()
    with pytest.raises(ConcurrentWrite):
        store.swap_ref(1, MAIN, first, first)
    assert store.clean_up_at_boot() == 3
    store.swap_ref(1, MAIN, first, first)
    store.swap_ref(1, "refs/heads/never-told", None, first)


def test_an_object_of_which_only_the_name_is_there_can_be_written_again(
    store: GitStore, tmp_path: Path
) -> None:
    """As a power cut in the middle of a commit leaves it: the same commit has to be possible."""
    content = b"of a commit that was cut short"
    oid = store.write_blob(1, content)
    place = store.path(1) / "objects" / oid[:2] / oid[2:]
    place.chmod(0o644)
    place.write_bytes(b"")
    (store.root / "workers" / "fallen").touch()
    again = GitStore(store.root)
    try:
        with again.workers.beginning() as is_first:
            assert is_first
            assert again.clean_up_at_boot() == 1
        head = commit(again, None, {"a": content})
        again.barrier.wait("objects")
        assert again.blob(1, oid) == content
        again.swap_ref(1, MAIN, None, head)
    finally:
        again.close()


def test_a_packed_ref_in_a_folder_that_is_gone_moves(store: GitStore) -> None:
    first, name = commit(store, None, {"a": b"1"}), "refs/heads/deep/er"
    store.swap_ref(1, name, None, first)
    assert store.upkeep(1, force=True)
    assert not (store.path(1) / "refs/heads/deep").exists()
    second = commit(store, first, {"a": b"2"})
    store.swap_ref(1, name, first, second)
    assert store.ref_target(1, name) == second


def test_upkeep_packs_and_keeps_everything(store: GitStore) -> None:
    head = None
    for number in range(5):
        head = commit(store, head, {f"d/f{n}": f"{n} {number}".encode() for n in range(20)})
    assert head is not None
    store.swap_ref(1, MAIN, None, head)
    before = store.entries(1, head, recursive=True)
    assert not store.upkeep(1)  # too little to be worth it
    assert store.upkeep(1, force=True)
    assert list((store.path(1) / "objects/pack").glob("*.pack"))
    assert store.entries(1, head, recursive=True) == before
    assert GitStore(store.root).entries(1, head, recursive=True) == before
    again = commit(store, head, {"new": b"new"})
    store.swap_ref(1, MAIN, head, again)
    subprocess.run(
        ["git", f"--git-dir={store.path(1)}", "fsck", "--strict"], check=True, capture_output=True
    )


def test_revisions_are_names_and_never_expressions(store: GitStore) -> None:
    one = commit(store, None, {"a": b"1"})
    two = commit(store, one, {"a": b"2"})
    store.swap_ref(1, MAIN, None, two)
    store.swap_ref(1, "refs/pr/3", None, one)
    store.swap_ref(1, "refs/convert/parquet", None, one)
    for revision in ("main", "refs/heads/main", two, two[:7], "HEAD"):
        assert store.resolve(1, revision) == two
    for revision in ("refs/pr/3", "refs/convert/parquet"):
        assert store.resolve(1, revision) == one
    tree = store.tree_id(1, two)
    for revision in ("main~1", "main^", "main@{0}", ":a", "main:a", "../x", "", "a b", "x" * 5000,
                     "refs/notes/x", tree or "", two[:6], "-x", "\0", "refs/heads/../pr/3"):  # fmt: skip
        assert store.resolve(1, revision) is None, revision


def test_a_tree_that_unfolds_without_end_costs_little(
    store: GitStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S14: ten folders of ten folders of …: 10^10 paths in a few kilobytes."""
    folder = store.path(1)

    def mktree(lines: str) -> str:
        done = subprocess.run(
            ["git", f"--git-dir={folder}", "mktree"], input=lines, text=True, capture_output=True,
            check=True,
        )  # fmt: skip
        return done.stdout.strip()

    tree = mktree(f"100644 blob {store.write_blob(1, b'x')}\tf\n")
    for _ in range(10):
        tree = mktree("".join(f"040000 tree {tree}\td{n}\n" for n in range(10)))
    bomb = store.make_commit(
        1, tree=tree, parents=[], author=AUTHOR, message="bomb\n", time=1_700_000_000_000_000
    )
    started = time.monotonic()
    page = store.entries(1, bomb, recursive=True, limit=1000)
    assert page is not None
    assert len(page) == 1000
    assert time.monotonic() - started < 1.0
    monkeypatch.setattr(checking, "ENTRIES_MAX", 5_000)
    (entries,) = new_entries(store._folders.open(1), bomb, [])
    with pytest.raises(TooLarge):
        PushCheck().take(entries)
