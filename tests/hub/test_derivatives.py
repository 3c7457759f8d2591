"""What is made from content: once, by whoever comes first, and gone when room is needed."""

from __future__ import annotations

import errno
import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from groundswell.ask.derivatives import Derivatives, HubFile, Make, key_of
from groundswell.core.errors import Corrupt, StorageFull
from groundswell.core.values import BytesPlan, RecipePlan, RecordsPlan
from groundswell.wire.hashing import Octets


def no_content(_plan: RecipePlan | RecordsPlan, _start: int, _stop: int) -> Iterator[Octets]:
    raise AssertionError


def of(folder: Path, size_bytes_max: int = 10_000, keep_free_bytes: int = 0) -> Derivatives:
    return Derivatives(
        folder / "derived",
        no_content,
        size_bytes_max=size_bytes_max,
        keep_free_bytes=keep_free_bytes,
    )


def writes(size_bytes: int) -> Make:
    return lambda path: path.write_bytes(b"x" * size_bytes) and None


def never(_path: Path) -> None:
    raise AssertionError("it was made again")


def names(folder: Path) -> set[str]:
    return {path.name for path in (folder / "derived").iterdir()}


def file(name: str, content: bytes, sha256: str | None = None) -> HubFile:
    digest = sha256 or hashlib.sha256(content).hexdigest()
    return HubFile(name, digest, len(content), BytesPlan(content))


def test_it_is_made_once_by_whoever_comes_first(tmp_path: Path) -> None:
    kept, made = of(tmp_path), []

    def make(path: Path) -> None:
        made.append(threading.get_ident())
        time.sleep(0.1)
        path.write_bytes(b"made")

    def use(_number: int) -> bytes:
        with kept.obtain({"of": "threads"}, make, 4) as path:
            return path.read_bytes()

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(use, range(16))) == {b"made"}
    assert len(made) == 1


_OTHER = """
import sys, time
from pathlib import Path
from groundswell.ask.derivatives import Derivatives
folder, log = Path(sys.argv[1]), Path(sys.argv[2])
def make(path):
    with log.open("a") as out:
        out.write("made\\n")
    path.write_bytes(b"a part")
    print("making", flush=True)
    time.sleep(float(sys.argv[3]))
with Derivatives(folder, None, size_bytes_max=10_000, keep_free_bytes=0).obtain({"of": "x"}, make, 6) as path:
    print("has", flush=True)
    sys.stdin.read()
"""


def other(tmp_path: Path, seconds: float) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", _OTHER, str(tmp_path / "derived"), str(tmp_path / "log")]
    return subprocess.Popen(
        [*command, str(seconds)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def ends(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


def test_processes_wait_for_one_another_and_pin(tmp_path: Path) -> None:
    first, second = other(tmp_path, 0.3), other(tmp_path, 0.3)
    try:
        for process in (first, second):
            assert process.stdout is not None
            lines = iter(process.stdout.readline, "")
            assert "has\n" in lines
        assert (tmp_path / "log").read_text() == "made\n"
        assert of(tmp_path).clear() == 0, "another process uses it"
    finally:
        ends(first)
        ends(second)
    assert of(tmp_path).clear() == 6


def test_a_kill_leaves_a_part_that_is_swept(tmp_path: Path) -> None:
    process = other(tmp_path, 60)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "making\n"
        assert of(tmp_path).sweep() == 0, "it is being made"
        process.send_signal(signal.SIGKILL)
        process.wait()
    finally:
        ends(process)
    kept = of(tmp_path)
    assert not kept.has({"of": "x"})
    assert kept.sweep() == 1
    assert names(tmp_path) == set()


def test_what_is_used_stays_and_the_least_recently_used_goes(tmp_path: Path) -> None:
    kept = of(tmp_path, 100)
    for number in range(3):
        with kept.obtain({"n": number}, writes(30), 30):
            pass
        os.utime(tmp_path / "derived" / f"{key_of({'n': number})}.json", (number, number))
    with kept.obtain({"n": 0}, never, 30), kept.obtain({"n": 3}, writes(30), 30):
        assert [kept.has({"n": number}) for number in range(4)] == [True, False, True, True]
        with pytest.raises(StorageFull), kept.obtain({"n": 4}, never, 71):
            pass
        assert kept.has({"n": 0})
        assert kept.has({"n": 3})
    with pytest.raises(StorageFull), kept.obtain({"n": 5}, never, 101):
        pass


def test_a_failure_leaves_nothing(tmp_path: Path) -> None:
    kept = of(tmp_path)

    def breaks(path: Path) -> None:
        path.mkdir()
        (path / "half").write_bytes(b"half")
        raise OSError(errno.ENOSPC, "full")

    with pytest.raises(StorageFull), kept.obtain({"of": "x"}, breaks, 4):
        pass
    assert names(tmp_path) == set()
    with pytest.raises(StorageFull), of(tmp_path, keep_free_bytes=1 << 60).obtain({}, never, 4):
        pass


def test_what_lost_bytes_is_made_again(tmp_path: Path) -> None:
    kept = of(tmp_path)
    with kept.obtain({"of": "x"}, writes(10), 10) as path:
        pass
    path.write_bytes(b"short")
    with kept.obtain({"of": "x"}, writes(10), 10) as path:
        assert path.stat().st_size == 10


def test_files_of_the_hub_have_their_names_and_their_hash(tmp_path: Path) -> None:
    kept, told = of(tmp_path), []
    files = [file("m-00001-of-00002.gguf", b"one"), file("m-00002-of-00002.gguf", b"two")]
    with kept.files(files, lambda done, total: told.append((done, total))) as found:
        assert {name: path.read_bytes() for name, path in found.items()} == {
            "m-00001-of-00002.gguf": b"one",
            "m-00002-of-00002.gguf": b"two",
        }
    assert told == [(3, 6), (6, 6)]
    with pytest.raises(Corrupt), kept.file(file("m.gguf", b"one", "0" * 64)):
        pass
    assert key_of({"a": 1, "b": 2}) == key_of({"b": 2, "a": 1})


def test_who_found_it_missing_does_not_wait_for_its_maker_to_let_go(tmp_path: Path) -> None:
    """Packs stay open for hours: all who ask for the same file at once have it together."""
    kept = of(tmp_path)
    begun, together = threading.Barrier(4), threading.Barrier(4)

    def use(_number: int) -> None:
        for recipe in range(150):
            begun.wait(20)
            with kept.obtain({"of": recipe}, writes(4), 4):
                together.wait(20)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(use, range(4)))
