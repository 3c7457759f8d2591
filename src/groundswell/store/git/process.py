"""The git program: its environment, the options it always gets, and short runs of it.

Knows how to start git so that nothing of this machine's or a repository's configuration can run
code. Does not know who asks. Long transfers are started by the door with the same values.
"""

from __future__ import annotations

import errno
import os
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pygit2

from groundswell.core.errors import (
    ConcurrentWrite,
    Conflict,
    Corrupt,
    GroundswellError,
    StorageFull,
    Unavailable,
)

# Options of every run. Hooks are off; nothing collects in the background; no other transport than
# the pipe is ever opened; pushed objects are checked one by one.
OPTIONS: Final = (
    "-c", "core.hooksPath=/dev/null",
    "-c", "core.fsmonitor=false",
    "-c", "core.logAllRefUpdates=false",
    # pack-refs removes each ref's own file: what holds them all must be on the disk by then.
    "-c", "core.fsync=reference",
    "-c", "core.alternateRefsCommand=true",
    "-c", "core.bigFileThreshold=16m",
    "-c", "core.deltaBaseCacheLimit=64m",
    "-c", "core.packedGitLimit=256m",
    "-c", "gc.auto=0",
    "-c", "maintenance.auto=false",
    "-c", "pack.threads=2",
    "-c", "pack.windowMemory=64m",
    "-c", "protocol.allow=never",
    "-c", "safe.directory=*",
    "-c", "transfer.fsckObjects=true",
    "-c", "uploadpack.allowFilter=true",
    "-c", "uploadpack.allowAnySHA1InWant=false",
    "-c", "uploadpackfilter.allow=false",
    "-c", "uploadpackfilter.blob:none.allow=true",
    "-c", "uploadpackfilter.blob:limit.allow=true",
    "-c", "uploadpackfilter.tree.allow=true",
    "-c", "uploadpackfilter.tree.maxDepth=1",
)  # fmt: skip

_DEFAULT_PATH: Final = "/usr/local/bin:/usr/bin:/bin"
_NO_SPACE: Final = ("no space left on device", "disk quota exceeded", "file too large")
_NO_DESCRIPTORS: Final = ("too many open files",)
_BROKEN_DISK: Final = ("input/output error", "read-only file system")
_BROKEN_BYTES: Final = ("hash mismatch", "inflat", "zlib", "corrupt", "packfile", "checksum")
_NAME_CLASH: Final = ("parent is not directory", "could not remove directory", "collides")
_LOST_RACE: Final = (
    "failed to lock",
    "old reference value does not match",
    "unable to lock",
    "reference already exists",
    "failed to write reference",
)


def environment(**more: str) -> dict[str, str]:
    """The whole environment of a git process: nothing of the hub's own, which may hold secrets."""
    return {
        "PATH": os.environ.get("PATH", _DEFAULT_PATH),
        "HOME": "/nonexistent",
        "LC_ALL": "C.UTF-8",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_FLUSH": "1",
        **more,
    }


def command(folder: Path | None, *arguments: str) -> list[str]:
    """The argument list of a run of git on the bare repository in ``folder``."""
    where = () if folder is None else (f"--git-dir={folder}",)
    return ["git", "--literal-pathspecs", *OPTIONS, *where, *arguments]


def run(
    folder: Path | None,
    arguments: Sequence[str],
    *,
    stdin: bytes = b"",
    timeout_seconds: float = 60.0,
    **variables: str,
) -> bytes:
    """Standard output of a short run.

    Raises:
        Unavailable: no answer in time.
        StorageFull, Corrupt: what git met, read from its own words.
    """
    try:
        done = subprocess.run(
            command(folder, *arguments),
            input=stdin,
            capture_output=True,
            timeout=timeout_seconds,
            env=environment(**variables),
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        msg = "This part of the history takes too long to read."
        raise Unavailable(msg) from error
    if done.returncode != 0:
        raise fault_of(done.stderr.decode("utf-8", "replace"))
    return done.stdout


class Background:
    """Runs of git that everything else goes before: nice, and on one processor."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[bytes]] = set()
        self._is_stopped = False

    def run(self, folder: Path, *arguments: str, timeout_seconds: float) -> None:
        """One run.

        Raises:
            Unavailable: no end in time, or stopped.
            StorageFull, Corrupt: what git met, read from its own words.
        """
        nice = ["nice", "-n", "10", *command(folder, "-c", "pack.threads=1", *arguments)]
        with self._lock:
            if self._is_stopped:
                raise Unavailable
            process = subprocess.Popen(
                nice,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                env=environment(),
            )
            self._running.add(process)
        try:
            with process:
                try:
                    stderr = process.communicate(timeout=timeout_seconds)[1]
                finally:
                    process.kill()  # leaving waits for its end
        except subprocess.TimeoutExpired as error:
            raise Unavailable from error
        finally:
            with self._lock:
                self._running.discard(process)
        if self._is_stopped:
            raise Unavailable
        if process.returncode != 0:
            raise fault_of(stderr.decode("utf-8", "replace"))

    def stop(self) -> None:
        """Break off what runs, and begin nothing more. Git removes its locks by itself."""
        with self._lock:
            self._is_stopped = True
            for process in self._running:
                process.terminate()


def fault_of(text: str) -> GroundswellError:
    """The error that git's or libgit2's words stand for."""
    folded = text.lower()
    if any(each in folded for each in _NO_SPACE):
        return StorageFull()
    if any(each in folded for each in _NO_DESCRIPTORS):
        return Unavailable("The hub has too many files open. Try again in a moment.")
    if any(each in folded for each in _BROKEN_DISK):
        return Unavailable("The hub's disk reported an error.")
    if any(each in folded for each in _LOST_RACE):
        return ConcurrentWrite()
    if any(each in folded for each in _BROKEN_BYTES):
        return Corrupt()
    if any(each in folded for each in _NAME_CLASH):
        return Conflict("This reference's name collides with that of another reference.")
    fault = GroundswellError("git failed.")
    fault.add_note(text.strip()[:2000])  # for the log: it may name paths of this machine
    return fault


@contextmanager
def translated() -> Iterator[None]:
    """Errors of libgit2 and the disk leave as Groundswell's, with their cause."""
    try:
        yield
    except pygit2.GitError as error:
        raise fault_of(str(error)) from error
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
            raise StorageFull from error
        # libgit2 reports some of its own failures as OSError without a number.
        raise fault_of(str(error)) from error
