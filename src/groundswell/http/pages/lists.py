"""Home, and lists of repositories."""

from __future__ import annotations

from typing import Any, Final

from groundswell.core.errors import BadRequest
from groundswell.core.values import RepoKind
from groundswell.http.pages.activity import home
from groundswell.http.pages.door import Answer, Asked, show, with_query
from groundswell.http.pages.repositories import rows_of
from groundswell.http.pages.views import (
    FacetGroup,
    FacetOption,
    Home,
    ListForm,
    RepoList,
    RepoRow,
)
from groundswell.http.routing import Route
from groundswell.hub.facets import facets_of
from groundswell.hub.search import ListQuery, Sort

ON_HOME: Final = 8
ON_LIST: Final = 30
TEXT_MAX: Final = 200
LISTED: Final = (RepoKind.MODEL, RepoKind.DATASET, RepoKind.SPACE)

_SORTS: Final = {
    "modified": Sort.LAST_MODIFIED,
    "created": Sort.CREATED_AT,
    "downloads": Sort.DOWNLOADS,
    "likes": Sort.LIKES,
    "trending": Sort.TRENDING,
}


def recent(
    asked: Asked, kind: RepoKind, limit: int, author: str | None = None
) -> tuple[RepoRow, ...]:
    """Repositories of a kind, those first that were changed last."""
    query = ListQuery(author=author, sort=Sort.LAST_MODIFIED, limit=limit)
    return rows_of(asked.hub.search.list(asked.principal, kind, query).repositories)


def _home(asked: Asked) -> Answer:
    if not asked.principal.is_anonymous:
        return home(asked)
    return Home(
        recent(asked, RepoKind.MODEL, ON_HOME),
        recent(asked, RepoKind.DATASET, ON_HOME // 2),
        recent(asked, RepoKind.SPACE, ON_HOME // 2),
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
        **_facets(asked, kind, query, kept),
    )


def _facets(asked: Asked, kind: RepoKind, query: ListQuery, kept: dict[str, str]) -> dict[str, Any]:
    """Values to narrow a list by; a field that is set already offers none."""
    found = facets_of(asked.hub.search, asked.principal, kind, query)
    fields = (
        ("Task", "pipeline_tag", found.tasks),
        ("Library", "library", found.libraries),
        ("Licence", "license", found.licenses),
        ("Tag", "filter", found.tags),
    )
    groups = [
        FacetGroup(
            heading,
            field,
            tuple(
                FacetOption(text, count, with_query(f"/{kind.plural}", **{**kept, field: text}))
                for text, count in options
            ),
        )
        for heading, field, options in fields
        if options and not kept.get(field)
    ]
    return {"facets": tuple(groups), "counted": found.looked_at}


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


def routes() -> list[Route]:
    """Addresses of this part."""
    return [
        show("/", _home, "home"),
        show("/{kind:models|datasets|spaces}", _list, "list"),
    ]
