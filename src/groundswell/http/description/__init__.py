"""The hub described in OpenAPI 3.1, made from its routes and the code behind them.

Knows which doors speak to programs, and what every answer of a door has in common. What an
operation takes is read from its code (`reading`), so nobody keeps a list. Who may do something is
not told: `core.policy` decides that, and docs/reference/routes.md says it for each address.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any, Final

from groundswell import __version__
from groundswell.http.description.addresses import Address, addresses
from groundswell.http.description.links import Operation, links
from groundswell.http.description.reading import Asked, read
from groundswell.http.description.shapes import Shape
from groundswell.http.routing import Route

Json = dict[str, Any]

# The door for people: its pages are HTML, and its forms carry a token against forgery.
LEFT_OUT: Final = "pages"

_JSON: Final = "application/json"
_LFS: Final = "application/vnd.git-lfs+json"
_ANY: Final = "*/*"
_FORM: Final = "application/x-www-form-urlencoded"
_BYTES: Final = "application/octet-stream"

# What bodies are that are read as they come, by the route's name; others are just bytes.
_STREAMS: Final = {
    "commit": "application/x-ndjson",
    "git-upload-pack": "application/x-git-upload-pack-request",
    "git-receive-pack": "application/x-git-receive-pack-request",
}
# How a door writes what succeeded, and errors. Doors that are not listed speak the Hub API's JSON.
_ANSWERS: Final = {
    "git": (_ANY, "Line"),
    "resolve": (_ANY, ""),
    "xet": (_ANY, ""),
    "asking": (_ANY, ""),
    "lfs": (_LFS, "Lfs"),
}
_SIGNATURE: Final = "signature"

_TEXT: Final = {"type": "string"}
_SCHEMAS: Final = {
    "Error": {
        "type": "object",
        "description": "Every code stands in docs/reference/errors.md.",
        "properties": {
            "error": {"type": "string", "description": "For people."},
            "code": {"type": "string", "description": "As in the header X-Error-Code."},
            "hint": {"type": "string", "description": "What may help."},
        },
        "required": ["error"],
        "additionalProperties": True,
    },
    "LfsError": {
        "type": "object",
        "properties": {"message": _TEXT, "request_id": _TEXT},
        "required": ["message"],
    },
}
_FORMS: Final = {
    "": {_JSON: {"schema": {"$ref": "#/components/schemas/Error"}}},
    "Lfs": {_LFS: {"schema": {"$ref": "#/components/schemas/LfsError"}}},
    "Line": {"text/plain": {"schema": _TEXT}},
}
_FAILURES: Final = {"Refused": "Refused.", "Failed": "The hub failed, or cannot answer now."}
_MOVED: Final = "It has another name now, or its content is elsewhere."
_SCHEMES: Final = {
    "token": {"type": "http", "scheme": "bearer", "description": "A token of an account, hf_…"},
    "basic": {"type": "http", "scheme": "basic", "description": "A name, and a token or password."},
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "swell-session",
        "description": "A browser's session; __Host-swell-session over TLS. Writes need the hub's"
        " own Origin.",
    },
    "pass": {"type": "http", "scheme": "bearer", "description": "A Xet token: of one domain."},
}
_PEOPLE: Final[list[Json]] = [{"token": []}, {"basic": []}, {"session": []}]
_ABOUT: Final = (
    "What programs may ask of this hub. Addresses, parameters and bodies are made from the code"
    " that reads them. What a field means and what answers hold is told by the protocols that the"
    " hub speaks (docs/reference/protocols.md), who may what by docs/reference/routes.md. Fields"
    " that are not described are ignored. Pages for people are not part of this."
)


def document(routes: Iterable[Route]) -> Json:
    """The whole description. Takes a second: every endpoint's code is read."""
    found = addresses(route for route in routes if route.door.name != LEFT_OUT)
    operations = _operations(found)
    paths: dict[str, Json] = {}
    for operation in operations:
        of_path = paths.setdefault(operation.address.path, {})
        of_path[operation.method.lower()] = _operation(operation, operations)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Groundswell", "version": __version__, "description": _ABOUT},
        "servers": [{"url": "/"}],
        "tags": [
            {"name": name} for name in sorted({o.address.route.door.name for o in operations})
        ],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": _SCHEMAS,
            "responses": _shared_responses(),
            "securitySchemes": _SCHEMES,
        },
    }


