"""The allow-list: what HTML from strangers may hold when it stands on a page of the hub.

Everything not named here is dropped. Two passes of the sanitiser with one rewrite between them:
the rewrite sees only normal HTML, and the last word is the sanitiser's. Nothing that loads from
another host is left: a foreign picture becomes a link that carries its text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape
from html.parser import HTMLParser
from typing import Final

import nh3

from groundswell.wire.markdown.links import ID_PREFIX, LinkBase

# Only what is attached to discussions is played: nothing of another host, or of a repository.
_PLAYERS: Final = ("audio", "video")
_TAGS: Final = {
    *("a", "abbr", "b", "blockquote", "br", "caption", "center", "cite", "code", "dd", "del"),
    *("details", "dfn", "div", "dl", "dt", "em", "figcaption", "figure", "h1", "h2", "h3", "h4"),
    *("h5", "h6", "hr", "i", "img", "ins", "kbd", "li", "mark", "ol", "p", "pre", "q", "s"),
    *("samp", "section", "small", "span", "strike", "strong", "sub", "summary", "sup", "table"),
    *("tbody", "td", "tfoot", "th", "thead", "tr", "tt", "u", "ul", "var", "wbr", *_PLAYERS),
}
# Their text is not prose: it goes with the tag.
DROPPED_WITH_CONTENT: Final = {
    *("script", "style", "iframe", "noscript", "noembed", "noframes", "template", "textarea"),
    *("select", "title", "svg", "math", "xmp", "object", "applet", "canvas"),
}
_ALIGNED: Final = {"align"}
_ATTRIBUTES: Final[dict[str, set[str]]] = {
    "*": {"id", "class", "title", "lang", "dir"},
    "a": {"href", "name"},
    "img": {"src", "alt", "width", "height", "align", "loading"},
    "audio": {"src", "controls", "preload"},
    "video": {"src", "controls", "preload"},
    "ol": {"start", "reversed"},
    "td": {"colspan", "rowspan", "align"},
    "th": {"colspan", "rowspan", "align", "scope"},
    "details": {"open"},
    **dict.fromkeys(("p", "h1", "h2", "h3", "h4", "h5", "h6", "table", "tr"), _ALIGNED),
    "div": {*_ALIGNED, "tabindex"},
    "pre": {"tabindex"},
}
_CLASSES: Final = {
    *("task", "task-done", "math", "math-block", "footnotes", "footnotes-list", "footnote-ref"),
    *("footnote-item", "footnote-backref", "footnotes-sep", "external-image", "code-block"),
    *("table-scroll", "heading-anchor", "reference"),
}
_HIGHLIGHT_CLASS = re.compile(r"hl-[a-z0-9]{1,4}", re.ASCII)
_ID = re.compile(r"[^\w\-.:]")
_LENGTH = re.compile(r"[0-9]{1,4}(?:px|%)?", re.ASCII)
_COUNT = re.compile(r"[0-9]{1,4}", re.ASCII)
_DEPTH_MAX: Final = 200
_VOID: Final = {"br", "hr", "img", "wbr"}


def _identifier(value: str) -> str | None:
    cleaned = _ID.sub("", value)[:200]
    if not cleaned:
        return None
    return cleaned if cleaned.startswith(ID_PREFIX) else f"{ID_PREFIX}{cleaned}"


def _classes(value: str) -> str | None:
    kept = [c for c in value.split()[:20] if c in _CLASSES or _HIGHLIGHT_CLASS.fullmatch(c)]
    return " ".join(kept) or None


def _matching(pattern: re.Pattern[str]) -> Callable[[str], str | None]:
    return lambda value: value if pattern.fullmatch(value) else None


_VALUES: Final[dict[str, Callable[[str], str | None]]] = {
    "id": _identifier,
    "name": _identifier,
    "class": _classes,
    "width": _matching(_LENGTH),
    "height": _matching(_LENGTH),
    "colspan": _matching(_COUNT),
    "rowspan": _matching(_COUNT),
    "start": _matching(_COUNT),
    "align": _matching(re.compile("left|right|center", re.IGNORECASE)),
    "dir": _matching(re.compile("ltr|rtl|auto", re.IGNORECASE)),
    "controls": _matching(re.compile("")),
    "preload": _matching(re.compile("metadata")),
    "loading": _matching(re.compile("lazy")),
    "tabindex": _matching(re.compile("0")),
}


def _attribute_filter(base: LinkBase | None) -> Callable[[str, str, str], str | None]:
    def keep(tag: str, name: str, value: str) -> str | None:
        if base is not None and (tag, name) == ("a", "href"):
            return base.link(value)
        if base is not None and (tag, name) == ("img", "src"):
            return base.picture(value)
        if base is not None and tag in _PLAYERS and name == "src":
            return base.player(value)
        check = _VALUES.get(name)
        return (
            value[:1000]
            if check is None and name not in {"href", "src"}
            else (value if check is None else check(value))
        )

    return keep


def _clean(html: str, base: LinkBase | None) -> str:
    return nh3.clean(
        html,
        tags=_TAGS,
        clean_content_tags=DROPPED_WITH_CONTENT,
        attributes=_ATTRIBUTES,
        attribute_filter=_attribute_filter(base),
        link_rel="nofollow noopener noreferrer",
        url_schemes={"http", "https", "mailto"},
    )


class _Rewriter(HTMLParser):
    """Foreign pictures to links, headings one level down, tables into a frame that scrolls."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.out: list[str] = []
        self._links_open = 0
        self._depth = 0
        self._players: list[bool] = []  # those that are open, and whether each may play

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "img":
            self._picture(values)
            return
        if tag not in _VOID:
            self._depth += 1
            if self._depth > _DEPTH_MAX:
                return
        self._links_open += tag == "a"
        if tag in _PLAYERS:
            self._players.append("src" in values)
            if "src" not in values:
                return
            values = {"controls": "", "preload": "metadata", "src": values["src"]}
        if tag == "table":
            self.out.append('<div class="table-scroll" tabindex="0">')
        if tag == "pre":  # wide lines are scrolled to by keyboard, too
            values["tabindex"] = "0"
        self.out.append(f"<{_demoted(tag)}{_written(values)}>")

    def handle_endtag(self, tag: str) -> None:
        if tag in _VOID:
            return
        self._depth -= 1
        if self._depth >= _DEPTH_MAX:
            return
        self._links_open -= tag == "a"
        if tag in _PLAYERS and not (self._players and self._players.pop()):
            return
        self.out.append(f"</{_demoted(tag)}>")
        if tag == "table":
            self.out.append("</div>")

    def handle_data(self, data: str) -> None:
        self.out.append(data)

    def handle_entityref(self, name: str) -> None:
        self.out.append(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self.out.append(f"&#{name};")

    def _picture(self, values: dict[str, str]) -> None:
        source = values.get("src", "")
        text = values.get("alt", "").strip() or values.get("title", "").strip()
        if source.startswith("/") and not source.startswith("//"):
            self.out.append(f"<img{_written({'alt': text, **values, 'loading': 'lazy'})}>")
            return
        shown = escape(text or "picture")
        if source and not self._links_open:
            written = _written({"class": "external-image", "href": source})
            self.out.append(f"<a{written}>{shown}</a>")
        elif source or text:
            self.out.append(f'<span class="external-image">{shown}</span>')


def _demoted(tag: str) -> str:
    """The page itself owns the first heading: a document's begin at the second level."""
    if len(tag) == 2 and tag[0] == "h" and tag[1] in "12345":
        return f"h{int(tag[1]) + 1}"
    return tag


def _written(values: dict[str, str]) -> str:
    return "".join(f' {name}="{escape(value)}"' for name, value in values.items() if name != "rel")


def sanitise(html: str, base: LinkBase) -> str:
    """HTML with only what the allow-list names; links and pictures lead where ``base`` says."""
    rewriter = _Rewriter()
    rewriter.feed(_clean(html, base))
    rewriter.close()
    return _clean("".join(rewriter.out), None)
