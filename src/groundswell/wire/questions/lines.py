"""``questions.jsonl``: the questions of a set, an object a line.

Knows the names of its columns and its bounds. Unknown columns are passed over: a set may say more
of its questions than is understood here.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any, Final, TypeVar

from groundswell.core.errors import Malformed
from groundswell.wire.questions.values import ANSWERS_MAX, Item, Kind

QUESTIONS: Final = "questions.jsonl"
QUESTIONS_BYTES_MAX: Final = 32 << 20
ITEMS_MAX: Final = 10_000
LINE_BYTES_MAX: Final = 64 << 10

_T = TypeVar("_T", str, int, bool)


def pack_items(items: Iterable[Item]) -> bytes:
    """The bytes of a file, in the order that is given."""
    lines = (json.dumps(item.as_json(), ensure_ascii=False) + "\n" for item in items)
    return "".join(lines).encode()


def unpack_items(data: bytes) -> list[Item]:
    """The questions of a file.

    Raises:
        Malformed: too large, a line that is no question, or the same id twice.
    """
    if len(data) > QUESTIONS_BYTES_MAX:
        raise Malformed(QUESTIONS, f"it is larger than {QUESTIONS_BYTES_MAX} bytes")
    found: dict[str, Item] = {}
    for number, line in enumerate(data.split(b"\n"), start=1):
        if not line.strip():
            continue
        if len(found) == ITEMS_MAX:
            raise Malformed(QUESTIONS, f"it has more than {ITEMS_MAX} questions")
        item = _item(line, f"{QUESTIONS} line {number}")
        if item.id in found:
            raise Malformed(QUESTIONS, f"line {number}: the id {item.id} is there already")
        found[item.id] = item
    return list(found.values())


def questions_sha256(items: Iterable[Item]) -> str:
    """What a set of questions is, whatever repository it lies in."""
    return hashlib.sha256(pack_items(items)).hexdigest()


def _item(line: bytes, where: str) -> Item:
    if len(line) > LINE_BYTES_MAX:
        raise Malformed(where, f"it is longer than {LINE_BYTES_MAX} bytes")
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise Malformed(where, "it is no JSON") from error
    if not isinstance(row, dict):
        raise Malformed(where, "it is no object")
    try:
        kind = Kind(_value(row, "kind", str, where, Kind.HUMAN.value))
    except ValueError as error:
        raise Malformed(where, f"its kind is none of {', '.join(Kind)}") from error
    return Item(
        id=_value(row, "id", str, where),
        question=_value(row, "question", str, where),
        answers=_answers(row, where),
        kind=kind,
        unanswerable=_value(row, "unanswerable", bool, where, default=False),
        pack=_value(row, "pack", str, where, ""),
        article=_value(row, "article", str, where, ""),
        start=_value(row, "start", int, where, 0),
        stop=_value(row, "stop", int, where, 0),
        context=_value(row, "context", str, where, ""),
        before=_value(row, "before", str, where, ""),
    )


def _answers(row: dict[str, Any], where: str) -> tuple[str, ...]:
    answers = row.get("answers", [])
    if not isinstance(answers, list) or len(answers) > ANSWERS_MAX:
        raise Malformed(where, f"answers is a list of at most {ANSWERS_MAX}")
    if not all(isinstance(each, str) for each in answers):
        raise Malformed(where, "each of its answers is a text")
    return tuple(answers)


def _value(
    row: dict[str, Any], name: str, kind: type[_T], where: str, default: _T | None = None
) -> _T:
    value = row.get(name, default)
    if value is None and default is not None:
        return default
    # Of bool, which is an int to Python, no number is made.
    if type(value) is not kind:
        raise Malformed(where, f"{name} is missing or of another type")
    # Halves of characters outside the first 65,536 can be written in JSON and nowhere else.
    written = str(value)
    if not written.isprintable():
        try:
            written.encode()
        except UnicodeEncodeError as error:
            raise Malformed(where, f"{name} is no Unicode text") from error
    return value
