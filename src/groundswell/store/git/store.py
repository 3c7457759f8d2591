"""The git store: one object through which everything above reads and writes repositories.

Knows repositories by number, commits by id and paths by text. Does not know names, accounts or
rights, and takes for granted that paths were checked.

Safe from any thread. A commit is: write blobs, build the tree, ``make_commit``, wait for the
barrier, ``swap_ref``, wait for the barrier. Only then may anybody be told.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import pygit2

from groundswell.core.errors import Corrupt
from groundswell.core.values import Entry, EntryKind, Pointer
from groundswell.store.git import diffs, history, refs, rewriting, trees, upkeep
from groundswell.store.git.aside import Aside
from groundswell.store.git.barrier import SyncBarrier
from groundswell.store.git.edits import TreeEdit
from groundswell.store.git.gates import Gates, Turns
from groundswell.store.git.handles import Folders
from groundswell.store.git.incoming import Incoming
from groundswell.store.git.lines import Lines
from groundswell.store.git.merging import Merging
from groundswell.store.git.notes import Notes
from groundswell.store.git.process import run, translated
from groundswell.store.git.sharing import SharedLocks
from groundswell.store.git.tidying import Tidying
from groundswell.store.git.values import (
    MODE_GITLINK,
    Author,
    CommitDiff,
    CommitSummary,
    PathChange,
    Reference,
    Side,
)
from groundswell.store.git.workers import Workers
from groundswell.store.git.writes import writing


class GitStore:
    """Bare repositories under one folder, ``<root>/<ab>/<number>.git``.

    Every method raises Corrupt when the repository's folder or an object in it is broken.
    """

    def __init__(self, root: Path, barrier: SyncBarrier | None = None) -> None:
        self._folders = Folders(root)
        self.aside = Aside(self._folders)
        self.barrier = barrier or SyncBarrier(root)
        self._locks = SharedLocks(root / "locks")
        self.workers = Workers(root, self._locks)
        self.notes = Notes(root, self.workers.name)
        self.gates = Gates(self._locks)
        self._refs = Turns(self._locks)
        self.tidying = Tidying(self._folders, self.gates)
        self.lines = Lines(self._folders)
        self.merging = Merging(self._folders)

    # --- repositories -------------------------------------------------------------------------

    @property
    def root(self) -> Path:
        """The folder of all repositories."""
        return self._folders.root

    def path(self, repository_id: int) -> Path:
        """The bare repository of that number, there or not."""
        return self._folders.path(repository_id)

    def exists(self, repository_id: int) -> bool:
        """Whether the repository was made and not deleted."""
        return self._folders.exists(repository_id)

    def create(self, repository_id: int) -> None:
        """Make an empty repository whose HEAD is main; durable with the next barrier."""
        self.barrier.check()
        self._folders.create(repository_id)

    def delete(self, repository_id: int) -> None:
        """Remove the repository with everything in it."""
        self._folders.delete(repository_id)

    def numbers(self) -> list[int]:
        """The numbers of all repositories on disk, ascending."""
        return self._folders.numbers()

    # --- revisions ----------------------------------------------------------------------------

    def resolve(self, repository_id: int, revision: str) -> str | None:
        """The commit that a branch, tag, full ref (``refs/pr/1``), full or short id means."""
        return refs.resolve(self._folders.open(repository_id), revision)

    def head(self, repository_id: int) -> str | None:
        """The commit of main, None while there is none."""
        return self.resolve(repository_id, "refs/heads/main")

    def ref_target(self, repository_id: int, name: str) -> str | None:
        """The object that the ref of that full name points to: a commit, or an annotated tag."""
        return refs.target(self._folders.open(repository_id), name)

    def references(self, repository_id: int) -> list[Reference]:
        """All branches, tags, pull request and conversion refs, by name."""
        return refs.listed(self._folders.open(repository_id))

    def swap_ref(self, repository_id: int, name: str, old: str | None, new: str | None) -> None:
        """Move, make (``old`` None) or remove (``new`` None) a ref by compare-and-swap.

        Raises:
            ConcurrentWrite: it is not at ``old`` any more.
            Conflict: its name collides with a folder of other refs.
            StorageFull, Unavailable: nothing was changed.
        """
        self.barrier.check()
        with self.gates.writing(repository_id), self._refs.turn(repository_id):
            cuts = old is not None and (new is None or not self._follows(repository_id, old, new))
            if cuts:  # first: when the process ends in the middle, there is a mark too many
                self.tidying.cut_off(repository_id)
            handle = self._folders.open(repository_id)
            refs.swap(handle, name, old, new, self.barrier.sync_file)
            if cuts:  # and again: a tidying that began before the ref moved may have taken it
                self.tidying.cut_off(repository_id)

    def _follows(self, repository_id: int, old: str, new: str) -> bool:
        """Whether what ``old`` reaches is reached by ``new``, as far as both are commits."""
        handle = self._folders.open(repository_id)
        try:
            if pygit2.Oid(hex=old) in history.read_commit(handle, new).parent_ids:
                return True
            return old == new or handle.descendant_of(new, old)
        except (Corrupt, ValueError, KeyError, pygit2.GitError):  # an annotated tag is no commit
            return False

    # --- reading ------------------------------------------------------------------------------

    def _tree(self, repository_id: int, commit: str) -> pygit2.Tree:
        return history.read_commit(self._folders.open(repository_id), commit).tree

    def entry(self, repository_id: int, commit: str, path: str) -> Entry | None:
        """What stands at a path; the empty path is the root folder."""
        handle = self._folders.open(repository_id)
        tree = self._tree(repository_id, commit)
        if not path:
            return Entry(EntryKind.DIRECTORY, "", str(tree.id))
        found = trees.lookup(tree, path)
        return None if found is None else trees.describe(handle, path, found)

    def entries(
        self,
        repository_id: int,
        commit: str,
        path: str = "",
        *,
        recursive: bool = False,
        after: str = "",
        limit: int | None = None,
    ) -> list[Entry] | None:
        """The entries below a folder in git's order, folders before their content.

        ``after`` is the full path of the last entry of the page before. None when the path is no
        folder of this commit.
        """
        handle = self._folders.open(repository_id)
        tree: pygit2.Object | None = self._tree(repository_id, commit)
        if path and isinstance(tree, pygit2.Tree):
            tree = trees.lookup(tree, path)
        if not isinstance(tree, pygit2.Tree):
            return None
        prefix = f"{path}/" if path else ""
        behind = after.removeprefix(prefix).split("/") if after else []
        walk = trees.walk(tree, prefix, recursive=recursive, after=behind)
        with translated():
            return [trees.describe(handle, each, entry) for each, entry in islice(walk, limit)]

    def blob_size_bytes(self, repository_id: int, oid: str) -> int:
        """Size of a blob, without reading it."""
        handle = self._folders.open(repository_id)
        return trees.blob_size_and_pointer(handle, pygit2.Oid(hex=oid))[0]

    def blob(self, repository_id: int, oid: str, max_bytes: int | None = None) -> bytes:
        """A blob's bytes, or the first ``max_bytes`` of them.

        Raises:
            Corrupt: missing, broken, or no blob.
        """
        with translated():
            found = self._folders.open(repository_id).get(oid)
        if not isinstance(found, pygit2.Blob):
            raise Corrupt
        return found.data if max_bytes is None else found.data[:max_bytes]

    def text_at(self, repository_id: int, commit: str, path: str, max_bytes: int) -> bytes | None:
        """The bytes of a regular file, None when there is none or it is larger."""
        found = self.entry(repository_id, commit, path)
        if found is None or found.kind is not EntryKind.FILE or found.pointer is not None:
            return None
        return self.blob(repository_id, found.oid) if found.size_bytes <= max_bytes else None

    # --- history ------------------------------------------------------------------------------

    def commit_summary(self, repository_id: int, commit: str) -> CommitSummary:
        """A commit's author, time, message, parents."""
        return history.summary_of(history.read_commit(self._folders.open(repository_id), commit))

    def log(
        self, repository_id: int, commit: str, *, skip: int = 0, limit: int = 50, path: str = ""
    ) -> list[CommitSummary]:
        """Commits from ``commit`` backwards, newest first; with a path, those that changed it."""
        handle = self._folders.open(repository_id)
        if not path:
            return history.log(handle, commit, skip, limit)
        ids = history.path_log(self.path(repository_id), commit, path, skip, limit)
        return [self.commit_summary(repository_id, each) for each in ids]

    def count_commits(self, repository_id: int, commit: str) -> int:
        """How many commits the history of a commit holds."""
        return history.count(self._folders.open(repository_id), self.path(repository_id), commit)

    def last_commits(
        self, repository_id: int, commit: str, paths: Sequence[str]
    ) -> dict[str, CommitSummary]:
        """For each path, the newest commit that changed it. Paths found too late are left out."""
        handle = self._folders.open(repository_id)
        folders: dict[str, set[str]] = {}
        for path in paths:
            folder, _, name = path.rpartition("/")
            folders.setdefault(folder, set()).add(name)
        found: dict[str, CommitSummary] = {}
        for folder, names in folders.items():
            for name, each in history.last_commits(handle, commit, folder, names).items():
                path = f"{folder}/{name}" if folder else name
                found[path] = self.commit_summary(repository_id, each)
        return found

    def diff(self, repository_id: int, commit: str) -> CommitDiff:
        """The commit against its first parent, bounded in files and bytes."""
        with translated():
            return diffs.commit_diff(self._folders.open(repository_id), commit)

    def diff_between(self, repository_id: int, old: str | None, new: str) -> CommitDiff:
        """One commit's tree against another's, bounded in files and bytes."""
        before = self._tree(repository_id, old) if old is not None else None
        handle = self._folders.open(repository_id)
        with translated():
            return diffs.tree_diff(handle, before, self._tree(repository_id, new))

    def changes(self, repository_id: int, old: str | None, new: str | None) -> Iterator[PathChange]:
        """The files that differ between the trees of two commits (None: nothing)."""
        before = self._tree(repository_id, old) if old is not None else None
        after = self._tree(repository_id, new) if new is not None else None
        return trees.changes(before, after)

    def is_commit(self, repository_id: int, commit: str) -> bool:
        """Whether that id is here and a commit's."""
        found = self._folders.open(repository_id).get(commit)
        return found is not None and found.type == pygit2.enums.ObjectType.COMMIT

    def is_ancestor(self, repository_id: int, old: str, new: str) -> bool:
        """Whether ``new`` is ``old`` or follows it."""
        return old == new or self._folders.open(repository_id).descendant_of(new, old)

    def pointers_in(self, repository_id: int, commit: str) -> Iterator[tuple[str, Pointer]]:
        """Path and pointer of every large file of a commit."""
        handle = self._folders.open(repository_id)
        walk = trees.walk(self._tree(repository_id, commit), "", recursive=True)
        for path, found in walk:
            entry = trees.describe(handle, path, found)
            if entry.pointer is not None:
                yield path, entry.pointer

    def all_pointers(self, repository_id: int) -> Iterator[tuple[str, Pointer]]:
        """Path and pointer of every large file in the history of any ref, each blob once."""
        handle = self._folders.open(repository_id)
        arguments = ["rev-list", "--objects", "--all", "--filter=blob:limit=1025"]
        out = run(self.path(repository_id), arguments, timeout_seconds=3_600.0)
        for line in out.split(b"\n"):
            oid, space, path = line.partition(b" ")
            if not space or not path:
                continue
            pointer = trees.blob_size_and_pointer(handle, pygit2.Oid(hex=oid.decode("ascii")))[1]
            if pointer is not None:
                yield path.decode("utf-8", "replace"), pointer

    def new_pointers(
        self, repository_id: int, new: str, known: Sequence[str]
    ) -> Iterator[tuple[str, Pointer]]:
        """Path and pointer of every large file that commits behind ``new`` added.

        Commits that ``known`` reach are passed over.
        """
        handle = self._folders.open(repository_id)
        for commit in history.new_commits(handle, new, list(known)):
            before = commit.parents[0].tree if commit.parent_ids else None
            for change in trees.changes(before, commit.tree):
                if change.new is not None and change.new.mode != MODE_GITLINK:
                    oid = pygit2.Oid(hex=change.new.oid)
                    pointer = trees.blob_size_and_pointer(handle, oid)[1]
                    if pointer is not None:
                        yield change.path, pointer

    # --- writing ------------------------------------------------------------------------------

    def write_blob(self, repository_id: int, content: bytes) -> str:
        """Write a small file's bytes; its git id."""
        self.barrier.check()
        handle = self._folders.open(repository_id)
        with writing(handle, len(content)):
            written = str(handle.create_blob(content))
        self.tidying.wrote(repository_id)
        return written

    def edit(self, repository_id: int, commit: str | None) -> TreeEdit:
        """The tree of a commit (None: an empty one), to be changed by this thread."""
        base = self._tree(repository_id, commit) if commit is not None else None
        return TreeEdit(self._folders.open(repository_id), base)

    def tree_id(self, repository_id: int, commit: str | None) -> str | None:
        """Id of a commit's tree."""
        return None if commit is None else str(self._tree(repository_id, commit).id)

    def make_commit(
        self,
        repository_id: int,
        *,
        tree: str,
        parents: Sequence[str],
        author: Author,
        message: str,
        time: int,
        committer: Author | None = None,
    ) -> str:
        """Write a commit object (``time`` in microseconds). No ref moves; it is not yet durable."""
        self.barrier.check()
        handle = self._folders.open(repository_id)
        seconds = time // 1_000_000
        by = committer or author
        with writing(handle):
            made = handle.create_commit(
                None,
                pygit2.Signature(author.name, author.email, seconds, 0, "utf-8"),
                pygit2.Signature(by.name, by.email, seconds, 0, "utf-8"),
                message,
                pygit2.Oid(hex=tree),
                [pygit2.Oid(hex=each) for each in parents],
            )
        self.tidying.wrote(repository_id)
        return str(made)

    def make_tag(
        self, repository_id: int, name: str, commit: str, author: Author, message: str, time: int
    ) -> str:
        """Write an annotated tag object and return its id; no ref moves."""
        self.barrier.check()
        handle = self._folders.open(repository_id)
        lines = (
            f"object {commit}\ntype commit\ntag {name}\n"
            f"tagger {author.name} <{author.email}> {time // 1_000_000} +0000\n\n{message}\n"
        )
        with writing(handle):
            return str(handle.odb.write(pygit2.enums.ObjectType.TAG, lines.encode("utf-8")))

    def rewrite_without(
        self, repository_id: int, tips: Sequence[str], sha256s: frozenset[str]
    ) -> dict[str, str]:
        """What these commits become without the large files of these contents. No ref moves."""
        self.barrier.check()
        handle = self._folders.open(repository_id)
        return rewriting.rewrite_without(handle, tips, sha256s.__contains__)

    def receive(self, repository_id: int) -> Incoming:
        """A quarantine for the objects of a push."""
        self.barrier.check()
        return Incoming(self.path(repository_id))

    # --- upkeep -------------------------------------------------------------------------------

    def clean_up_at_boot(self) -> int:
        """Remove stale locks and what is half made; how many there were."""
        return upkeep.remove_leftovers(self.root, after_a_fall=bool(self.workers.fallen()))

    def close(self) -> None:
        """Serve no longer, and let go of every lock."""
        self.workers.end()
        self.barrier.close()
        self._locks.close()

    def upkeep(self, repository_id: int, *, force: bool = False) -> bool:
        """Pack and prune a repository that needs it; whether it did."""
        return self.tidying.run(repository_id, force=force)

    def side_at(self, repository_id: int, commit: str, path: str) -> Side | None:
        """Git's own mode and id of what stands at a path."""
        found = trees.lookup(self._tree(repository_id, commit), path)
        return None if found is None else Side(found.filemode, str(found.id))
