"""Forks in the browser: the form for one, the network, bringing changes in, offering them."""

from __future__ import annotations

import contextlib
from typing import Final

from groundswell.core.errors import (
    BadRequest,
    Conflict,
    Forbidden,
    NotFound,
    QuotaExceeded,
    RevisionNotFound,
)
from groundswell.core.policy import Action, may
from groundswell.core.values import RepoId, Visibility
from groundswell.http.pages.door import Answer, Asked, Redirect
from groundswell.http.pages.drawing import drawing_of
from groundswell.http.pages.history import commit_line
from groundswell.http.pages.making import owners_of
from groundswell.http.pages.repositories import find, head_of, shows, tag_of, takes
from groundswell.http.pages.views import (
    CollidingFile,
    ContributePage,
    ForkState,
    NetworkPage,
    NetworkRow,
    NewForkPage,
    SyncPage,
)
from groundswell.http.routing import Route
from groundswell.hub.forks import Network, Preview
from groundswell.hub.repos import Repository

BRANCHES_SHOWN: Final = 100
COLLISIONS_SHOWN: Final = 20
MARKED_CHARACTERS_MAX: Final = 20_000
MAIN: Final = "main"


def fork_state(asked: Asked, repository: Repository) -> ForkState | None:
    """How a repository stands to what it was forked from, as far as who asks may know."""
    principal = asked.principal
    found = asked.hub.forks.compare(principal, repository)
    if found is None:
        return None

    def allows(action: Action, where: Repository) -> bool:
        return not principal.is_anonymous and may(principal, action, where.subject).allowed

    reads = allows(Action.READ, repository)
    return ForkState(
        upstream=tag_of(found.upstream),
        ahead=found.ahead,
        behind=found.behind,
        is_related=found.is_related,
        may_sync=allows(Action.WRITE, repository) and allows(Action.READ, found.upstream),
        may_contribute=reads and allows(Action.CONTRIBUTE, found.upstream),
    )


def _upstream(asked: Asked, repository: Repository) -> Repository:
    """What it was forked from, for somebody who may read it.

    Raises:
        NotFound: nothing that who asks may see.
        GatedRepo: they see it, and no more.
    """
    found = asked.hub.forks.kinship(asked.principal, repository).upstream
    if found is None:
        raise NotFound
    return asked.hub.repos.find_by_number(asked.principal, found.id, Action.READ)


def _colliding(preview: Preview) -> tuple[CollidingFile, ...]:
    return tuple(
        CollidingFile(each.path, (each.marked or "")[:MARKED_CHARACTERS_MAX] or None)
        for each in preview.collisions[:COLLISIONS_SHOWN]
    )


# --- making ---------------------------------------------------------------------------------------


def _form_page(asked: Asked, error: str = "") -> NewForkPage:
    principal = asked.signed_in()
    repository = find(asked, Action.READ)
    fields = asked.fields
    return NewForkPage(
        repo=head_of(asked, repository),
        owners=owners_of(asked, principal),
        owner=fields.get("owner", principal.name),
        name=fields.get("name", repository.repo_id.name)[:200],
        held_bytes=repository.used_bytes,
        visibility=fields.get("visibility", ""),
        all_branches=fields.get("branches") == "all",
        error=error,
    )


def _form(asked: Asked) -> Answer:
    return _form_page(asked)


def _fork(asked: Asked) -> Answer:
    principal = asked.signed_in()
    source = find(asked, Action.READ)
    fields = asked.fields
    wanted = fields.get("visibility", "")
    try:
        name = f"{fields.get('owner', '')}/{fields.get('name', '').strip()}"
        made = asked.hub.forks.fork(
            principal,
            source.repo_id,
            RepoId.parse(source.kind, name),
            Visibility(wanted) if wanted in set(Visibility) else None,
            all_branches=fields.get("branches") == "all",
        )
    except (BadRequest, Conflict, NotFound, QuotaExceeded) as error:
        return _form_page(asked, error.message)
    return Redirect(f"/{made.repo_id.url_path}", "forked")


# --- the network ----------------------------------------------------------------------------------


