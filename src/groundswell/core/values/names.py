"""Names of accounts, repositories and references: what is let in, and what looks alike."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from typing import Final

from groundswell.core.errors import InvalidName

NAME_LENGTH_MAX: Final = 96
REVISION_LENGTH_MAX: Final = 250

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?|[A-Za-z0-9_]", re.ASCII)
_COMMIT = re.compile(r"[0-9a-f]{40}", re.ASCII)


class RepoKind(enum.StrEnum):
    """What a repository holds. The value is the word that the Hub API uses in ``type``."""

    MODEL = "model"
    DATASET = "dataset"
    SPACE = "space"
    KERNEL = "kernel"
    BUCKET = "bucket"

    @property
    def has_history(self) -> bool:
        """Whether its files lie in git, under revisions. A bucket's are rows, each as it is now."""
        return self is not RepoKind.BUCKET

    @property
    def plural(self) -> str:
        """The segment after ``/api/``: models, datasets, spaces, kernels, buckets."""
        return f"{self.value}s"

    @property
    def prefix(self) -> str:
        """What stands before the id in page, resolve and git URLs: empty for models."""
        return "" if self is RepoKind.MODEL else f"{self.plural}/"


HISTORY_KINDS: Final = tuple(kind for kind in RepoKind if kind.has_history)
"""The kinds that git, LFS and whatever speaks of revisions serve."""


class Visibility(enum.StrEnum):
    """Who may see that a repository exists."""

    PUBLIC = "public"
    PRIVATE = "private"


class Gate(enum.StrEnum):
    """How a gated repository lets people in; ``OPEN`` is not gated."""

    OPEN = "open"
    AUTO = "auto"
    MANUAL = "manual"


class AccessStatus(enum.StrEnum):
    """Where a request for access to a gated repository stands.

    ``PENDING``, ``ACCEPTED`` and ``REJECTED`` are what is decided; ``ENDED`` is an accepted request
    after its time, ``WITHDRAWN`` one that the asker took back. Only ``ACCEPTED`` lets in.
    """

    PENDING = "pending"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    ENDED = "ended"
    WITHDRAWN = "withdrawn"


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
# A separator that keeps numbers apart, as in 1.0 and 10: something that may be read as a digit
# before it, and a part of nothing else after it.
_BETWEEN_NUMBERS = re.compile(
    r"(?<=[0-9])[-_.]+(?=[0-9oli]+(?:[-_.]|$))|(?<=[oli])[-_.]+(?=[0-9][0-9oli]*(?:[-_.]|$))"
)


def is_storable(text: str) -> bool:
    """Whether every database can hold the text: no NUL, no half of a surrogate pair."""
    return not any(c == "\0" or "\ud800" <= c <= "\udfff" for c in text)


def fold_name(name: str) -> str:
    """The key under which names are looked up: case does not count."""
    return name.lower()


def confusable_key(name: str) -> str:
    """The key under which two names that look alike collide: case, separators, O/0, I/l/1.

    ``m`` and ``w`` count as the ``rn`` and ``vv`` they can be mistaken for. Separators do not
    count, except between numbers, where they make another number. Names are ASCII already.
    """
    folded = _BETWEEN_NUMBERS.sub("/", name.lower())
    return folded.replace("m", "rn").replace("w", "vv").translate(_CONFUSABLE)


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

    @classmethod
    def parse_path(cls, text: str) -> RepoId:
        """From ``namespace/name``, with ``datasets/`` or the like before it where it is no model.

        Raises:
            InvalidName: as ``parse``.
        """
        first, _, rest = text.partition("/")
        kinds = {kind.plural: kind for kind in RepoKind}
        if first in kinds and "/" in rest:
            return cls.parse(kinds[first], rest)
        return cls.parse(RepoKind.MODEL, text)

    @property
    def full_name(self) -> str:
        """``namespace/name``."""
        return f"{self.namespace}/{self.name}"

    @property
    def url_path(self) -> str:
        """Path of the repository's page, without a leading slash: ``datasets/ns/name``."""
        return f"{self.kind.prefix}{self.full_name}"


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
