"""What a model that speaks or listens is, and what it may take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

TEXT_CHARACTERS_MAX: Final = 4096
SOUND_SECONDS_MAX: Final = 120
SOUND_BYTES_MAX: Final = 25 << 20
SPEED_MIN: Final = 0.25
SPEED_MAX: Final = 4.0


class Kind(StrEnum):
    """What a model of speech does."""

    VOICE = "voice"
    EAR = "ear"


@dataclass(frozen=True, slots=True)
class Layout:
    """A model as its files stand in a repository. ``roles`` are paths by what sherpa-onnx calls
    them; ``family`` is how it loads them.
    """

    kind: Kind
    family: str
    roles: Mapping[str, str]

    @property
    def path(self) -> str:
        """The file that names the model."""
        return self.roles.get("model") or self.roles["encoder"]


@dataclass(frozen=True, slots=True)
class SpeechLimits:
    """What speaking and listening may take; each is a setting of the hub, but for the last."""

    models: int = 2
    idle_seconds: float = 600.0
    waiting: int = 8
    threads: int = 0
    answer_seconds: float = 300.0
    load_seconds: float = 120.0
