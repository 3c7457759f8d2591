"""Copying a history from one repository to another, object by object, with nothing shared.

No alternates: a folder that borrowed objects would lend the other's readers everything in it.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from groundswell.core.errors import Unavailable
from groundswell.store.git.incoming import Incoming
from groundswell.store.git.process import command, environment, fault_of

COPY_SECONDS_MAX: Final = 3_600.0
COPY_BYTES_MAX: Final = 16 << 30


def copy_history(source: Path, target: Path, tips: Sequence[str]) -> None:
    """Copy the tips and everything they need; no ref moves, nothing is durable yet.

    Raises:
        Unavailable: it takes too long.
        StorageFull, Corrupt: what git met, read from its own words.
    """
    index = command(target, "index-pack", "--stdin", "--threads=2")
    _pour(source, tips, (), index, environment())


def copy_into_quarantine(
    source: Path, incoming: Incoming, tips: Sequence[str], known: Sequence[str]
) -> None:
    """Copy what the tips need and the ``known`` commits, which both repositories reach, do not.

    Raises:
        Unavailable, StorageFull, Corrupt: as ``copy_history``.
    """
    arguments, variables = incoming.index_command(COPY_BYTES_MAX)
    _pour(source, tips, known, arguments, variables)


def _pour(
    source: Path,
    tips: Sequence[str],
    known: Sequence[str],
    index: list[str],
    variables: dict[str, str],
) -> None:
    pack = command(source, "pack-objects", "--revs", "--stdout", "--delta-base-offset", "-q")
    with (
        subprocess.Popen(
            pack,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment(),
        ) as packing,
        subprocess.Popen(
            index,
            stdin=packing.stdout,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=variables,
        ) as indexing,
    ):
        assert packing.stdin is not None
        assert packing.stdout is not None
        packing.stdout.close()  # only the other process reads it
        try:
            wanted = [*tips, *(f"^{each}" for each in known)]
            packing.stdin.write("".join(f"{each}\n" for each in wanted).encode("ascii"))
            packing.stdin.close()
            _, words = indexing.communicate(timeout=COPY_SECONDS_MAX)
            packing.wait(timeout=COPY_SECONDS_MAX)
        except subprocess.TimeoutExpired as error:
            msg = "This history takes too long to copy."
            raise Unavailable(msg) from error
        finally:
            packing.kill()
            indexing.kill()
    if packing.returncode != 0 or indexing.returncode != 0:
        raise fault_of(words.decode("utf-8", "replace"))
