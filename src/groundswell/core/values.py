"""The nouns: frozen values that the doors parse and everything below passes along.

Knows what a valid name, path, revision and digest is. Does not know how any of them is stored
or how a protocol spells it.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass, field
from typing import Final

from groundswell.core.errors import BadRequest, InvalidName, InvalidPath

NAME_LENGTH_MAX: Final = 96
PATH_LENGTH_MAX_BYTES: Final = 1024
PATH_SEGMENT_LENGTH_MAX_BYTES: Final = 255
PATH_DEPTH_MAX: Final = 64
REVISION_LENGTH_MAX: Final = 250

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?|[A-Za-z0-9_]", re.ASCII)
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_COMMIT = re.compile(r"[0-9a-f]{40}", re.ASCII)
_SHORT_COMMIT = re.compile(r"[0-9a-f]{7,40}", re.ASCII)


class RepoKind(enum.StrEnum):
    """What a repository holds. The value is the word that the Hub API uses in ``type``."""

    MODEL = "model"
    DATASET = "dataset"
    SPACE = "space"
    KERNEL = "kernel"

    @property
    def plural(self) -> str:
        """The segment after ``/api/``: models, datasets, spaces, kernels."""
        return f"{self.value}s"

    @property
    def prefix(self) -> str:
        """What stands before the id in page, resolve and git URLs: empty for models."""
        return "" if self is RepoKind.MODEL else f"{self.plural}/"


class Visibility(enum.StrEnum):
    """Who may see that a repository exists."""

    PUBLIC = "public"
    PRIVATE = "private"


class Gate(enum.StrEnum):
    """How a gated repository lets people in; ``OPEN`` is not gated."""

    OPEN = "open"
    AUTO = "auto"
    MANUAL = "manual"


def check_name(name: str, what: str = "name") -> str:
    """The same name, when accounts and repositories may carry it (Hub API 0.1).

    Raises:
        InvalidName: with the broken rule.
    """
    if not name:
        msg = f"The {what} is empty."
        raise InvalidName(msg)
    if len(name) > NAME_LENGTH_MAX:
        msg = f"The {what} is longer than {NAME_LENGTH_MAX} characters."
        raise InvalidName(msg)
    if not _NAME.fullmatch(name):
        msg = (
            f"The {what} {name[:100]!r} is not allowed: use letters, digits, '-', '_' and '.', "
            "beginning and ending with a letter or digit."
        )
        raise InvalidName(msg)
    if "--" in name or ".." in name:
        msg = f"The {what} {name!r} may not contain '--' or '..'."
        raise InvalidName(msg)
    if name.lower().endswith((".git", ".lock", ".ipynb")):
        msg = f"The {what} {name!r} may not end in '.git', '.lock' or '.ipynb'."
        raise InvalidName(msg)
    return name


_CONFUSABLE = str.maketrans({"0": "o", "1": "l", "i": "l", "-": None, "_": None, ".": None})


def fold_name(name: str) -> str:
    """The key under which names are looked up: case does not count."""
    return name.lower()


def confusable_key(name: str) -> str:
    """The key under which two names that look alike collide: case, separators, O/0, I/l/1.

    ``rn`` and ``vv`` fold to the letters they imitate. Names are ASCII already.
    """
    return name.lower().replace("rn", "m").replace("vv", "w").translate(_CONFUSABLE)


@dataclass(frozen=True, slots=True)
class RepoId:
    """Kind, namespace and name, as a client wrote them: lookups fold the case."""

    kind: RepoKind
    namespace: str
    name: str

    @classmethod
    def parse(cls, kind: RepoKind, text: str) -> RepoId:
        """From ``namespace/name``.

        Raises:
            InvalidName: not exactly one slash, or a part that breaks the rules.
        """
        namespace, slash, name = text.partition("/")
        if not slash or "/" in name:
            msg = f"A repository is named namespace/name, not {text[:200]!r}."
            raise InvalidName(msg)
        return cls(kind, check_name(namespace, "namespace"), check_name(name, "repository name"))

    @property
    def full_name(self) -> str:
        """``namespace/name``."""
        return f"{self.namespace}/{self.name}"

    @property
    def url_path(self) -> str:
        """Path of the repository's page, without a leading slash: ``datasets/ns/name``."""
        return f"{self.kind.prefix}{self.full_name}"


