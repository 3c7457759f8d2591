"""What is asked of a build, and where it stands."""

from __future__ import annotations

import enum
from dataclasses import asdict, dataclass
from typing import Any, Self


class Stage(enum.StrEnum):
    """Where a build stands; the last three are its end."""

    WAITING = "waiting"
    COPYING = "copying"
    BUILDING = "building"
    PUBLISHING = "publishing"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_end(self) -> bool:
        """Whether nothing more comes."""
        return self in {Stage.DONE, Stage.FAILED, Stage.CANCELLED}


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked.

    Attributes:
        title: for people; "" takes the repository's name.
        language: BCP 47, of most of it.
        licence: SPDX id or words; "" when unknown.
        target: the dataset that it goes to, ``namespace/name``; "" is the repository itself.
    """

    title: str = ""
    language: str = "en"
    licence: str = ""
    target: str = ""


@dataclass(frozen=True, slots=True)
class Build:
    """One build. Times are microseconds since the epoch, 0 for not yet.

    Attributes:
        repository_id: whose files.
        account_id: who asked; it is built with their rights.
        tries: how often it was begun: a hub may end on the way.
        done, total: documents; bytes while they are copied, files while they are committed.
        articles, size_bytes: that were read; ``passages`` of the whole pack, at the end.
        stage_at: when this stage began.
        left_out: documents of which nothing came, with why; the first few.
        left_out_count: all of them.
        why: what a failure says, in words for people.
        commit: of the pack.
        target: the dataset that it stands in, in its canonical spelling.
    """

    repository_id: int
    account_id: int
    order: Order
    asked_at: int
    stage: Stage = Stage.WAITING
    began_at: int = 0
    ended_at: int = 0
    tries: int = 0
    done: int = 0
    total: int = 0
    articles: int = 0
    passages: int = 0
    size_bytes: int = 0
    stage_at: int = 0
    left_out: tuple[tuple[str, str], ...] = ()
    left_out_count: int = 0
    why: str = ""
    commit: str = ""
    target: str = ""

    def as_json(self) -> dict[str, Any]:
        """For a file."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        """Out of a file. Raises TypeError, ValueError, KeyError when it is none."""
        fields = {
            **value,
            "order": Order(**value["order"]),
            "stage": Stage(value["stage"]),
            "left_out": tuple((path, why) for path, why in value["left_out"]),
        }
        return cls(**fields)
