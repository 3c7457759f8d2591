"""What can be asked of a thing once it is made: OpenAPI's links from the answer that made it.

Knows where an answer tells the name of what it made. The rest follows from the paths: what POST
makes at ``/things`` stands at ``/things/{thing}`` and below, and what POST does at an address,
DELETE undoes there.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from groundswell.http.description.addresses import Address

Json = dict[str, Any]

# Where the answer that made something tells what it is called, by the capture that takes it.
MADE: Final = {
    "number": "$response.body#/num",
    "webhook": "$response.body#/webhook/id",
    "comment": "$response.body#/newMessage/id",
    "review": "$response.body#/id",
    "item": "$response.body#/items/0/_id",
}
# A repository is made at an address of its own, under names that stand in the request.
REPOSITORIES: Final = "/api/repos/create"
REPOSITORY: Final = "/api/{kind}/{ns}/{name}"
_NAMED: Final = {
    "kind": "{$request.body#/type}s",
    "ns": "$request.body#/organization",
    "name": "$request.body#/name",
}
# So is a collection: its answer tells both parts of its name in one text. Standard expressions
# cannot cut that; programs that know no "#regex:" find nothing there and follow no link.
COLLECTIONS: Final = "/api/collections"
_SLUG: Final = {
    "ns": "$response.body#/slug#regex:^([^/]+)/",
    "slug": "$response.body#/slug#regex:/(.+)$",
}
_DELETION: Final = ("DELETE", "/api/repos/delete")


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one address, by the name that the document gives it."""

    id: str
    method: str
    address: Address


def links(operation: Operation, others: Iterable[Operation]) -> dict[str, Json]:
    """What follows this operation, by operation id; nothing unless it makes something."""
    if operation.method != "POST":
        return {}
    found: dict[str, Json] = {}
    for other in others:
        parameters = _parameters(operation, other)
        if parameters is not None:
            found[other.id] = {"operationId": other.id, "parameters": parameters}
        if (operation.address.path, other.method, other.address.path) == (REPOSITORIES, *_DELETION):
            found[other.id] = {"operationId": other.id, "requestBody": "$request.body"}
    return found


def _parameters(operation: Operation, other: Operation) -> dict[str, str] | None:
    """Values for the captures of ``other``; None when it does not follow."""
    here, there = operation.address, other.address
    names = [name for name, _ in there.captures]
    for path, below, named in (
        (REPOSITORIES, REPOSITORY, _NAMED),
        (COLLECTIONS, f"{COLLECTIONS}/{{ns}}/{{slug}}", _SLUG),
    ):
        if here.path == path:
            follows = there.path.startswith(below) and set(names) == set(named)
            return dict(named) if follows else None
    given = {name: f"$request.path.{name}" for name, _ in here.captures}
    if there.path == here.path:
        return given if other.method == "DELETE" and given else None
    made = [name for name in names if name not in given]
    if len(made) != 1 or made[0] not in MADE:
        return None
    below = f"{here.path}/{{{made[0]}}}"
    if there.path != below and not there.path.startswith(f"{below}/"):
        return None
    return {**given, made[0]: MADE[made[0]]}
