"""Request bodies, bounded in size and time, and read into values.

Knows limits and encodings. Does not know what a body means.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from typing import Any, Final, cast
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.types import Message, Receive, Scope

from groundswell.core.errors import BadRequest, BodyStalled, Malformed, TooLarge

PROGRESS_BYTES: Final = 16 * 1024
JSON_DEPTH_MAX: Final = 32
FORM_FIELDS_MAX: Final = 10_000


def declared_length(scope: Scope) -> int | None:
    """Content-Length of the request, or None.

    Raises:
        BadRequest: several, or not a number.
    """
    values = [value for name, value in scope["headers"] if name == b"content-length"]
    if not values:
        return None
    if len(values) > 1 or not values[0].isdigit() or len(values[0]) > 18:
        msg = "Content-Length is not one number."
        raise BadRequest(msg)
    return int(values[0])


class BoundedBody:
    """Wraps ``receive``: counts bytes, refuses too many, and gives up on a body that stalls.

    ``idle_seconds`` is how long the peer may take, waiting alone counted, for each 16 KiB (or for
    what is left of the body): a body that drips is given up like one that stops.

    Raises from a call: TooLarge, BodyStalled.
    """

    def __init__(
        self,
        receive: Receive,
        max_bytes: int,
        idle_seconds: float,
        on_bytes: Callable[[int], object],
    ) -> None:
        self._receive = receive
        self._max_bytes = max_bytes
        self._idle_seconds = idle_seconds
        self._on_bytes = on_bytes
        self._left_seconds = idle_seconds
        self._window_bytes = 0
        self.received_bytes = 0
        self.finished = False

    async def __call__(self) -> Message:
        if self.finished:  # only a disconnect can follow, and may be waited for as long as it takes
            return await self._receive()
        loop = asyncio.get_running_loop()
        begun = loop.time()
        try:
            async with asyncio.timeout(self._left_seconds):
                message = await self._receive()
        except TimeoutError as error:
            raise BodyStalled from error
        if message["type"] != "http.request":
            self.finished = True
            return message
        self._count(len(message.get("body", b"")), loop.time() - begun)
        self.finished = not message.get("more_body", False)
        return message

    def _count(self, size_bytes: int, waited_seconds: float) -> None:
        self.received_bytes += size_bytes
        self._on_bytes(size_bytes)
        if self.received_bytes > self._max_bytes:
            raise body_too_large(self._max_bytes)
        self._window_bytes += size_bytes
        self._left_seconds -= waited_seconds
        if self._window_bytes >= PROGRESS_BYTES:
            self._window_bytes = 0
            self._left_seconds = self._idle_seconds


def body_too_large(max_bytes: int) -> TooLarge:
    """The error for a body above its limit."""
    return TooLarge(f"The request's body is larger than {max_bytes} bytes, the limit here.")


def _depth(value: object, left: int) -> None:
    if left == 0:
        raise Malformed("JSON body", f"nested deeper than {JSON_DEPTH_MAX}")
    if isinstance(value, dict):
        for item in value.values():
            _depth(item, left - 1)
    elif isinstance(value, list):
        for item in value:
            _depth(item, left - 1)


def _no_constant(text: str) -> object:
    raise Malformed("JSON body", f"{text} is not JSON")


def parse_json(body: bytes, where: str = "JSON body") -> Any:  # noqa: ANN401 - JSON
    """The value of a JSON text.

    Raises:
        Malformed: not JSON, not UTF-8, or nested too deep.
    """
    try:
        value = json.loads(body, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Malformed(where, "not valid JSON") from error
    _depth(value, JSON_DEPTH_MAX)
    _check_texts(body, value, where)
    return value


def _check_texts(body: bytes, value: object, where: str) -> None:
    """Refuse halves of characters, which JSON can write and nothing behind it can keep."""
    if b"\\ud" not in body and b"\\uD" not in body:
        return
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError as error:
        raise Malformed(where, "a text holds half a character") from error


async def json_object(request: Request) -> dict[str, Any]:
    """The request's body as a JSON object; an empty body, and null, are an empty object.

    Raises:
        Malformed: not a JSON object.
    """
    body = await request.body()
    if not body.strip():
        return {}
    value = parse_json(body)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Malformed("JSON body", "an object is expected")
    return cast("dict[str, Any]", value)


async def form_fields(request: Request) -> dict[str, list[str]]:
    """The request's body as a form: every value of every field, in order.

    Raises:
        Malformed: too many fields, or not UTF-8.
    """
    body = await request.body()
    try:
        pairs = parse_qsl(
            body.decode("utf-8"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=FORM_FIELDS_MAX,
        )
    except ValueError as error:
        raise Malformed("form", "not a URL-encoded form in UTF-8 of bounded size") from error
    fields: dict[str, list[str]] = {}
    for name, value in pairs:
        fields.setdefault(name, []).append(value)
    return fields


def nothing_else(fields: dict[str, Any], known: AbstractSet[str], what: str) -> None:
    """Refuse a name that ``what`` ("A review") does not have: what its writer meant would be lost
    without a word. For calls of this hub's own; those of other clients may say more.

    Raises:
        BadRequest: there is one.
    """
    if unknown := sorted(fields.keys() - known):
        raise BadRequest(f"{what} has no {unknown[0][:50]!r}; it has {', '.join(sorted(known))}.")


def text_field(fields: dict[str, Any], name: str, default: str | None = None) -> str:
    """A text among JSON fields.

    Raises:
        BadRequest: missing without a default, or not a text.
    """
    value = fields.get(name)
    if value is None and default is not None:
        return default
    if not isinstance(value, str):
        msg = f'"{name}" must be a string.'
        raise BadRequest(msg)
    return value


def flag_field(fields: dict[str, Any], name: str, *, default: bool = False) -> bool:
    """A truth value among JSON fields or query texts (``true``, ``1``).

    Raises:
        BadRequest: anything else.
    """
    value = fields.get(name)
    if value is None or value == "":
        return default
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in {"true", "1", "false", "0"}:
        return value.lower() in {"true", "1"}
    msg = f'"{name}" must be true or false.'
    raise BadRequest(msg)


def count_field(fields: dict[str, Any], name: str, default: int, most: int) -> int:
    """A whole number of at least 0 among query texts; more than ``most`` means ``most``.

    Raises:
        BadRequest: not a whole number.
    """
    value = fields.get(name)
    if value is None or value == "":
        return default
    text = str(value)
    if isinstance(value, bool) or not text.isascii() or not text.isdigit() or len(text) > 12:
        msg = f'"{name}" must be a whole number.'
        raise BadRequest(msg)
    return min(int(text), most)
