"""Rows of tables as JSON, and what their columns hold. Ours: no client of the Hub asks for it here.

A cell that is cut says so; whole cells are asked for one by one.
"""

from __future__ import annotations

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from groundswell.core.errors import BadRequest
from groundswell.core.policy import Action
from groundswell.core.values import Principal
from groundswell.http.auth import hub_of
from groundswell.http.bodies import count_field
from groundswell.http.errors import json_response
from groundswell.http.hub_api.door import REPOSITORY, query_of, repo_id_of, route
from groundswell.http.routing import Route
from groundswell.http.tables import table_answer
from groundswell.hub.content import Located
from groundswell.hub.viewing import (
    COLUMNS_MAX,
    ROWS_MAX,
    SEARCH_CHARACTERS_MAX,
    Question,
    format_of,
    is_too_large,
    part_count,
)
from groundswell.wire.hub_api.text import last_values

Json = dict[str, Any]

OFFSET_MAX: Final = 2**53
COLUMN_MAX: Final = 10_000


async def _answer(request: Request, kind: str, fields: Json) -> Json:
    """The answer about the file of the address; ``fields`` are of `Question`."""
    hub, repo_id = hub_of(request), repo_id_of(request)
    revision, path = request.path_params["rev"], request.path_params["path"]
    part = count_field(last_values(query_of(request)), "part", 0, OFFSET_MAX)

    def find(principal: Principal) -> tuple[Located, Question]:
        repository = hub.repos.find(principal, repo_id, Action.READ)
        located = hub.content.locate(repository, revision, path)
        form, size_bytes = format_of(path), located.entry.size_bytes
        if form is None:
            msg = "Only Parquet, CSV, TSV and JSON Lines are read by their rows."
            raise BadRequest(msg)
        if is_too_large(form, size_bytes):
            msg = "It is compressed as a whole, and too large to be read so."
            raise BadRequest(msg)
        last = part_count(form, size_bytes) - 1
        return located, Question(
            kind, form.name, size_bytes, form.compression, part=min(part, last), **fields
        )

    return await table_answer(request, find)


def _cell(cell: list[Any]) -> Json:
    text, size, kind, is_cut = cell
    return {"value": text, "kind": kind, "size": size, "truncated": is_cut}


async def _rows(request: Request) -> Response:
    asked = last_values(query_of(request))
    find = asked.get("find", "")[:SEARCH_CHARACTERS_MAX]
    fields: Json = {
        "offset": count_field(asked, "offset", 0, OFFSET_MAX),
        "limit": max(1, count_field(asked, "length", ROWS_MAX, ROWS_MAX)),
        "first_column": _first_column(asked),
    }
    if find.strip():
        found = await _answer(request, "find", {**fields, "text": find})
    else:
        found = await _answer(request, "rows", fields)
    more = {"next": found["next"]} if find.strip() else {"has_more": found["has_more"]}
    rows = [
        {"row": number, "cells": [_cell(cell) for cell in cells]} for number, cells in found["rows"]
    ]
    shown = {key: found[key] for key in ("columns", "column_count", "total")}
    return json_response({**shown, "rows": rows, **more})


def _first_column(asked: dict[str, str]) -> int:
    first = count_field(asked, "first_column", 0, COLUMN_MAX)
    return first // COLUMNS_MAX * COLUMNS_MAX


async def _cell_text(request: Request) -> Response:
    asked = last_values(query_of(request))
    fields = {
        "offset": count_field(asked, "row", 0, OFFSET_MAX),
        "column": count_field(asked, "column", 0, COLUMN_MAX),
    }
    return json_response(await _answer(request, "cell", fields))


async def _statistics(request: Request) -> Response:
    asked = last_values(query_of(request))
    fields = {"first_column": _first_column(asked)}
    return json_response(await _answer(request, "statistics", fields))


def routes() -> list[Route]:
    """Addresses of this part."""
    return [
        route("GET", f"{REPOSITORY}/rows/{{rev}}/{{path*}}", _rows, "rows"),
        route("GET", f"{REPOSITORY}/cell/{{rev}}/{{path*}}", _cell_text, "cell"),
        route("GET", f"{REPOSITORY}/statistics/{{rev}}/{{path*}}", _statistics, "statistics"),
    ]
