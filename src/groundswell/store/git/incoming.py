"""Objects on their way in: a quarantine beside the repository until they are found good.

Knows how git checks a pack and how checked objects join the others. Does not know which paths or
files are allowed: the caller reads the quarantine through ``handle`` and decides.
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pygit2

from groundswell.core.errors import GroundswellError, InvalidCommit, StorageFull, Unavailable
from groundswell.store.git.process import command, environment, fault_of, run, translated

PREFIX: Final = "incoming-"
_CONNECTIVITY_SECONDS: Final = 600.0
_SUFFIXES: Final = (".pack", ".rev", ".idx")  # the index last: a pack without one is not read


class Incoming:
    """One push's objects. ``discard`` is idempotent and safe after ``adopt``."""

    def __init__(self, repository: Path) -> None:
        self._repository = repository
        self.folder = repository / f"{PREFIX}{secrets.token_hex(8)}"
        with translated():
            (self.folder / "pack").mkdir(parents=True, mode=0o700)

    def _variables(self) -> dict[str, str]:
        return {
            "GIT_OBJECT_DIRECTORY": str(self.folder),
            "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(self._repository / "objects"),
            "GIT_QUARANTINE_PATH": str(self.folder),
        }

    def index_command(self, max_bytes: int) -> tuple[list[str], dict[str, str]]:
        """Arguments and environment of the process that takes a pack on its standard input.

        It checks every object's form and hash and refuses more than ``max_bytes``.
        """
        arguments = command(
            self._repository, "index-pack", "--stdin", "--fix-thin", "--strict", "--threads=2",
            f"--max-input-size={max_bytes}",
        )  # fmt: skip
        return arguments, environment(**self._variables())

    def check_connected(self, tips: Sequence[str]) -> None:
        """See that everything the tips need is here.

        Raises:
            InvalidCommit: objects are missing, as in a push from a shallow clone.
        """
        arguments = ["rev-list", "--objects", "--stdin", "--not", "--all", "--quiet"]
        stdin = "".join(f"{tip}\n" for tip in tips).encode("ascii")
        try:
            run(
                self._repository,
                arguments,
                stdin=stdin,
                timeout_seconds=_CONNECTIVITY_SECONDS,
                **self._variables(),
            )
        except (Unavailable, StorageFull):
            raise
        except GroundswellError as error:
            msg = "The push lacks objects that it needs (is it from a shallow clone?)."
            raise InvalidCommit(msg) from error

    def handle(self) -> pygit2.Repository:
        """A handle that sees the repository's objects and these."""
        with translated():
            handle = pygit2.Repository(str(self._repository))
            handle.odb.add_disk_alternate(str(self.folder))
            return handle

    def adopt(self) -> None:
        """Let the objects join the repository's. Not yet durable: the caller waits for that."""
        target = self._repository / "objects" / "pack"
        with translated():
            packs = {path.stem for path in (self.folder / "pack").glob("*.idx")}
            for stem in sorted(packs):
                if not (target / f"{stem}.idx").exists():
                    for suffix in _SUFFIXES:
                        source = self.folder / "pack" / f"{stem}{suffix}"
                        if source.exists():
                            os.rename(source, target / source.name)
        self.discard()

    def discard(self) -> None:
        """Forget the objects and free their space."""
        shutil.rmtree(self.folder, ignore_errors=True)


def index_fault(stderr: str) -> InvalidCommit:
    """Why git refused a pack, as the sender may read it.

    Raises:
        StorageFull, Unavailable: the hub's own trouble rather than the pack's.
    """
    lines = [line for line in stderr.splitlines() if line.startswith(("error:", "fatal:"))]
    fault = fault_of(" ".join(lines))
    if fault.status in {503, 507}:
        raise fault
    said = "; ".join(line.partition(":")[2].strip() for line in lines[:3]) or "not a valid pack"
    return InvalidCommit(f"unpack failed: {said[:300]}")