_WINDOWS_DEVICE = re.compile(
    r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(?:\..*)?", re.IGNORECASE
)
# Code points that git for macOS (HFS+) drops when it compares with ".git", and other invisible
# or direction-changing characters that make two names look alike.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff9-\ufffb\U000e0000-\U000e0fff]"
)
_GIT_SHORT_NAME = re.compile(r"git~[0-9]+", re.IGNORECASE)


def _segment_fault(segment: str) -> str | None:
    """Why one path segment is refused, or None."""
    fault = None
    if segment in {"", ".", ".."}:
        fault = "empty, '.' and '..' segments are not allowed"
    elif len(segment.encode("utf-8", "surrogatepass")) > PATH_SEGMENT_LENGTH_MAX_BYTES:
        fault = f"a segment is longer than {PATH_SEGMENT_LENGTH_MAX_BYTES} bytes"
    elif any(ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0 or 0xD800 <= ord(c) < 0xE000 for c in segment):
        fault = "control characters are not allowed"
    elif _INVISIBLE.search(segment):
        fault = "invisible and direction-changing characters are not allowed"
    elif any(c in segment for c in '\\:*?"<>|'):
        fault = 'the characters \\ : * ? " < > | are not allowed: they do not exist on every system'
    elif segment[-1] in ". ":
        fault = "a segment may not end in a dot or a space"
    elif segment[0] == " ":
        fault = "a segment may not begin with a space"
    elif segment.lower() == ".git" or _GIT_SHORT_NAME.fullmatch(segment):
        fault = "'.git' is git's own folder"
    elif _WINDOWS_DEVICE.fullmatch(segment):
        fault = f"{segment!r} is a device name on Windows"
    return fault


def check_path(path: str) -> str:
    """The same path, when it may live in a repository: the one rule for every way in.

    Git's own checks are not a path policy, so the commit API, pages and pushes all come here.

    Raises:
        InvalidPath: with the broken rule.
    """
    if not path:
        raise InvalidPath(path, "it is empty")
    if path.startswith("/"):
        raise InvalidPath(path, "absolute paths are not allowed")
    if len(path.encode("utf-8", "surrogatepass")) > PATH_LENGTH_MAX_BYTES:
        raise InvalidPath(path, f"it is longer than {PATH_LENGTH_MAX_BYTES} bytes")
    segments = path.split("/")
    if len(segments) > PATH_DEPTH_MAX:
        raise InvalidPath(path, f"it is deeper than {PATH_DEPTH_MAX} folders")
    for segment in segments:
        fault = _segment_fault(segment)
        if fault is not None:
            raise InvalidPath(path, fault)
    if path.startswith("-"):
        raise InvalidPath(path, "it may not begin with '-', which programs read as an option")
    return path


_BAD_REF = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|^[-/.]|/$|/\.|\.lock(?:/|$)|\.$|^@$")


def check_reference_name(name: str) -> str:
    """The same name, when a branch or tag may carry it (git-check-ref-format, and no options).

    Raises:
        InvalidName: with the name.
    """
    if (
        not name
        or len(name) > REVISION_LENGTH_MAX
        or _BAD_REF.search(name)
        or not name.isprintable()
    ):
        msg = f"Invalid reference name {name[:200]!r}."
        raise InvalidName(msg)
    if name.startswith("refs/") or _COMMIT.fullmatch(name) or name == "HEAD":
        msg = f"Invalid reference name {name[:200]!r}: it would hide another revision."
        raise InvalidName(msg)
    return name


def is_sha256(text: str) -> bool:
    """Whether the text is a sha256 in lower-case hexadecimal."""
    return _SHA256.fullmatch(text) is not None


def is_commit_id(text: str) -> bool:
    """Whether the text is a full commit id."""
    return _COMMIT.fullmatch(text) is not None


def is_abbreviated_commit_id(text: str) -> bool:
    """Whether the text may be the beginning of a commit id (7 to 40 digits)."""
    return _SHORT_COMMIT.fullmatch(text) is not None


def check_sha256(text: str) -> str:
    """The same digest.

    Raises:
        BadRequest: not 64 lower-case hexadecimal digits.
    """
    if not is_sha256(text):
        msg = f"Not a sha256: {text[:80]!r}"
        raise BadRequest(msg)
    return text


