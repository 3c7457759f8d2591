"""What is read of an endpoint's code, and how patterns become paths."""

import enum
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import Response

from groundswell.http.bodies import flag_field, json_object, text_field
from groundswell.http.description import document
from groundswell.http.description.addresses import addresses
from groundswell.http.description.reading import read
from groundswell.http.errors import json_response
from groundswell.http.hub_api import collections, lists, repositories, webhooks
from groundswell.http.hub_api.door import DOOR
from groundswell.http.routing import Route


class Colour(enum.StrEnum):
    RED = "red"
    BLUE = "blue"


async def endpoint(request: Request) -> Response:
    """Paints something.

    Nobody is told more.
    """
    body = await json_object(request)
    name = text_field(body, "name")
    if body.get("colour") not in tuple(Colour):
        raise ValueError
    if not flag_field(body, "now"):
        return json_response({}, 202)
    later = text_field(body, "later")
    parts = body.get("parts") or []
    if not isinstance(parts, list):
        raise TypeError
    sizes = [part["size"] for part in parts if isinstance(part, dict)]
    return json_response({"name": name, "later": later, "sizes": sizes})


def route(pattern: str, *methods: str) -> Route:
    return Route(methods or ("GET",), pattern, endpoint, DOOR, pattern)


def fields(of: Any) -> dict[str, Any]:
    found: dict[str, Any] = read(of).body.schema()
    return found


def test_fields_are_found_with_what_the_code_tells_of_them() -> None:
    found = fields(endpoint)
    assert found["properties"]["name"] == {"type": "string"}
    assert found["properties"]["colour"] == {"enum": ["red", "blue"]}
    assert found["properties"]["now"] == {"type": "boolean"}
    assert found["properties"]["parts"]["type"] == "array"
    # "later" is needed only where nothing was answered before.
    assert found["required"] == ["name"]
    assert read(endpoint).statuses == {200, 202}


def named(routes: list[Route], name: str) -> Any:
    return next(each.endpoint for each in routes if each.name == name)


def test_what_our_own_doors_read_is_found() -> None:
    made = fields(named(repositories.routes(), "create repository"))
    assert made["required"] == ["name"]
    # A bucket is made at an address of its own, and moved as all others are.
    assert made["properties"]["type"]["enum"] == ["model", "dataset", "space", "kernel"]
    moved = fields(named(repositories.routes(), "move repository"))
    assert moved["properties"]["type"]["enum"][-1] == "bucket"
    assert made["properties"]["files"]["items"]["required"] == ["content", "path"]
    hook = fields(named(webhooks.routes(), "create webhook"))["properties"]
    assert hook["watched"]["items"]["properties"]["type"]["enum"][0] == "user"
    item = fields(named(collections.routes(), "add item"))["properties"]["item"]
    assert item["required"] == ["id", "type"]
    query = read(named(lists.routes(), "list")).query.schema()["properties"]
    assert {"search", "author", "filter", "limit", "cursor"} <= set(query)
    assert query["filter"] == {"type": "array", "items": {"type": "string"}}


def test_paths_that_would_be_alike_have_their_words_spelled_out() -> None:
    found = addresses([route("/{kind:a|b}/x"), route("/{which:c|d}/x"), route("/{rest*}")])
    assert [each.path for each in found] == ["/{kind}/x", "/c/x", "/d/x"]
    assert found[0].parameters()[0]["schema"] == {"enum": ["a", "b"]}
    with pytest.raises(ValueError, match="cannot be told"):
        addresses([route("/{kind:a|b}/x"), route("/{name}/x")])


def test_links_lead_from_what_is_made_to_what_can_be_asked_of_it() -> None:
    made = document(
        [route("/t/{ns}/things/{number}"), route("/t/{ns}/things", "POST"), route("/t/{ns}/like", "POST", "DELETE")]
    )  # fmt: skip
    links = made["paths"]["/t/{ns}/things"]["post"]["responses"]["200"]["links"]
    (link,) = links.values()
    assert link["parameters"] == {"ns": "$request.path.ns", "number": "$response.body#/num"}
    assert "links" in made["paths"]["/t/{ns}/like"]["post"]["responses"]["200"]
    told = made["paths"]["/t/{ns}/things"]["post"]
    assert told["description"] == "Paints something."
    assert told["requestBody"]["required"]
