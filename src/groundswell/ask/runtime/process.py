"""A runner from the hub's side: started, watched, asked, ended.

Knows processes, their last words and their socket. Does not know which model is wanted, nor by
whom. Used by many threads.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import resource
import secrets
import shutil
import subprocess
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from groundswell.ask.runner import READY
from groundswell.ask.runtime.exchange import SocketExchange
from groundswell.ask.runtime.values import Json, Mode
from groundswell.core.errors import RunnerFailed
from groundswell.hub.children import bare_environment, command_of

_LOG_LINES_MAX: Final = 200
_LOG_LINE_CHARACTERS_MAX: Final = 500
_LOOK_SECONDS: Final = 0.1
_END_SECONDS: Final = 5.0
_SIGKILL: Final = -9
_NO_MEMORY: Final = re.compile(
    r"bad_alloc|failed to allocate|cannot allocate|out of memory|unable to allocate"
    r"|Resource temporarily unavailable",
    re.IGNORECASE,
)
# How llama.cpp marks what went wrong, and how C++ does; the most telling first.
_FAULTS: Final = (
    re.compile(r"error loading model: (.+)"),
    re.compile(r"^[\d.]+ E (?!.*failed to load model)(.+)"),
    re.compile(r"((?:GGML_ASSERT|what\(\):|Error:).+)"),
)
_FOLDERS: Final = "swell-run-"
_PATHS: Final = re.compile(r"'?(/[^\s':]+)'?")


@dataclass(frozen=True, slots=True)
class Orders:
    """What a runner is started with."""

    name: str
    mode: Mode
    model: Path
    adapters: tuple[Path, ...]
    size_bytes: int
    context_tokens: int
    slots: int
    threads: int
    memory_bytes: int
    pools_by_mean: bool = False
    has_template: bool = True


class Runner:
    """One process with one model. ``start`` returns at once; ``wait`` until it can be asked."""

    def __init__(self, orders: Orders) -> None:
        self.orders = orders
        _sweep()
        self._folder = Path(tempfile.mkdtemp(prefix=f"{_FOLDERS}{os.getpid()}-"))
        self._socket = self._folder / "s.sock"
        self._key = secrets.token_urlsafe(24)
        self._log: deque[str] = deque(maxlen=_LOG_LINES_MAX)
        self._told = threading.Event()
        self._is_ready = False
        self._process: subprocess.Popen[str] | None = None
        self._lock = threading.Lock()
        self._reader: threading.Thread | None = None  # of what it writes last

    def start(self) -> None:
        """Begin the process."""
        process = self._process = subprocess.Popen(
            command_of("groundswell.ask.runner"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=bare_environment(),
            cwd="/",
            text=True,
            errors="replace",
            start_new_session=True,  # Ctrl-C at a terminal stops an answer, not the model
        )
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        for work, source in ((self._follow, process.stdout), (self._listen, process.stderr)):
            self._reader = threading.Thread(target=work, args=(source,), daemon=True, name="runner")
            self._reader.start()
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(json.dumps(self._orders()) + "\n")
            process.stdin.flush()

    def _orders(self) -> Json:
        orders = self.orders
        files = [orders.model, *orders.adapters]
        return {
            "name": orders.name,
            "mode": orders.mode.value,
            "model": str(orders.model),
            "adapters": [str(path) for path in orders.adapters],
            "readable": sorted({str(path.parent) for path in files}),
            "socket": str(self._socket),
            "key": self._key,
            "context_tokens": orders.context_tokens,
            "slots": orders.slots,
            "threads": orders.threads,
            "memory_bytes": orders.memory_bytes,
            "pools_by_mean": orders.pools_by_mean,
            "has_template": orders.has_template,
        }

    def _follow(self, source: IO[str]) -> None:
        """Until the process ends: whether it told that it is ready."""
        with contextlib.suppress(ValueError):  # closed
            for line in source:
                if line.strip() == READY:
                    self._is_ready = True
                    self._told.set()
        self._told.set()

    def _listen(self, source: IO[str]) -> None:
        with contextlib.suppress(ValueError):
            while line := source.readline(4096):
                self._log.append(line.rstrip()[:_LOG_LINE_CHARACTERS_MAX])

    def wait(self, deadline: float, progress: Callable[[int], None]) -> None:
        """Until it can be asked; ``progress`` is told how many bytes are in memory.

        Raises:
            RunnerFailed: the process ended, or was too slow.
        """
        while not self._told.wait(_LOOK_SECONDS):
            progress(min(self.resident_bytes, self.orders.size_bytes))
            if time.monotonic() > deadline:
                self.stop()
                raise RunnerFailed("The model took too long to load.")
        if not self._is_ready:
            raise self.failure("could not be loaded")
        progress(self.orders.size_bytes)

    @property
    def is_alive(self) -> bool:
        """Whether the process runs."""
        return self._process is not None and self._process.poll() is None

    @property
    def resident_bytes(self) -> int:
        """What the process has in memory."""
        if self._process is None:
            return 0
        try:
            pages = Path(f"/proc/{self._process.pid}/statm").read_text("ascii").split()[1]
        except (OSError, IndexError):
            return 0
        return int(pages) * resource.getpagesize()

    @property
    def peak_bytes(self) -> int:
        """The most that the process had in memory, the weights that it mapped included."""
        if self._process is None:
            return 0
        try:
            status = Path(f"/proc/{self._process.pid}/status").read_text("ascii")
            (line,) = (each for each in status.splitlines() if each.startswith("VmHWM:"))
            return int(line.split()[1]) * 1024
        except (OSError, ValueError):
            return 0

    @property
    def log(self) -> tuple[str, ...]:
        """The last lines that the process wrote, for admins."""
        return tuple(self._log)

    def post(self, path: str, body: Json, deadline: float) -> SocketExchange:
        """Ask it. The exchange ends with ``close``, from any thread.

        Raises:
            RunnerFailed: it does not answer.
        """
        try:
            return SocketExchange(str(self._socket), self._key, path, body, deadline)
        except OSError as error:
            raise self.failure("does not answer") from error

    def failure(self, what: str) -> RunnerFailed:
        """What became of it, in words; waits a moment for a process that is just ending."""
        process = self._process
        code: int | None = None
        if process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                code = process.wait(_END_SECONDS)
                if self._reader is not None:  # its last words may not have been read yet
                    self._reader.join(_END_SECONDS)
        reason = self._reason(code)
        return RunnerFailed(f"The model {what}: {reason}")

    def _reason(self, code: int | None) -> str:
        lines = [line for line in self._log if line.strip()]
        if any(_NO_MEMORY.search(line) for line in lines[-20:]):
            return "it took more memory than it may have here."
        if code == _SIGKILL:
            return "its process was killed, most likely because memory ran out."
        for fault in _FAULTS:
            told = next((found[1] for line in lines[-40:] if (found := fault.search(line))), None)
            if told is not None:
                return _plain(told)
        if code is None:
            return "its process does not answer."
        return f"its process ended ({code})."

    def stop(self) -> None:
        """End the process. Doing it again changes nothing."""
        with self._lock:
            process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout, process.stderr):
                if pipe is not None:
                    with contextlib.suppress(OSError):
                        pipe.close()
        shutil.rmtree(self._folder, ignore_errors=True)


def _sweep() -> None:
    """Remove the folders of hubs that were killed: nobody else knows of them."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_FOLDERS}*-*"):
        pid = folder.name.removeprefix(_FOLDERS).partition("-")[0]
        with contextlib.suppress(OSError):
            if folder.lstat().st_uid != os.getuid() or not re.fullmatch(r"[1-9]\d{0,8}", pid):
                continue
            try:
                os.kill(int(pid), 0)  # asks only whether it is there
            except ProcessLookupError:
                shutil.rmtree(folder, ignore_errors=True)  # which follows no link


def _plain(line: str) -> str:
    """One line of a log without paths of this machine."""
    return _PATHS.sub(lambda found: Path(found[1]).name, line.strip())[:300]
