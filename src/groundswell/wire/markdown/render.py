"""Markdown (CommonMark, tables, strikethrough, task lists, footnotes, formulas) to safe HTML.

Formulas are shown as they are written. Code is coloured before the allow-list has the last word.
Knows nothing of time: text from strangers is rendered in a process that can be stopped.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from itertools import pairwise
from typing import Any, Final

from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.dollarmath import dollarmath_plugin
from mdit_py_plugins.footnote import footnote_plugin
from mdit_py_plugins.tasklists import tasklists_plugin

from groundswell.wire.highlight import highlight_block
from groundswell.wire.markdown.links import ID_PREFIX, LinkBase
from groundswell.wire.markdown.references import BASE, NAMES, link_references
from groundswell.wire.markdown.sanitise import sanitise

MARKDOWN_LENGTH_MAX: Final = 400 * 1024
_HTML_LENGTH_MAX: Final = 4 * 1024 * 1024
# What opens brackets costs the square of their number: many in what people write are no links.
OPENING_MAX: Final = 4_000
_OPENING = re.compile(r"[\[$]")
_HEADINGS_MAX: Final = 200
_SLUG_DROPPED = re.compile(r"[^\w\- ]")


@dataclass(frozen=True, slots=True)
class Heading:
    """One entry of the table of contents: level 1 to 6 as written, text, id on the page."""

    level: int
    text: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Rendered:
    """Safe HTML and the headings in it. ``is_plain``: shown as written because it is too large."""

    html: str
    headings: tuple[Heading, ...] = ()
    is_plain: bool = False


def plain(text: str) -> Rendered:
    """The text as it is written, escaped."""
    return Rendered(f'<pre tabindex="0">{escape(text)}</pre>', is_plain=True)


def _render_math(content: str, options: dict[str, Any]) -> str:
    name = "math-block" if options.get("display_mode") else "math"
    return f'<code class="{name}">{escape(content)}</code>'


def _render_fence(
    _renderer: object, tokens: Sequence[Token], index: int, _options: object, _env: object
) -> str:
    token = tokens[index]
    coloured = highlight_block(token.info, token.content)
    return f'<pre class="code-block"><code>{coloured}\n</code></pre>\n'


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": True, "maxNesting": 40})
    parser.enable(["table", "strikethrough"])
    parser.use(footnote_plugin)
    parser.use(tasklists_plugin)
    parser.use(
        dollarmath_plugin,
        allow_space=False,
        allow_digits=False,
        allow_labels=False,
        double_inline=True,
        renderer=_render_math,
    )
    # Before escaped signs become part of the text: what was escaped is no reference.
    parser.core.ruler.before("text_join", "references", link_references)
    for rule in ("fence", "code_block"):
        parser.add_render_rule(rule, _render_fence)
    return parser


def _slug(text: str) -> str:
    lowered = unicodedata.normalize("NFC", text).strip().lower()
    return _SLUG_DROPPED.sub("", lowered).replace(" ", "-")[:120] or "section"


def _mark_headings(tokens: Sequence[Token]) -> tuple[Heading, ...]:
    """Give each heading an id that other text of the page cannot have."""
    seen: dict[str, int] = {}
    headings: list[Heading] = []
    for opening, inline in pairwise(tokens):
        if opening.type != "heading_open" or inline.type != "inline":
            continue
        text = "".join(
            child.content
            for child in inline.children or ()
            if child.type in {"text", "code_inline"}
        )
        slug = _slug(text)
        count = seen.get(slug, 0)
        seen[slug] = count + 1
        anchor = f"{ID_PREFIX}{slug}" + (f"-{count}" if count else "")
        opening.attrSet("id", anchor)
        if len(headings) < _HEADINGS_MAX and text:
            headings.append(Heading(int(opening.tag[1]), text[:200], anchor))
    return tuple(headings)


def _walk(tokens: Sequence[Token]) -> None:
    """What plugins write as inline style or form controls becomes attributes and signs."""
    for token in tokens:
        style = token.attrGet("style")
        if style is not None:
            token.attrs.pop("style")
            token.attrSet("align", str(style).rpartition(":")[2])
        if token.type == "html_inline" and 'class="task-list-item-checkbox"' in token.content:
            done = "checked=" in token.content
            token.content = (
                '<span class="task task-done" title="done">☑</span>'
                if done
                else '<span class="task" title="to do">☐</span>'
            )
        if token.children:
            _walk(token.children)


def names_in(text: str) -> set[str]:
    """The names that ``@name`` speaks to in a text, in lower case."""
    names: set[str] = set()
    if len(_OPENING.findall(text)) > OPENING_MAX:
        return names  # shown as it is written
    _parser().parse(text, {BASE: LinkBase("/anywhere", refers=True), NAMES: names})
    return names


def render(text: str, base: LinkBase) -> Rendered:
    """Safe HTML of a Markdown text that stands at ``base``. Text above the limit stays plain."""
    if len(text) > MARKDOWN_LENGTH_MAX:
        return plain(text[: MARKDOWN_LENGTH_MAX * 2])
    if base.refers and len(_OPENING.findall(text)) > OPENING_MAX:
        return plain(text)
    parser = _parser()
    env: dict[str, Any] = {BASE: base} if base.refers else {}
    tokens = parser.parse(text, env)
    headings = _mark_headings(tokens)
    _walk(tokens)
    html = parser.renderer.render(tokens, parser.options, env)
    if len(html) > _HTML_LENGTH_MAX:
        return plain(text)
    return Rendered(sanitise(html, base), headings)
