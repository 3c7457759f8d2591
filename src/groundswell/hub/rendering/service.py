"""Rendering for pages: asks a worker process, waits a bounded time, and remembers answers.

Knows limits and the fallback: text as it is written. Never raises for what a text holds.
"""

from __future__ import annotations

import contextlib
import logging
import os
import select
import subprocess
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import asdict, dataclass
from html import escape
from typing import Any, Final

from groundswell.hub.rendering.frames import LENGTH_BYTES, body_length, pack, unpack
from groundswell.wire.markdown import Heading, LinkBase, Rendered, plain

LOG: Final = logging.getLogger("groundswell.rendering")

WORKERS: Final = 2
ANSWER_SECONDS_MAX: Final = 3.0
QUEUE_SECONDS_MAX: Final = 3.0
# A text that was too slow is not tried again for a while: many visits to it cost nothing more.
SLOW_FORGOTTEN_SECONDS: Final = 600.0
SLOW_KEPT_MAX: Final = 1_000
REMEMBERED_BYTES_MAX: Final = 32 * 1024 * 1024

# The worker needs to find Python's packages and nothing else of the hub's environment.
_ENVIRONMENT: Final = ("PATH", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "LD_LIBRARY_PATH", "LANG")


class _Silent(Exception):
    """The worker did not answer in time, or is gone."""


class _Worker:
    """One worker process; used by one thread at a time, started when it is first needed."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def ask(self, request: bytes, seconds: float) -> dict[str, Any]:
        deadline = time.monotonic() + seconds
        if self._process is None or self._process.poll() is not None:
            self.stop()
            self._process = _start()
        try:
            return self._exchange(self._process, request, deadline)
        except (OSError, ValueError, EOFError) as error:
            self.stop()
            raise _Silent from error

    def _exchange(
        self, process: subprocess.Popen[bytes], request: bytes, deadline: float
    ) -> dict[str, Any]:
        assert process.stdin is not None
        assert process.stdout is not None
        sink = process.stdin.fileno()
        view = memoryview(request)
        while view:
            _wait(deadline, writable=sink)
            view = view[os.write(sink, view[:65536]) :]
        source = process.stdout.fileno()
        head = _read(source, LENGTH_BYTES, deadline)
        return unpack(_read(source, body_length(head), deadline))

    def stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        process.wait()


def _start() -> subprocess.Popen[bytes]:
    environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    process = subprocess.Popen(
        [sys.executable, "-m", "groundswell.hub.rendering.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
        cwd="/",
        bufsize=0,
    )
    assert process.stdin is not None
    os.set_blocking(process.stdin.fileno(), False)
    return process


def _wait(deadline: float, *, readable: int | None = None, writable: int | None = None) -> None:
    left = deadline - time.monotonic()
    ready = select.poll()  # not select(): a hub with many connections has large descriptors
    if readable is not None:
        ready.register(readable, select.POLLIN)
    if writable is not None:
        ready.register(writable, select.POLLOUT)
    if left <= 0 or not ready.poll(left * 1000):
        raise TimeoutError


def _read(source: int, size_bytes: int, deadline: float) -> bytes:
    parts = bytearray()
    while len(parts) < size_bytes:
        _wait(deadline, readable=source)
        part = os.read(source, min(size_bytes - len(parts), 1 << 20))
        if not part:
            raise EOFError
        parts += part
    return bytes(parts)


@dataclass(slots=True)
class _Memory:
    """Answers by key, the least recently used forgotten first."""

    kept: OrderedDict[Hashable, tuple[dict[str, Any], int]]
    size_bytes: int = 0

    def get(self, key: Hashable) -> dict[str, Any] | None:
        found = self.kept.get(key)
        if found is None:
            return None
        self.kept.move_to_end(key)
        return found[0]

    def put(self, key: Hashable, value: dict[str, Any], size_bytes: int) -> None:
        if key in self.kept or size_bytes > REMEMBERED_BYTES_MAX // 4:
            return
        self.kept[key] = (value, size_bytes)
        self.size_bytes += size_bytes
        while self.size_bytes > REMEMBERED_BYTES_MAX:
            self.size_bytes -= self.kept.popitem(last=False)[1][1]


class Renderer:
    """Markdown and source text to HTML, safe to place in a page, in bounded time.

    ``answer_seconds`` is how long one text may take. Thread-safe; ``close`` ends the workers, and
    a later call starts new ones.
    """

    def __init__(self, answer_seconds: float = ANSWER_SECONDS_MAX) -> None:
        self._answer_seconds = answer_seconds
        self._idle = [_Worker() for _ in range(WORKERS)]
        self._places = threading.BoundedSemaphore(WORKERS)
        self._lock = threading.Lock()
        self._memory = _Memory(OrderedDict())
        self._slow: OrderedDict[Hashable, float] = OrderedDict()

    def markdown(self, text: str, base: LinkBase, key: str | None = None) -> Rendered:
        """Safe HTML of a Markdown text. ``key`` (an object id) lets the answer be remembered."""
        request = {"work": "markdown", "text": text, "base": asdict(base)}
        found = self._ask(request, None if key is None else ("markdown", key, base))
        if found is None:
            return plain(text)
        headings = tuple(Heading(**heading) for heading in found["headings"])
        return Rendered(found["html"], headings, found["is_plain"])

    def highlight(self, file_name: str, text: str, key: str | None = None) -> list[str]:
        """HTML of each line of a text file, coloured when its language is known."""
        request = {"work": "highlight", "file_name": file_name, "text": text}
        found = self._ask(request, None if key is None else ("highlight", key, file_name))
        if found is None:
            return escape(text.removesuffix("\n")).split("\n")
        lines: list[str] = found["lines"]
        return lines

    def close(self) -> None:
        """End the workers."""
        with self._lock:
            workers = list(self._idle)
        for worker in workers:
            worker.stop()

    def _ask(self, request: dict[str, Any], key: Hashable | None) -> dict[str, Any] | None:
        with self._lock:
            known = None if key is None else self._memory.get(key)
            is_slow = self._slow.get(key, 0.0) > time.monotonic()
        if known is not None or is_slow:
            return known
        packed = pack(request)
        if not self._places.acquire(timeout=QUEUE_SECONDS_MAX):
            return None
        with self._lock:
            worker = self._idle.pop()
        try:
            found = worker.ask(packed, self._answer_seconds)
        except _Silent:
            LOG.warning("a text took too long to render and is shown plain")
            self._note_slow(key)
            return None
        finally:
            with self._lock:
                self._idle.append(worker)
            self._places.release()
        if key is not None:
            with self._lock:
                self._memory.put(key, found, len(packed) * 4)
        return found

    def _note_slow(self, key: Hashable | None) -> None:
        if key is None:
            return
        with self._lock:
            self._slow[key] = time.monotonic() + SLOW_FORGOTTEN_SECONDS
            while len(self._slow) > SLOW_KEPT_MAX:
                self._slow.popitem(last=False)
