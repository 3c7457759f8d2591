"""Routing on raw paths: what is one segment stays one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.responses import Response

from groundswell.core.errors import BadRequest, MethodNotAllowed, NotFound
from groundswell.http.errors import render_json_error
from groundswell.http.routing import Door, Route, Router, decode_segment

HUB = Door("hub", render_json_error)
XET = Door("xet", render_json_error, hides_methods=True)


async def _endpoint(_request: Request) -> Response:
    return Response()


def route(methods: str, pattern: str, door: Door = HUB) -> Route:
    return Route(tuple(methods.split()), pattern, _endpoint, door, pattern)


ROUTER = Router(
    [
        route("GET", "/"),
        route("GET", "/api/{kind:models|datasets}"),
        route("GET", "/api/{kind:models|datasets}/{ns}/{name}"),
        route("GET", "/api/{kind:models|datasets}/{ns}/{name}/tree/{rev}"),
        route("GET", "/api/{kind:models|datasets}/{ns}/{name}/tree/{rev}/{path*}"),
        route("POST DELETE", "/api/{kind:models|datasets}/{ns}/{name}/branch/{branch}"),
        route("GET", "/api/models/{ns}/{name}/refs"),
        route("GET", "/{ns}/{name}/resolve/{rev}/{path*}"),
        route("GET", "/{prefix:datasets|spaces}/{ns}/{name}/resolve/{rev}/{path*}"),
        route("GET", "/{ns}/{name}"),
        route("GET", "/xet/v1/chunks/{hash}", XET),
        route("POST", "/xet/v1/xorbs/{hash}", XET),
    ]
)


@pytest.mark.parametrize(
    ("path", "pattern", "parameters"),
    [
        ("/", "/", {}),
        ("/api/models/", "/api/{kind:models|datasets}", {"kind": "models"}),
        (
            "/api/models/a/b/tree/refs%2Fpr%2F1/x%2Fy/z%20w",
            "/api/{kind:models|datasets}/{ns}/{name}/tree/{rev}/{path*}",
            {"kind": "models", "ns": "a", "name": "b", "rev": "refs/pr/1", "path": "x/y/z w"},
        ),
        ("/api/models/a/b/refs", "/api/models/{ns}/{name}/refs", {"ns": "a", "name": "b"}),
        (
            "/datasets/a/b/resolve/main/resolve/main/x",
            "/{prefix:datasets|spaces}/{ns}/{name}/resolve/{rev}/{path*}",
            {"prefix": "datasets", "ns": "a", "name": "b", "rev": "main", "path": "resolve/main/x"},
        ),
        (
            "/datasets/b/resolve/main/x",
            "/{ns}/{name}/resolve/{rev}/{path*}",
            {"ns": "datasets", "name": "b", "rev": "main", "path": "x"},
        ),
        (
            "/a/b/resolve/main/%25zz",
            "/{ns}/{name}/resolve/{rev}/{path*}",
            {"ns": "a", "name": "b", "rev": "main", "path": "%zz"},
        ),
    ],
)
def test_finds(path: str, pattern: str, parameters: dict[str, str]) -> None:
    match = ROUTER.find(path, "GET")
    assert match.route.pattern == pattern
    assert match.parameters == parameters


@pytest.mark.parametrize(
    "path", ["/api", "/api/spaces/a/b/refs", "/a//b", "///", "", "a/b", "/x" * 200]
)
def test_does_not_find(path: str) -> None:
    with pytest.raises(NotFound):
        ROUTER.find(path, "GET")


@pytest.mark.parametrize("segment", ["..", "%2e%2e", "a%2F..%2Fb", "%00", "%FF", "a%2F%2Fb", "%2E"])
def test_refuses_what_no_name_can_be(segment: str) -> None:
    with pytest.raises(BadRequest):
        ROUTER.find(f"/a/b/resolve/main/{segment}", "GET")


def test_head_is_answered_by_get() -> None:
    assert ROUTER.find("/a/b", "HEAD").route.pattern == "/{ns}/{name}"


def test_another_method_names_the_allowed_ones() -> None:
    with pytest.raises(MethodNotAllowed) as refused:
        ROUTER.find("/api/models/a/b/branch/x", "PUT")
    assert refused.value.allowed == ("DELETE", "POST")


def test_a_last_resort_answers_what_nothing_else_knows() -> None:
    everything = Route(("GET", "PUT"), "/api/{rest*}", _endpoint, HUB, "rest", is_last_resort=True)
    router = Router([everything, route("GET", "/{ns}/{name}"), route("POST", "/api/a/{b}")])
    assert router.find("/api/unknown", "PUT").route.name == "rest"
    assert router.find("/api/unknown", "GET").route.name == "rest"
    with pytest.raises(MethodNotAllowed):
        router.find("/api/a/b", "PUT")


def test_a_door_may_hide_its_methods() -> None:
    with pytest.raises(NotFound):
        ROUTER.find("/xet/v1/chunks/0", "POST")


def test_a_moved_name_is_replaced_where_it_stood() -> None:
    match = ROUTER.find("/api/models/a/b/tree/refs%2Fpr%2F1/x%20y", "GET")
    assert match.with_segments(ns="new", name="na me") == (
        "/api/models/new/na%20me/tree/refs%2Fpr%2F1/x%20y"
    )


def test_a_git_suffix_stays() -> None:
    match = ROUTER.find("/a/b.git", "GET")
    assert match.with_segments(ns="x", name="y") == "/x/y.git"


def test_two_routes_may_not_claim_the_same() -> None:
    with pytest.raises(ValueError, match="two routes"):
        Router([route("GET", "/a/{x}"), route("GET", "/a/{x}")])


@given(st.binary(max_size=40))
def test_decoding_gives_text_or_refuses(raw: bytes) -> None:
    quoted = "".join(f"%{byte:02x}" for byte in raw)
    try:
        text = decode_segment(quoted)
    except BadRequest:
        return
    assert text.encode() == raw
    assert not {"", ".", ".."} & set(text.split("/"))
