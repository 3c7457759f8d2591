"""The list of who asked for access, as a file for a spreadsheet: read and sent by portions."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from groundswell.core.errors import Malformed
from groundswell.core.policy import Action
from groundswell.core.values import Principal
from groundswell.http.auth import ask
from groundswell.http.pages.access import LIST, status_in
from groundswell.http.pages.door import DOOR, PAGE_HEADERS, asked_of
from groundswell.http.pages.gate import shown_answer
from groundswell.http.pages.repositories import PATTERNS, find
from groundswell.http.routing import Route
from groundswell.http.threads import hop
from groundswell.hub.access import AccessPage, AccessRequest, Answers
from groundswell.hub.repos import Repository
from groundswell.wire.cards import read_gate_form
from groundswell.wire.csv_text import csv_lines

PORTION: Final = 200
_COLUMNS: Final = (
    *("user", "full name", "e-mail", "status", "asked", "decided", "decided by", "ends", "reason"),
)


def _day(micros: int | None) -> str:
    if micros is None:
        return ""
    return datetime.fromtimestamp(micros / 1_000_000, UTC).strftime("%Y-%m-%d %H:%M")


def _questions(repository: Repository) -> tuple[str, ...]:
    try:
        return tuple(question.label for question in read_gate_form(repository.card).questions)
    except Malformed:
        return ()


def _record(request: AccessRequest, questions: tuple[str, ...]) -> list[str]:
    """A line: an answer below each question of today's form; those to others come last."""
    fields: Answers = request.fields or {}
    others = {label: value for label, value in fields.items() if label not in questions}
    return [
        request.name,
        request.fullname,
        request.email or "",
        request.status.value,
        _day(request.asked_at),
        _day(request.decided_at),
        request.decided_by,
        _day(request.expires_at),
        request.rejection_reason,
        *(shown_answer(fields[label]) if label in fields else "" for label in questions),
        json.dumps(others, ensure_ascii=False) if others else "",
    ]


async def _csv(request: Request) -> Response:
    """Every request of a status, read a portion at a time."""
    asked = asked_of(request)
    status = status_in(asked.query)

    def portion(principal: Principal, cursor: str | None) -> tuple[Repository, AccessPage]:
        known = replace(asked, principal=principal)
        known.signed_in()
        repository = find(known, Action.ADMINISTER)
        page = known.hub.access.list(principal, repository, status, limit=PORTION, cursor=cursor)
        return repository, page

    repository, first = await ask(request, portion, None)
    principal: Principal = request.scope["principal"]
    questions = _questions(repository)

    async def lines() -> AsyncIterator[str]:
        yield csv_lines([[*_COLUMNS, *questions, "other answers"]])
        page = first
        while True:
            yield csv_lines([_record(each, questions) for each in page.requests])
            if page.next_cursor is None:
                return
            _, page = await hop(portion, principal, page.next_cursor)

    headers = {
        **PAGE_HEADERS,
        "Cache-Control": "private, no-store",
        "Content-Disposition": f'attachment; filename="access-{status.value}.csv"',
    }
    return StreamingResponse(lines(), media_type="text/csv; charset=utf-8", headers=headers)


def routes() -> list[Route]:
    """Addresses of this part."""
    return [
        Route(("GET",), f"{pattern}{LIST}.csv", _csv, DOOR, "access requests as CSV")
        for pattern in PATTERNS
    ]
