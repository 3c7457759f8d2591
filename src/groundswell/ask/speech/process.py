"""The process of a voice or an ear, from the hub's side: started, asked, ended.

Knows pipes, deadlines and last words. One thread asks at a time. Does not know who wants what.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import threading
from typing import Any, Final

from groundswell.core.errors import BadRequest, RunnerFailed, Unavailable
from groundswell.hub.children import bare_environment, command_of

_LINE_BYTES_MAX: Final = 1 << 16
_ANSWER_BYTES_MAX: Final = 64 << 20
_END_SECONDS: Final = 5.0
_SIGKILL: Final = -9

Json = dict[str, Any]


class Worker:
    """One process with one model. Used by one thread at a time; ``stop`` from any."""

    def __init__(self, orders: Json, load_seconds: float) -> None:
        """Raises RunnerFailed, BadRequest: the model could not be loaded."""
        self._process = subprocess.Popen(
            command_of("groundswell.ask.speech.worker"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=bare_environment(),
            cwd="/",
            start_new_session=True,
        )
        self._is_late = False
        self._is_over = False
        self._is_stopped = False
        try:
            self.facts = self._exchange(orders, b"", load_seconds)[0]
        except BaseException:
            self.stop()
            raise

    @property
    def is_alive(self) -> bool:
        """Whether it can be asked."""
        return not self._is_over and self._process.poll() is None

    def ask(self, asked: Json, content: bytes, seconds: float) -> bytes:
        """What comes of a request.

        Raises:
            BadRequest: the model does not take it.
            RunnerFailed: the process ended.
            Unavailable: it took too long, and was ended.
        """
        return self._exchange({**asked, "size": len(content)}, content, seconds)[1]

    def _exchange(self, asked: Json, content: bytes, seconds: float) -> tuple[Json, bytes]:
        source, answers = self._process.stdin, self._process.stdout
        assert source is not None
        assert answers is not None
        watch = threading.Timer(seconds, self._end_late)
        watch.start()
        try:
            with contextlib.suppress(BrokenPipeError):  # the answer tells that it is gone
                source.write(json.dumps(asked).encode() + b"\n" + content)
                source.flush()
            line = answers.readline(_LINE_BYTES_MAX)
            if not line.endswith(b"\n"):
                raise self._failure()
            told: Json = json.loads(line)
            size_bytes = told.get("size", 0)
            if not 0 <= size_bytes <= _ANSWER_BYTES_MAX:
                raise self._failure()
            found = answers.read(size_bytes)
            if len(found) != size_bytes:
                raise self._failure()
        except (OSError, ValueError) as error:
            raise self._failure() from error
        finally:
            watch.cancel()
        if "error" in told:
            raise BadRequest(f"The model does not take this: {told['error']}.")
        return told, found

    def _end_late(self) -> None:
        self._is_late = True
        self._process.kill()

    def _failure(self) -> RunnerFailed | Unavailable:
        """What became of it, in words. It is not asked again."""
        self._is_over = True
        if self._is_late:
            return Unavailable("The model took too long, and was ended.", 20)
        if self._is_stopped:
            return RunnerFailed("The hub is stopping.")
        code: int | None = None
        with contextlib.suppress(subprocess.TimeoutExpired):
            code = self._process.wait(_END_SECONDS)
        if code == _SIGKILL:
            return RunnerFailed("The model's process was killed, most likely for memory.")
        msg = f"The model's process ended ({code}): its files are not what their names tell."
        return RunnerFailed(msg)

    def stop(self) -> None:
        """End the process. Doing it again changes nothing."""
        self._is_stopped = True
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError, ValueError):
                    pipe.close()
