"""What HTML may cost to parse, found out before it is parsed.

Knows which shapes make a parser of HTML slow or its tree huge: deep nesting (every tag looks
through those it stands in), many attributes of one tag (each is compared with those before it),
letters made bold and never unmade (each paragraph makes them anew). Counts, and does not parse.
"""

from __future__ import annotations

import re
from typing import Final

from groundswell.wire.documents.normal import bad, words_of

HTML_BYTES_MAX: Final = 8 * 1024 * 1024
DEPTH_MAX: Final = 512
TAGS_MAX: Final = 600_000
ATTRIBUTES_MAX: Final = 256
REOPENED_MAX: Final = 500_000
_PIECE_CHARACTERS: Final = 2_048
_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9:-]*)")
# Nothing stands in these, or whatever follows ends them.
_SHALLOW: Final = words_of(
    "area base basefont bgsound br col dd dt embed frame hr img input keygen li link meta"
    " option p param rb rp rt rtc source tbody td tfoot th thead tr track wbr"
)
_FORMATTING: Final = words_of("a b big code em font i nobr s small strike strong tt u")
# None of these goes back over what it passed: their time grows with the length alone.
_NAME_AND_VALUE: Final = r"""[^\s/>][^\s/>=]*+(?:\s*+=\s*+(?:"[^"]*+"|'[^']*+'|[^\s>]*+))?+"""
_ATTRIBUTE = re.compile(_NAME_AND_VALUE)
_ATTRIBUTES = re.compile(rf"<[A-Za-z][^\s/>]*+((?:[\s/]++|{_NAME_AND_VALUE})*+)")
_LONG_TAG = re.compile(r"<[A-Za-z][^<>]{512}")
_BRACKET_IN_QUOTES = re.compile(r"""=\s*+(?:"[^"<>]*+[<>]|'[^'<>]*+[<>])""")


def check_html(where: str, html: str) -> None:
    """Refuse what would take long to parse.

    Raises:
        Malformed: too many tags, too deep, too many attributes, too much that is never ended.
    """
    tags = html.count("<")
    if tags > TAGS_MAX:
        bad(where, f"it has more than {TAGS_MAX} tags")
    depth = _depth_at_most(html)
    if depth > DEPTH_MAX or depth * tags > REOPENED_MAX:
        _check_nesting(where, html)
    _check_attributes(where, html)


def _depth_at_most(html: str) -> int:
    """How deep tags can be nested, by counting piece by piece: quick, and never too little."""
    opened = highest = 0
    for start in range(0, len(html), _PIECE_CHARACTERS):
        stop = start + _PIECE_CHARACTERS
        closed = html.count("</", start, stop + 1)
        begun = html.count("<", start, stop) - closed
        highest = max(highest, opened + begun)
        # What ends more than was begun ends nothing.
        opened = max(opened + begun - closed, 0)
    return highest


def _check_nesting(where: str, html: str) -> None:
    depth = formatting = reopened = 0
    for ends, written in _TAG.findall(html):
        name = written.lower()
        reopened += formatting
        if reopened > REOPENED_MAX:
            bad(where, "tags such as <b> are opened again and again and never ended")
        if name in _SHALLOW:
            continue
        step = -1 if ends else 1
        depth = max(depth + step, 0)
        if name in _FORMATTING:
            formatting = max(formatting + step, 0)
        if depth > DEPTH_MAX:
            bad(where, f"its tags are nested deeper than {DEPTH_MAX}")


def _check_attributes(where: str, html: str) -> None:
    if _LONG_TAG.search(html) is None and _BRACKET_IN_QUOTES.search(html) is None:
        return  # every tag is shorter than as many attributes are
    for attributes in _ATTRIBUTES.findall(html):
        if len(attributes) > 2 * ATTRIBUTES_MAX:
            count = sum(1 for _ in _ATTRIBUTE.finditer(attributes))
            if count > ATTRIBUTES_MAX:
                bad(where, f"a tag has more than {ATTRIBUTES_MAX} attributes")