@dataclass(frozen=True, slots=True)
class ByteRange:
    """Half-open range of bytes, ``0 <= start < stop``."""

    start: int
    stop: int

    def __post_init__(self) -> None:
        assert 0 <= self.start < self.stop, (self.start, self.stop)

    @property
    def size_bytes(self) -> int:
        """How many bytes it spans."""
        return self.stop - self.start


# --- who --------------------------------------------------------------------------------------


class Role(enum.StrEnum):
    """What a member may do in an organisation, weakest first."""

    READ = "read"
    CONTRIBUTOR = "contributor"
    WRITE = "write"
    ADMIN = "admin"


class TokenRole(enum.StrEnum):
    """What a token may do at most. The value is the word of ``whoami-v2``."""

    READ = "read"
    WRITE = "write"
    FINE_GRAINED = "fineGrained"


@dataclass(frozen=True, slots=True)
class RepoGrant:
    """One repository that a fine-grained token may use: read, or also write."""

    repository_id: int
    write: bool


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks, and with what credential. One value for every door.

    ``account_id`` is None for the anonymous. ``memberships`` maps an organisation's account id
    to the role in it. ``token_role`` is None for a browser session or a password, which carry
    the person's full rights. ``token_id`` names the token for revocation checks.
    """

    account_id: int | None = None
    name: str = ""
    is_admin: bool = False
    memberships: tuple[tuple[int, Role], ...] = ()
    token_role: TokenRole | None = None
    token_id: int | None = None
    session_id: int | None = None
    grants: tuple[RepoGrant, ...] = field(default=())

    @property
    def is_anonymous(self) -> bool:
        """Whether nobody in particular asks."""
        return self.account_id is None

    def role_in(self, account_id: int) -> Role | None:
        """The role in the namespace of that account: one's own counts as admin."""
        if self.account_id == account_id:
            return Role.ADMIN
        return next((role for org, role in self.memberships if org == account_id), None)


ANONYMOUS: Final = Principal()


# --- commits ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AddRegular:
    """Put a small file into the tree; its bytes live in git."""

    path: str
    content: bytes


@dataclass(frozen=True, slots=True)
class AddBlob:
    """Put a pointer to a blob into the tree. ``size_bytes`` is None when the client left it out."""

    path: str
    sha256: str
    size_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class CopyEntry:
    """Put the entry of another path (same commit or another revision) at ``path``."""

    path: str
    source_path: str
    source_revision: str | None = None


@dataclass(frozen=True, slots=True)
class DeleteEntry:
    """Remove a file, or a folder with everything in it. ``folder`` when the client said so."""

    path: str
    folder: bool = False


Operation = AddRegular | AddBlob | CopyEntry | DeleteEntry


@dataclass(frozen=True, slots=True)
class CommitHeader:
    """What a commit says of itself."""

    summary: str
    description: str = ""
    parent_commit: str | None = None


@dataclass(frozen=True, slots=True)
class Pointer:
    """What a git-lfs pointer names."""

    sha256: str
    size_bytes: int


class EntryKind(enum.StrEnum):
    """What stands at a path of a tree."""

    FILE = "file"
    DIRECTORY = "directory"


@dataclass(frozen=True, slots=True)
class Entry:
    """One path of a tree.

    ``oid`` is git's own id of the blob (of the pointer, for large files) or tree.
    ``size_bytes`` is the size of the content: for large files, of what the pointer names.
    ``pointer_size_bytes`` is the size of the pointer text in git.
    """

    kind: EntryKind
    path: str
    oid: str
    size_bytes: int = 0
    pointer: Pointer | None = None
    pointer_size_bytes: int = 0


# --- downloads --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Term:
    """Chunks ``[chunk_start, chunk_stop)`` of a xorb, ``raw_size_bytes`` long when decoded.

    ``xorb_hash`` is the hash's hexadecimal form (Xet protocol, hash strings).
    """

    xorb_hash: str
    chunk_start: int
    chunk_stop: int
    raw_size_bytes: int


@dataclass(frozen=True, slots=True)
class BytesPlan:
    """The whole content, small and at hand."""

    content: bytes


@dataclass(frozen=True, slots=True)
class RecipePlan:
    """Content that is decoded from xorbs, term by term."""

    terms: tuple[Term, ...]
    size_bytes: int


DownloadPlan = BytesPlan | RecipePlan
