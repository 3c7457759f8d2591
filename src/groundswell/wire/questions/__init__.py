"""Sets of questions with their answers, and what came of asking models: bytes and values."""

from __future__ import annotations

from groundswell.wire.questions.lines import (
    QUESTIONS,
    QUESTIONS_BYTES_MAX,
    pack_items,
    questions_sha256,
    unpack_items,
)
from groundswell.wire.questions.manifest import (
    MANIFEST,
    MANIFEST_BYTES_MAX,
    TAG,
    SetManifest,
    pack_set,
    unpack_set,
)
from groundswell.wire.questions.values import Item, Kind, new_id

__all__ = [
    "MANIFEST",
    "MANIFEST_BYTES_MAX",
    "QUESTIONS",
    "QUESTIONS_BYTES_MAX",
    "TAG",
    "Item",
    "Kind",
    "SetManifest",
    "new_id",
    "pack_items",
    "pack_set",
    "questions_sha256",
    "unpack_items",
    "unpack_set",
]
