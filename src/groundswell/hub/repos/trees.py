"""The git side of a repository as a whole: its first commit, its copy, its files as facts.

Knows what a new repository holds. Does not know commits by users: that is ``hub.commits``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from groundswell.core.attributes import DEFAULT_ATTRIBUTES
from groundswell.core.errors import (
    BadRequest,
    BlobNotFound,
    InvalidCommit,
    RevisionNotFound,
    TooLarge,
)
from groundswell.core.values import (
    Entry,
    Principal,
    RecipePlan,
    RepoId,
    RepoKind,
    check_path,
)
from groundswell.store.git import Author, GitStore, Side
from groundswell.store.git.copying import copy_history
from groundswell.store.git.values import MODE_FILE, Reference
from groundswell.wire.cards import write_card
from groundswell.wire.cards.words import LICENSES, SPACE_SDKS
from groundswell.wire.git.pointers import parse_pointer

MAIN: Final = "refs/heads/main"
INITIAL_MESSAGE: Final = "initial commit"
INITIAL_FILES_MAX: Final = 100
INITIAL_BYTES_MAX: Final = 10 * 1024 * 1024
REFERENCES_COPIED_MAX: Final = 1_000


@dataclass(frozen=True, slots=True)
class NewFile:
    """A small file that the initial commit of a repository shall hold."""

    path: str
    content: bytes


class Contents(Protocol):
    """Reads large files; ``hub.blobs`` does."""

    def plan(self, repository_id: int, sha256: str) -> RecipePlan:
        """How to read a content that the repository holds. Raises BlobNotFound."""
        ...

    def open_content(
        self, plan: RecipePlan, start: int, stop: int
    ) -> Iterator[bytes | bytearray | memoryview]:
        """Bytes of it in pieces. Raises Corrupt before anything wrong is given."""
        ...


class CommitFiles:
    """The files of one commit, read for facts. See ``facts.Files``."""

    def __init__(
        self, git: GitStore, contents: Contents | None, repository_id: int, commit: str
    ) -> None:
        self._git = git
        self._contents = contents
        self._repository_id = repository_id
        self._commit = commit
        self._plans: dict[str, RecipePlan] = {}
        self._small: tuple[str, bytes] = ("", b"")

    def root(self, limit: int) -> Sequence[Entry]:
        """The first entries of the root folder."""
        return self._git.entries(self._repository_id, self._commit, limit=limit) or ()

    def entry(self, path: str) -> Entry | None:
        """The entry at a path."""
        return self._git.entry(self._repository_id, self._commit, path)

    def read(self, entry: Entry, start: int, stop: int) -> bytes:
        """Content of the file, not of its pointer. Ranges end with the file.

        Raises:
            BlobNotFound: a large file that is not here.
            Corrupt: it is damaged.
        """
        stop = min(stop, entry.size_bytes)
        if start >= stop:
            return b""
        if entry.pointer is None:
            if self._small[0] != entry.oid:
                self._small = (entry.oid, self._git.blob(self._repository_id, entry.oid))
            return self._small[1][start:stop]
        if self._contents is None:
            raise BlobNotFound
        sha256 = entry.pointer.sha256
        if sha256 not in self._plans:
            self._plans[sha256] = self._contents.plan(self._repository_id, sha256)
        pieces = self._contents.open_content(self._plans[sha256], start, stop)
        return b"".join(pieces)


def initial_files(
    repo_id: RepoId, files: Sequence[NewFile], *, sdk: str | None, license_id: str | None
) -> dict[str, bytes]:
    """What the initial commit holds, by path.

    Raises:
        BadRequest: an unknown sdk or license.
        InvalidPath, InvalidCommit, TooLarge: files that no repository may begin with.
    """
    if sdk is not None and sdk not in SPACE_SDKS:
        raise BadRequest(f"Invalid sdk: expected one of {', '.join(SPACE_SDKS)}.")
    if license_id is not None and license_id not in LICENSES:
        raise BadRequest('"license" must be one of the licenses that cards may name.')
    initial = {".gitattributes": DEFAULT_ATTRIBUTES.encode()}
    card: dict[str, str] = {}
    if repo_id.kind is RepoKind.SPACE and sdk is not None:
        card |= {"title": repo_id.name, "sdk": sdk}
    if license_id is not None:
        card["license"] = license_id
    if card:
        body = f"# {repo_id.name}\n" if repo_id.kind is RepoKind.SPACE else ""
        initial["README.md"] = write_card(card, body).encode()
    if len(files) > INITIAL_FILES_MAX or sum(len(f.content) for f in files) > INITIAL_BYTES_MAX:
        raise TooLarge(
            f"A repository begins with at most {INITIAL_FILES_MAX} files "
            f"of {INITIAL_BYTES_MAX} bytes together."
        )
    seen: set[str] = set()
    for file in files:
        if check_path(file.path) in seen:
            raise InvalidCommit(f"The path {file.path[:200]!r} stands twice.")
        if parse_pointer(file.content) is not None:  # nobody can have sent content here yet
            raise InvalidCommit(f"The content of {file.path[:200]!r} was not uploaded here.")
        seen.add(file.path)
        initial[file.path] = file.content
    return initial


def author_of(principal: Principal) -> Author:
    """Who a commit by this principal says made it; addresses are never given away."""
    name = principal.name or "hub"
    return Author(name, f"{name}@users.noreply")


def make_initial_commit(
    git: GitStore,
    number: int,
    principal: Principal,
    files: dict[str, bytes],
    now: int,
) -> str:
    """Make the folder, the commit and main, durably. The commit's id."""
    git.create(number)
    edit = git.edit(number, None)
    for path, content in files.items():
        edit.put(path, Side(MODE_FILE, git.write_blob(number, content)))
    commit = git.make_commit(
        number,
        tree=edit.write(),
        parents=(),
        author=author_of(principal),
        message=INITIAL_MESSAGE,
        time=now,
    )
    _publish(git, number, {MAIN: commit})
    return commit


def copy_branches(git: GitStore, source: int, number: int, *, only_main: bool) -> str:
    """Make the folder with the history of the source's main, or of all its branches and tags,
    durably. The commit of main.

    Raises:
        RevisionNotFound: the source has no main branch.
        TooLarge: more than ``REFERENCES_COPIED_MAX`` of them.
    """
    with git.gates.writing(source):  # what is named now must be there until it is copied
        copied = [each for each in git.references(source) if _is_copied(each, only_main=only_main)]
        main = next((each.target for each in copied if each.name == MAIN), None)
        if main is None:
            raise RevisionNotFound("main")
        if len(copied) > REFERENCES_COPIED_MAX:
            msg = f"At most {REFERENCES_COPIED_MAX} branches and tags are copied. Take main alone."
            raise TooLarge(msg)
        git.create(number)
        copy_history(git.path(source), git.path(number), [each.object_id for each in copied])
    _publish(git, number, {each.name: each.object_id for each in copied})
    return main


def _is_copied(reference: Reference, *, only_main: bool) -> bool:
    if only_main:
        return reference.name == MAIN
    return reference.name.startswith(("refs/heads/", "refs/tags/"))


def _publish(git: GitStore, number: int, objects: Mapping[str, str]) -> None:
    """Name the first objects of a repository, by reference: durable before and after."""
    git.barrier.wait("objects")
    for name, object_id in objects.items():
        git.swap_ref(number, name, None, object_id)
    git.barrier.wait("reference")
