"""What people write in, read as articles: text with offsets, headings, facts and links."""

from __future__ import annotations

from groundswell.wire.documents.values import (
    Article,
    ArticleText,
    Block,
    BlockKind,
    DocumentLink,
)

__all__ = ["Article", "ArticleText", "Block", "BlockKind", "DocumentLink"]
