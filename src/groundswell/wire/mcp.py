"""The Model Context Protocol, as far as a server of tools that keeps no state speaks it.

JSON-RPC messages as values and back, in both ways of the protocol: those that begin with
``initialize`` (to 2025-11-25), and those whose every request says its version (2026-07-28). Does
not know what a tool does, nor how messages travel.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

Json = dict[str, Any]
Id = str | int

HANDSHAKES: Final = ("2025-03-26", "2025-06-18", "2025-11-25")
VERSION: Final = "2026-07-28"
VERSION_HEADER: Final = "mcp-protocol-version"
METHOD_HEADER: Final = "mcp-method"
NAME_HEADER: Final = "mcp-name"

PARSE_ERROR: Final = -32700
INVALID_REQUEST: Final = -32600
METHOD_NOT_FOUND: Final = -32601
INVALID_PARAMS: Final = -32602
UNAVAILABLE: Final = -32000
HEADER_MISMATCH: Final = -32020
UNSUPPORTED_VERSION: Final = -32022

ID_CHARACTERS_MAX: Final = 200
METHOD_CHARACTERS_MAX: Final = 200
_DEPTH_MAX: Final = 32
_META: Final = "io.modelcontextprotocol/"
_ENCODED: Final = ("=?base64?", "?=")
_STATUSES: Final = {
    PARSE_ERROR: 400,
    INVALID_REQUEST: 400,
    INVALID_PARAMS: 400,
    HEADER_MISMATCH: 400,
    UNSUPPORTED_VERSION: 400,
    METHOD_NOT_FOUND: 404,
}


@dataclass(frozen=True, slots=True)
class Call:
    """A request, or, without an id, a notification that nobody answers. ``states_version``: it is
    of those whose every request says its version.
    """

    method: str
    params: Json
    id: Id | None = None
    states_version: bool = False

    @property
    def name(self) -> str:
        """The tool that it calls."""
        name = self.params.get("name")
        return name if isinstance(name, str) else ""


class Refused(Exception):
    """A message that cannot be answered, and what is said instead."""

    def __init__(
        self, code: int, message: str, call_id: Id | None = None, data: Json | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.id = call_id
        self.data = data

    @property
    def status(self) -> int:
        """Of HTTP."""
        return _STATUSES.get(self.code, 200)

    def as_json(self) -> Json:
        """The answer."""
        error: Json = {"code": self.code, "message": str(self)}
        if self.data is not None:
            error["data"] = self.data
        return {"jsonrpc": "2.0", "id": self.id, "error": error}


def parse_call(content: bytes, headers: Mapping[str, str] | None = None) -> Call | None:
    """The request or notification of a message; None for answers, which this side never asked for.

    Args:
        content: one message in JSON.
        headers: of HTTP, by names in small letters; None where messages have none.

    Raises:
        Refused: it is none, or contradicts itself.
    """
    try:
        value = json.loads(content)
        if _is_deeper(value, _DEPTH_MAX):
            raise Refused(INVALID_REQUEST, "The message is nested too deep.")
    except (ValueError, RecursionError) as error:
        raise Refused(PARSE_ERROR, "The message is not JSON.") from error
    if not isinstance(value, dict) or value.get("jsonrpc") != "2.0":
        raise Refused(INVALID_REQUEST, "One message of JSON-RPC 2.0 is expected.")
    call_id = _id(value)
    if "method" not in value and ("result" in value or "error" in value):
        return None
    method, params = value.get("method"), value.get("params", {})
    if not isinstance(method, str) or len(method) > METHOD_CHARACTERS_MAX:
        raise Refused(INVALID_REQUEST, "The message names no method.", call_id)
    if not isinstance(params, dict):
        raise Refused(INVALID_PARAMS, "params is an object.", call_id)
    meta = params.get("_meta")
    states = isinstance(meta, dict) and f"{_META}protocolVersion" in meta
    call = Call(method, params, call_id, states)
    if states and call_id is not None:
        _check_version(call, params["_meta"], headers)
    return call


def _id(value: Json) -> Id | None:
    found = value.get("id")
    if found is None:
        return None
    if isinstance(found, bool) or not isinstance(found, str | int):
        raise Refused(INVALID_REQUEST, "id is a text or a whole number.")
    if len(str(found)) > ID_CHARACTERS_MAX:
        raise Refused(INVALID_REQUEST, "id is too long.")
    return found


def _is_deeper(value: object, left: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    inner = value.values() if isinstance(value, dict) else value
    return left == 0 or any(_is_deeper(each, left - 1) for each in inner)


def _check_version(call: Call, meta: Json, headers: Mapping[str, str] | None) -> None:
    version = meta[f"{_META}protocolVersion"]
    if headers is not None:
        _check_headers(call, version, headers)
    if not isinstance(version, str):
        raise Refused(INVALID_PARAMS, "The protocol's version is a text.", call.id)
    if version != VERSION:
        data = {"supported": [*HANDSHAKES, VERSION], "requested": version[:100]}
        raise Refused(UNSUPPORTED_VERSION, "This version is not spoken here.", call.id, data)


def _check_headers(call: Call, version: object, headers: Mapping[str, str]) -> None:
    """What lies between may decide by headers: they must say what the message says."""
    if headers.get(VERSION_HEADER) != version or headers.get(METHOD_HEADER) != call.method:
        raise Refused(HEADER_MISMATCH, "Headers and message say different things.", call.id)
    if call.method == "tools/call" and _decoded(headers.get(NAME_HEADER, "")) != call.name:
        raise Refused(HEADER_MISMATCH, "Headers and message name different tools.", call.id)


def _decoded(text: str) -> str | None:
    """A header's text, which may be written in base64."""
    start, end = _ENCODED
    if not (text.startswith(start) and text.endswith(end)):
        return text
    try:
        return base64.b64decode(text[len(start) : -len(end)], validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return None


def headers_of(call: Call, version: str) -> dict[str, str]:
    """The headers that a message has over HTTP. ``version`` is what was agreed on before, "" before
    anything was.
    """
    if call.states_version:
        version = str(call.params["_meta"][f"{_META}protocolVersion"])
    headers = {VERSION_HEADER: version, METHOD_HEADER: call.method}
    if call.name:
        coded = base64.b64encode(call.name.encode()).decode("ascii")
        headers[NAME_HEADER] = f"{_ENCODED[0]}{coded}{_ENCODED[1]}"
    return {name: text for name, text in headers.items() if text.isascii() and text.isprintable()}


@dataclass(frozen=True, slots=True)
class Server:
    """What a server says of itself."""

    name: str
    title: str
    version: str
    instructions: str

    def _as_json(self) -> Json:
        return {"name": self.name, "title": self.title, "version": self.version}

    def initialized(self, call: Call) -> Json:
        """The answer to ``initialize``: the version that is asked for, or the newest."""
        wanted = call.params.get("protocolVersion")
        version = wanted if wanted in HANDSHAKES else HANDSHAKES[-1]
        told = {"capabilities": {"tools": {}}, "serverInfo": self._as_json()}
        return {"protocolVersion": version, **told, "instructions": self.instructions}

    def discovered(self) -> Json:
        """The answer to ``server/discover``."""
        told = {"capabilities": {"tools": {}}, "instructions": self.instructions}
        meta = {"_meta": {f"{_META}serverInfo": self._as_json()}}
        return {"supportedVersions": [VERSION], **told, **meta}


def answer_of(call: Call, result: Json) -> Json:
    """The answer to a request."""
    if call.states_version:
        kept = {} if call.method == "tools/call" else {"ttlMs": 0, "cacheScope": "private"}
        result = {**result, "resultType": "complete", **kept}
    return {"jsonrpc": "2.0", "id": call.id, "result": result}


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool as it is described. Each argument has a name, its schema and whether it must be."""

    name: str
    title: str
    description: str
    arguments: Mapping[str, Json] = field(default_factory=dict)
    required: Sequence[str] = ()

    def as_json(self) -> Json:
        """For ``tools/list``. Tools here only read, and reach nothing beyond the hub."""
        schema: Json = {"type": "object", "properties": dict(self.arguments)}
        schema |= {"required": list(self.required), "additionalProperties": False}
        hints = {"readOnlyHint": True, "idempotentHint": True, "openWorldHint": False}
        told = {"name": self.name, "title": self.title, "description": self.description}
        return {**told, "inputSchema": schema, "annotations": hints}


def called(text: str, value: Json | None = None, *, is_error: bool = False) -> Json:
    """What a tool gives: text for a model to read, and the same as values."""
    result: Json = {"content": [{"type": "text", "text": text}], "isError": is_error}
    return result if value is None else {**result, "structuredContent": value}
