"""``set.json``: what a set of questions is, beside the questions.

Knows its form and bounds. Does not know questions.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Final

from groundswell.core.errors import Malformed

FORMAT: Final = "groundswell-questions/1"
MANIFEST: Final = "set.json"
MANIFEST_BYTES_MAX: Final = 64 << 10
TAG: Final = "question-set"
TITLE_CHARACTERS_MAX: Final = 300
PACKS_MAX: Final = 8

_PACK: Final = re.compile(r"[^\s@]{1,400}@[0-9a-f]{40,64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class SetManifest:
    """What a set is.

    Attributes:
        title: what people call it.
        language: of its questions, as BCP 47 writes it; "" when unknown.
        packs: ``namespace/name@commit`` that its questions can be answered from.
        licence: SPDX id or words; "" when unknown.
        seed: of the questions that were made from a pack.
    """

    title: str
    language: str = ""
    packs: tuple[str, ...] = ()
    licence: str = ""
    seed: int = 0

    def __post_init__(self) -> None:
        if max(map(len, (self.title, self.language, self.licence))) > TITLE_CHARACTERS_MAX:
            raise Malformed(MANIFEST, f"a text has more than {TITLE_CHARACTERS_MAX} characters")
        if len(self.packs) > PACKS_MAX or not all(map(_PACK.fullmatch, self.packs)):
            raise Malformed(MANIFEST, f"packs are at most {PACKS_MAX} names with their commits")
        if not 0 <= self.seed < 1 << 32:
            raise Malformed(MANIFEST, "its seed is none")


def pack_set(manifest: SetManifest) -> bytes:
    """The bytes of the file."""
    told: dict[str, Any] = {
        "format": FORMAT,
        "title": manifest.title,
        "language": manifest.language,
        "packs": list(manifest.packs),
        "licence": manifest.licence,
        "seed": manifest.seed,
    }
    return json.dumps(told, ensure_ascii=False, indent=1).encode() + b"\n"


def unpack_set(data: bytes) -> SetManifest:
    """What the file says. Raises Malformed."""
    try:
        if len(data) > MANIFEST_BYTES_MAX:
            raise Malformed(MANIFEST, f"it is larger than {MANIFEST_BYTES_MAX} bytes")
        told = json.loads(data)
        if not isinstance(told, dict) or told.get("format") != FORMAT:
            raise Malformed(MANIFEST, f"its format is not {FORMAT}")
        texts = [told.get(name, "") for name in ("title", "language", "licence")]
        packs, seed = told.get("packs", []), told.get("seed", 0)
        if not isinstance(packs, list) or not all(isinstance(x, str) for x in (*texts, *packs)):
            raise Malformed(MANIFEST, "a part of it is of another type")
        if isinstance(seed, bool) or not isinstance(seed, int):
            raise Malformed(MANIFEST, "its seed is no number")
    except (ValueError, RecursionError) as error:
        raise Malformed(MANIFEST, "it is no JSON") from error
    return SetManifest(texts[0], texts[1], tuple(packs), texts[2], seed)
