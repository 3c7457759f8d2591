"""Which files are large files: the rules of ``.gitattributes``, size and content.

Knows the rules and keeps ``.gitattributes`` up. Does not know whether content is here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from groundswell.core.errors import TooLarge
from groundswell.core.values import EntryKind
from groundswell.hub.commits.values import (
    REGULAR_BYTES_MAX,
    PreuploadFile,
    PreuploadMode,
    UploadMode,
)
from groundswell.store.git import GitStore, Side, TreeEdit
from groundswell.store.git.values import MODE_FILE
from groundswell.wire.git import attributes, ignore
from groundswell.wire.git.attributes import Attributes
from groundswell.wire.git.ignore import Ignore

RULES_BYTES_MAX: Final = 1 << 20

_TextAt = Callable[[str], bytes | None]


def _folders_above(paths: Iterable[str]) -> list[str]:
    """Every folder on the way to the paths, as "" or "a/b/", upper ones first."""
    found = {""}
    for path in paths:
        segments = path.split("/")[:-1]
        found.update("/".join(segments[: depth + 1]) + "/" for depth in range(len(segments)))
    return sorted(found, key=lambda folder: (folder.count("/"), folder))


def _files(name: str, paths: Iterable[str], text_at: _TextAt) -> list[tuple[str, str]]:
    files = []
    for folder in _folders_above(paths):
        text = text_at(f"{folder}{name}")
        if text is not None:
            files.append((folder, text.decode("utf-8", "replace")))
    return files


def preupload(
    git: GitStore,
    repository_id: int,
    commit: str | None,
    files: Sequence[PreuploadFile],
    git_attributes: str | None,
    git_ignore: str | None,
) -> list[PreuploadMode]:
    """How each file shall be sent. A text that was sent takes the place of the root's file."""

    def text_at(path: str) -> bytes | None:
        sent = {attributes.NAME: git_attributes, ignore.NAME: git_ignore}.get(path)
        if sent is not None:
            return sent.encode("utf-8", "replace")
        if commit is None:
            return None
        return git.text_at(repository_id, commit, path, RULES_BYTES_MAX)

    paths = [file.path for file in files]
    rules = Attributes(_files(attributes.NAME, paths, text_at))
    ignored = Ignore(_files(ignore.NAME, paths, text_at))
    return [
        PreuploadMode(
            path=file.path,
            mode=_mode(file, rules),
            should_ignore=ignored.ignores(file.path),
            oid=_committed_oid(git, repository_id, commit, file.path),
        )
        for file in files
    ]


def _mode(file: PreuploadFile, rules: Attributes) -> UploadMode:
    if file.size_bytes == 0:
        return UploadMode.REGULAR
    large = file.size_bytes > REGULAR_BYTES_MAX or rules.is_lfs(file.path) or is_binary(file.sample)
    return UploadMode.LFS if large else UploadMode.REGULAR


def arriving_bytes(
    git: GitStore,
    repository_id: int,
    commit: str | None,
    files: Sequence[PreuploadFile],
    modes: Sequence[PreuploadMode],
) -> int:
    """How much of large files is not here for all that is known: who sends a folder again, with
    little in it changed, needs no room for the rest. A file of the same length counts as the same.
    """
    total = 0
    for file, mode in zip(files, modes, strict=True):
        if mode.mode is UploadMode.LFS and not mode.should_ignore:
            entry = git.entry(repository_id, commit, file.path) if commit is not None else None
            pointer = entry.pointer if entry is not None else None
            if pointer is None or pointer.size_bytes != file.size_bytes:
                total += file.size_bytes
    return total


def is_binary(sample: bytes) -> bool:
    """Whether the beginning of a file is not text: a zero byte, or bytes that are not UTF-8."""
    if b"\0" in sample:
        return True
    try:
        sample.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start < len(sample) - 3  # the sample may end inside a character
    return False


def _committed_oid(git: GitStore, repository_id: int, commit: str | None, path: str) -> str | None:
    entry = git.entry(repository_id, commit, path) if commit is not None else None
    if entry is None or entry.kind is not EntryKind.FILE:
        return None
    return entry.pointer.sha256 if entry.pointer is not None else entry.oid


def keep_attributes(
    git: GitStore, repository_id: int, edit: TreeEdit, paths: Sequence[str]
) -> None:
    """Add a line to the root's ``.gitattributes`` for each large file that no pattern covers.

    Raises:
        TooLarge: the file would grow above its limit; a pattern is what is wanted then.
    """
    if not paths:
        return

    def text_at(path: str) -> bytes | None:
        side = edit.find(path)
        if side is None or not side.oid:
            return None
        if git.blob_size_bytes(repository_id, side.oid) > RULES_BYTES_MAX:
            return None
        return git.blob(repository_id, side.oid)

    rules = Attributes(_files(attributes.NAME, paths, text_at))
    uncovered = [path for path in dict.fromkeys(paths) if not rules.is_lfs(path)]
    if not uncovered:
        return
    text = (text_at(attributes.NAME) or b"").decode("utf-8", "replace")
    content = attributes.with_lfs_paths(text, uncovered).encode("utf-8")
    if len(content) > RULES_BYTES_MAX:
        msg = (
            "Too many large files without a common pattern: add a pattern for them to "
            ".gitattributes (git lfs track) and send the commit again."
        )
        raise TooLarge(msg)
    edit.put(attributes.NAME, Side(MODE_FILE, git.write_blob(repository_id, content)))
