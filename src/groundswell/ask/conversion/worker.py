"""The process that converts: ranges come in by its pipe, one GGUF file goes out.

Started by `converter`, with its pipe as standard input and the open file as standard output. It
loads llama.cpp, shuts itself in (no file opened, no network, bounded memory, time and file), and
converts once. A model that brings it down brings down nothing else.
"""

from __future__ import annotations

import contextlib
import os
import socket
from pathlib import Path
from typing import Any, Final

from groundswell.ask.conversion.adapters import write_adapter
from groundswell.ask.conversion.numbers import library_path
from groundswell.ask.conversion.source import Folder
from groundswell.ask.conversion.trying import load_library
from groundswell.ask.conversion.values import refusal
from groundswell.ask.conversion.writing import write_model
from groundswell.core.errors import GroundswellError
from groundswell.hub.viewing.confinement import bind, bounds, leave_network, lock_paths
from groundswell.hub.viewing.pipe import READ_BYTES_MAX, Ended, Pipe

MEMORY_BYTES_MAX: Final = 3 << 30
_OPEN_FILES_MAX: Final = 16
_NICE: Final = 5
_TELL_BYTES: Final = 4 << 20
# What comes of files that hold other kinds of values than they should: nobody asks for each.
_NOT_WHAT_THEY_SAY: Final = (
    *(ValueError, TypeError, LookupError, AttributeError, OverflowError, RecursionError),
    AssertionError,
)
_PROC: Final = ("/proc/meminfo", "/proc/cpuinfo", "/sys/devices/system")


def main() -> None:
    """Convert what is asked for, and say how it ended."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", "ascii")
    os.nice(_NICE)
    leave_network()
    import tokenizers  # noqa: F401, PLC0415 - nothing can be opened later

    library = load_library(str(library_path()))
    pipe = Pipe(socket.socket(fileno=0))
    asked = pipe.receive()
    _shut_in(asked["file_bytes_max"], asked["seconds_max"])
    with contextlib.suppress(Ended):
        try:
            _convert(pipe, asked, library)
        except GroundswellError as error:
            pipe.send({"refused": error.message})
        except MemoryError:
            pipe.send({"refused": "Converting this model takes more memory than it may."})
        except OSError as error:
            pipe.send({"fault": error.errno})
        except _NOT_WHAT_THEY_SAY:
            pipe.send({"refused": refusal("its files are not what they should be").message})
        else:
            pipe.send({"done": True})


def _shut_in(file_bytes: int, seconds: int) -> None:
    bind(
        bounds(
            MEMORY_BYTES_MAX,
            file_bytes=file_bytes,
            open_files=_OPEN_FILES_MAX,
            cpu_seconds=seconds,
        )
    )
    lock_paths([Path(path) for path in _PROC], Path("/nowhere"))


def _convert(pipe: Pipe, asked: dict[str, Any], library: Any) -> None:  # noqa: ANN401 - ctypes
    told_bytes = 0

    def read(name: str, start: int, stop: int) -> bytes:
        parts = []
        for begin in range(start, stop, READ_BYTES_MAX):
            pipe.send({"read": [name, begin, min(stop, begin + READ_BYTES_MAX)]})
            parts.append(pipe.receive_bytes(READ_BYTES_MAX))
        return b"".join(parts)

    def progress(done_bytes: int) -> None:
        nonlocal told_bytes
        if done_bytes - told_bytes >= _TELL_BYTES:
            told_bytes = done_bytes
            pipe.send({"written": done_bytes})

    folder = Folder(asked["sizes"], read)
    with open(1, "wb", closefd=False) as out:
        if asked["base"] is None:
            write_model(folder, asked["quantisation"], out, library, progress)
        else:
            write_adapter(folder, asked["base"], out)
        out.flush()


if __name__ == "__main__":
    main()
