"""Rows of a data set (JSONL, CSV), each read as an article.

Knows which columns are titles, text and facts, by their names and what is in them. Does not know
Parquet: whoever reads that hands its rows over as lines of JSON, with the number of the first.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from groundswell.wire.documents.facts import COLUMNS_MAX, add_fact
from groundswell.wire.documents.normal import (
    article,
    bad,
    check_room,
    code,
    named,
    plain,
    target_of,
)
from groundswell.wire.documents.text import check_text, decoded
from groundswell.wire.documents.values import Article, ArticleText, BlockKind

ROWS_BYTES_MAX: Final = 512 * 1024 * 1024
ROW_CHARACTERS_MAX: Final = 8 * 1024 * 1024
CELL_CHARACTERS_MAX: Final = 4 * 1024 * 1024
_DEPTH_MAX: Final = 16
_VALUES_MAX: Final = 1_000
_TITLES: Final = ("title", "name", "question", "heading", "headword", "term", "subject", "label")
_TEXTS: Final = (
    *("text", "content", "body", "article", "answer", "definition", "abstract", "summary"),
    *("context", "passage", "description", "output", "response", "completion", "markdown"),
)
_LANGUAGES: Final = ("language", "lang")
_LICENCES: Final = ("license", "licence")
_ADDRESSES: Final = ("url", "source_url", "link", "uri")
_REVISIONS: Final = ("revision", "revid", "revision_id", "version")
_ALIASES: Final = ("aliases", "redirects", "synonyms")
_LONG_CHARACTERS: Final = 200

Row = Mapping[str, Any]


def read_json_lines(path: str, data: bytes, first: int = 1) -> Iterator[Article]:
    """An article for each line that holds an object; ``first`` is the number of the first line.

    Raises:
        Malformed: a line is no JSON, or too long.
    """
    for number, line in enumerate(io.BytesIO(data), start=first):
        if len(line) > ROW_CHARACTERS_MAX:
            bad(path, f"line {number} is longer than {ROW_CHARACTERS_MAX} bytes")
        written = decoded(line).strip()
        if not written:
            continue
        try:
            row = json.loads(written)
        except (ValueError, RecursionError) as error:
            bad(path, f"line {number} is no JSON: {str(error)[:200]}")
        if isinstance(row, dict):
            yield from read_row(f"{path}#row={number}", row)


def read_csv(path: str, data: bytes) -> Iterator[Article]:
    """An article for each row under the first one, which names the columns.

    Raises:
        Malformed: a cell is too long, or quotes are not ended.
    """
    check_text(path, data)
    written = decoded(data)
    separator = "\t" if path.lower().endswith(".tsv") else separator_of(written)
    # The limit is the process's, and what it is without this is short for an article.
    csv.field_size_limit(CELL_CHARACTERS_MAX)
    reader = csv.reader(io.StringIO(written, newline=""), delimiter=separator)
    try:
        header = [plain(name) for name in next(reader, [])][:COLUMNS_MAX]
        for number, cells in enumerate(reader, start=2):
            yield from read_row(f"{path}#row={number}", dict(zip(header, cells, strict=False)))
    except csv.Error as error:
        bad(path, f"it is no table of text: {str(error)[:200]}")


def separator_of(text: str) -> str:
    """What stands between the cells of a table, by its first line."""
    first = text[: text.find("\n")] if "\n" in text else text
    return max(",;\t|", key=first.count)


def read_row(path: str, row: Row) -> Iterator[Article]:
    """The article of one row; nothing for one without text."""
    columns = {str(key).lower(): key for key in list(row)[:COLUMNS_MAX]}
    title_key = _first(columns, _TITLES, row)
    text_keys = [columns[name] for name in _TEXTS if name in columns]
    used = {title_key, *text_keys}
    if not text_keys:
        text_keys = [
            key
            for key in columns.values()
            if key not in used and isinstance(row[key], str) and len(row[key]) > _LONG_CHARACTERS
        ]
        used.update(text_keys)
    title = plain(_written(row[title_key])) if title_key is not None else ""
    title = title[:300].strip() or f"{named(path)} {path.rpartition('=')[2]}"
    text = ArticleText()
    for key in text_keys:
        _add_text(text, _written(row[key]))
    said = {
        name: plain(_written(row[key]))[:300].strip() if key is not None else ""
        for name, key in (
            ("language", _first(columns, _LANGUAGES, row)),
            ("licence", _first(columns, _LICENCES, row)),
            ("address", _first(columns, _ADDRESSES, row)),
            ("revision", _first(columns, _REVISIONS, row)),
        )
    }
    alias_key = _first(columns, _ALIASES, row)
    used.update(_first(columns, names, row) for names in (_LANGUAGES, _LICENCES, _ADDRESSES))
    used.add(alias_key)
    for key in columns.values():
        if key not in used:
            for keys, value in _facts((str(key),), row[key]):
                add_fact(text, title, keys, (value, ()))
    check_room(text, path)
    if text.length:
        aliases = _texts(row[alias_key]) if alias_key is not None else ()
        address = said["address"]
        said["address"] = target_of(address) if address.startswith("http") else ""
        said["language"] = said["language"][:35]
        yield article(path, title, text, aliases=aliases, **said)


def _first(columns: Mapping[str, Any], names: Iterable[str], row: Row) -> Any:  # noqa: ANN401 - a row's key
    """The first of these columns that has something in it."""
    return next((columns[name] for name in names if name in columns and row[columns[name]]), None)


def _written(value: object) -> str:
    if isinstance(value, str):
        return value[:CELL_CHARACTERS_MAX]
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return str(value) if not isinstance(value, int) or value.bit_length() < 1_000 else ""
    return "\n".join(words for _, words in _facts((), value))


def _texts(value: object) -> tuple[str, ...]:
    values = value if isinstance(value, list) else [value]
    words = (plain(_written(each))[:300].strip() for each in values[:100])
    return tuple(dict.fromkeys(each for each in words if each))


def _add_text(text: ArticleText, written: str) -> None:
    for paragraph in code(written).split("\n"):
        text.add(BlockKind.TEXT, plain(paragraph))


def _facts(keys: tuple[str, ...], value: object) -> Iterator[tuple[tuple[str, ...], str]]:
    """Keys and words of what lies in a value; lists of words are one line."""
    waiting: list[tuple[tuple[str, ...], object]] = [(keys, value)]
    count = 0
    while waiting and count < _VALUES_MAX:
        path, each = waiting.pop()
        count += 1
        if isinstance(each, dict):
            if len(path) < _DEPTH_MAX:
                inner = list(each.items())[:_VALUES_MAX]
                waiting += [((*path, str(key)), part) for key, part in reversed(inner)]
        elif isinstance(each, list):
            if all(not isinstance(part, dict | list) for part in each):
                words = (_written(part) for part in each[:_VALUES_MAX])
                yield path, plain(", ".join(word for word in words if word))
            elif len(path) < _DEPTH_MAX:
                waiting += [
                    ((*path, str(n + 1)), part) for n, part in enumerate(each[:_VALUES_MAX])
                ][::-1]
        else:
            yield path, plain(_written(each))
