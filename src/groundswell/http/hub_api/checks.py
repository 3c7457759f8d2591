"""Checks of commits: reported by anybody's tests, listed, and read with their logs.

Not of the Hub API: it has no such calls. A report is one POST, so that CI needs nothing but curl.
"""

from __future__ import annotations

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from groundswell.core.errors import NotFound
from groundswell.core.policy import Action
from groundswell.core.values import Principal
from groundswell.http.bodies import json_object, nothing_else, text_field
from groundswell.http.errors import json_response
from groundswell.http.hub_api.door import REPOSITORY, answer, only, route
from groundswell.http.routing import Route
from groundswell.hub.checks import Check, Report, State
from groundswell.hub.repos import Repository
from groundswell.wire.hub_api.text import date_text, micros_of
from groundswell.wiring import Hub

Json = dict[str, Any]

# A log of 1 MiB whose every character is written as an escape.
REPORT_BODY_MAX_BYTES: Final = 8 << 20
_KEYS: Final = frozenset(
    {"name", "state", "summary", "detailsUrl", "log", "startedAt", "finishedAt"}
)


def check_json(check: Check) -> Json:
    """A check as this API writes it."""

    def time(micros: int | None) -> str | None:
        return None if micros is None else date_text(micros)

    return {
        "name": check.name,
        "commit": check.commit,
        "state": check.state.value,
        "summary": check.summary,
        "detailsUrl": check.details_url or None,
        "reporter": {"name": check.reporter} if check.reporter else None,
        "reportedAt": time(check.reported_at),
        "startedAt": time(check.started_at),
        "finishedAt": time(check.finished_at),
        "hasLog": check.has_log,
    }


def _time_in(body: Json, name: str) -> int | None:
    text = text_field(body, name, "")
    return micros_of(text, name) if text else None


def _report_in(body: Json) -> Report:
    nothing_else(body, _KEYS, "A report")
    return Report(
        name=text_field(body, "name").strip(),
        state=State(only(tuple(State), text_field(body, "state"), "state")),
        summary=text_field(body, "summary", ""),
        details_url=text_field(body, "detailsUrl", ""),
        log=None if body.get("log") is None else text_field(body, "log"),
        started_at=_time_in(body, "startedAt"),
        finished_at=_time_in(body, "finishedAt"),
    )


def _report(
    hub: Hub, principal: Principal, repository: Repository, revision: str, report: Report
) -> Check:
    return hub.checks.report(principal, repository, revision, report)


async def _new(request: Request) -> Response:
    report = _report_in(await json_object(request))
    check = await answer(request, Action.WRITE, _report, request.path_params["rev"], report)
    return json_response(check_json(check))


def _list(
    hub: Hub, principal: Principal, repository: Repository, revision: str
) -> tuple[str, tuple[Check, ...]]:
    commit = hub.checks.commit_of(repository, revision)
    return commit, hub.checks.of(principal, repository, commit)


async def _all(request: Request) -> Response:
    commit, checks = await answer(request, Action.READ, _list, request.path_params["rev"])
    return json_response({"commit": commit, "checks": [check_json(each) for each in checks]})


def _one(
    hub: Hub, principal: Principal, repository: Repository, revision: str, name: str
) -> tuple[Check, str | None]:
    return hub.checks.one(principal, repository, revision, name)


async def _get(request: Request) -> Response:
    place = request.path_params
    check, _ = await answer(request, Action.READ, _one, place["rev"], place["check"])
    return json_response(check_json(check))


async def _log(request: Request) -> Response:
    place = request.path_params
    _, log = await answer(request, Action.READ, _one, place["rev"], place["check"])
    if log is None:
        msg = "This check has no log."
        raise NotFound(msg)
    # Somebody's text, on this hub's address: never to be taken for a page.
    headers = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox"}
    return PlainTextResponse(log, headers=headers)


def routes() -> list[Route]:
    """Addresses of this part."""
    base = f"{REPOSITORY}/checks/{{rev}}"
    return [
        route("POST", base, _new, "report check", body_max_bytes=REPORT_BODY_MAX_BYTES),
        route("GET", base, _all, "checks"),
        route("GET", f"{base}/{{check}}", _get, "check"),
        route("GET", f"{base}/{{check}}/log", _log, "check log"),
    ]
