"""Looking for damage in a bare repository, without changing it.

Knows how git's refs, locks and objects look when they are broken. Does not know which commits the
hub expects.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import subprocess
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pygit2

from groundswell.core.errors import Corrupt
from groundswell.store.git.identity import FILE_NAME
from groundswell.store.git.incoming import PREFIX
from groundswell.store.git.process import command, environment

_FSCK_SECONDS_MAX: Final = 24 * 3600.0
_LINES_MAX: Final = 200
_LINE_CHARACTERS_MAX: Final = 300
_PIECE_BYTES: Final = 1024 * 1024
_DIGEST_BYTES: Final = 20
_WORDS: Final = {1: b"commit", 2: b"tree", 3: b"blob", 4: b"tag"}
_SUMMED: Final = frozenset({".pack", ".idx", ".rev", ".bitmap", ".graph"})


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something wrong at a place of a repository (a ref's name, an object's id)."""

    where: str
    what: str


def reference_names(folder: Path) -> list[str]:
    """The full names of all refs, broken ones included, by name."""
    names = set()
    for place, _, files in os.walk(folder / "refs"):
        inside = Path(place).relative_to(folder).as_posix()
        names |= {f"{inside}/{name}" for name in files if not name.endswith(".lock")}
    with contextlib.suppress(FileNotFoundError):
        for line in (folder / "packed-refs").read_bytes().splitlines():
            if not line.startswith((b"#", b"^")):
                names.add(line.partition(b" ")[2].decode("utf-8", "replace"))
    return sorted(names)


def fingerprint(folder: Path) -> bytes:
    """A digest of who the repository says it is, of its refs, and of which files of objects there
    are and how long. It stays while nothing was pushed, packed, lost or cut off; a bit that turns
    over in an object is not seen.
    """
    hasher = hashlib.blake2b(digest_size=_DIGEST_BYTES)
    for name in (FILE_NAME, "HEAD", "packed-refs"):
        with contextlib.suppress(FileNotFoundError):
            hasher.update(f"{name}\0".encode() + (folder / name).read_bytes())
    for top, is_content in (("refs", True), ("objects", False)):
        for place, folders, files in os.walk(folder / top):
            folders.sort()
            for name in sorted(files):
                path = os.path.join(place, name)
                with contextlib.suppress(FileNotFoundError):
                    size_bytes = os.stat(path).st_size
                    hasher.update(f"\0{name}\0{size_bytes}\0".encode("utf-8", "surrogateescape"))
                    if is_content:
                        hasher.update(Path(path).read_bytes())
            hasher.update(os.fsencode(place[len(str(folder)) :]))
    return hasher.digest()


def broken_references(folder: Path) -> list[Trouble]:
    """Refs that cannot be read, or lead to no commit that is here.

    Raises:
        Corrupt: the folder is no repository.
    """
    handle = opened(folder)
    try:
        found = ((name, _reference_fault(handle, folder, name)) for name in reference_names(folder))
        return [Trouble(name, fault) for name, fault in found if fault is not None]
    finally:
        handle.free()


def opened(folder: Path) -> pygit2.Repository:
    """A handle of the caller's own.

    Raises:
        Corrupt: the folder is no repository.
    """
    try:
        return pygit2.Repository(str(folder))
    except pygit2.GitError as error:
        raise Corrupt("The folder is no repository.") from error


def _reference_fault(handle: pygit2.Repository, folder: Path, name: str) -> str | None:
    try:
        target = handle.lookup_reference(name).resolve().target
        found = handle.get(target)
    except (KeyError, ValueError, pygit2.GitError) as error:
        if not (folder / name).exists() and name not in reference_names(folder):
            return None  # removed meanwhile
        return f"cannot be read ({error})"
    if found is None:
        return f"leads to {target}, which is missing"
    try:
        found.peel(pygit2.Commit)
    except (ValueError, pygit2.GitError):
        return f"leads to {target}, which is no commit or has lost it"
    return None


def leftovers(folder: Path, age_seconds: float) -> Iterator[str]:
    """Locks and quarantines of pushes that nobody touched for that long, as paths inside."""
    oldest = time.time() - age_seconds
    candidates = [*folder.glob("*.lock"), *folder.glob(f"{PREFIX}*")]
    candidates += (folder / "refs").rglob("*.lock")
    candidates += (folder / "objects" / "info").rglob("*.lock")
    for each in candidates:
        with contextlib.suppress(FileNotFoundError):
            if each.stat().st_mtime < oldest:
                yield each.relative_to(folder).as_posix()


def verify_objects(folder: Path) -> tuple[list[Trouble], list[Trouble]]:
    """Read and check every object with git. What is broken, and what is only unusual.

    Raises:
        subprocess.TimeoutExpired: it took more than a day.
    """
    arguments = ["fsck", "--full", "--strict", "--no-dangling", "--no-progress"]
    done = subprocess.run(
        command(folder, *arguments),
        capture_output=True,
        timeout=_FSCK_SECONDS_MAX,
        env=environment(),
        check=False,
    )
    broken: list[Trouble] = []
    unusual: list[Trouble] = []
    for line in (done.stdout + done.stderr).decode("utf-8", "replace").splitlines():
        trouble = Trouble("objects", line.replace(str(folder), "")[:_LINE_CHARACTERS_MAX])
        if line.startswith(("warning", "notice", "dangling")):
            unusual.append(trouble)
        elif line.strip() and (done.returncode or line.startswith(("error", "missing", "broken"))):
            broken.append(trouble)
    if done.returncode and not broken:
        broken.append(Trouble("objects", f"git fsck ended with {done.returncode}"))
    return broken[:_LINES_MAX], unusual[:_LINES_MAX]


