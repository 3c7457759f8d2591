"""Patterns of the router as paths of OpenAPI, with what stands in their captures.

Knows both ways of writing. Does not know what is behind an address.

Two things differ. A capture among words (``{kind:models|datasets}``) becomes a parameter with those
words; where a second pattern would then be written alike, which OpenAPI forbids, its words are
spelled out. The rest of a path (``{path*}``) becomes one parameter, whose slashes are sent as
``%2F``: the router takes both.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from groundswell.core.values.names import NAME_LENGTH_MAX
from groundswell.http.routing import CAPTURE, Route

Json = dict[str, Any]

_NAME: Final = {
    "type": "string",
    "pattern": "^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$",
    "maxLength": NAME_LENGTH_MAX,
}
_COUNTED: Final = {"type": "integer", "minimum": 1}
_HASH: Final = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
_ID: Final = {"type": "string", "pattern": "^[0-9a-f]{24}$"}
_TEXT: Final = {"type": "string", "minLength": 1}

# What a capture holds, by its name. What is not listed is a text.
SCHEMAS: Final[dict[str, Json]] = {
    **dict.fromkeys(("ns", "name", "account"), _NAME),
    **dict.fromkeys(("number", "review", "thread", "line", "part"), _COUNTED),
    **dict.fromkeys(("hash", "oid"), _HASH),
    **dict.fromkeys(("webhook", "delivery", "comment", "item"), _ID),
}
TOLD: Final = {
    "rev": "A branch, a tag, a commit or refs/pr/N.",
    "path": "A path in the tree; its slashes may be sent as %2F.",
    "number": "Of a discussion or pull request.",
}
# The rest of an address under this name is everything that is not there: no operation.
NOT_THERE: Final = "{rest*}"


@dataclass(frozen=True, slots=True)
class Address:
    """One path: its route, and its captures with the words that each may be (none: any text)."""

    route: Route
    path: str
    captures: tuple[tuple[str, tuple[str, ...]], ...]

    def parameters(self) -> list[Json]:
        """In OpenAPI."""
        return [_parameter(name, words) for name, words in self.captures]


def addresses(routes: Iterable[Route]) -> list[Address]:
    """Every path of these routes. Raises ValueError when two could not be told apart."""
    taken: dict[str, str] = {}
    found: list[Address] = []
    for route in routes:
        if route.pattern.endswith(NOT_THERE):
            continue
        whole = _address(route, spelled_out=False)[0]
        alike = taken.setdefault(_blank(whole.path), whole.path)
        if alike == whole.path:
            found.append(whole)
            continue
        for address in _address(route, spelled_out=True):
            if taken.setdefault(_blank(address.path), address.path) != address.path:
                msg = f"{route.pattern} cannot be told from {alike}"
                raise ValueError(msg)
            found.append(address)
    return found


def _blank(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", path)


def _address(route: Route, *, spelled_out: bool) -> list[Address]:
    """The address of a route; several when captures among words are spelled out."""
    segments: list[list[str]] = []
    captures: list[tuple[str, tuple[str, ...]]] = []
    for segment in route.pattern.split("/"):
        capture = CAPTURE.fullmatch(segment)
        if capture is None:
            segments.append([segment])
            continue
        name, listed, _ = capture.groups()
        words = tuple(listed.split("|")) if listed else ()
        if words and spelled_out:
            segments.append(list(words))
            continue
        captures.append((name, words))
        segments.append([f"{{{name}}}"])
    paths = ("/".join(each) for each in itertools.product(*segments))
    return [Address(route, path, tuple(captures)) for path in paths]


def _parameter(name: str, words: tuple[str, ...]) -> Json:
    schema = {"enum": list(words)} if words else dict(SCHEMAS.get(name, _TEXT))
    found: Json = {"name": name, "in": "path", "required": True, "schema": schema}
    if name in TOLD:
        found["description"] = TOLD[name]
    return found
