"""Starts hubs quickly: one process imports everything once, and each hub is a fork of it.

Fault tests start a hub for each thing that goes wrong, and importing would be most of their time.
A forked hub runs all of `swell serve` by itself; only the imports are done already. It is handed
to the process that runs the tests (a subreaper), which may wait for it as for any child.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.live import LiveHub

START_SECONDS: Final = 60
STOP_SECONDS: Final = 60
_PR_SET_CHILD_SUBREAPER: Final = 36
_ROOT: Final = Path(__file__).resolve().parents[2]


class ForkedHub:
    """A hub's process: what tests use of ``subprocess.Popen``."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def wait(self, timeout: float = STOP_SECONDS) -> int:
        deadline = time.monotonic() + timeout
        while self.poll() is None:
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(f"hub {self.pid}", timeout)
            time.sleep(0.002)
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class Nursery:
    """The process that forks hubs, and the way to ask it.

    ``source`` is a folder with another build of the package that its hubs shall run. Unless it
    ``is_silent``, what a hub logged is told when its story ends badly.
    """

    def __init__(self, source: Path | None = None, *, is_silent: bool = False) -> None:
        self._is_silent = is_silent
        libc = ctypes.CDLL(None, use_errno=True)
        assert libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0, os.strerror(ctypes.get_errno())
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket = ours
        environment = dict(os.environ)
        if source is not None:
            environment["PYTHONPATH"] = str(source)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.fault.nursery", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                cwd=_ROOT,
                env=environment,
            )

    def _fork(self, log: Path, arguments: list[str]) -> ForkedHub:
        self._socket.send(json.dumps([str(log), arguments]).encode())
        pid = int(self._socket.recv(64))
        return ForkedHub(pid)

    @contextlib.contextmanager
    def serving(self, data: Path, *flags: str) -> Iterator[LiveHub]:
        """A hub on this folder, until the block ends; its port is free unless a flag names it.

        Raises:
            AssertionError: it did not start.
        """
        descriptor, name = tempfile.mkstemp(prefix="hub-", suffix=".log")
        os.close(descriptor)
        log = Path(name)
        process = self._fork(log, ["serve", f"--data={data}", "--port=0", *flags])
        hub = LiveHub("", data, process)
        try:
            hub.url = _address_of(process, log)
            yield hub
        except BaseException:
            if not self._is_silent:
                told = f"what the hub on {data} logged:\n{log.read_text()[-20_000:]}"
                print(told, file=sys.stderr)
            raise
        finally:
            if process.poll() is None:
                process.terminate()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait()
                process.kill()
                process.wait()
            hub.log += log.read_text(errors="replace").splitlines()
            log.unlink()

    def close(self) -> None:
        self._socket.close()
        self._process.wait()


def _address_of(process: ForkedHub, log: Path) -> str:
    """Where the hub answers, once it does."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        is_over = process.poll() is not None or time.monotonic() > deadline
        if found := re.search(r"answers at (\S+)\n", log.read_text()):
            return found[1]
        if is_over:
            raise AssertionError(f"the hub did not start:\n{log.read_text()}")
        time.sleep(0.005)


def _tend(requests: socket.socket) -> None:
    """Fork a hub for each request until there are no more."""
    _import_everything()
    while request := requests.recv(65536):
        log, arguments = json.loads(request)
        told, tell = os.pipe()
        between = os.fork()
        if between == 0:
            pid = os.fork()
            if pid == 0:
                os.close(told)
                os.close(tell)
                _be_a_hub(requests, log, arguments)
            os.write(tell, str(pid).encode())
            os._exit(0)  # the hub is an orphan now, and so the subreaper's child
        os.waitpid(between, 0)
        requests.send(os.read(told, 64))
        os.close(told)
        os.close(tell)


def _import_everything() -> None:
    """What a hub imports, at the start and later, and the chunker's compiled code."""
    import alembic.command
    import granian.server.embed

    import groundswell.cli.serve
    import groundswell.http.app
    import groundswell.http.pages
    import groundswell.http.server
    import groundswell.jobs
    import groundswell.wiring
    from groundswell.wire.chunking import ChunkSplitter

    assert all((alembic.command, granian.server.embed, groundswell.cli.serve))
    assert all((groundswell.http.app, groundswell.http.pages, groundswell.http.server))
    assert all((groundswell.jobs, groundswell.wiring))
    ChunkSplitter().feed(os.urandom(1 << 20))


def _be_a_hub(requests: socket.socket, log: str, arguments: list[str]) -> None:
    from groundswell.cli import main

    requests.close()
    descriptor = os.open(log, os.O_WRONLY | os.O_APPEND)
    for standard in (1, 2):
        os.dup2(descriptor, standard)
    os.close(descriptor)
    try:
        main(arguments)
    except SystemExit as left:
        sys.stdout.flush()
        os._exit(left.code if isinstance(left.code, int) else 1)
    finally:
        os._exit(70)


if __name__ == "__main__":
    _tend(socket.socket(fileno=int(sys.argv[1])))
