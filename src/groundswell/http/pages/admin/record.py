"""The record of everything that happened on the hub, narrowed by type, account or repository."""

from __future__ import annotations

import json
from typing import Final

from groundswell.http.pages.admin.accounts import check_admin
from groundswell.http.pages.door import Answer, Asked, show, with_query
from groundswell.http.pages.views import AuditPage, AuditRow
from groundswell.http.routing import Route
from groundswell.hub.audit import PAGE_EVENTS, AuditEvent, AuditQuery

TEXT_MAX: Final = 200
DETAILS_LENGTH_MAX: Final = 600


def _audit(asked: Asked) -> Answer:
    check_admin(asked)

    def word(name: str) -> str:
        return asked.query.get(name, "").strip()[:TEXT_MAX]

    before = word("before")
    query = AuditQuery(
        word("type"),
        word("actor"),
        word("repository"),
        int(before) if before.isascii() and before.isdigit() and len(before) < 19 else None,
    )
    found = asked.hub.audit.list(asked.principal, query)
    kept = {"type": query.type, "actor": query.actor, "repository": query.repository}
    older = None
    if len(found) == PAGE_EVENTS:
        older = with_query("/-/admin/audit", **kept, before=str(found[-1].id))
    return AuditPage(tuple(map(_row, found)), **kept, older_url=older)


def _row(event: AuditEvent) -> AuditRow:
    told = ", ".join(f"{key}: {_text(value)}" for key, value in event.payload.items())
    return AuditRow(
        event.type,
        event.happened_at,
        event.actor or "the hub",
        event.repository or "",
        told[:DETAILS_LENGTH_MAX],
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def routes() -> list[Route]:
    """Addresses of this part."""
    return [show("/-/admin/audit", _audit, "audit")]
