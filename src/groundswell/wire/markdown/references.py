"""What a text refers to: people, discussions, commits, by their short names.

``@name``, ``#3``, ``owner/repo#3``, ``owner/repo@1a2b3c4`` and ``1a2b3c4`` become links, in running
text only: not in code, not within a link. Every well-formed name becomes one, whether or not there
is anything of that name: so a text tells nobody what exists, and no lookup is needed. Who follows
a link is told at its target.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from groundswell.core.errors import InvalidName
from groundswell.core.values import check_name
from groundswell.wire.markdown.links import ATTACHED, LinkBase
from groundswell.wire.markdown.sanitise import DROPPED_WITH_CONTENT

# Where the renderer's environment holds the place of the text, when references are wanted.
BASE: Final = "place of the text"
# And where it holds a set, when names are wanted: those that were made links, in lower case.
NAMES: Final = "names in the text"
REFERENCES_MAX: Final = 1_000
OPEN_TAGS_MAX: Final = 100

_SHOWN_DIGITS: Final = 8
_NAME: Final = r"(?>[A-Za-z0-9](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9])?)"
_OF: Final = rf"(?P<kind>(?:datasets|spaces|kernels)/)?(?P<owner>{_NAME})/(?P<repo>{_NAME})"
# Atomic groups, and an end that no longer name can go on from: each place is looked at once.
_REFERENCE: Final = re.compile(
    rf"""
    (?<![\w./\#@&-]) {_OF} (?: \#(?P<their_number>[1-9][0-9]{{0,8}}) (?![\w\#/])
                             | @(?P<their_commit>[0-9a-f]{{7,40}}) (?![\w/-]) )
    | (?<![\w/@`]) @(?P<name>{_NAME}) (?![\w/@])
    | (?<![\w/\#@&-]) \#(?P<number>[1-9][0-9]{{0,8}}) (?![\w\#/])
    | (?<!\S) (?P<played>(?:https?://[^\s/"<>]{{1,300}})?/uploads/[0-9a-f]{{32}}\.\w{{3,4}}) (?!\S)
    | (?<![\w./\#@-]) (?P<commit>[0-9a-f]{{7,40}}) (?![\w/@-]|\.\w)
    """,
    re.ASCII | re.VERBOSE,
)
_WORD: Final = re.compile(r"\w")
# Within these, a text is code, or a link already, or is not shown at all.
_CLOSED_TAGS: Final = "|".join(("a", "code", "pre", "kbd", "samp", "tt", *DROPPED_WITH_CONTENT))
_CLOSED_TAG: Final = re.compile(rf"<(/?)({_CLOSED_TAGS})\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Reference:
    """A part of a text, from ``start`` to ``stop``, and where it leads.

    ``name`` is of whom it speaks to, "" for what is no person; ``is_commit``: its text is an id;
    ``is_player``: it is the address of a film or sound, which is shown in its place.
    """

    start: int
    stop: int
    url: str
    text: str
    name: str = ""
    is_commit: bool = False
    is_player: bool = False


def references(text: str, base: LinkBase) -> Iterator[Reference]:
    """The references of a running text, in order."""
    for found in _REFERENCE.finditer(text):
        reference = _reference(found, base)
        if reference is not None:
            yield reference


def _reference(found: re.Match[str], base: LinkBase) -> Reference | None:
    start, stop, written = found.start(), found.end(), found[0]
    name, commit = found["name"], found["commit"]
    if found["played"] is not None:
        source = base.player(written)
        return Reference(start, stop, source, written, is_player=True) if source else None
    if name is not None:
        return Reference(start, stop, f"/{name}", written, name) if _is_name(name) else None
    if commit is not None:
        if not base.repository_url or not _looks_like_id(commit):
            return None
        url = f"{base.repository_url}/commit/{commit}"
        return Reference(start, stop, url, commit[:_SHOWN_DIGITS], is_commit=True)
    if found["number"] is not None:
        url = f"{base.repository_url}/discussions/{found['number']}"
        return Reference(start, stop, url, written) if base.repository_url else None
    if not (_is_name(found["owner"]) and _is_name(found["repo"])):
        return None
    there = f"/{found['kind'] or ''}{found['owner']}/{found['repo']}"
    their_commit = found["their_commit"]
    if their_commit is None:
        return Reference(start, stop, f"{there}/discussions/{found['their_number']}", written)
    shown = f"{written.rpartition('@')[0]}@{their_commit[:_SHOWN_DIGITS]}"
    return Reference(start, stop, f"{there}/commit/{their_commit}", shown)


def _is_name(text: str) -> bool:
    try:
        check_name(text)
    except InvalidName:
        return False
    return True


def _looks_like_id(text: str) -> bool:
    """Numbers and words such as "defaced" are digits of an id too: those are no commits."""
    return len(text) == 40 or not (text.isdigit() or text.isalpha())


def linked(text: str, base: LinkBase) -> str:
    """Safe HTML of a text that is no Markdown, such as the message of a commit."""
    parts: list[str] = []
    end = 0
    for count, found in enumerate(references(text, base)):
        if count >= REFERENCES_MAX:
            break
        if found.is_player:
            continue
        parts.append(escape(text[end : found.start]))
        shown = f"<code>{escape(found.text)}</code>" if found.is_commit else escape(found.text)
        parts.append(f'<a class="reference" href="{escape(found.url)}">{shown}</a>')
        end = found.stop
    return "".join(parts) + escape(text[end:])


# --- within Markdown ------------------------------------------------------------------------------


def link_references(state: StateCore) -> None:
    """A core rule of markdown-it: references in running text become links.

    Does nothing unless the environment holds a ``LinkBase`` under ``BASE``.
    """
    base, names = state.env.get(BASE), state.env.get(NAMES, set())
    if not isinstance(base, LinkBase):
        return
    left = REFERENCES_MAX
    opened: tuple[str, ...] = ()
    for token in state.tokens:
        if token.type == "inline" and token.children:
            if left > 0 and not opened:
                token.children, count = _with_links(token.children, base, left, names)
                left -= count
            for child in token.children or ():
                opened = _open_after(child, opened)
        opened = _open_after(token, opened)


def _open_after(token: Token, opened: tuple[str, ...]) -> tuple[str, ...]:
    """The closed tags in which a text stands after the token. Raw HTML may leave some open, and
    then takes in the paragraphs that follow.
    """
    if token.type not in {"html_inline", "html_block"}:
        return opened
    tags = list(opened)
    for found in _CLOSED_TAG.finditer(token.content):
        tag = found[2].lower()
        if not found[1]:
            tags.append(tag)
        elif tag in tags:
            tags.remove(tag)
    return tuple(tags[:OPEN_TAGS_MAX])


def _running(tokens: Sequence[Token]) -> Iterator[tuple[Token, str]]:
    """Each token, and its text where that is running text: "" for all others.

    The text has a sign at either end for its neighbours: a space where anything but text is.
    """
    depth = 0
    opened: tuple[str, ...] = ()
    for place, token in enumerate(tokens):
        if token.type in {"link_open", "link_close"}:
            depth += token.nesting
        opened = _open_after(token, opened)
        if token.type != "text" or depth > 0 or opened or not token.content:
            yield token, ""
            continue
        before = _sign(tokens[place - 1], -1) if place else " "
        after = _sign(tokens[place + 1], 0) if place + 1 < len(tokens) else " "
        yield token, f"{before}{token.content}{after}"


def _sign(neighbour: Token, place: int) -> str:
    if neighbour.type not in {"text", "text_special"} or not neighbour.content:
        return " "
    sign = neighbour.content[place]
    # Enough that it is a letter: it must not become the beginning of a name.
    return "_" if _WORD.match(sign) else sign


def _with_links(
    children: list[Token], base: LinkBase, limit: int, names: set[str]
) -> tuple[list[Token], int]:
    made: list[Token] = []
    count = 0
    for token, text in _running(children):
        end = 1
        for found in references(text, base) if text else ():
            if count >= limit:
                break
            if found.start < 1 or found.stop > len(text) - 1:
                continue
            count += 1
            names.update({found.name.lower()} if found.name else ())
            _text(made, token, text[end : found.start])
            made.extend(_link(token, found))
            end = found.stop
        if end == 1:
            made.append(token)
        else:
            _text(made, token, text[end:-1])
    return made, count


def _text(made: list[Token], token: Token, content: str) -> None:
    if content:
        made.append(Token("text", "", 0, content=content, level=token.level))


def _link(token: Token, found: Reference) -> Iterator[Token]:
    if found.is_player:
        is_film = ATTACHED.fullmatch(found.url)
        tag = "video" if is_film and is_film["film"] else "audio"
        yield Token("html_inline", "", 0, content=f'<{tag} src="{found.url}"></{tag}>')
        return
    attributes: dict[str, str | int | float] = {"class": "reference", "href": found.url}
    yield Token("link_open", "a", 1, attrs=attributes, level=token.level)
    kind, tag = ("code_inline", "code") if found.is_commit else ("text", "")
    yield Token(kind, tag, 0, content=found.text, level=token.level + 1)
    yield Token("link_close", "a", -1, level=token.level)
