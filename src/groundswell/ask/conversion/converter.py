"""Conversions from the hub's side: one process at a time, which gets ranges and writes one file.

What is made is a derivative: made once, found by its recipe. Knows how the process is started, what
it may ask for and how long it may take. Does not know who wants it.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import importlib.util
import os
import platform
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from groundswell.ask.conversion.source import TEXTS
from groundswell.ask.derivatives import Derivatives, HubFile, Recipe, key_of
from groundswell.core.errors import BadRequest, NotServed, RunnerFailed, Unavailable
from groundswell.hub.children import bare_environment, command_of
from groundswell.hub.viewing.pipe import READ_BYTES_MAX, Ended, Pipe

# Whoever changes a byte of what is written counts this up.
VERSION: Final = 1
# Of the clock: so much at least, and so many bytes a second beyond that.
SECONDS_MIN: Final = 600
BYTES_A_SECOND_MIN: Final = 2 << 20
# Headers and small tensors are read more than once.
READ_FACTOR: Final = 2
READ_SLACK_BYTES: Final = 1 << 30
_WAIT_SECONDS: Final = 1.0

NOT_INSTALLED: Final = "Converting models takes tokenizers: pip install 'groundswell[ask]'"

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Making:
    """What shall be made of files: a model in a quantisation, or an adapter for a base.

    ``name`` is what the file is called; ``size_bytes`` about what it takes.
    """

    files: tuple[tuple[str, HubFile], ...]
    name: str
    size_bytes: int
    quantisation: str = ""
    base: tuple[str, int] | None = None

    @property
    def recipe(self) -> Recipe:
        """All that its bytes follow from."""
        return {
            "made": "gguf",
            "converter": VERSION,
            "ggml": f"xllamacpp {_version('xllamacpp')} {platform.machine()}",
            "tokenizers": _version("tokenizers"),
            "quantisation": self.quantisation,
            "base": self.base and list(self.base),
            "files": [[name, file.sha256] for name, file in self.files],
        }

    @property
    def key(self) -> str:
        """The address of what is made."""
        return key_of(self.recipe)

    @property
    def source_bytes(self) -> int:
        """What is read."""
        return sum(file.size_bytes for _, file in self.files)


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "none"


class Converter:
    """Converts, one model at a time. Thread-safe."""

    def __init__(self, derivatives: Derivatives) -> None:
        self._derivatives = derivatives
        self._turn = threading.Lock()
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._is_closed = False

    def is_made(self, making: Making) -> bool:
        """Whether it is there already."""
        return self._derivatives.has(making.recipe)

    @contextlib.contextmanager
    def made(self, making: Making, progress: Progress) -> Iterator[Path]:
        """The file; it stays while the context is open. Once begun, a conversion is ended though
        nobody waits: who comes next finds it.

        Raises:
            BadRequest: it cannot be converted, and why.
            NotServed: nothing is installed that converts.
            RunnerFailed: the process ended, took too long, or asked for what it may not have.
            Corrupt, StorageFull, Unavailable: files cannot be had, or do not fit.
        """

        def make(path: Path) -> None:
            if importlib.util.find_spec("tokenizers") is None:
                raise NotServed(NOT_INSTALLED)
            with self._turned():
                self._convert(making, path, progress)

        with self._derivatives.obtain(making.recipe, make, making.size_bytes) as path:
            yield path

    def close(self) -> None:
        """End what is at work, for the end of the hub."""
        with self._lock:
            self._is_closed = True
            if self._process is not None:
                self._process.kill()

    @contextlib.contextmanager
    def _turned(self) -> Iterator[None]:
        while not self._turn.acquire(timeout=_WAIT_SECONDS):
            if self._is_closed:
                raise Unavailable("The hub is stopping.")
        try:
            yield
        finally:
            self._turn.release()

    def _convert(self, making: Making, path: Path, progress: Progress) -> None:
        seconds = SECONDS_MIN + making.source_bytes // BYTES_A_SECOND_MIN
        here, there = socket.socketpair()
        process: subprocess.Popen[bytes] | None = None
        try:
            with there, path.open("xb") as out:
                process = self._start(there, out.fileno())
            pipe = Pipe(here, time.monotonic() + seconds)
            pipe.send(_orders(making, seconds))
            Conversation(self._derivatives, making, progress).hold(pipe)
        except Ended as error:
            raise self._failure() from error
        finally:
            here.close()
            with self._lock:
                self._process = None
            if process is not None:
                process.kill()
                process.wait()

    def _start(self, end: socket.socket, out: int) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._is_closed:
                raise Unavailable("The hub is stopping.")
            self._process = subprocess.Popen(
                command_of("groundswell.ask.conversion.worker"),
                stdin=end.fileno(),
                stdout=out,
                stderr=subprocess.DEVNULL,
                env=bare_environment(),
                cwd="/",
                start_new_session=True,
            )
            return self._process

    def _failure(self) -> RunnerFailed | Unavailable:
        if self._is_closed:
            return Unavailable("The hub is stopping.")
        return RunnerFailed(
            "The model could not be converted: the process that does it ended. It took more time "
            "or memory than it may, or its files are not what they say."
        )


def _orders(making: Making, seconds: int) -> dict[str, Any]:
    base = making.base
    return {
        "sizes": {name: file.size_bytes for name, file in making.files},
        "quantisation": making.quantisation,
        "base": None if base is None else {"architecture": base[0], "head_rows": base[1]},
        # A table of tokens is tried in memory, and counts as a file as well.
        "file_bytes_max": making.size_bytes + sum(TEXTS.values()),
        "seconds_max": seconds,
    }


class Conversation:
    """What goes through the pipe until the file is written."""

    def __init__(self, derivatives: Derivatives, making: Making, progress: Progress) -> None:
        self._derivatives = derivatives
        self._files: Mapping[str, HubFile] = dict(making.files)
        self._left_bytes = READ_FACTOR * making.source_bytes + READ_SLACK_BYTES
        self._progress = progress

    def hold(self, pipe: Pipe) -> None:
        """Answer until the file is written.

        Raises:
            BadRequest: it is refused.
            Ended: the process is gone, or asked for what it may not have.
        """
        while True:
            said = pipe.receive()
            if said.get("done") is True:
                return
            if isinstance(said.get("refused"), str):
                raise BadRequest(said["refused"][:1000])
            if type(said.get("fault")) is int:  # of the disk: whoever makes room for it tells it
                raise OSError(said["fault"], os.strerror(said["fault"]))
            if type(said.get("written")) is int:
                self._progress(said["written"])
                continue
            pipe.send_bytes(self._read(said.get("read")))

    def _read(self, wanted: object) -> bytes:
        """The range, when the process may ask for it: it is no more trusted than what it reads."""
        if not isinstance(wanted, list) or len(wanted) != 3:
            raise Ended
        name, start, stop = wanted
        file = self._files.get(name) if isinstance(name, str) else None
        if file is None or type(start) is not int or type(stop) is not int:
            raise Ended
        if not 0 <= start < stop <= file.size_bytes or stop - start > READ_BYTES_MAX:
            raise Ended
        self._left_bytes -= stop - start
        if self._left_bytes < 0:
            raise Ended
        return self._derivatives.read(file, start, stop)
