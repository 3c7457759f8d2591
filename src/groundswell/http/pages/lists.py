"""Home, lists of repositories, and the pages of accounts."""

from __future__ import annotations

from typing import Final

from groundswell.core.errors import BadRequest
from groundswell.core.policy import may_create_in
from groundswell.core.values import Principal, RepoKind, share_text, size_text
from groundswell.http.pages.door import Answer, Asked, show, with_query
from groundswell.http.pages.repositories import rows_of
from groundswell.http.pages.views import (
    AccountPage,
    Fact,
    Home,
    ListForm,
    MemberRow,
    RepoList,
    RepoRow,
)
from groundswell.http.routing import Route
from groundswell.hub.search import ListQuery, Sort

ON_HOME: Final = 8
ON_ACCOUNT: Final = 20
ON_LIST: Final = 30
TEXT_MAX: Final = 200

_SORTS: Final = {
    "modified": Sort.LAST_MODIFIED,
    "created": Sort.CREATED_AT,
    "downloads": Sort.DOWNLOADS,
    "likes": Sort.LIKES,
}


def _recent(
    asked: Asked, kind: RepoKind, limit: int, author: str | None = None
) -> tuple[RepoRow, ...]:
    query = ListQuery(author=author, sort=Sort.LAST_MODIFIED, limit=limit)
    return rows_of(asked.hub.search.list(asked.principal, kind, query).repositories)


def _home(asked: Asked) -> Answer:
    return Home(
        _recent(asked, RepoKind.MODEL, ON_HOME),
        _recent(asked, RepoKind.DATASET, ON_HOME // 2),
        _recent(asked, RepoKind.SPACE, ON_HOME // 2),
    )


def _form(asked: Asked) -> ListForm:
    def word(name: str) -> str:
        return asked.query.get(name, "").strip()[:TEXT_MAX]

    sort = word("sort")
    return ListForm(
        word("search"),
        word("author"),
        word("pipeline_tag"),
        word("library"),
        word("license"),
        sort if sort in _SORTS else "modified",
        word("filter"),
    )


def _list(asked: Asked) -> Answer:
    kind = next(kind for kind in RepoKind if kind.plural == asked.parameters["kind"])
    form = _form(asked)
    filters = [f"license:{form.license}"] if form.license else []
    filters += [form.tag] if form.tag else []
    query = ListQuery(
        author=form.author or None,
        words=tuple(form.search.split()[:8]),
        filters=tuple(filters),
        pipeline_tag=form.pipeline_tag or None,
        library=form.library or None,
        sort=_SORTS[form.sort],
        limit=ON_LIST,
        cursor=asked.query.get("cursor") or None,
    )
    try:
        found = asked.hub.search.list(asked.principal, kind, query)
    except BadRequest:
        if query.cursor is None:
            raise
        return _list_without_cursor(asked)
    kept = {name: value for name, value in asked.query.items() if name not in {"cursor", "note"}}
    url = f"/{kind.plural}"
    cursor = found.next_cursor
    next_url = with_query(url, **{**kept, "cursor": cursor}) if cursor else None
    return RepoList(
        kind=kind.value,
        form=form,
        rows=rows_of(found.repositories),
        total=found.total,
        next_url=next_url,
        first_url=with_query(url, **kept) if query.cursor else None,
    )


def _list_without_cursor(asked: Asked) -> Answer:
    """A cursor that belongs to another order: begin again rather than complain."""
    query = {name: value for name, value in asked.query.items() if name != "cursor"}
    return _list(
        Asked(
            asked.hub,
            asked.base_url,
            asked.path,
            asked.parameters,
            query,
            asked.peer,
            asked.principal,
        )
    )


def _people(asked: Asked, name: str, *, is_organisation: bool) -> tuple[MemberRow, ...]:
    accounts = asked.hub.accounts
    if is_organisation:
        members = accounts.list_members(name)
        return tuple(MemberRow(m.user.name, m.user.fullname, m.role.value) for m in members)
    members = accounts.list_memberships(name)
    return tuple(
        MemberRow(m.organisation.name, m.organisation.fullname, m.role.value) for m in members
    )


def _storage(asked: Asked, account_id: int) -> tuple[Fact, ...]:
    """What the namespace's repositories take together: for those who may read all of them."""
    size = asked.hub.blobs.sizes.of_namespace(account_id)
    if size is None or size.linked_bytes == 0 or not asked.reads_namespace(account_id):
        return ()
    holds, limit = size_text(size.linked_bytes), asked.hub.blobs.quotas.limit_of(account_id)
    room = "" if limit is None else f"of {size_text(limit)}"
    return (
        Fact("Large files", holds, note=room),
        Fact(
            "Stored in",
            size_text(size.rest_bytes),
            note=share_text(size.rest_bytes, size.linked_bytes),
        ),
    )


def _account(asked: Asked) -> Answer:
    account = asked.hub.accounts.find_account(asked.parameters["ns"])
    principal: Principal = asked.principal
    return AccountPage(
        name=account.name,
        fullname=account.fullname,
        kind=account.kind.value,
        created_at=account.created_at,
        members=_people(asked, account.name, is_organisation=account.is_organisation),
        models=_recent(asked, RepoKind.MODEL, ON_ACCOUNT, account.name),
        datasets=_recent(asked, RepoKind.DATASET, ON_ACCOUNT, account.name),
        spaces=_recent(asked, RepoKind.SPACE, ON_ACCOUNT, account.name),
        may_create=may_create_in(principal, account.id),
        is_self=principal.account_id == account.id,
        storage=_storage(asked, account.id),
    )


def routes() -> list[Route]:
    """Addresses of this part."""
    return [
        show("/", _home, "home"),
        show("/{kind:models|datasets|spaces}", _list, "list"),
        show("/{ns}", _account, "account"),
    ]
