"""Source text to HTML with one class for each kind of token, line by line.

Knows which lexer a file name or a language word asks for, and the limits beyond which text stays
plain. Does not know colours (the stylesheet does), pages, or how long it may run: whoever calls it
with text from strangers does so in a process that can be stopped (`hub/rendering`).
"""

from __future__ import annotations

from functools import lru_cache
from html import escape
from typing import Final

from pygments import format as format_tokens
from pygments import lex
from pygments.formatters import HtmlFormatter
from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name, get_lexer_for_filename
from pygments.util import ClassNotFound

HIGHLIGHT_LENGTH_MAX: Final = 256 * 1024
HIGHLIGHT_LINE_LENGTH_MAX: Final = 5_000
CLASS_PREFIX: Final = "hl-"

# Files that hold a known language under a name that says nothing.
_KNOWN_NAMES: Final = {
    ".gitattributes": "text",
    ".gitignore": "text",
    "modelfile": "docker",
    "tokenizer_config.json": "json",
}


@lru_cache(maxsize=64)
def _lexer_by_language(language: str) -> Lexer | None:
    try:
        return get_lexer_by_name(language, stripnl=False, ensurenl=False)
    except ClassNotFound:
        return None


def _lexer_for_file(file_name: str) -> Lexer | None:
    known = _KNOWN_NAMES.get(file_name.lower())
    if known is not None:
        return _lexer_by_language(known)
    try:
        return get_lexer_for_filename(file_name, stripnl=False, ensurenl=False)
    except ClassNotFound:
        return None


def _is_too_much(text: str) -> bool:
    if len(text) > HIGHLIGHT_LENGTH_MAX:
        return True
    return max(map(len, text.split("\n"))) > HIGHLIGHT_LINE_LENGTH_MAX


def _lines(lexer: Lexer | None, text: str) -> list[str]:
    if lexer is None or _is_too_much(text):
        return escape(text).split("\n")
    formatter = HtmlFormatter(nowrap=True, classprefix=CLASS_PREFIX)
    # The formatter closes every span at the end of its line, so lines can be cut apart.
    return format_tokens(lex(text, lexer), formatter).removesuffix("\n").split("\n")


def highlight_file(file_name: str, text: str) -> list[str]:
    """HTML of each line of a file, without line ends; plain where no lexer fits."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n")
    return _lines(_lexer_for_file(file_name), text)


def highlight_block(language: str, text: str) -> str:
    """HTML of a block of code in the language a writer named; plain when it is unknown."""
    word = language.strip().split(" ", 1)[0].lower()[:40]
    lexer = _lexer_by_language(word) if word else None
    return "\n".join(_lines(lexer, text.removesuffix("\n")))
