"""Questions that people keep in a table, read as a set: from CSV, spreadsheets and lines of JSON.

Knows which columns are questions and answers, by their names; several answers stand in columns of
their own or apart by "|". Does not know how tables are written.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from groundswell.core.errors import BadRequest, Malformed
from groundswell.wire.documents.tables import read_table
from groundswell.wire.questions import Item, Kind, new_id, unpack_items
from groundswell.wire.questions.lines import ITEMS_MAX, QUESTIONS_BYTES_MAX
from groundswell.wire.questions.values import ANSWERS_MAX

ENDINGS: Final = (".csv", ".tsv", ".xlsx", ".xlsm", ".ods", ".jsonl", ".ndjson")
_QUESTIONS: Final = ("question", "questions", "prompt", "input", "frage", "pregunta")
_ANSWERS: Final = ("answer", "answers", "target", "output", "expected", "antwort", "respuesta")
# In a cell of the answers: there is none.
_NONE: Final = frozenset({"", "-", "none", "unanswerable", "not in sources", "n/a"})


def import_items(path: str, data: bytes) -> list[Item]:
    """The questions of a file, each once.

    A row whose answer is empty, "-" or "unanswerable" is a question that nothing answers.

    Raises:
        BadRequest: a kind of file that is not read, no column of questions, or too many.
        Malformed: a file that is broken.
    """
    if len(data) > QUESTIONS_BYTES_MAX:
        raise BadRequest(f"{path} is larger than {QUESTIONS_BYTES_MAX >> 20} MiB.")
    name = path.lower()
    if not name.endswith(ENDINGS):
        raise BadRequest(f"{path}: questions are read from {', '.join(ENDINGS)}.")
    if name.endswith((".jsonl", ".ndjson")):
        try:
            return unpack_items(data)  # a set's own form
        except Malformed:
            rows = list(_lines(path, data))
    else:
        rows = list(_rows(path, read_table(path, data)))
    found: dict[str, Item] = {}
    for number, row in rows:
        item = _item(row, f"{path} row {number}")
        if item is not None:
            found.setdefault(item.id, item)
    if not found:
        raise BadRequest(f"{path} has no questions: name a column 'question', one 'answer'.")
    if len(found) > ITEMS_MAX:
        raise BadRequest(f"{path} has {len(found)} questions; a set has {ITEMS_MAX} at most.")
    return list(found.values())


def _lines(path: str, data: bytes) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(io.BytesIO(data), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise Malformed(path, f"line {number} is no JSON") from error
        if isinstance(row, dict):
            yield number, {str(key).strip().casefold(): value for key, value in row.items()}


def _rows(path: str, table: Sequence[Sequence[str]]) -> Iterator[tuple[int, dict[str, Any]]]:
    header = [name.strip().casefold() for name in table[0]] if table else []
    if not any(name in _QUESTIONS for name in header):
        raise BadRequest(f"{path}: the first row names the columns, and none is 'question'.")
    for number, cells in enumerate(table[1:], start=2):
        # Several columns of one name are several answers.
        row: dict[str, Any] = {}
        for name, cell in zip(header, cells, strict=False):
            row.setdefault(name, []).append(cell)
        yield number, row


def _item(row: Mapping[str, Any], where: str) -> Item | None:
    question = next((each for name in _QUESTIONS for each in _texts(row.get(name))), "")
    if not question:
        return None
    answers = [each for name in row if _is_answer(name) for each in _texts(row[name])]
    kept = [each for each in answers if each.casefold() not in _NONE][:ANSWERS_MAX]
    try:
        return Item(
            id=new_id(question),
            question=question,
            answers=tuple(dict.fromkeys(kept)),
            kind=Kind.HUMAN,
            unanswerable=not kept,
        )
    except Malformed as error:
        raise Malformed(where, error.why) from error


def _is_answer(name: str) -> bool:
    return name.rstrip(" 0123456789") in _ANSWERS


def _texts(value: object) -> Iterator[str]:
    values = value if isinstance(value, list) else [value]
    for each in values[:ANSWERS_MAX]:
        if isinstance(each, str | int | float) and not isinstance(each, bool):
            for part in str(each).split("|"):
                yield " ".join(part.split())