def _operations(found: list[Address]) -> list[Operation]:
    """Every method of every address, each with a name of its own."""
    every = [(method, address) for address in found for method in address.route.methods]
    plain = [_plain_id(method, address) for method, address in every]
    several = Counter(plain)
    return [
        Operation(name if several[name] == 1 else _long_id(name, address), method, address)
        for name, (method, address) in zip(plain, every, strict=True)
    ]


def _plain_id(method: str, address: Address) -> str:
    route = address.route
    words = f"{route.door.name} {route.name}"
    if len(route.methods) > 1:
        words += f" {method.lower()}"
    return re.sub(r"[^A-Za-z0-9]+", "-", words)


def _long_id(name: str, address: Address) -> str:
    """A route of several addresses: they are told apart by their segments."""
    return f"{name}-at-{re.sub(r'[^A-Za-z0-9]+', '-', address.path).strip('-')}"


_read: Final = cache(read)


def _operation(operation: Operation, others: Iterable[Operation]) -> Json:
    address, route = operation.address, operation.address.route
    asked = _read(route.endpoint)
    found: Json = {
        "operationId": operation.id,
        "tags": [route.door.name],
        "summary": route.name,
        "parameters": address.parameters() + _query(asked.query),
        "responses": _responses(operation, asked, others),
        "security": _security(route, asked),
    }
    if told := _sentence(route.endpoint):
        found["description"] = told
    if body := _body(route, asked):
        found["requestBody"] = body
    return found


def _sentence(endpoint: Callable[..., Any]) -> str:
    return " ".join((endpoint.__doc__ or "").partition("\n\n")[0].split())


def _query(query: Shape) -> list[Json]:
    return [
        {"name": name, "in": "query", "schema": shape.schema()}
        for name, shape in query.fields.items()
    ]


def _body(route: Route, asked: Asked) -> Json | None:
    schema = asked.body.schema()
    content: Json = {}
    if asked.takes_json:
        content[_JSON] = {"schema": schema}
    if asked.takes_form:
        content[_FORM] = {"schema": schema}
    if asked.takes_bytes and not content:
        content[_STREAMS.get(route.name, _BYTES)] = {}
    if not content:
        return None
    return {"required": bool(asked.body.required), "content": content}


def _responses(operation: Operation, asked: Asked, others: Iterable[Operation]) -> Json:
    succeeded, form = _ANSWERS.get(operation.address.route.door.name, (_JSON, ""))
    statuses = sorted({status for status in asked.statuses if status < 400} | {200})
    found: Json = {
        str(status): {"description": "Not modified." if status == 304 else "Done."}
        for status in statuses
    }
    found["200"]["content"] = {succeeded: {}}
    if following := links(operation, others):
        found["200"]["links"] = following
    if {"ns", "name"} <= {name for name, _ in operation.address.captures}:
        found["307"] = {"$ref": "#/components/responses/Moved"}
    for status, what in (("4XX", "Refused"), ("5XX", "Failed")):
        found[status] = {"$ref": f"#/components/responses/{form}{what}"}
    return found


def _shared_responses() -> Json:
    found: Json = {
        f"{form}{what}": {"description": told, "content": content}
        for form, content in _FORMS.items()
        for what, told in _FAILURES.items()
    }
    return {**found, "Moved": {"description": _MOVED}}


def _security(route: Route, asked: Asked) -> list[Json]:
    if _SIGNATURE in asked.query.fields:
        return [{}]  # the address is the credential
    if route.door.name == "xet":
        return [{"pass": []}]
    return _PEOPLE if asked.needs_name else [{}, *_PEOPLE]
