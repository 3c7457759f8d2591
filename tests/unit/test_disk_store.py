"""The write rule on a folder: what is done in which order, and how a bad disk shows."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from groundswell.core.errors import Corrupt, StorageFull, Unavailable
from groundswell.store.disk import DiskStore
from groundswell.store.ports import Kind

KEY = "ab" * 32
OTHER = "cd" * 32


def failing(code: int) -> Callable[..., int]:
    def fail(*_: object) -> int:
        raise OSError(code, os.strerror(code))

    return fail


def test_objects_lie_under_their_hash_and_are_never_writable(tmp_path: Path) -> None:
    DiskStore(tmp_path).put(Kind.XORB, KEY, b"bytes")
    path = tmp_path / "xorbs" / "ab" / KEY
    assert path.read_bytes() == b"bytes"
    assert stat.S_IMODE(path.stat().st_mode) == 0o444
    assert list((tmp_path / "spool").iterdir()) == []


def test_bytes_are_synced_before_the_name_and_the_folder_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = DiskStore(tmp_path)
    steps: list[str] = []

    def spy(name: str) -> None:
        real = getattr(os, name)

        def call(*arguments: object) -> object:
            target = arguments[0]
            if isinstance(target, int):
                target = os.readlink(f"/proc/self/fd/{target}")
            steps.append(f"{name} {Path(str(target)).relative_to(tmp_path.parent).parts[1:2]}")
            return real(*arguments)

        monkeypatch.setattr(os, name, call)

    for name in ("fdatasync", "link", "fsync"):
        spy(name)
    store.put(Kind.XORB, KEY, b"bytes")
    assert steps == [
        "fdatasync ('spool',)",
        "fsync ('xorbs',)",  # the entry of the new folder xorbs/ab
        "fsync ()",  # that of xorbs itself
        "link ('spool',)",
        "fsync ('xorbs',)",  # the entry of the object
    ]
    steps.clear()
    store.put(Kind.XORB, "ab" + OTHER[2:], b"more")
    assert steps == ["fdatasync ('spool',)", "link ('spool',)", "fsync ('xorbs',)"]
    steps.clear()
    store.put(Kind.XORB, KEY, b"again")
    assert steps[-1] == "fsync ('xorbs',)", "who put it first may not have come so far"


def test_a_full_disk_leaves_nothing_and_passes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = DiskStore(tmp_path)
    for name in ("write", "fdatasync", "link"):
        with monkeypatch.context() as patch:
            patch.setattr(os, name, failing(errno.ENOSPC))
            with pytest.raises(StorageFull):
                store.put(Kind.XORB, KEY, b"bytes")
        assert list((tmp_path / "spool").iterdir()) == []
        assert store.size_bytes(Kind.XORB, KEY) is None
    assert store.put(Kind.XORB, KEY, b"bytes")


def test_more_than_the_free_space_is_refused_before_it_comes(tmp_path: Path) -> None:
    store = DiskStore(tmp_path)
    with pytest.raises(StorageFull):
        store.spool((store.free_bytes() or 0) + 10**12)


@pytest.mark.parametrize("call", ["fdatasync", "fsync"])
def test_a_failed_sync_latches_the_store_read_only(
    call: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = DiskStore(tmp_path)
    store.put(Kind.XORB, KEY, b"bytes")
    with monkeypatch.context() as patch:
        patch.setattr(os, call, failing(errno.EIO))
        with pytest.raises(Unavailable):
            store.put(Kind.XORB, OTHER, b"lost?")
    assert store.is_read_only
    for write in (
        lambda: store.put(Kind.XORB, OTHER, b"again"),
        store.spool,
        lambda: store.delete(Kind.XORB, KEY),
    ):
        with pytest.raises(Unavailable):
            write()
    with store.open(Kind.XORB, KEY) as reader:
        assert reader.read_at(0, 5) == b"bytes"
    assert DiskStore(tmp_path).put(Kind.SHARD, OTHER, b"after a restart")


def test_a_failing_read_is_corrupt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = DiskStore(tmp_path)
    store.put(Kind.XORB, KEY, b"bytes")
    with store.open(Kind.XORB, KEY) as reader:
        monkeypatch.setattr(os, "pread", failing(errno.EIO))
        monkeypatch.setattr(os, "preadv", failing(errno.EIO))
        with pytest.raises(Corrupt):
            reader.read_at(0, 5)
        with pytest.raises(Corrupt):
            reader.read_into(0, [memoryview(bytearray(5))])


def test_a_file_system_without_hard_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = DiskStore(tmp_path)
    monkeypatch.setattr(os, "link", failing(errno.EPERM))
    assert store.put(Kind.XORB, KEY, b"bytes") is True
    assert store.put(Kind.XORB, KEY, b"bytes") is False
    with store.open(Kind.XORB, KEY) as reader:
        assert reader.read_at(0, 5) == b"bytes"


def test_open_files_are_bounded_and_all_closed(tmp_path: Path) -> None:
    def open_files() -> int:
        return len(os.listdir("/proc/self/fd"))

    before = open_files()
    store = DiskStore(tmp_path)
    keys = [f"{number:064x}" for number in range(300)]
    for key in keys:
        store.put(Kind.XORB, key, b"x")
    failures: list[BaseException] = []

    def read_all() -> None:
        try:
            for key in keys:
                with store.open(Kind.XORB, key) as reader, store.open(Kind.XORB, keys[0]):
                    assert reader.read_at(0, 1) == b"x"
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=read_all) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert open_files() <= before + 130
    store.close()
    assert open_files() <= before


def test_a_failpoint_interrupts_each_step(tmp_path: Path) -> None:
    class Killed(BaseException):
        pass

    seen: list[str] = []
    DiskStore(tmp_path / "dry", failpoint=seen.append).put(Kind.XORB, KEY, b"bytes")
    assert seen[:2] == ["spool_write", "before_data_sync"]
    for number, step in enumerate(seen):
        folder = tmp_path / str(number)

        def interrupt(name: str, step: str = step) -> None:
            if name == step:
                raise Killed

        with pytest.raises(Killed):
            DiskStore(folder, failpoint=interrupt).put(Kind.XORB, KEY, b"bytes")
        after = DiskStore(folder)
        assert after.size_bytes(Kind.XORB, KEY) in {None, 5}, "whole or absent"
        after.put(Kind.XORB, KEY, b"bytes")
        with after.open(Kind.XORB, KEY) as reader:
            assert reader.read_at(0, 5) == b"bytes"


def test_names_that_are_no_hashes_never_become_paths(tmp_path: Path) -> None:
    store = DiskStore(tmp_path)
    for key in ("../../etc/passwd", "AB" * 32, "", "ab" * 31 + "a/"):
        with pytest.raises(AssertionError):
            store.put(Kind.XORB, key, b"")
    with pytest.raises(AssertionError):
        store.put("spool", KEY, b"")


def test_space_of_what_another_process_removed_is_free_after_sweeping(tmp_path: Path) -> None:
    store = DiskStore(tmp_path)
    store.put(Kind.XORB, KEY, b"bytes")
    store.put(Kind.XORB, OTHER, b"others")
    for key in (KEY, OTHER):
        with store.open(Kind.XORB, key):
            pass

    def held() -> set[str]:
        found = set()
        for each in os.listdir("/proc/self/fd"):
            with contextlib.suppress(FileNotFoundError):  # the one that listed them
                found.add(os.readlink(f"/proc/self/fd/{each}"))
        return {each for each in found if each.startswith(str(tmp_path / "xorbs"))}

    assert len(held()) == 2
    with store.open(Kind.XORB, KEY) as reader:
        (tmp_path / "xorbs" / "ab" / KEY).unlink()
        store.sweep_spool(60)
        assert reader.read_at(0, 5) == b"bytes"  # who reads it now reads on
    assert held() == {str(tmp_path / "xorbs" / "cd" / OTHER)}
    with pytest.raises(FileNotFoundError), store.open(Kind.XORB, KEY):
        pass
