"""Refs: found by every name a client may write, listed, and moved by compare-and-swap.

Knows git's ref files and their locks. Does not know which names are allowed or who may move one.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pygit2

from groundswell.core.errors import ConcurrentWrite, Conflict
from groundswell.core.values import is_abbreviated_commit_id, is_commit_id
from groundswell.store.git.process import fault_of, translated
from groundswell.store.git.values import Reference

BRANCHES: Final = "refs/heads/"
TAGS: Final = "refs/tags/"
PULL_REQUESTS: Final = "refs/pr/"
CONVERTS: Final = "refs/convert/"
_SPACES: Final = (BRANCHES, TAGS, PULL_REQUESTS, CONVERTS)
_NAME: Final = re.compile(r"[^\x00-\x20\x7f~^:?*\[\\]+")


def _peeled(handle: pygit2.Repository, oid: pygit2.Oid | str) -> pygit2.Commit | None:
    """The commit that an object is or, as an annotated tag, names."""
    try:
        found = handle.get(oid)
        return found.peel(pygit2.Commit) if found is not None else None
    except (pygit2.GitError, ValueError):
        return None


def target(handle: pygit2.Repository, name: str) -> str | None:
    """The object that the ref of that full name points to now, or None.

    Raises:
        Unavailable: it may be there, and cannot be read now.
    """
    try:
        found = handle.lookup_reference(name).resolve()
    except (KeyError, ValueError, pygit2.GitError):
        return None
    except OSError as error:
        raise fault_of(str(error)) from error
    return str(found.target)


def resolve(handle: pygit2.Repository, revision: str) -> str | None:
    """The commit that a revision means: branch, tag, full ref, full or short id.

    A name is never read as an expression (``main~1``), so it reaches only what a ref or id names.
    """
    if is_commit_id(revision):
        commit = _peeled(handle, revision)
        return str(commit.id) if commit is not None and str(commit.id) == revision else None
    if not _NAME.fullmatch(revision) or ".." in revision or "@{" in revision:
        return None
    if revision == "HEAD":
        revision = f"{BRANCHES}main"
    if revision.startswith("refs/"):
        names = [revision] if revision.startswith(_SPACES) else []
    else:
        names = [f"{BRANCHES}{revision}", f"{TAGS}{revision}"]
    for name in names:
        found = target(handle, name)
        commit = _peeled(handle, found) if found is not None else None
        if commit is not None:
            return str(commit.id)
    if is_abbreviated_commit_id(revision):
        try:
            commit = _peeled(handle, str(handle.expand_id(revision)))
        except (ValueError, KeyError, pygit2.GitError):
            return None
        return str(commit.id) if commit and str(commit.id).startswith(revision) else None
    return None


def listed(handle: pygit2.Repository) -> list[Reference]:
    """All refs that name a commit, by name."""
    found = []
    with translated():
        for each in handle.listall_reference_objects():
            if isinstance(each.target, str) or not each.name.startswith(_SPACES):
                continue
            commit = _peeled(handle, each.target)
            if commit is not None:
                found.append(Reference(each.name, str(commit.id), str(each.target)))
    return sorted(found, key=lambda each: each.name)


def swap(
    handle: pygit2.Repository,
    name: str,
    old: str | None,
    new: str | None,
    sync: Callable[[int], None],
) -> None:
    """Move a ref from one object to another, make it (``old`` None) or remove it (``new`` None).

    ``sync`` makes a descriptor's bytes durable. Only a ref that is moved needs it: of one that is
    made nobody has been told yet.

    Raises:
        ConcurrentWrite: it is not at ``old`` any more, or somebody holds its lock.
        Conflict: another ref's name is a folder of this one, or the other way round.
        StorageFull: nothing was changed.
    """
    try:
        with translated():
            if old is None:
                assert new is not None
                handle.create_reference_direct(name, pygit2.Oid(hex=new), force=False)
                return
            try:
                reference = handle.lookup_reference(name)
            except KeyError as error:
                raise ConcurrentWrite from error
            if str(reference.target) != old:
                raise ConcurrentWrite
            if new is None:
                reference.delete()  # libgit2 takes the lock and compares with the target read above
            else:
                _move(handle, name, old, new, sync)
    except (pygit2.AlreadyExistsError, ValueError) as error:
        if target(handle, name) is None:
            msg = f"Reference {name} collides with another reference."
            raise Conflict(msg) from error
        raise ConcurrentWrite from error


def _move(
    handle: pygit2.Repository, name: str, old: str, new: str, sync: Callable[[int], None]
) -> None:
    """As git does it, but with the new target on the disk before it takes the old one's name: else
    a power cut between the two leaves an empty file on XFS, and the branch is gone.
    """
    path = Path(handle.path, name)
    lock = path.with_name(f"{path.name}.lock")
    path.parent.mkdir(parents=True, exist_ok=True)  # packing refs removes empty folders
    try:
        descriptor = os.open(lock, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    except FileExistsError as error:
        raise ConcurrentWrite from error
    try:
        try:
            if target(handle, name) != old:
                raise ConcurrentWrite
            os.write(descriptor, f"{new}\n".encode())
            sync(descriptor)
        finally:
            os.close(descriptor)
        os.rename(lock, path)
    except BaseException:
        lock.unlink(missing_ok=True)
        raise
