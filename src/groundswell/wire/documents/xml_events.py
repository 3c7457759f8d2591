"""XML from strangers, as the events of its tags and text.

Knows well-formed XML without entities of its own: a text cannot grow while it is read, and nothing
outside of it is fetched. Namespaces are left out: names are the local ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from xml.parsers import expat

from groundswell.core.errors import Malformed
from groundswell.wire.documents.normal import bad

DEPTH_MAX: Final = 256
TAGS_MAX: Final = 2_000_000
# Large, as older releases of expat begin a long token anew with each piece.
_PIECE_BYTES: Final = 1024 * 1024
START: Final = 0
END: Final = 1
TEXT: Final = 2

Event = tuple[int, str, dict[str, str]]
"""(START, name, attributes), (END, name, {}), (TEXT, characters, {})."""


class _Collector:
    def __init__(self, where: str) -> None:
        self._where = where
        self._depth = 0
        self._tags = 0
        self.events: list[Event] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        self._tags += 1
        if self._depth > DEPTH_MAX:
            bad(self._where, f"its tags are nested deeper than {DEPTH_MAX}")
        if self._tags > TAGS_MAX:
            bad(self._where, f"it has more than {TAGS_MAX} tags")
        local = {key.rpartition(" ")[2]: value for key, value in attributes.items()}
        self.events.append((START, name.rpartition(" ")[2], local))

    def end(self, name: str) -> None:
        self._depth -= 1
        self.events.append((END, name.rpartition(" ")[2], {}))

    def text(self, characters: str) -> None:
        self.events.append((TEXT, characters, {}))

    def entity(self, *_declared: object) -> None:
        bad(self._where, "it declares entities, which are not read here")


def xml_events(where: str, data: bytes) -> Iterator[Event]:
    """The events of a document, a few at a time in memory.

    Raises:
        Malformed: not well-formed, too deep, too many tags, or with entities of its own.
    """
    collector = _Collector(where)
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = collector.start
    parser.EndElementHandler = collector.end
    parser.CharacterDataHandler = collector.text
    parser.EntityDeclHandler = collector.entity
    parser.UnparsedEntityDeclHandler = collector.entity
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    for start in range(0, max(len(data), 1), _PIECE_BYTES):
        try:
            parser.Parse(data[start : start + _PIECE_BYTES], start + _PIECE_BYTES >= len(data))
        except (expat.ExpatError, ValueError, LookupError) as error:
            # An encoding that is not known is the file's fault as well.
            reason = str(error)[:200]
            raise Malformed(where, f"its XML is broken: {reason}") from error
        events, collector.events = collector.events, []
        yield from events


def shown_events(where: str, data: bytes, skipped: frozenset[str]) -> Iterator[Event]:
    """The same, without the elements of these names and all that stands in them. Raises Malformed.

    Documents hold what was deleted, and second forms of what older programs do not know.
    """
    depth = 0
    for event in xml_events(where, data):
        kind, value, _ = event
        if kind != TEXT and value in skipped:
            depth += 1 if kind == START else -1
        elif not depth:
            yield event
