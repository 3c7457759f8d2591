"""Quotes: what is shown of packs, letter for letter, each with its place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from groundswell.wire.packs import Citation


@dataclass(frozen=True, slots=True)
class Quote:
    """Characters of an article, letter for letter.

    Attributes:
        id: S1, S2, …: what prose refers to.
        title: of the article.
        headings: that it stands under.
        text: what is quoted.
        citation: where it stands.
        probability: that it answers, for the best one; None for others.
    """

    id: str
    title: str
    headings: tuple[str, ...]
    text: str
    citation: Citation
    probability: float | None = None

    def as_json(self) -> dict[str, Any]:
        """For answers and receipts."""
        value = {
            "id": self.id,
            "title": self.title,
            "headings": list(self.headings),
            "text": self.text,
            "citation": self.citation.as_json(),
        }
        return value if self.probability is None else {**value, "p": round(self.probability, 3)}
