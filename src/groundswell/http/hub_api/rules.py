"""Rules of branches and tags, and the queue of merges. Not of the Hub API: it has no such calls."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any, Final, get_type_hints

from starlette.requests import Request
from starlette.responses import Response

from groundswell.core.errors import BadRequest
from groundswell.core.policy import Action
from groundswell.core.values import Principal
from groundswell.http.bodies import count_field, flag_field, json_object, nothing_else, text_field
from groundswell.http.errors import json_response
from groundswell.http.hub_api.door import REPOSITORY, answer, only, route
from groundswell.http.routing import Route
from groundswell.hub.merge_queue import Entry
from groundswell.hub.repos import Repository
from groundswell.hub.rules import Draft, Pushers, Rule, Target, Terms
from groundswell.wire.hub_api.text import date_text
from groundswell.wiring import Hub

Json = dict[str, Any]

APPROVALS_MAX: Final = 1_000  # more is refused by the hub itself
_HINTS: Final = get_type_hints(Terms)
FLAGS: Final = tuple(each.name for each in fields(Terms) if _HINTS[each.name] is bool)


def camel(name: str) -> str:
    """``no_force`` as the API writes it: ``noForce``."""
    first, *others = name.split("_")
    return first + "".join(each.capitalize() for each in others)


_KEYS: Final = {
    *("id", "target", "pattern", "pushers", "pusherNames", "approvals", "checks", "checkReporters"),
    *map(camel, FLAGS),
}


def _rule_json(rule: Rule) -> Json:
    terms = rule.terms
    return {
        "id": rule.id,
        "target": rule.target.value,
        "pattern": rule.pattern,
        "pushers": terms.pushers.value,
        "pusherNames": list(rule.pusher_names),
        "approvals": terms.approvals,
        "checks": list(terms.checks),
        "checkReporters": dict(rule.reporter_names),
        **{camel(name): getattr(terms, name) for name in FLAGS},
    }


def _texts(body: Json, name: str) -> tuple[str, ...]:
    value = body.get(name, [])
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        msg = f'"{name}" must be a list of strings.'
        raise BadRequest(msg)
    return tuple(value)


def _reporters(body: Json) -> tuple[tuple[str, str], ...]:
    value = body.get("checkReporters", {})
    if not isinstance(value, dict) or not all(isinstance(each, str) for each in value.values()):
        msg = '"checkReporters" must be an object of names of checks and of accounts.'
        raise BadRequest(msg)
    return tuple(value.items())


def _draft_in(body: Json) -> Draft:
    """The rule that the body spells. A name that is not known is refused: whoever writes ``push``
    for ``pushers`` would take a door for closed that is open.
    """
    nothing_else(body, _KEYS, "A rule")
    by_default = Terms()
    flags: dict[str, Any] = {
        name: flag_field(body, camel(name), default=getattr(by_default, name)) for name in FLAGS
    }
    terms = Terms(
        pushers=Pushers(only(tuple(Pushers), text_field(body, "pushers", "writers"), "pushers")),
        approvals=count_field(body, "approvals", 0, APPROVALS_MAX),
        checks=_texts(body, "checks"),
    )
    target = Target(only(tuple(Target), text_field(body, "target", "branch"), "target"))
    names = _texts(body, "pusherNames")
    terms = replace(terms, **flags)
    return Draft(target, text_field(body, "pattern"), terms, names, _reporters(body))


def number_in(request: Request, name: str) -> int:
    """A number that the path names; 0, which nothing has, where none can be meant.

    Who asks is looked at before what they ask for.
    """
    text = request.path_params[name]
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 12 else 0


def _list(hub: Hub, principal: Principal, repository: Repository) -> tuple[Rule, ...]:
    return hub.rules.list(principal, repository)


async def _all(request: Request) -> Response:
    rules = await answer(request, Action.READ, _list)
    return json_response({"rules": [_rule_json(each) for each in rules]})


def _put(
    hub: Hub, principal: Principal, repository: Repository, draft: Draft, number: int | None
) -> Rule:
    put = hub.rules.put(principal, repository, draft, number)
    return next(each for each in hub.rules.list(principal, repository) if each.id == put)


async def _new(request: Request) -> Response:
    draft = _draft_in(await json_object(request))
    return json_response(_rule_json(await answer(request, Action.ADMINISTER, _put, draft, None)))


async def _replace(request: Request) -> Response:
    number = number_in(request, "rule")
    draft = _draft_in(await json_object(request))
    return json_response(_rule_json(await answer(request, Action.ADMINISTER, _put, draft, number)))


def _drop(hub: Hub, principal: Principal, repository: Repository, number: int) -> None:
    hub.rules.delete(principal, repository, number)


async def _delete(request: Request) -> Response:
    await answer(request, Action.ADMINISTER, _drop, number_in(request, "rule"))
    return json_response({"success": True})


# --- the queue --------------------------------------------------------------------------------


def _entry_json(place: int, entry: Entry, awaited: list[str]) -> Json:
    return {
        "place": place,
        "num": entry.number,
        "title": entry.title,
        "head": entry.head,
        "method": entry.method,
        "queuedBy": {"name": entry.queued_by},
        "queuedAt": date_text(entry.queued_at),
        "base": entry.base,
        "commit": entry.commit,
        "ref": None if entry.commit is None else f"refs/queue/{entry.number}",
        "awaits": awaited,
    }


def _queue(hub: Hub, principal: Principal, repository: Repository) -> list[Json]:
    told = []
    for place, entry in enumerate(hub.merge_queue.entries(principal, repository), start=1):
        blockers = hub.merge_queue.needs(repository, entry).blockers
        told.append(_entry_json(place, entry, [each.words for each in blockers]))
    return told


async def _show_queue(request: Request) -> Response:
    return json_response({"queue": await answer(request, Action.READ, _queue)})


def _leave(hub: Hub, principal: Principal, repository: Repository, number: int) -> None:
    hub.merge_queue.leave(principal, repository, number)


async def _take_out(request: Request) -> Response:
    number = number_in(request, "number")
    await answer(request, Action.CONTRIBUTE, _leave, number)
    return json_response({"success": True})


def routes() -> list[Route]:
    """Addresses of this part."""
    return [
        route("GET", f"{REPOSITORY}/rules", _all, "rules"),
        route("POST", f"{REPOSITORY}/rules", _new, "create rule"),
        route("PUT", f"{REPOSITORY}/rules/{{rule}}", _replace, "replace rule"),
        route("DELETE", f"{REPOSITORY}/rules/{{rule}}", _delete, "delete rule"),
        route("GET", f"{REPOSITORY}/queue", _show_queue, "merge queue"),
        route("DELETE", f"{REPOSITORY}/queue/{{number}}", _take_out, "leave merge queue"),
    ]
