"""What is told of relations."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Final

from groundswell.core.values import RepoId, RepoKind

RELATIVES_MAX: Final = 150
RELATIONS_MAX: Final = 400
COUNTED_MAX: Final = 500


class Bond(enum.StrEnum):
    """How one came of another. All but a fork is what the card of the later one declares; the
    names of the first four are those that cards use.
    """

    FINETUNE = "finetune"
    ADAPTER = "adapter"
    MERGE = "merge"
    QUANTIZED = "quantized"
    DERIVED = "derived"  # a base model, and no word that we know of how
    DATASET = "dataset"  # the earlier one is a dataset that was used
    FORK = "fork"

    @property
    def is_declared(self) -> bool:
        """Whether a card is all that says so."""
        return self is not Bond.FORK


DECLARED_BASES: Final = (Bond.FINETUNE, Bond.ADAPTER, Bond.MERGE, Bond.QUANTIZED)


@dataclass(frozen=True, slots=True)
class Seen:
    """A repository that the asker may see."""

    id: int
    repo_id: RepoId
    is_private: bool

    @property
    def kind(self) -> RepoKind:
        """Model, dataset or another."""
        return self.repo_id.kind

    @property
    def full_name(self) -> str:
        """``namespace/name``."""
        return self.repo_id.full_name


@dataclass(frozen=True, slots=True)
class Relative:
    """One end of a relation. ``seen`` is None where a card names what this hub does not have or
    does not show to who asks: the two cannot be told apart.
    """

    name: str
    kind: RepoKind
    seen: Seen | None


@dataclass(frozen=True, slots=True)
class Relation:
    """``later`` came of ``earlier``: places among the relatives."""

    earlier: int
    later: int
    bond: Bond


@dataclass(frozen=True, slots=True)
class Ancestry:
    """What a repository comes from and what came of it, step by step; the first relative is the
    repository itself. ``is_whole`` is False when there may be more than is told.
    """

    relatives: tuple[Relative, ...]
    relations: tuple[Relation, ...]
    is_whole: bool


@dataclass(frozen=True, slots=True)
class Base:
    """What a card says that its repository was made of."""

    relative: Relative
    bond: Bond


@dataclass(frozen=True, slots=True)
class Kin:
    """The nearest relations, in short: what the card names, and how many here name this one, each
    count up to ``COUNTED_MAX``.
    """

    bases: tuple[Base, ...]
    counts: tuple[tuple[Bond, int], ...]
