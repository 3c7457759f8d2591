"""The process that builds, from the hub's side: started, watched, ended.

Knows how long it may take, how much memory and how much of the disk. Does not know whose pack
it is.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import select
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from groundswell.ask.copying import FREE_BYTES_MIN
from groundswell.ask.packs.sources import CopiedSource, Source, ZimSource
from groundswell.core.errors import BadRequest, StorageFull, Unavailable
from groundswell.hub.children import bare_environment, command_of

_LOOK_SECONDS: Final = 0.5
_MEASURE_SECONDS: Final = 5.0
_LINE_BYTES_MAX: Final = 1 << 20

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class BuildLimits:
    """What one build may take. ``memory_bytes`` is of all its processes together."""

    seconds: float = 6 * 3600.0
    memory_bytes: int = 4 << 30
    disk_bytes: int = 96 << 30


def make_apart(
    work: Path,
    sources: Sequence[Source],
    options: Json,
    limits: BuildLimits,
    tell: Callable[[list[int]], None],
) -> Json:
    """Build a pack into ``work / "pack"`` in a process of its own; what it says at the end.

    Args:
        work: the one folder that it may write; the sources lie in it.
        sources: copied before.
        options: title, language and licence.
        limits: what it may take.
        tell: is told [documents, of how many, articles, bytes], and called twice a second; what it
            raises ends the process.

    Raises:
        BadRequest: nothing can be made of these documents, or it took more than it may.
        StorageFull: the disk would be full.
        Unavailable: the process ended without a word.
    """
    orders = {"work": str(work), "sources": list(map(_told, sources)), "options": options}
    (work / "tmp").mkdir(exist_ok=True)
    process = subprocess.Popen(
        command_of("groundswell.ask.maker"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**bare_environment(), "TMPDIR": str(work / "tmp")},
        cwd="/",
        start_new_session=True,  # so that it ends with all that it started
    )
    try:
        return _followed(process, orders, work, limits, tell)
    finally:
        _end(process)


def _told(source: Source) -> tuple[str, Json]:
    if isinstance(source, ZimSource):
        return "zim", {"path": str(source.path)}
    assert isinstance(source, CopiedSource), "copies are of these two kinds"
    return "copy", {"root": str(source.root), "name": source.name}


def _followed(
    process: subprocess.Popen[bytes],
    orders: Json,
    work: Path,
    limits: BuildLimits,
    tell: Callable[[list[int]], None],
) -> Json:
    assert process.stdin is not None
    with contextlib.suppress(BrokenPipeError):
        process.stdin.write(json.dumps(orders).encode() + b"\n")
        process.stdin.flush()
    counts = [0, 0, 0, 0]
    ends = time.monotonic() + limits.seconds
    measured = 0.0
    for said in _lines(process):
        if "tally" in said:
            counts = [int(each) for each in said["tally"]]
        elif "error" in said:
            raise BadRequest(str(said["error"])[:1_000])
        elif said:
            return said
        tell(counts)
        if time.monotonic() > ends:
            raise BadRequest(f"It took longer than {limits.seconds / 3600:.1f} hours.")
        if time.monotonic() - measured > _MEASURE_SECONDS:
            measured = time.monotonic()
            _check(process, work, limits)
    raise Unavailable("The process that builds it ended without a word: perhaps memory ran out.")


def _lines(process: subprocess.Popen[bytes]) -> Iterator[Json]:
    """What it says; ``{}`` while it says nothing."""
    assert process.stdout is not None
    number = process.stdout.fileno()
    held = bytearray()
    while True:
        if not select.select([number], [], [], _LOOK_SECONDS)[0]:
            yield {}
            continue
        part = os.read(number, 1 << 16)
        if not part:
            return
        held += part
        while (end := held.find(b"\n")) >= 0:
            line = bytes(held[:end])
            del held[: end + 1]
            try:
                said = json.loads(line)
            except ValueError:
                continue  # a library's word
            if isinstance(said, dict):
                yield said
        if len(held) > _LINE_BYTES_MAX:
            return


def _check(process: subprocess.Popen[bytes], work: Path, limits: BuildLimits) -> None:
    if _memory_bytes(process.pid) > limits.memory_bytes:
        raise BadRequest(f"It took more than {limits.memory_bytes >> 20:,} MiB of memory.")
    if _size_bytes(work) > limits.disk_bytes:
        raise BadRequest(f"It took more than {limits.disk_bytes >> 20:,} MiB of the disk.")
    if shutil.disk_usage(work).free < FREE_BYTES_MIN:
        raise StorageFull("The hub's disk is nearly full: the pack was not finished.")


def _memory_bytes(group: int) -> int:
    """What all processes of the group have in memory, as far as they share it with no file."""
    total = 0
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        with contextlib.suppress(OSError, IndexError, ValueError):
            after = (folder / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
            if int(after[2]) == group:
                resident, shared = (folder / "statm").read_text("ascii").split()[1:3]
                total += (int(resident) - int(shared)) * resource.getpagesize()
    return total


def _size_bytes(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):
            total += path.lstat().st_size
    return total


def _end(process: subprocess.Popen[bytes]) -> None:
    """End it with all that it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()
