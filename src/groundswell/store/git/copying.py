"""Copying a history from one repository to another, object by object, with nothing shared.

No alternates: a folder that borrowed objects would lend the other's readers everything in it.
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Final

from groundswell.core.errors import Unavailable
from groundswell.store.git.process import command, environment, fault_of

COPY_SECONDS_MAX: Final = 3_600.0


def copy_history(source: Path, target: Path, commit: str) -> None:
    """Copy the commit and everything it needs; no ref moves, nothing is durable yet.

    Raises:
        Unavailable: it takes too long.
        StorageFull, Corrupt: what git met, read from its own words.
    """
    pack = command(source, "pack-objects", "--revs", "--stdout", "--delta-base-offset", "-q")
    index = command(target, "index-pack", "--stdin", "--threads=2")
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
            env=environment(),
        ) as indexing,
    ):
        assert packing.stdin is not None
        assert packing.stdout is not None
        packing.stdout.close()  # only the other process reads it
        try:
            packing.stdin.write(f"{commit}\n".encode("ascii"))
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
