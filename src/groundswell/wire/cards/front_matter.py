"""Front matter: split from the README, and read as a safe part of YAML.

Values are built from the parser's events, one after the other: no anchors, aliases, merges or
tags exist here, so no text can grow when it is read, and nothing recurses. Plain words follow
YAML 1.2's core schema, as the Hub's own reader does: ``no`` is a language, not a falsehood, and
a date is text.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NoReturn

import yaml

from groundswell.core.errors import Malformed

CARD_BYTES_MAX: Final = 4 * 1024 * 1024
FRONT_MATTER_CHARACTERS_MAX: Final = 512 * 1024
NODES_MAX: Final = 50_000
DEPTH_MAX: Final = 32
INTEGER_DIGITS_MAX: Final = 18

_NULL: Final = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE: Final = frozenset({"true", "True", "TRUE"})
_FALSE: Final = frozenset({"false", "False", "FALSE"})
_INTEGER = re.compile(r"[-+]?[0-9]+", re.ASCII)
_BASED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+", re.ASCII)
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", re.ASCII)

Value = Any
"""None, bool, int, float, str, list or dict with text keys: what JSON can say."""


@dataclass(frozen=True, slots=True)
class Card:
    """A README in two parts. ``metadata`` is None without front matter; ``body`` is Markdown."""

    metadata: dict[str, Value] | None
    body: str


def _bad(why: str) -> NoReturn:
    where = "card metadata"
    raise Malformed(where, why)


def split(text: str) -> tuple[str | None, str]:
    """Front matter and body. None when the text does not begin with a line ``---``.

    Raises:
        Malformed: front matter that never ends, or longer than the limit.
    """
    text = text.removeprefix("\ufeff")
    start = text.lstrip(" \t\r\n")
    first, newline, rest = start.partition("\n")
    if first.rstrip() != "---" or not newline:
        return None, text
    place = 0
    while place <= FRONT_MATTER_CHARACTERS_MAX:
        end = rest.find("\n", place)
        line = rest[place:] if end < 0 else rest[place:end]
        if line.rstrip() == "---":
            return rest[:place], "" if end < 0 else rest[end + 1 :]
        if end < 0:
            _bad("it begins with '---' and has no second '---'")
        place = end + 1
    _bad(f"it is longer than {FRONT_MATTER_CHARACTERS_MAX} characters")


def _plain(text: str) -> Value:
    """A word without quotes, by YAML 1.2's core schema."""
    value: Value = text
    if text in _NULL:
        value = None
    elif text in _TRUE or text in _FALSE:
        value = text in _TRUE
    elif len(text) > 64:
        pass
    elif _INTEGER.fullmatch(text):
        value = int(text) if len(text) <= INTEGER_DIGITS_MAX else text
    elif _BASED.fullmatch(text):
        value = int(text, 0) if len(text) <= INTEGER_DIGITS_MAX else text
    elif _FLOAT.fullmatch(text):
        number = float(text)
        value = number if math.isfinite(number) else text
    return value


def _clean(text: str) -> str:
    """Text that every database and JSON reader can hold."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")


class _Builder:
    """Builds one document out of events, with a stack instead of recursion."""

    def __init__(self) -> None:
        self._stack: list[tuple[dict[str, Value] | list[Value], list[str]]] = []
        self._nodes = 0
        self.root: Value = None

    def add(self, event: yaml.Event) -> None:
        match event:
            case yaml.AliasEvent():
                _bad("anchors and aliases are not read here")
            case yaml.ScalarEvent():
                self._check(event)
                plain = event.implicit[0] and event.tag is None
                self._put(_plain(event.value) if plain else _clean(event.value), event)
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                self._check(event)
                if len(self._stack) >= DEPTH_MAX:
                    _bad(f"it is nested deeper than {DEPTH_MAX}")
                made: dict[str, Value] | list[Value]
                made = {} if isinstance(event, yaml.MappingStartEvent) else []
                self._put(made, event)
                self._stack.append((made, []))
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                self._stack.pop()
            case _:
                pass

    def _check(self, event: yaml.Event) -> None:
        self._nodes += 1
        if self._nodes > NODES_MAX:
            _bad(f"it holds more than {NODES_MAX} values")
        if getattr(event, "anchor", None) is not None:
            _bad("anchors and aliases are not read here")
        tag = getattr(event, "tag", None)
        if tag is not None and tag not in {"!", "tag:yaml.org,2002:str"}:
            _bad(f"tags such as {_clean(str(tag))[:60]!r} are not read here")

    def _put(self, value: Value, event: yaml.Event) -> None:
        if not self._stack:
            self.root = value
            return
        parent, pending = self._stack[-1]
        if isinstance(parent, list):
            parent.append(value)
        elif pending:
            parent[pending.pop()] = value
        else:
            pending.append(self._key(parent, event))

    @staticmethod
    def _key(parent: Mapping[str, Value], event: yaml.Event) -> str:
        if not isinstance(event, yaml.ScalarEvent):
            _bad("a key is not a word")
        key = _clean(event.value)
        if key == "<<" and event.implicit[0]:
            _bad("merges are not read here")
        if key in parent:
            _bad(f"duplicated mapping key {key[:60]!r}")
        return key


def parse_yaml(text: str) -> Value:
    """One YAML document as JSON values; several documents are refused.

    Raises:
        Malformed: not YAML, or a part of it that is not read here.
    """
    if len(text) > FRONT_MATTER_CHARACTERS_MAX:
        _bad(f"it is longer than {FRONT_MATTER_CHARACTERS_MAX} characters")
    builder = _Builder()
    documents = 0
    try:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            documents += isinstance(event, yaml.DocumentStartEvent)
            if documents > 1:
                _bad("it holds more than one document")
            builder.add(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = "" if mark is None else f" in line {mark.line + 1}"
        raise Malformed("card metadata", f"{error.problem or 'not YAML'}{line}") from error
    except (yaml.YAMLError, UnicodeError) as error:
        raise Malformed("card metadata", "it holds characters that YAML does not allow") from error
    return builder.root


def read_card(text: str) -> Card:
    """A README as metadata and body.

    Raises:
        Malformed: front matter that cannot be read.
    """
    if len(text) > CARD_BYTES_MAX:
        _bad(f"the card is larger than {CARD_BYTES_MAX} bytes")
    front, body = split(text)
    if front is None:
        return Card(None, body)
    metadata = parse_yaml(front)
    if metadata is None:
        return Card(None, body)
    if not isinstance(metadata, dict):
        _bad("it is not a mapping of names to values")
    return Card(metadata, body)


def write_card(metadata: Mapping[str, Value], body: str) -> str:
    """A README with this front matter, one line for each key; ``read_card`` reads it back.

    Values are written as JSON, which is YAML, except for words that need no quotes.
    """
    lines = [f"{key}: {_written(value)}" for key, value in metadata.items()]
    return "\n".join(["---", *lines, "---", "", body])


# What JSON writes as it is and YAML does not read.
_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_SAFE_WORD = re.compile(r"[A-Za-z][A-Za-z0-9._-]*(?: [A-Za-z0-9._-]+)*", re.ASCII)


def _written(value: Value) -> str:
    if isinstance(value, str) and _SAFE_WORD.fullmatch(value) and _plain(value) == value:
        return value
    text = json.dumps(value, ensure_ascii=False)
    return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
