"""Checks as rows: how they are read and written. Every function runs inside a transaction of the
caller.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any, Final

import sqlalchemy as sa

from groundswell.core.errors import Conflict, NotFound
from groundswell.hub.checks.values import LOG_BYTES_MAX, Check, Report, State
from groundswell.store import tables

CHECKS_MAX: Final = 100  # of one commit
LOGS_BYTES_MAX: Final = 64 << 20  # compressed, of one repository

_table, _logs = tables.checks, tables.check_logs


def _select() -> sa.Select[Any]:
    accounts = tables.accounts
    return (
        sa.select(
            _table, accounts.c.name.label("reporter"), _logs.c.check_id.is_not(None).label("logged")
        )
        .join_from(_table, accounts, _table.c.reporter_id == accounts.c.id, isouter=True)
        .join(_logs, _logs.c.check_id == _table.c.id, isouter=True)
    )


def _check(row: sa.RowMapping) -> Check:
    return Check(
        id=row["id"],
        commit=row["commit"],
        name=row["name"],
        state=State(row["state"]),
        summary=row["summary"],
        details_url=row["details_url"],
        reporter=row["reporter"],
        reporter_id=row["reporter_id"],
        reported_at=row["reported_at"],
        started_at=row["started_at"],
        finished_at=row["finished_at"],
        has_log=bool(row["logged"]),
    )


def of_commits(
    conn: sa.Connection, repository_id: int, commits: Sequence[str]
) -> dict[str, list[Check]]:
    """The checks of each commit, by name."""
    query = (
        _select()
        .where(_table.c.repository_id == repository_id, _table.c.commit.in_(commits))
        .order_by(_table.c.name)
    )
    found: dict[str, list[Check]] = {each: [] for each in commits}
    for row in conn.execute(query).mappings():
        found[row["commit"]].append(_check(row))
    return found


def of_commit(conn: sa.Connection, repository_id: int, commit: str) -> tuple[Check, ...]:
    """The checks of a commit, by name."""
    return tuple(of_commits(conn, repository_id, [commit])[commit])


def load(conn: sa.Connection, repository_id: int, commit: str, name: str) -> Check:
    """The check of that name.

    Raises:
        NotFound: there is none.
    """
    query = _select().where(
        _table.c.repository_id == repository_id, _table.c.commit == commit, _table.c.name == name
    )
    row = conn.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFound("Check not found")
    return _check(row)


def put(
    conn: sa.Connection,
    now: int,
    repository_id: int,
    commit: str,
    reporter_id: int | None,
    report: Report,
) -> Check:
    """Keep a report in the place of what was reported under its name before.

    Raises:
        Conflict: the commit has ``CHECKS_MAX`` others.
    """
    known = {each.name: each for each in of_commit(conn, repository_id, commit)}
    before = known.get(report.name)
    if before is None and len(known) >= CHECKS_MAX:
        msg = f"A commit has at most {CHECKS_MAX} checks."
        raise Conflict(msg)
    values = {
        "state": report.state.value,
        "summary": report.summary,
        "details_url": report.details_url,
        "reporter_id": reporter_id,
        "reported_at": now,
        **_times(now, report, before),
    }
    if before is None:
        place = {"repository_id": repository_id, "commit": commit, "name": report.name}
        made = conn.execute(sa.insert(_table).values(**place, **values)).inserted_primary_key
        assert made is not None
        number = int(made[0])
    else:
        number = before.id
        conn.execute(sa.update(_table).where(_table.c.id == number).values(values))
    if report.log is not None:
        _put_log(conn, now, repository_id, number, report.log)
    return load(conn, repository_id, commit, report.name)


def _times(now: int, report: Report, before: Check | None) -> dict[str, int | None]:
    """When it began and ended: as reported, or else as the reports came in. A check that begins
    again after its end has times of its own.
    """
    goes_on = before is not None and before.state.is_under_way
    began = report.started_at
    if began is None and goes_on and before is not None:
        began = before.started_at
    if began is None and report.state is not State.QUEUED:
        began = now
    ended = None if report.state.is_under_way else report.finished_at or now
    return {"started_at": began, "finished_at": ended}


# --- logs -----------------------------------------------------------------------------------------


def _put_log(conn: sa.Connection, now: int, repository_id: int, check_id: int, log: str) -> None:
    conn.execute(sa.delete(_logs).where(_logs.c.check_id == check_id))
    if not log:
        return
    content = zlib.compress(log.encode("utf-8", "replace"))
    _make_room(conn, repository_id, len(content))
    conn.execute(
        sa.insert(_logs).values(
            check_id=check_id,
            repository_id=repository_id,
            content=content,
            kept_bytes=len(content),
            written_at=now,
        )
    )


def _make_room(conn: sa.Connection, repository_id: int, size_bytes: int) -> None:
    """Let the oldest logs go where the repository's would become too many."""
    here = _logs.c.repository_id == repository_id
    total = conn.execute(sa.select(sa.func.sum(_logs.c.kept_bytes)).where(here)).scalar() or 0
    excess = int(total) + size_bytes - LOGS_BYTES_MAX
    if excess <= 0:
        return
    oldest = sa.select(_logs.c.check_id, _logs.c.kept_bytes).where(here)
    going: list[int] = []
    for number, kept_bytes in conn.execute(oldest.order_by(_logs.c.written_at)):
        if excess <= 0:
            break
        going.append(number)
        excess -= kept_bytes
    conn.execute(sa.delete(_logs).where(_logs.c.check_id.in_(going)))


def log_of(conn: sa.Connection, check: Check) -> str:
    """What a check wrote down.

    Raises:
        NotFound: it has no log, or no longer.
    """
    query = sa.select(_logs.c.content).where(_logs.c.check_id == check.id)
    content = conn.execute(query).scalar_one_or_none()
    if content is None:
        raise NotFound("This check has no log.")
    return zlib.decompressobj().decompress(content, LOG_BYTES_MAX).decode("utf-8", "replace")
