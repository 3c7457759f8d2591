"""Memory that is free goes back to the system, and no switch reaches other processes."""

import os
import subprocess
import sys

import pytest

from groundswell.http import allocation

SCRIPT = """
from groundswell.http.allocation import give_back, share_heaps

def resident_bytes():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * 4096

share_heaps()
pieces = [bytes(60_000) for _ in range(2000)]  # 120 MB, each too small for a mapping of its own
last = bytes(60_000)
full = resident_bytes()
del pieces
give_back()
print(full - resident_bytes())
"""


def test_free_memory_is_given_back() -> None:
    run = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    assert int(run.stdout) > 60_000_000


def test_options_of_jemalloc_are_seen_by_the_import_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("_RJEM_MALLOC_CONF", raising=False)
    with allocation.jemalloc_gives_back():
        assert "decay" in os.environ["_RJEM_MALLOC_CONF"]
    assert "_RJEM_MALLOC_CONF" not in os.environ


def test_who_set_them_keeps_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_RJEM_MALLOC_CONF", "narenas:1")
    with allocation.jemalloc_gives_back():
        assert os.environ["_RJEM_MALLOC_CONF"] == "narenas:1"
    assert os.environ["_RJEM_MALLOC_CONF"] == "narenas:1"


def test_another_c_library_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ctypes.CDLL", lambda _: object())
    allocation.share_heaps()
    allocation.give_back()
