"""Which endpoint answers a path: patterns over the raw segments of the request's path.

Frameworks decode ``%2F`` before they route, so that ``refs%2Fpr%2F1`` falls into three segments.
Here the raw path is cut first, and each captured segment is decoded once (Hub API 0.1).

A pattern's segments are literal (``api``), captured (``{name}``), captured among literal words
(``{kind:models|datasets}``) or, at the end, the rest (``{path*}``, one segment or more, joined by
slashes). A literal wins over a capture, a capture over the rest; a failed attempt backtracks.

Knows nothing of what a path means, who asks, or how an answer is written.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote, unquote_to_bytes

from starlette.requests import Request
from starlette.responses import Response

from groundswell.core.errors import BadRequest, GroundswellError, MethodNotAllowed, NotFound
from groundswell.settings import Settings

Endpoint = Callable[[Request], Awaitable[Response]]
ErrorRenderer = Callable[[Request, GroundswellError], Response]

SEGMENTS_MAX: Final = 100

CAPTURE: Final = re.compile(r"\{([a-z_]+)(?::([A-Za-z0-9_|.-]+)|(\*))?\}")


@dataclass(frozen=True, slots=True)
class Door:
    """A protocol: its name in logs and metrics, and how it writes an error.

    ``hides_methods``: a path that exists under another method answers 404 instead of 405, for
    clients that take 405 as fatal (Hub API 8.3). ``anonymous_cors``: pages of other origins may
    read what anybody may read.
    """

    name: str
    render_error: ErrorRenderer
    hides_methods: bool = False
    anonymous_cors: bool = False


@dataclass(frozen=True, slots=True)
class Route:
    """One pattern, the methods it answers, and what the edge must know before the endpoint runs.

    ``name`` stands in logs and metrics instead of the path, which holds repository names.
    ``body_max_bytes`` is the largest request body, or which setting tells it: None takes the one
    for ordinary API requests. ``takes_content``: an upload, which may finish while the hub
    stops.
    ``secret_path``: the path itself is a credential and stays out of the log. ``is_last_resort``:
    answers only where no other route knows the address, under any method. ``takes_prefix``: the
    last segment may end in a slash of its own (``%2F``), which only the raw path tells.
    """

    methods: tuple[str, ...]
    pattern: str
    endpoint: Endpoint
    door: Door
    name: str
    body_max_bytes: int | Callable[[Settings], int] | None = None
    takes_content: bool = False
    secret_path: bool = False
    is_last_resort: bool = False
    takes_prefix: bool = False


@dataclass(frozen=True, slots=True)
class Match:
    """A route and what its pattern captured.

    ``parameters`` are decoded; ``places`` are the indexes of the captured segments in
    ``raw_segments``, so that a path can be written again with one of them replaced.
    """

    route: Route
    parameters: Mapping[str, str]
    places: Mapping[str, int]
    raw_segments: tuple[str, ...]

    def with_segments(self, **replaced: str) -> str:
        """The same raw path with captured segments replaced (encoded here).

        A ``.git`` suffix of the old segment stays: git and git-lfs write it after names.
        """
        segments = list(self.raw_segments)
        for name, value in replaced.items():
            if name not in self.places:
                continue
            suffix = ".git" if segments[self.places[name]].endswith(".git") else ""
            segments[self.places[name]] = quote(value, safe="") + suffix
        return "/" + "/".join(segments)


@dataclass(slots=True)
class _Node:
    literals: dict[str, _Node] = field(default_factory=dict)
    words: list[tuple[str, frozenset[str], _Node]] = field(default_factory=list)
    captures: list[tuple[str, _Node]] = field(default_factory=list)
    rest: list[tuple[str, dict[str, Route]]] = field(default_factory=list)
    routes: dict[str, Route] = field(default_factory=dict)


_Found = tuple[dict[str, Route], dict[str, int], int | None, str | None]


class Router:
    """All routes, in a tree over their segments.

    Raises ValueError at construction when two routes claim the same method of one pattern.
    """

    def __init__(self, routes: Iterable[Route]) -> None:
        self._root = _Node()
        for route in routes:
            self._add(route)

    def _add(self, route: Route) -> None:
        node = self._root
        segments = route.pattern.removeprefix("/").split("/") if route.pattern != "/" else []
        for index, segment in enumerate(segments):
            capture = CAPTURE.fullmatch(segment)
            if capture is None:
                assert "{" not in segment, route.pattern
                node = node.literals.setdefault(segment, _Node())
                continue
            name, words, rest = capture.groups()
            if rest:
                assert index == len(segments) - 1, route.pattern
                table = next((t for n, t in node.rest if n == name), None)
                if table is None:
                    table = {}
                    node.rest.append((name, table))
                _claim(table, route)
                return
            node = _child(node, name, words)
        _claim(node.routes, route)

    def find(self, raw_path: str, method: str) -> Match:
        """The route for this path and method; HEAD is answered by GET's route.

        Raises:
            NotFound: no such path.
            MethodNotAllowed: the path answers other methods.
            BadRequest: a segment that no path may hold (bytes that are not UTF-8, NUL, ``..``).
        """
        raw_segments = _cut(raw_path)
        allowed: set[str] = set()
        door_hides = False
        for table, places, rest_from, rest_name in self._walk(self._root, raw_segments, 0, {}):
            route = table.get(method) or (table.get("GET") if method == "HEAD" else None)
            if route is not None and route.is_last_resort and allowed:
                continue
            if route is None:
                allowed.update(table)
                door_hides = door_hides or any(r.door.hides_methods for r in table.values())
                continue
            parameters = {name: decode_segment(raw_segments[i]) for name, i in places.items()}
            if rest_name is not None and rest_from is not None:
                rest = list(raw_segments[rest_from:])
                if route.takes_prefix and rest[-1].lower().endswith("%2f"):
                    rest[-1] = rest[-1][: -len("%2f")]
                parameters[rest_name] = "/".join(decode_segment(segment) for segment in rest)
            return Match(route, parameters, places, raw_segments)
        if allowed and not door_hides:
            raise MethodNotAllowed(allowed | ({"HEAD"} if "GET" in allowed else set()))
        raise NotFound

    def _walk(
        self, node: _Node, segments: tuple[str, ...], index: int, places: dict[str, int]
    ) -> Iterator[_Found]:
        """Every table of methods whose pattern fits, best first."""
        if index == len(segments):
            if node.routes:
                yield node.routes, places, None, None
            return
        segment = segments[index]
        literal = node.literals.get(segment)
        if literal is not None:
            yield from self._walk(literal, segments, index + 1, places)
        for name, words, child in node.words:
            if segment in words:
                yield from self._walk(child, segments, index + 1, {**places, name: index})
        for name, child in node.captures:
            yield from self._walk(child, segments, index + 1, {**places, name: index})
        for name, table in node.rest:
            yield table, places, index, name


def _child(node: _Node, name: str, words: str | None) -> _Node:
    if words is None:
        found = next((child for n, child in node.captures if n == name), None)
        if found is None:
            found = _Node()
            node.captures.append((name, found))
        return found
    choice = frozenset(words.split("|"))
    found = next((child for n, w, child in node.words if (n, w) == (name, choice)), None)
    if found is None:
        found = _Node()
        node.words.append((name, choice, found))
    return found


def _claim(table: dict[str, Route], route: Route) -> None:
    for method in route.methods:
        if method in table:
            msg = f"two routes claim {method} {route.pattern}"
            raise ValueError(msg)
        table[method] = route


def _cut(raw_path: str) -> tuple[str, ...]:
    """Raw segments. One slash at the end does not count; an empty segment elsewhere is no path."""
    if not raw_path.startswith("/"):
        raise NotFound
    body = raw_path[1:].removesuffix("/")
    if not body:
        return ()
    segments = tuple(body.split("/"))
    if len(segments) > SEGMENTS_MAX or "" in segments:
        raise NotFound
    return segments


def decode_segment(raw: str) -> str:
    """The text of one raw segment, decoded once.

    Raises:
        BadRequest: not UTF-8, or a NUL, or a ``.``, ``..`` or empty part: none is ever a name.
    """
    try:
        text = unquote_to_bytes(raw).decode("utf-8")
    except UnicodeDecodeError as error:
        msg = "The address is not UTF-8."
        raise BadRequest(msg) from error
    if "\0" in text or any(part in {"", ".", ".."} for part in text.split("/")):
        msg = "The address holds a part that no name can be: empty, '.', '..' or a zero byte."
        raise BadRequest(msg)
    return text
