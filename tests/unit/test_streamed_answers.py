"""Errors in the middle of a stream, as the servers of that API write them."""

import json

import pytest

from groundswell.ask.runtime.answers import parse
from groundswell.core.errors import BadRequest, GroundswellError, RunnerFailed


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"code": 400, "type": "invalid_request_error"}, BadRequest),
        ({"code": 503, "type": "unavailable_error"}, RunnerFailed),
        ({"code": "BadRequest", "type": "invalid_request_error"}, BadRequest),
        ({"code": "model_not_found", "type": "not_found_error"}, BadRequest),
        ({"code": "context_length_exceeded", "type": "invalid_request_error"}, BadRequest),
        ({"code": "RunnerFailed", "type": "server_error"}, RunnerFailed),
        ({"code": None, "type": None}, RunnerFailed),
        ({"code": [], "type": {}}, RunnerFailed),
        ({"code": True}, RunnerFailed),
        ({}, RunnerFailed),
    ],
)
def test_an_error_is_told_whatever_its_code(
    error: dict[str, object], kind: type[GroundswellError]
) -> None:
    line = b"data: " + json.dumps({"error": {**error, "message": "It is too long."}}).encode()
    with pytest.raises(kind, match="It is too long"):
        list(parse(iter([line])))
