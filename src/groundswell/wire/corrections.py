"""``corrections.jsonl``: what a person says of edges of link graphs, a correction a line.

An edge is confirmed, rejected or added. Ends are named by pack and article and not by commit, and
an added edge rests on a sentence that is given by its words, so that corrections outlive the next
commit of a pack. Lines stand in one order: two people's corrections merge as texts do. Does not
know packs.
"""

from __future__ import annotations

import enum
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from groundswell.core.errors import Malformed

CORRECTIONS: Final = "corrections.jsonl"
CORRECTIONS_BYTES_MAX: Final = 8 << 20
CORRECTIONS_MAX: Final = 5_000
TAG: Final = "graph-corrections"

PACK_CHARACTERS_MAX: Final = 400
ARTICLE_CHARACTERS_MAX: Final = 4_096
LABEL_CHARACTERS_MAX: Final = 80
QUOTE_CHARACTERS_MAX: Final = 1_000
NOTE_CHARACTERS_MAX: Final = 500

ADDED: Final = "added"
# Of edges between packs, which no pack holds.
SAME: Final = "same name"
KINDS: Final = ("link", "fact", "mention", SAME, ADDED)


class Verdict(enum.StrEnum):
    """What is said of an edge."""

    CONFIRM = "confirm"
    REJECT = "reject"
    ADD = "add"


@dataclass(frozen=True, slots=True, order=True)
class End:
    """An article of a pack, ``namespace/name``, whatever its commit."""

    pack: str
    article: str


@dataclass(frozen=True, slots=True)
class Correction:
    """What is said of the edge of ``kind`` from ``source`` to ``target``.

    Attributes:
        label: what an added edge says, as "taught".
        quote: the sentence that an added edge rests on, letter for letter.
        is_in_target: whether that stands in the target's article, and not in the source's.
        note: why.
    """

    verdict: Verdict
    source: End
    target: End
    kind: str
    label: str = ""
    quote: str = ""
    is_in_target: bool = False
    note: str = ""

    def __post_init__(self) -> None:
        """Raises Malformed when a part is out of its bounds, or parts contradict one another."""
        for end in (self.source, self.target):
            _check(end.pack, "pack", PACK_CHARACTERS_MAX, 1)
            _check(end.article, "article", ARTICLE_CHARACTERS_MAX, 1)
        _check(self.label, "label", LABEL_CHARACTERS_MAX)
        _check(self.quote, "quote", QUOTE_CHARACTERS_MAX)
        _check(self.note, "note", NOTE_CHARACTERS_MAX)
        if self.kind not in KINDS:
            raise Malformed("correction", f"its kind is none of {', '.join(KINDS)}")
        if self.source == self.target:
            raise Malformed("correction", "its edge leads from an article to the same one")
        if self.verdict is Verdict.ADD and (self.kind != ADDED or not self.quote):
            raise Malformed("correction", f"an edge that is added is {ADDED!r} and has a quote")

    @property
    def key(self) -> tuple[End, End, str]:
        """The edge: a file says one thing of it."""
        return self.source, self.target, self.kind

    def as_json(self) -> dict[str, Any]:
        """A line, without what is empty."""
        told: dict[str, Any] = {
            "source": {"pack": self.source.pack, "article": self.source.article},
            "kind": self.kind,
            "target": {"pack": self.target.pack, "article": self.target.article},
            "verdict": self.verdict.value,
        }
        if self.quote:
            told["quote"] = self.quote
            told["quoted_in"] = "target" if self.is_in_target else "source"
        return told | {
            name: text for name, text in (("label", self.label), ("note", self.note)) if text
        }


def pack_corrections(corrections: Iterable[Correction]) -> bytes:
    """The bytes of a file.

    Raises:
        Malformed: there are more than a file may have.
    """
    ordered = sorted({each.key: each for each in corrections}.items())
    if len(ordered) > CORRECTIONS_MAX:
        raise Malformed(CORRECTIONS, f"it has more than {CORRECTIONS_MAX} corrections")
    return "".join(
        f"{json.dumps(each.as_json(), ensure_ascii=False)}\n" for _, each in ordered
    ).encode()


def unpack_corrections(data: bytes) -> list[Correction]:
    """The corrections of a file; columns that are not known are passed over.

    Raises:
        Malformed: too large, or a line that is none.
    """
    if len(data) > CORRECTIONS_BYTES_MAX:
        raise Malformed(CORRECTIONS, f"it is larger than {CORRECTIONS_BYTES_MAX} bytes")
    found: list[Correction] = []
    for number, line in enumerate(data.split(b"\n"), start=1):
        if line.strip():
            if len(found) == CORRECTIONS_MAX:
                raise Malformed(CORRECTIONS, f"it has more than {CORRECTIONS_MAX} corrections")
            try:
                found.append(parse_correction(json.loads(line)))
            except Malformed as error:
                raise Malformed(f"{CORRECTIONS} line {number}", error.why) from error
            except (ValueError, RecursionError) as error:
                raise Malformed(f"{CORRECTIONS} line {number}", "it is no JSON") from error
    return found


def parse_correction(row: object) -> Correction:
    """The correction of a line's object. Raises Malformed."""
    if not isinstance(row, dict):
        raise Malformed("correction", "it is no object")
    try:
        verdict = Verdict(row.get("verdict", ""))
    except ValueError as error:
        raise Malformed("correction", f"its verdict is none of {', '.join(Verdict)}") from error
    place = _text(row, "quoted_in", "source")
    if place not in {"source", "target"}:
        raise Malformed("correction", "quoted_in is source or target")
    return Correction(
        verdict,
        _end(row, "source"),
        _end(row, "target"),
        _text(row, "kind"),
        _text(row, "label", ""),
        _text(row, "quote", ""),
        place == "target",
        _text(row, "note", ""),
    )


def _end(row: dict[str, Any], name: str) -> End:
    end = row.get(name)
    if not isinstance(end, dict):
        raise Malformed("correction", f"{name} is no object of pack and article")
    return End(_text(end, "pack"), _text(end, "article"))


def _text(row: dict[str, Any], name: str, default: str | None = None) -> str:
    value = row.get(name, default)
    if not isinstance(value, str):
        raise Malformed("correction", f"{name} is missing or no text")
    return value


def _check(text: str, name: str, characters_max: int, characters_min: int = 0) -> None:
    if not characters_min <= len(text) <= characters_max:
        raise Malformed("correction", f"{name} has {characters_min} to {characters_max} characters")
    # Halves of characters outside the first 65,536 can be written in JSON and nowhere else.
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise Malformed("correction", f"{name} is no Unicode text") from error