def broken_files(folder: Path, pace: Callable[[int], None]) -> Iterator[Path]:
    """Packs, indexes, bitmaps and commit-graphs that do not have the checksum at their end.

    git's own check leaves those out that it can do without, and clones may be wrong by them.
    ``pace`` is called with the size of each piece that was read.
    """
    places = [*(folder / "objects" / "pack").glob("*"), *(folder / "objects/info").rglob("*")]
    for file in sorted(places):
        if file.suffix in _SUMMED or file.name == "commit-graph":
            with contextlib.suppress(FileNotFoundError):
                if not _has_checksum(file, pace):
                    yield file


def _has_checksum(file: Path, pace: Callable[[int], None]) -> bool:
    hasher, last = hashlib.sha1(usedforsecurity=False), b""
    try:
        with file.open("rb") as stream:
            while piece := stream.read(_PIECE_BYTES):
                pace(len(piece))
                data = last + piece
                hasher.update(data[:-_DIGEST_BYTES])
                last = data[-_DIGEST_BYTES:]
    except FileNotFoundError:
        raise
    except OSError:
        return False
    return hasher.digest() == last


def broken_loose_objects(folder: Path) -> Iterator[Path]:
    """Files of loose objects whose content does not have the id that they are named by."""
    for shelf in sorted((folder / "objects").glob("[0-9a-f][0-9a-f]")):
        for file in sorted(shelf.iterdir()):
            if len(file.name) == 38 and not is_loose_object(file, shelf.name + file.name):
                yield file


def is_loose_object(file: Path, object_id: str) -> bool:
    """Whether a file holds the loose object of that id, whole."""
    unpacker = zlib.decompressobj()
    hasher = hashlib.sha1(usedforsecurity=False)
    try:
        packed = file.read_bytes()
        while packed and not unpacker.eof:
            hasher.update(unpacker.decompress(packed, _PIECE_BYTES))
            packed = unpacker.unconsumed_tail
    except FileNotFoundError:
        return True  # packed meanwhile
    except (OSError, zlib.error):
        return False
    return unpacker.eof and hasher.hexdigest() == object_id


@dataclass(frozen=True, slots=True)
class SnapshotFile:
    """A file of one commit. ``fault`` says what is wrong with its object; ``content`` is empty
    then.
    """

    path: str
    content: bytes
    fault: str = ""


def snapshot(folder: Path, commit: str) -> Iterator[SnapshotFile]:
    """Every file of a commit, in git's order; each object on the way was read and hashed again.

    A commit or tree that is wrong stands among them under its own path, and nothing below it.

    Raises:
        Corrupt: the folder is no repository.
    """
    handle = opened(folder)
    try:
        try:
            _read_object(handle, commit)
            root = str(handle[commit].peel(pygit2.Commit).tree_id)
        except (KeyError, ValueError, pygit2.GitError, Corrupt) as error:
            yield SnapshotFile("", b"", f"commit {commit}: {error}")
            return
        yield from _tree_files(handle, root, "")
    finally:
        handle.free()


def _tree_files(handle: pygit2.Repository, tree_id: str, above: str) -> Iterator[SnapshotFile]:
    try:
        _read_object(handle, tree_id)
        entries = [
            (each.name, str(each.id), each.filemode) for each in handle[tree_id].peel(pygit2.Tree)
        ]
    except (KeyError, ValueError, pygit2.GitError, Corrupt) as error:
        yield SnapshotFile(above, b"", f"tree {tree_id}: {error}")
        return
    for name, oid, mode in entries:
        path = f"{above}{name}"
        if mode == pygit2.enums.FileMode.TREE:
            yield from _tree_files(handle, oid, f"{path}/")
        elif mode != pygit2.enums.FileMode.COMMIT:
            try:
                yield SnapshotFile(path, _read_object(handle, oid))
            except (KeyError, ValueError, pygit2.GitError, Corrupt) as error:
                yield SnapshotFile(path, b"", f"object {oid}: {error}")


def _read_object(handle: pygit2.Repository, object_id: str) -> bytes:
    """The content of an object that has the id.

    Raises:
        Corrupt: it has another.
        KeyError, pygit2.GitError: it is missing, or cannot be read.
    """
    kind, content = handle.odb.read(pygit2.Oid(hex=object_id))
    word = _WORDS[kind]
    hasher = hashlib.sha1(b"%s %d\0" % (word, len(content)), usedforsecurity=False)
    hasher.update(content)
    if hasher.hexdigest() != object_id:
        raise Corrupt("other bytes than its id says")
    return bytes(content)
