"""Requests for access as they are told: to those who decide, and to whoever asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from groundswell.core.values import AccessStatus, is_storable

Answers = Mapping[str, str | bool]
"""Answers by question."""


@dataclass(frozen=True, slots=True)
class AccessRequest:
    """A request as those see it who administer the repository. Times in microseconds.

    ``asked_at`` is None, as are ``fields`` and ``email``, when access was granted to somebody who
    never asked: they did not agree to be known. ``decided_by`` is empty for the gate itself.
    """

    public_id: str
    account_public_id: str
    name: str
    fullname: str
    email: str | None
    status: AccessStatus
    asked_at: int | None
    decided_at: int | None
    decided_by: str
    fields: Answers | None
    rejection_reason: str
    expires_at: int | None


@dataclass(frozen=True, slots=True)
class AccessPage:
    """Requests of one status, the newest first. ``total`` counts those of all pages."""

    requests: tuple[AccessRequest, ...]
    total: int
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Standing:
    """One's own request: what became of it."""

    status: AccessStatus
    asked_at: int | None
    rejection_reason: str
    expires_at: int | None


@dataclass(frozen=True, slots=True)
class Asker:
    """Whose request is meant: by exactly one of name, account's id and request's id."""

    name: str | None = None
    account_id: str | None = None
    request_id: str | None = None

    @property
    def is_storable(self) -> bool:
        """Whether there can be such a one."""
        named = (self.name, self.account_id, self.request_id)
        return all(is_storable(text) for text in named if text is not None)
