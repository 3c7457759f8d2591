"""What checks are told and asked in. Times are microseconds since the epoch."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from groundswell.core.errors import BadRequest, TooLarge
from groundswell.core.values import is_storable

NAME_CHARACTERS_MAX: Final = 100
SUMMARY_CHARACTERS_MAX: Final = 10_000
URL_CHARACTERS_MAX: Final = 2_000
LOG_BYTES_MAX: Final = 1 << 20


class State(enum.StrEnum):
    """How a check stands. The first two are under way; the others are its end."""

    QUEUED = "queued"
    RUNNING = "running"
    PASSED = "passed"
    FAILED = "failed"
    ERRORED = "errored"
    SKIPPED = "skipped"

    @property
    def is_good(self) -> bool:
        """Whether it has ended with nothing against the commit."""
        return self in {State.PASSED, State.SKIPPED}

    @property
    def is_under_way(self) -> bool:
        """Whether its end is still to come."""
        return self in {State.QUEUED, State.RUNNING}


@dataclass(frozen=True, slots=True)
class Report:
    """What somebody reports of a commit. ``log`` None keeps the one that was sent before; times
    that are None are the hub's own.
    """

    name: str
    state: State
    summary: str = ""
    details_url: str = ""
    log: str | None = None
    started_at: int | None = None
    finished_at: int | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """The newest report of one name. ``reporter`` is None when the account is unknown."""

    id: int
    commit: str
    name: str
    state: State
    summary: str
    details_url: str
    reporter: str | None
    reporter_id: int | None
    reported_at: int
    started_at: int | None
    finished_at: int | None
    has_log: bool


def checked_name(name: str) -> str:
    """The same name, when a check may have it.

    Raises:
        BadRequest: it may not.
    """
    name = name.strip()
    is_plain = name.isprintable() and is_storable(name)
    if not name or len(name) > NAME_CHARACTERS_MAX or not is_plain:
        msg = f"A check's name has 1 to {NAME_CHARACTERS_MAX} printable characters."
        raise BadRequest(msg)
    return name


def checked(report: Report) -> Report:
    """The same report, when it can be kept.

    Raises:
        BadRequest, TooLarge: it cannot; the message says why.
    """
    checked_name(report.name)
    if len(report.summary) > SUMMARY_CHARACTERS_MAX or not is_storable(report.summary):
        msg = f"A summary has at most {SUMMARY_CHARACTERS_MAX} characters, none of them zero."
        raise BadRequest(msg)
    if report.details_url:
        _check_url(report.details_url)
    if report.log is not None and len(report.log.encode("utf-8", "replace")) > LOG_BYTES_MAX:
        msg = f"A log has at most {LOG_BYTES_MAX} bytes. Send its end, and a link to all of it."
        raise TooLarge(msg)
    for time in (report.started_at, report.finished_at):
        if time is not None and not 0 <= time < 1 << 53:
            raise BadRequest("A time of the report cannot be.")
    return report


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        is_web = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        is_web = False
    if not is_web or len(url) > URL_CHARACTERS_MAX or not url.isprintable() or " " in url:
        msg = f"detailsUrl: an http or https address of at most {URL_CHARACTERS_MAX} characters."
        raise BadRequest(msg)
