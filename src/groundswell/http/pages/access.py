"""Asking for access on a repository's page; the list of who asked, and deciding about them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from groundswell.core.errors import BadRequest, Conflict, Forbidden, NotFound, TooManyRequests
from groundswell.core.policy import Action
from groundswell.core.values import AccessStatus
from groundswell.http.pages.card import card_page
from groundswell.http.pages.door import Answer, Asked, Redirect, with_query
from groundswell.http.pages.gate import answers_in, shown_answer
from groundswell.http.pages.repositories import find, head_of, shows, takes
from groundswell.http.pages.views import AccessListPage, AccessRow
from groundswell.http.routing import Route
from groundswell.hub.access import AccessRequest, Asker, expires_days
from groundswell.hub.notifications import About, ThreadKey
from groundswell.hub.repos import Repository

ON_PAGE: Final = 50
SHOWN: Final = (
    AccessStatus.PENDING,
    AccessStatus.ACCEPTED,
    AccessStatus.REJECTED,
    AccessStatus.ENDED,
)
LIST: Final = "/settings/access"


# --- asking -----------------------------------------------------------------------------------


def _ask(asked: Asked) -> Answer:
    asked.signed_in()
    repository = find(asked, Action.SEE)
    form = asked.fields.get("form", "")
    try:
        status = asked.hub.access.ask(
            asked.principal, repository, form, answers_in(asked), asked.peer
        )
    except (BadRequest, Conflict, Forbidden, TooManyRequests) as error:
        return card_page(asked, repository, error.message)
    url = f"/{repository.repo_id.url_path}"
    return Redirect(url, "let-in" if status is AccessStatus.ACCEPTED else "asked")


def _withdraw(asked: Asked) -> Answer:
    asked.signed_in()
    repository = find(asked, Action.SEE)
    asked.hub.access.withdraw(asked.principal, repository)
    return Redirect(f"/{repository.repo_id.url_path}", "withdrawn")


# --- deciding ---------------------------------------------------------------------------------


def _row(request: AccessRequest) -> AccessRow:
    return AccessRow(
        id=request.public_id,
        name=request.name,
        fullname=request.fullname,
        email=request.email or "",
        asked_at=request.asked_at,
        decided_at=request.decided_at,
        decided_by=request.decided_by,
        answers=tuple(
            (label, shown_answer(each)) for label, each in (request.fields or {}).items()
        ),
        reason=request.rejection_reason,
        ends_at=request.expires_at,
    )


def status_in(fields: Mapping[str, str]) -> AccessStatus:
    """The status that an address or form names; those who wait when it names none."""
    word = fields.get("status", "")
    return AccessStatus(word) if word in set(SHOWN) else AccessStatus.PENDING


def _list_page(asked: Asked, repository: Repository, error: str = "") -> AccessListPage:
    status = status_in({**asked.query, **asked.fields})
    page = asked.hub.access.list(
        asked.principal,
        repository,
        status,
        limit=ON_PAGE,
        cursor=asked.query.get("cursor") or None,
    )
    head = head_of(asked, repository)
    here = f"{head.url}{LIST}"
    older = with_query(here, status=status, cursor=page.next_cursor) if page.next_cursor else None
    return AccessListPage(
        repo=head,
        status=status,
        rows=tuple(_row(each) for each in page.requests),
        total=page.total,
        next_url=older,
        csv_url=with_query(f"{here}.csv", status=status),
        days=expires_days(repository),
        error=error,
    )


def _list(asked: Asked) -> Answer:
    asked.signed_in()
    repository = find(asked, Action.ADMINISTER)
    asked.hub.inbox.seen(asked.principal, ThreadKey(About.ACCESS, repository.id))
    return _list_page(asked, repository)


_DECISIONS: Final = {
    "accept": AccessStatus.ACCEPTED,
    "reject": AccessStatus.REJECTED,
    "cancel": AccessStatus.PENDING,
}


def _decision_in(change: str) -> AccessStatus:
    if change not in _DECISIONS:
        msg = "The form does not say what to decide."
        raise BadRequest(msg)
    return _DECISIONS[change]


def _decide(asked: Asked) -> Answer:
    asked.signed_in()
    repository = find(asked, Action.ADMINISTER)
    access, fields = asked.hub.access, asked.fields
    change = fields.get("change", "")
    try:
        if change == "grant":
            access.grant(asked.principal, repository, fields.get("user", "").strip())
        else:
            asker = Asker(request_id=fields.get("request", ""))
            reason = fields.get("reason", "") if change == "reject" else ""
            status = _decision_in(change)
            access.handle(asked.principal, repository, asker, status, reason)
    except (BadRequest, NotFound) as error:
        return _list_page(asked, repository, error.message)
    here = with_query(f"/{repository.repo_id.url_path}{LIST}", status=status_in(fields))
    return Redirect(here, change)


def routes() -> list[Route]:
    """Addresses of this part."""
    return [
        *takes("/ask-access", _ask, "ask for access"),
        *takes("/withdraw-access", _withdraw, "withdraw access request"),
        *shows(LIST, _list, "access requests"),
        *takes(LIST, _decide, "access requests"),
    ]
