"""What people write in, read as articles: text with offsets, headings, facts and links."""

from __future__ import annotations

from groundswell.wire.documents.reading import (
    READABLE,
    ROWS_FROM,
    Readable,
    read_document,
    readable,
)
from groundswell.wire.documents.values import (
    RULE,
    Article,
    ArticleText,
    Block,
    BlockKind,
    DocumentLink,
)

__all__ = [
    "READABLE",
    "ROWS_FROM",
    "RULE",
    "Article",
    "ArticleText",
    "Block",
    "BlockKind",
    "DocumentLink",
    "Readable",
    "read_document",
    "readable",
]
