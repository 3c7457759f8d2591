"""Text of any size: a page of lines, with the number and the link of each."""

from __future__ import annotations

from typing import Final

from groundswell.http.pages.content.place import Place
from groundswell.http.pages.views import BinaryContent, Content, TextContent
from groundswell.http.rendering import renderer

LINES_ON_PAGE: Final = 1_000
PAGE_BYTES: Final = 128 << 10
LINE_LENGTH_MAX: Final = 20_000
# How far into a file a line is looked for by its number alone.
SEARCHED_BYTES_MAX: Final = 8 << 20


def as_text(data: bytes) -> str | None:
    """The data as text; None when it is none. A cut inside a character is no fault."""
    if b"\0" in data:
        return None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        return data[: error.start].decode("utf-8") if error.start >= len(data) - 3 else None


def text_content(where: Place) -> Content:
    """The lines from ``line`` on. ``at`` says where in the file that line begins."""
    at = where.number("at", where.size_bytes)
    first = max(1, where.number("line"))
    if first > 1 and not at:
        at, first = _page_of_line(where, first)
    data = where.read(at, at + PAGE_BYTES)
    if not data:
        return BinaryContent("The file ends before this line.")
    lines, used = _lines(data, is_last=at + len(data) >= where.size_bytes)
    if lines is None:
        return BinaryContent("This is not text from here on.")
    stop = at + used
    wraps = where.asked.query.get("wrap") == "yes"
    view = {"view": "source"} if where.wants_source else {}
    wrap = {"wrap": "yes"} if wraps else {}
    name = where.path.rpartition("/")[2]
    text = "\n".join(line[:LINE_LENGTH_MAX] for line in lines)
    html = renderer().highlight(name, text, (where.located.etag, at))
    newer_at, newer_lines = _before(where, at)
    is_whole = at == 0 and stop >= where.size_bytes
    older = where.link(line=first + len(lines), at=stop, **view, **wrap)
    return TextContent(
        lines_html=html,
        first_line=first,
        line_count=len(lines) if is_whole else None,
        newer_url=where.link(line=max(1, first - newer_lines), at=newer_at, **view, **wrap)
        if at
        else None,
        older_url=older if stop < where.size_bytes else None,
        wrap_url=where.link(
            line=first if at else 0, at=at, **view, **({} if wraps else {"wrap": "yes"})
        ),
        is_wrapped=wraps,
        here=where.link(**view, **wrap),
        note="" if is_whole else f"Lines {first:,} to {first + len(lines) - 1:,}",
    )


def _lines(data: bytes, *, is_last: bool) -> tuple[list[str] | None, int]:
    """Whole lines of the data and how many bytes they take: a line longer than all of it is cut."""
    ends = data.split(b"\n", LINES_ON_PAGE)
    if len(ends) > LINES_ON_PAGE:
        used = len(data) - len(ends[-1])
    elif is_last or len(ends) == 1:
        used = len(data)
    else:
        used = len(data) - len(ends[-1])
    text = as_text(data[:used])
    if text is None:
        return None, used
    return text.removesuffix("\n").split("\n"), used


def _page_of_line(where: Place, line: int) -> tuple[int, int]:
    """Where the page begins that holds a line, and with which line; the start when it is far."""
    at, passed = 0, 0
    wanted = (line - 1) // LINES_ON_PAGE * LINES_ON_PAGE
    while at < min(where.size_bytes, SEARCHED_BYTES_MAX) and passed < wanted:
        data = where.read(at, at + (1 << 20))
        found = data.count(b"\n")
        if passed + found >= wanted:
            place = -1
            for _ in range(wanted - passed):
                place = data.index(b"\n", place + 1)
            return at + place + 1, wanted + 1
        passed += found
        at += len(data)
    return 0, 1


def _before(where: Place, at: int) -> tuple[int, int]:
    """Where the page before a place begins, and how many lines it has."""
    start = max(0, at - PAGE_BYTES)
    data = where.read(start, at)
    lines = data.split(b"\n")[:-1]
    if start and len(lines) > 1:
        lines = lines[1:]  # what is before it may lie further back
    lines = lines[-LINES_ON_PAGE:]
    size = sum(len(line) + 1 for line in lines)
    return (max(0, at - size), len(lines)) if lines else (start, 0)
