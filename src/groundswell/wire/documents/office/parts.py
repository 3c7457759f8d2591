"""What all office files have beside their text: properties, and which part leads to which.

Knows ``core.xml``, ``meta.xml`` and relationships. Does not know text.
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from typing import Final

from groundswell.wire.documents.normal import plain
from groundswell.wire.documents.packed import Packed
from groundswell.wire.documents.xml_events import END, START, TEXT, xml_events

_PROPERTIES_BYTES_MAX: Final = 1024 * 1024
RELATIONS_BYTES_MAX: Final = 8 * 1024 * 1024
_WORDS_MAX: Final = 300


@dataclass(frozen=True, slots=True)
class Properties:
    """What a file says of itself; "" for what it does not."""

    title: str = ""
    language: str = ""
    modified: str = ""


def read_properties(path: str, packed: Packed, name: str) -> Properties:
    """The properties in a part; none when it is not there."""
    data = packed.read_if_there(name, _PROPERTIES_BYTES_MAX)
    found: dict[str, str] = {}
    if data:
        inside = ""
        for kind, value, _ in xml_events(f"{path}: {name}", data):
            if kind == START:
                inside = value
            elif kind == END:
                inside = ""
            elif kind == TEXT and inside in {"title", "language", "modified", "date"}:
                found[inside] = plain(found.get(inside, "") + value)[:_WORDS_MAX]
    return Properties(
        found.get("title", ""),
        found.get("language", "")[:35],
        found.get("modified", "") or found.get("date", ""),
    )


def read_relations(path: str, packed: Packed, part: str) -> dict[str, str]:
    """Where the ids in a part lead: a part's name, or an address outside."""
    folder, name = posixpath.split(part)
    rels = f"{folder}/_rels/{name}.rels"
    data = packed.read_if_there(rels, RELATIONS_BYTES_MAX)
    found: dict[str, str] = {}
    if not data:
        return found
    for kind, value, attributes in xml_events(f"{path}: {rels}", data):
        if kind == START and value == "Relationship":
            target = attributes.get("Target", "")
            if attributes.get("TargetMode") != "External":
                target = posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")
            found[attributes.get("Id", "")] = target
    return found
