"""Derivatives: files that are made from content, addressed by how they are made, and kept a while.

A derivative is known by its recipe: JSON that names everything its bytes follow from (content by
sha256, tool by version). The same recipe is made once, by whoever comes first, on any thread and in
any process; everybody else waits for it. Nothing here is the only copy of anything: the least
recently used goes when room is needed, backups leave the folder out, and deleting it costs time.

```
DATA/derived/<key>         what was made: a file, or a folder
             <key>.json    its recipe and size: there is no derivative without it
             <key>.lock    held shared by who uses it, alone by who makes or removes it
             <key>.<random>.part    being made; swept when nobody holds the lock
```

Knows locks, room and bytes. Does not know what is made, nor who may have it.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from groundswell.core.errors import Corrupt, StorageFull, Unavailable
from groundswell.core.values import BytesPlan, DownloadPlan, RecipePlan, RecordsPlan
from groundswell.wire.hashing import Octets

Recipe = Mapping[str, Any]
Make = Callable[[Path], None]
Progress = Callable[[int, int], None]
OpenContent = Callable[[RecipePlan | RecordsPlan, int, int], Iterator[Octets]]

GIB: Final = 1 << 30
DEFAULT_BYTES_MAX: Final = 20 * GIB
DEFAULT_SHARE_OF_DISK: Final = 0.2
# Of the disk, left to what is the only copy of something.
KEEP_FREE_BYTES: Final = GIB
FILES_MAX: Final = 64
_NO_SPACE: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_TRIES: Final = 50
# At most, when two look at the same thing at once: then one of them steps aside.
_ASIDE_SECONDS: Final = 0.1


@dataclass(frozen=True, slots=True)
class HubFile:
    """A file of the hub, as it was located for somebody: ``name`` is what it will be called."""

    name: str
    sha256: str
    size_bytes: int
    plan: DownloadPlan


def key_of(recipe: Recipe) -> str:
    """The key of a recipe: sha256 of its canonical JSON."""
    return hashlib.sha256(_canonical(recipe)).hexdigest()


def _canonical(recipe: Recipe) -> bytes:
    text = json.dumps(recipe, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode()


class Derivatives:
    """The folder of derivatives. Thread-safe, and safe beside other processes on the same folder.

    ``size_bytes_max`` 0 means 20 GiB, or a fifth of the disk where that is less.
    """

    def __init__(
        self,
        folder: Path,
        open_content: OpenContent,
        *,
        size_bytes_max: int = 0,
        keep_free_bytes: int = KEEP_FREE_BYTES,
    ) -> None:
        self._folder = folder
        self._open_content = open_content
        self._given_bytes_max = size_bytes_max
        self._keep_free_bytes = keep_free_bytes

    # --- having one -----------------------------------------------------------------------------

    @contextlib.contextmanager
    def obtain(self, recipe: Recipe, make: Make, size_bytes_estimate: int) -> Iterator[Path]:
        """The derivative of that recipe, made now where it is missing; it stays while the context
        is open. It is never written to: it belongs to everybody who has the same recipe.

        Args:
            recipe: all that the bytes follow from. The same recipe is never made twice.
            make: writes a file or a folder at the path that it is given. What it raises comes out,
                and leaves nothing behind.
            size_bytes_estimate: about what it will take: room is made for so much before.

        Raises:
            StorageFull: it does not fit, on the disk or into what derivatives may take.
            Unavailable: the disk refuses it.
        """
        key = key_of(recipe)
        with _disk_faults():
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = self._hold(key, recipe, make, size_bytes_estimate)
        try:
            yield self._folder / key
        finally:
            os.close(descriptor)

    @contextlib.contextmanager
    def files(
        self, files: list[HubFile], progress: Progress | None = None
    ) -> Iterator[Mapping[str, Path]]:
        """Files of the hub as files of the disk, all in one folder, by name; they stay while the
        context is open. Their bytes are hashed while they are written.

        Every file is stored as chunks with headers between them, so there is no plain file that
        could be linked instead.

        Raises:
            Corrupt: the content is not what its name says.
            StorageFull, Unavailable: as ``obtain``.
        """
        assert 0 < len(files) <= FILES_MAX
        assert all(Path(file.name).name == file.name for file in files)
        total_bytes = sum(file.size_bytes for file in files)
        recipe = {"made": "files", "files": [[file.name, file.sha256] for file in files]}

        def make(folder: Path) -> None:
            folder.mkdir(mode=0o700)
            done_bytes = 0
            for file in files:
                for size_bytes in self._write(folder / file.name, file):
                    done_bytes += size_bytes
                    if progress is not None:
                        progress(done_bytes, total_bytes)

        with self.obtain(recipe, make, total_bytes) as folder:
            yield {file.name: folder / file.name for file in files}

    @contextlib.contextmanager
    def file(self, file: HubFile, progress: Progress | None = None) -> Iterator[Path]:
        """One file of the hub as a file of the disk: see ``files``."""
        with self.files([file], progress) as found:
            yield found[file.name]

    # --- upkeep ---------------------------------------------------------------------------------

    def sweep(self) -> int:
        """Remove what was left half made; how many. For the start of a hub, and safe at any time:
        what is being made is locked by who makes it.
        """
        if not self._folder.is_dir():
            return 0
        names = [path.name for path in self._folder.iterdir()]
        count = 0
        for key in {name.partition(".")[0] for name in names}:
            with self._alone(key) as descriptor:
                if descriptor is not None:
                    count += self._sweep_one(key)
        return count

    def _sweep_one(self, key: str) -> int:
        left = list(self._folder.glob(f"{key}.*.part"))
        if not (self._folder / f"{key}.json").exists() and (self._folder / key).exists():
            left.append(self._folder / key)
        for path in left:
            _remove(path)
        return len(left)

    def clear(self) -> int:
        """Remove everything that nobody uses; how many bytes that frees."""
        return self._evict(None, 0)

    @property
    def size_bytes(self) -> int:
        """What all derivatives take together."""
        return sum(size_bytes for _used, _key, size_bytes in self._kept())

    @property
    def size_bytes_max(self) -> int:
        """What they may take."""
        if self._given_bytes_max:
            return self._given_bytes_max
        total_bytes = shutil.disk_usage(self._existing()).total
        return min(DEFAULT_BYTES_MAX, int(total_bytes * DEFAULT_SHARE_OF_DISK))

    def read(self, file: HubFile, start: int, stop: int) -> bytes:
        """A range of a file of the hub, as the store has it. Its chunks are checked there; the
        whole is not hashed.
        """
        if isinstance(file.plan, BytesPlan):
            return bytes(file.plan.content[start:stop])
        return b"".join(self._open_content(file.plan, start, stop))

    def has(self, recipe: Recipe) -> bool:
        """Whether it is there now, whole."""
        return self._is_whole(key_of(recipe))

    # --- inside ---------------------------------------------------------------------------------

    def _hold(self, key: str, recipe: Recipe, make: Make, size_bytes: int) -> int:
        """A descriptor that holds the lock shared, over a whole derivative."""
        for _ in range(_TRIES):
            descriptor = self._lock(key, fcntl.LOCK_SH)
            if descriptor is not None and self._is_whole(key):
                with contextlib.suppress(OSError):  # when it was used is only a hint
                    os.utime(self._folder / f"{key}.json")
                return descriptor
            if descriptor is not None:
                os.close(descriptor)
            # Never waited for: another who was faster may hold it, whole, for hours. While somebody
            # makes it, the shared lock is what waits.
            with self._alone(key) as alone:
                if alone is None:
                    time.sleep(_ASIDE_SECONDS * secrets.randbelow(100) / 100)
                elif not self._is_whole(key):
                    self._make(key, recipe, make, size_bytes)
        msg = "What was made is removed again and again: derivatives may take too little room."
        raise Unavailable(msg)

    def _make(self, key: str, recipe: Recipe, make: Make, size_bytes_estimate: int) -> None:
        self._make_room(key, size_bytes_estimate)
        name = f"{key}.{secrets.token_hex(8)}"
        part, note = self._folder / f"{name}.part", self._folder / f"{name}.json.part"
        try:
            with _disk_faults():
                make(part)
                size_bytes = _settle(part)
                text = json.dumps({"recipe": recipe, "size_bytes": size_bytes}, indent=1)
                note.write_text(text, "utf-8")
                _remove(self._folder / key)
                part.rename(self._folder / key)
                note.rename(self._folder / f"{key}.json")
        finally:
            _remove(part)
            _remove(note)

    def _make_room(self, key: str, size_bytes: int) -> None:
        limit_bytes = self.size_bytes_max
        if size_bytes > limit_bytes:
            msg = f"This takes {size_bytes:,} bytes, and derivatives may take {limit_bytes:,}."
            raise StorageFull(msg)
        over_bytes = self.size_bytes + size_bytes - limit_bytes
        free_bytes = shutil.disk_usage(self._existing()).free - self._keep_free_bytes
        wanted_bytes = max(over_bytes, size_bytes - free_bytes)
        if wanted_bytes > 0 and self._evict(key, wanted_bytes) < wanted_bytes:
            msg = f"The hub's disk has no room for {size_bytes:,} bytes that are made from content."
            raise StorageFull(msg)

    def _evict(self, keep: str | None, wanted_bytes: int) -> int:
        """Remove the least recently used until so many bytes are free (0: all); how many are."""
        freed_bytes = 0
        for _used, key, size_bytes in sorted(self._kept()):
            if wanted_bytes and freed_bytes >= wanted_bytes:
                break
            if key == keep:
                continue
            with self._alone(key) as descriptor:
                if descriptor is not None:
                    # Its note first: what has no note is no derivative.
                    _remove(self._folder / f"{key}.json")
                    _remove(self._folder / key)
                    freed_bytes += size_bytes
        return freed_bytes

    def _kept(self) -> Iterator[tuple[float, str, int]]:
        """Last use, key and size of each."""
        if not self._folder.is_dir():
            return
        for path in list(self._folder.glob("*.json")):
            found = _noted(path)
            with contextlib.suppress(FileNotFoundError):
                yield path.stat().st_mtime, path.stem, 0 if found is None else found

    def _is_whole(self, key: str) -> bool:
        size_bytes = _noted(self._folder / f"{key}.json")
        try:
            return size_bytes is not None and _size_bytes(self._folder / key) == size_bytes
        except OSError:
            return False

    def _lock(self, key: str, how: int) -> int | None:
        """A locked descriptor; None when the lock file was removed meanwhile, or is held."""
        path = self._folder / f"{key}.lock"
        with _disk_faults():
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, how)
            is_current = os.fstat(descriptor).st_ino == path.stat().st_ino
        except (BlockingIOError, FileNotFoundError):
            is_current = False
        if is_current:
            return descriptor
        os.close(descriptor)
        return None

    @contextlib.contextmanager
    def _alone(self, key: str) -> Iterator[int | None]:
        """Hold the lock alone; None when somebody else holds it. A lock of nothing is removed."""
        descriptor = self._lock(key, fcntl.LOCK_EX | fcntl.LOCK_NB)
        try:
            yield descriptor
        finally:
            if descriptor is not None:
                if not (self._folder / f"{key}.json").exists():
                    _remove(self._folder / f"{key}.lock")
                os.close(descriptor)

    def _write(self, path: Path, file: HubFile) -> Iterator[int]:
        """Write one file; the size of each part of it that is written."""
        digest = hashlib.sha256()
        plan = file.plan
        if isinstance(plan, BytesPlan):
            parts: Iterator[Octets] = iter((plan.content,))
        else:
            parts = self._open_content(plan, 0, plan.size_bytes)
        with path.open("xb") as out:
            for part in parts:
                out.write(part)
                digest.update(part)
                yield len(part)
        if digest.hexdigest() != file.sha256:
            raise Corrupt

    def _existing(self) -> Path:
        return self._folder if self._folder.exists() else self._folder.parent


@contextlib.contextmanager
def _disk_faults() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in _NO_SPACE:
            msg = "The hub's disk is full: what is made from content finds no room on it."
            raise StorageFull(msg) from error
        msg = f"The disk refused what is made from content ({error.strerror or error})."
        raise Unavailable(msg) from error


def _noted(path: Path) -> int | None:
    """The size that a note tells; None when it is no note."""
    try:
        size_bytes = json.loads(path.read_text("utf-8"))["size_bytes"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return size_bytes if type(size_bytes) is int else None


def _size_bytes(path: Path) -> int:
    if path.is_dir():
        return sum(part.stat().st_size for part in path.rglob("*") if part.is_file())
    return path.stat().st_size


def _settle(path: Path) -> int:
    """Let the bytes be on the disk before they get their name; how many there are."""
    for part in path.rglob("*") if path.is_dir() else (path,):
        if part.is_file():
            descriptor = os.open(part, os.O_RDONLY | os.O_CLOEXEC)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
    return _size_bytes(path)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            path.unlink()
