"""Receipts: an answer with all that it takes to check it again, without trust or a network.

Knows what a receipt holds, and that a quote stands where its citation says when the characters
there have its hash. Does not know where packs are: it is given their articles.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from groundswell.core.errors import BadRequest, GroundswellError, Malformed
from groundswell.wire.packs import parse_citation

FORMAT: Final = "groundswell-answer/1"
CITATIONS_MAX: Final = 100

# (pack, revision, path of the article) to its text.
ArticleText = Callable[[str, str, str], str]


@dataclass(frozen=True, slots=True)
class Checked:
    """A citation, looked up: whether it holds, and if not why."""

    address: str
    holds: bool
    why: str = ""


def check_receipt(receipt: object, article: ArticleText) -> list[Checked]:
    """Look up every citation of a receipt, and that what it quotes is what it cites.

    Raises:
        BadRequest: it is no receipt.
    """
    if not isinstance(receipt, dict) or receipt.get("format") != FORMAT:
        raise BadRequest(f"This is no receipt: its format is not {FORMAT}.")
    evidence, extract = receipt.get("evidence"), receipt.get("extract")
    if not isinstance(evidence, list) or not isinstance(extract, list):
        raise BadRequest("This receipt has no list of citations.")
    if len(evidence) + len(extract) > CITATIONS_MAX:
        raise BadRequest("This receipt has more citations than a receipt may.")
    checked = [_check(each, None, article) for each in evidence]
    for each in extract:
        quoted = each.get("text") if isinstance(each, dict) else None
        if isinstance(quoted, str):
            checked.append(_check(each.get("citation"), quoted, article))
        else:
            checked.append(Checked(str(each)[:200], holds=False, why="this is no quote"))
    return checked


def _check(citation: Any, quoted: str | None, article: ArticleText) -> Checked:  # noqa: ANN401
    try:
        address, sha256 = citation["address"], citation["sha256"]
        found = parse_citation(address, sha256)
    except (Malformed, KeyError, TypeError):
        return Checked(str(citation)[:200], holds=False, why="this is no citation")
    try:
        text = article(found.pack, found.revision, found.article)
    except GroundswellError as error:
        return Checked(address, holds=False, why=error.message)
    if not found.holds(text):
        return Checked(address, holds=False, why="other words stand there")
    if quoted is not None and text[found.start : found.stop] != quoted:
        return Checked(address, holds=False, why="what is quoted is not what is cited")
    return Checked(address, holds=True)
