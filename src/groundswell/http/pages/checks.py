"""Checks on pages: in lists, and one with its summary and log."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from groundswell.core.policy import Action
from groundswell.http.pages.door import Answer, Asked
from groundswell.http.pages.repositories import find, head_of, shows
from groundswell.http.pages.views import CheckPage, CheckRow, RepoHead
from groundswell.http.rendering import renderer
from groundswell.http.routing import Route
from groundswell.hub.checks import Check
from groundswell.hub.repos import Repository
from groundswell.wire.markdown import LinkBase

LOG_CHARACTERS_SHOWN: Final = 100_000
AWAITED: Final = "awaited"


def check_row(head: RepoHead, check: Check) -> CheckRow:
    """A check in a list."""
    return CheckRow(
        name=check.name,
        state=check.state.value,
        url=f"{head.url}/checks/{check.commit}/{quote(check.name, safe='')}",
        reporter=check.reporter or "",
        reported_at=check.reported_at,
        details_url=check.details_url,
        has_log=check.has_log,
    )


def rows_of(
    asked: Asked, repository: Repository, head: RepoHead, commit: str
) -> tuple[CheckRow, ...]:
    """The checks of a commit, for who may read it."""
    checks = asked.hub.checks.of(asked.principal, repository, commit)
    return tuple(check_row(head, each) for each in checks)


def _show(asked: Asked) -> Answer:
    repository = find(asked, Action.READ)
    head = head_of(asked, repository)
    revision, name = asked.parameters["commit"], asked.parameters["check"]
    check, log = asked.hub.checks.one(asked.principal, repository, revision, name)
    html = ""
    if check.summary.strip():
        where = LinkBase(head.url, check.commit, "", asked.base_url)
        key = f"check-{check.id}-{check.reported_at}"
        html = renderer().markdown(check.summary, where, key).html
    api = f"/api/{repository.repo_id.kind.plural}/{repository.full_name}"
    shown = None if log is None else log[-LOG_CHARACTERS_SHOWN:]
    return CheckPage(
        repo=head,
        check=check_row(head, check),
        commit=check.commit,
        commit_url=f"{head.url}/commit/{check.commit}",
        started_at=check.started_at,
        finished_at=check.finished_at,
        summary_html=html,
        log=shown,
        log_url=f"{api}/checks/{check.commit}/{quote(check.name, safe='')}/log",
        lines_left_out=0 if log is None else log[: len(log) - len(shown or "")].count("\n"),
    )


def routes() -> list[Route]:
    """Addresses of this part."""
    return shows("/checks/{commit}/{check}", _show, "check")
