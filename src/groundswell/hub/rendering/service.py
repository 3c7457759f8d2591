"""Rendering for pages: asks a worker process, waits a moment, and remembers answers.

Knows limits and the fallback: text as it is written. A page does not wait for a slow text; the work
goes on without it for a while, and whoever looks again finds it done. Never raises for what a text
holds.
"""

from __future__ import annotations

import contextlib
import logging
import os
import select
import subprocess
import threading
import time
from collections import OrderedDict
from collections.abc import Hashable
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import asdict, dataclass
from html import escape
from typing import Any, Final

from groundswell.hub.children import bare_environment, command_of
from groundswell.hub.rendering.frames import LENGTH_BYTES, body_length, pack, unpack
from groundswell.wire.markdown import Heading, LinkBase, Rendered, plain

LOG: Final = logging.getLogger("groundswell.rendering")

WORKERS: Final = 2
ANSWER_SECONDS_MAX: Final = 3.0
PAGE_SECONDS_MAX: Final = 0.25
# A worker that starts is waited for: that takes as long for any text.
START_SECONDS_MAX: Final = 5.0
WAITING_MAX: Final = 32
# A text that was too slow is not tried again for a while: many visits to it cost nothing more.
SLOW_FORGOTTEN_SECONDS: Final = 600.0
SLOW_KEPT_MAX: Final = 1_000
REMEMBERED_BYTES_MAX: Final = 32 * 1024 * 1024


# What a worker is asked first: it loads what it takes to answer.
_READY: Final = pack({"work": "highlight", "file_name": "a.py", "text": "x = 1"})


class _Silent(Exception):
    """The worker did not answer in time, or is gone."""


class _Worker:
    """One worker process; used by one thread at a time, started when it is first needed."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def is_started(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Begin a process, and wait until it is ready."""
        self.stop()
        self._process = _start()
        self._within(START_SECONDS_MAX, _READY)

    def ask(self, request: bytes, seconds: float) -> dict[str, Any]:
        return self._within(seconds, request)

    def _within(self, seconds: float, request: bytes) -> dict[str, Any]:
        if self._process is None:
            raise _Silent
        try:
            return self._exchange(self._process, request, time.monotonic() + seconds)
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

    def interrupt(self) -> None:
        """Let whoever waits for an answer wait no longer. From any thread."""
        process = self._process
        if process is not None:
            process.kill()

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
    process = subprocess.Popen(
        command_of("groundswell.hub.rendering.worker"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=bare_environment(),
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


def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(WORKERS, thread_name_prefix="rendering")


class Renderer:
    """Markdown, source text and notebooks to HTML, safe to place in a page, in bounded time.

    ``answer_seconds`` is how long one text may take, ``page_seconds`` how long a caller waits for
    it. Thread-safe; ``close`` ends the workers, and a later call starts new ones.
    """

    def __init__(
        self, answer_seconds: float = ANSWER_SECONDS_MAX, page_seconds: float = PAGE_SECONDS_MAX
    ) -> None:
        self._answer_seconds = answer_seconds
        self._page_seconds = page_seconds
        self._workers = tuple(_Worker() for _ in range(WORKERS))
        self._idle = list(self._workers)
        self._threads = _threads()
        self._waiting: dict[Hashable, Future[dict[str, Any] | None]] = {}
        self._lock = threading.Lock()
        self._memory = _Memory(OrderedDict())
        self._slow: OrderedDict[Hashable, float] = OrderedDict()
        self._starting = 0

    def markdown(self, text: str, base: LinkBase, key: str | None = None) -> Rendered:
        """Safe HTML of a Markdown text. ``key`` (an object id) lets the answer be remembered."""
        request = {"work": "markdown", "text": text, "base": asdict(base)}
        found = self._ask(request, None if key is None else ("markdown", key, base))
        if found is None:
            return plain(text)
        headings = tuple(Heading(**heading) for heading in found["headings"])
        return Rendered(found["html"], headings, found["is_plain"])

    def highlight(self, file_name: str, text: str, key: Hashable = None) -> list[str]:
        """HTML of each line of a text file, coloured when its language is known."""
        request = {"work": "highlight", "file_name": file_name, "text": text}
        found = self._ask(request, None if key is None else ("highlight", key, file_name))
        if found is None:
            return escape(text.removesuffix("\n")).split("\n")
        lines: list[str] = found["lines"]
        return lines

    def notebook(self, text: str, base: LinkBase, key: str) -> dict[str, Any] | None:
        """A notebook's cells as JSON of `wire.notebooks.Notebook`, or ``{"fault": …}``; None when
        that takes longer than a page may.
        """
        request = {"work": "notebook", "text": text, "base": asdict(base)}
        return self._ask(request, ("notebook", key, base))

    def close(self) -> None:
        """End the workers."""
        with self._lock:
            threads, self._threads = self._threads, _threads()
        for worker in self._workers:
            worker.interrupt()
        threads.shutdown(cancel_futures=True)
        for worker in self._workers:
            worker.stop()

    def _ask(self, request: dict[str, Any], key: Hashable | None) -> dict[str, Any] | None:
        with self._lock:
            known = None if key is None else self._memory.get(key)
            if known is not None or self._slow.get(key, 0.0) > time.monotonic():
                return known
            future = None if key is None else self._waiting.get(key)
            if future is None:
                if len(self._waiting) >= WAITING_MAX:
                    return None
                place = object() if key is None else key
                future = self._threads.submit(self._answer, request, key, place)
                self._waiting[place] = future
        return self._await(future)

    def _await(self, future: Future[dict[str, Any] | None]) -> dict[str, Any] | None:
        stop = time.monotonic() + START_SECONDS_MAX
        while True:
            try:
                return future.result(self._page_seconds)
            except CancelledError:
                return None
            except FutureTimeoutError:
                if not self._starting or time.monotonic() > stop:
                    return None

    def _answer(
        self, request: dict[str, Any], key: Hashable | None, place: Hashable
    ) -> dict[str, Any] | None:
        """On a thread of ours: what a worker makes of it, remembered under ``key``."""
        packed = pack(request)
        found: dict[str, Any] | None = None
        with self._lock:
            worker = self._idle.pop()
        try:
            if not worker.is_started:
                self._start_worker(worker)
            found = worker.ask(packed, self._answer_seconds)
        except _Silent:
            LOG.warning("a text took too long to render and is shown plain")
            self._note_slow(key)
            return None
        finally:
            with self._lock:
                self._idle.append(worker)
                self._waiting.pop(place, None)
                if key is not None and found is not None:
                    self._memory.put(key, found, len(packed) * 4)
        return found

    def _start_worker(self, worker: _Worker) -> None:
        with self._lock:
            self._starting += 1
        try:
            worker.start()
        finally:
            with self._lock:
                self._starting -= 1

    def _note_slow(self, key: Hashable | None) -> None:
        if key is None:
            return
        with self._lock:
            self._slow[key] = time.monotonic() + SLOW_FORGOTTEN_SECONDS
            while len(self._slow) > SLOW_KEPT_MAX:
                self._slow.popitem(last=False)