def _rows(found: Network, here: int) -> tuple[NetworkRow, ...]:
    return tuple(
        NetworkRow(
            name=node.repository.full_name,
            url=f"/{node.repository.repo_id.url_path}",
            is_private=node.repository.is_private,
            is_here=node.repository.id == here,
            upstream=None if node.parent is None else tag_of(found.nodes[node.parent].repository),
            forked_at=node.forked_at,
            ahead=node.ahead,
            behind=node.behind,
        )
        for node in found.nodes
    )


def _network(asked: Asked) -> Answer:
    repository = find(asked, Action.SEE)
    found = asked.hub.forks.network(asked.principal, repository)
    return NetworkPage(
        repo=head_of(asked, repository),
        rows=_rows(found, repository.id),
        drawing=drawing_of(found.nodes, repository.id),
        is_whole=found.is_whole,
    )


# --- from the upstream ----------------------------------------------------------------------------


def _sync(asked: Asked) -> Answer:
    fork = find(asked, Action.WRITE)
    upstream = _upstream(asked, fork)
    try:
        if asked.fields.get("do") == "propose":
            title = f"Bring in main of {upstream.full_name}"
            number = asked.hub.forks.propose(asked.principal, fork, upstream.repo_id, MAIN, title)
            return Redirect(f"/{fork.repo_id.url_path}/discussions/{number}", "proposed")
        asked.hub.forks.sync(asked.principal, fork)
    except (BadRequest, Conflict, QuotaExceeded, RevisionNotFound) as error:
        return _sync_page(asked, fork, upstream, error.message)
    return Redirect(f"/{fork.repo_id.url_path}", "synced")


def _sync_page(asked: Asked, fork: Repository, upstream: Repository, error: str) -> SyncPage:
    collisions: tuple[CollidingFile, ...] = ()
    # Without a preview there is nothing to show beside what is said.
    with contextlib.suppress(BadRequest, RevisionNotFound):
        collisions = _colliding(asked.hub.forks.preview(upstream, MAIN, fork))
    return SyncPage(
        repo=head_of(asked, fork),
        upstream=tag_of(upstream),
        error=error,
        collisions=collisions,
        may_propose=bool(collisions),
    )


# --- to the upstream ------------------------------------------------------------------------------


def _contribute_page(asked: Asked, error: str = "") -> ContributePage:
    asked.signed_in()
    fork = find(asked, Action.READ)
    upstream = _upstream(asked, fork)
    head = head_of(asked, fork)
    told = {**asked.query, **asked.fields}
    branch = told.get("branch", MAIN)
    try:
        preview = asked.hub.forks.preview(fork, branch, upstream)
    except BadRequest as fault:
        raise NotFound from fault
    refs = asked.hub.references.list(fork, pull_requests=False)
    commits = tuple(commit_line(head, each) for each in preview.commits)
    return ContributePage(
        repo=head,
        upstream=tag_of(upstream),
        branch=branch,
        branches=tuple(ref.name for ref in refs.branches[:BRANCHES_SHOWN]),
        commits=commits,
        ahead=preview.ahead,
        is_related=preview.is_related,
        opens=preview.opens,
        collisions=_colliding(preview),
        title=told.get("title", commits[-1].title if len(commits) == 1 else "")[:1000],
        text=told.get("text", ""),
        error=error,
    )


def _show_contribution(asked: Asked) -> Answer:
    return _contribute_page(asked)


def _contribute(asked: Asked) -> Answer:
    principal = asked.signed_in()
    fork = find(asked, Action.READ)
    upstream = _upstream(asked, fork)
    fields = asked.fields
    try:
        number = asked.hub.forks.propose(
            principal,
            upstream,
            fork.repo_id,
            fields.get("branch", MAIN),
            fields.get("title", ""),
            fields.get("text", ""),
        )
    except (BadRequest, Conflict, Forbidden, QuotaExceeded) as error:
        return _contribute_page(asked, error.message)
    return Redirect(f"/{upstream.repo_id.url_path}/discussions/{number}", "proposed")


def routes() -> list[Route]:
    """Addresses of this part."""
    return [
        *shows("/fork", _form, "fork"),
        *takes("/fork", _fork, "fork"),
        *shows("/forks", _network, "forks"),
        *takes("/sync", _sync, "sync"),
        *shows("/contribute", _show_contribution, "contribute"),
        *takes("/contribute", _contribute, "contribute"),
    ]
