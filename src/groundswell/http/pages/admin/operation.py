"""How the hub fares: what it keeps, what runs beside it, what is broken, what it was told."""

from __future__ import annotations

from typing import Final

from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import Response

from groundswell.core.values import share_text, size_text
from groundswell.http.pages.admin.accounts import check_admin
from groundswell.http.pages.door import DOOR, Answer, Asked, page, show
from groundswell.http.pages.views import (
    ChoreRow,
    ChoresPage,
    Fact,
    FaultRow,
    FaultsPage,
    HubSettingsPage,
    NamespaceRow,
    SettingRow,
    StoragePage,
)
from groundswell.http.routing import Route
from groundswell.jobs import ChoreState, Schedule

NAMESPACES_SHOWN: Final = 50
_MICROS: Final = 1_000_000


def _storage(asked: Asked) -> Answer:
    check_admin(asked)
    blobs = asked.hub.blobs
    found = blobs.sizes.largest_namespaces(NAMESPACES_SHOWN)
    limits = {each.namespace: each for each in blobs.quotas.usages([name for name, _ in found])}
    largest = max((size.stored_bytes for _, size in found), default=0)
    rows = tuple(
        NamespaceRow(
            name,
            size.linked_bytes,
            size.stored_bytes,
            limits[name].limit_bytes if name in limits else None,
            100 * size.stored_bytes // largest if largest else 0,
        )
        for name, size in found
    )
    linked = sum(row.linked_bytes for row in rows)
    stored = sum(row.stored_bytes for row in rows)
    free = asked.hub.store.free_bytes()
    open_faults = sum(blobs.faults.count_open().values())
    return StoragePage(
        (
            Fact("Files hold", size_text(linked)),
            Fact("Kept once", size_text(stored), note=share_text(stored, linked)),
            Fact("Free", size_text(free) if free is not None else "as the bucket allows"),
            Fact("Broken", str(open_faults), "/-/admin/faults" if open_faults else None),
        ),
        rows,
    )


def _faults(asked: Asked) -> Answer:
    check_admin(asked)
    rows = tuple(
        FaultRow(
            each.kind,
            each.key,
            each.what,
            each.place,
            found_at=each.found_at,
            healed_at=each.healed_at,
            healed_by=each.healed_by,
        )
        for each in asked.hub.blobs.faults.list_faults(with_healed=True)
    )
    return FaultsPage(rows, sum(asked.hub.blobs.faults.count_open().values()))


async def _chores(request: Request) -> Response:
    schedules: tuple[Schedule, ...] = request.app.state.schedules

    def work(asked: Asked) -> Answer:
        check_admin(asked)
        return ChoresPage(tuple(_chore(state) for each in schedules for state in each.states()))

    return await page(work)(request)


def _chore(state: ChoreState) -> ChoreRow:
    has_run = state.ran_at is not None
    outcome = "waiting" if not has_run else "failed" if state.count is None else "ok"
    return ChoreRow(
        state.name,
        _span(state.every_seconds),
        int(state.ran_at * _MICROS) if state.ran_at is not None else None,
        f"{state.took_seconds:.2f} s" if has_run else "",
        outcome,
        state.count or 0,
    )


def _span(seconds: float) -> str:
    for unit, name in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= unit:
            return f"{seconds / unit:g} {name}"
    return f"{seconds:g} s"


def _settings(asked: Asked) -> Answer:
    check_admin(asked)
    settings = asked.hub.settings
    rows = []
    for name, field in type(settings).model_fields.items():
        value = getattr(settings, name)
        is_default = value == field.default
        rows.append(SettingRow(name, _value(name, value), field.description or "", is_default))
    return HubSettingsPage(tuple(rows))


def _value(name: str, value: object) -> str:
    """A value in words. Addresses of databases hold passwords."""
    if value is None:
        return "not set"
    if isinstance(value, SecretStr) or name in {"database_url", "storage_access_key_id"}:
        return "set"
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def routes() -> list[Route]:
    """Addresses of this part."""
    return [
        show("/-/admin/storage", _storage, "storage"),
        show("/-/admin/faults", _faults, "faults"),
        Route(("GET",), "/-/admin/chores", _chores, DOOR, "page chores"),
        show("/-/admin/settings", _settings, "settings of the hub"),
    ]
