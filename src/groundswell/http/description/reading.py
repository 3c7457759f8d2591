"""What an endpoint asks of a request, read from its code.

Doors read requests in one way: ``json_object`` or ``form_fields`` for the body, ``query_of`` for
the query, then ``text_field`` and its kin for each value. So what a door takes stands in the code
already, and a list beside it would be a second truth.

Knows those readers. What is read in another way is not found: the description then says less,
never something wrong.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass, field
from types import FunctionType, MethodType
from typing import Any, Final

from starlette.responses import PlainTextResponse, Response, StreamingResponse

from groundswell.http import auth, bodies, errors, receive
from groundswell.http.description.following import Follower
from groundswell.http.description.shapes import Shape, Value
from groundswell.wire.hub_api import text


@dataclass(slots=True)
class Asked:
    """What an endpoint reads, and what it answers as far as it says so itself."""

    body: Shape = field(default_factory=lambda: Shape(types=["object"]))
    query: Shape = field(default_factory=lambda: Shape(types=["object"]))
    takes_json: bool = False
    takes_form: bool = False
    takes_bytes: bool = False
    needs_name: bool = False
    statuses: set[int] = field(default_factory=set)

    def call(self, follower: Follower, called: object, node: ast.Call) -> Value | None:
        """What this call reads; None when it is no reader."""
        reader = _READERS.get(called)
        return None if reader is None else reader(self, follower, node)

    def method(self, method: ast.Attribute) -> Value:
        """What belongs to the request itself: its query, or its body as it comes."""
        match method.value:
            case ast.Name(id="request") if method.attr in {"stream", "body"}:
                self.takes_bytes = True
            case ast.Attribute(value=ast.Name(id="request"), attr="query_params"):
                return (self.query,)
        return ()


def read(endpoint: Callable[..., Any]) -> Asked:
    """What this endpoint asks of a request."""
    asked = Asked()
    function = endpoint.__func__ if isinstance(endpoint, MethodType) else endpoint
    if isinstance(function, FunctionType):
        Follower(asked, function).run({})
    return asked


def _json_object(asked: Asked, follower: Follower, _node: ast.Call) -> Value:
    asked.takes_json = True
    asked.body.level = follower.level
    return (asked.body,)


def _form_fields(asked: Asked, _follower: Follower, _node: ast.Call) -> Value:
    asked.takes_form = True
    return (asked.body,)


def _query(asked: Asked, _follower: Follower, _node: ast.Call) -> Value:
    return (asked.query,)


def _last_values(_asked: Asked, follower: Follower, node: ast.Call) -> Value:
    return follower.value(node.args[0])


def _field(follower: Follower, node: ast.Call, word: str) -> Value:
    """A field of what the first argument stands for, named by the second."""
    owners = follower.value(node.args[0])
    found: Value = ()
    for name in follower.names.words(node.args[1]):
        found += follower.named(owners, name)
    for each in found:
        each.types[:] = [word]
    return found


def _values_of(_asked: Asked, follower: Follower, node: ast.Call) -> Value:
    """A field that may stand there several times."""
    found = _field(follower, node, "array")
    for each in found:
        each.each(follower.level).of_type("string")
    return found


def _text_field(_asked: Asked, follower: Follower, node: ast.Call) -> Value:
    """A text; needed where there is nothing to take in its place."""
    found = _field(follower, node, "string")
    if len(node.args) == 2:
        for owner in follower.value(node.args[0]):
            if owner.level == follower.level:
                owner.required.update(follower.names.words(node.args[1]))
    return found


def _flag_field(_asked: Asked, follower: Follower, node: ast.Call) -> Value:
    return _field(follower, node, "boolean")


def _count_field(_asked: Asked, follower: Follower, node: ast.Call) -> Value:
    found = _field(follower, node, "integer")
    for each in found:
        each.least = 0
    return found


def _signed_in(asked: Asked, _follower: Follower, _node: ast.Call) -> Value:
    asked.needs_name = True
    return ()


def _receiving(asked: Asked, _follower: Follower, _node: ast.Call) -> Value:
    asked.takes_bytes = True
    return ()


def _response(asked: Asked, follower: Follower, node: ast.Call) -> Value:
    """An answer, with the status that it says."""
    named = {each.arg: each.value for each in node.keywords}
    status = named.get("status_code", named.get("status"))
    if status is None and len(node.args) > 1:
        status = node.args[1]
    parts = [status.body, status.orelse] if isinstance(status, ast.IfExp) else [status]
    for each in parts:
        if each is None:
            asked.statuses.add(200)
        elif isinstance(each, ast.Constant) and isinstance(each.value, int):
            asked.statuses.add(each.value)
    for argument in (*node.args, *named.values()):
        follower.value(argument)
    return ()


_Reader = Callable[[Asked, Follower, ast.Call], Value]

# By the function, so that another one of the same name is followed instead.
_READERS: Final[dict[object, _Reader]] = {
    bodies.json_object: _json_object,
    bodies.form_fields: _form_fields,
    bodies.text_field: _text_field,
    bodies.flag_field: _flag_field,
    bodies.count_field: _count_field,
    text.parse_query: _query,
    text.last_values: _last_values,
    text.values_of: _values_of,
    auth.signed_in: _signed_in,
    receive.receiving: _receiving,
    errors.json_response: _response,
    Response: _response,
    PlainTextResponse: _response,
    StreamingResponse: _response,
}
