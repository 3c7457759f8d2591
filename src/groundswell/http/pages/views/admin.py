"""Pages for the hub's admins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from groundswell.http.pages.views.frame import Fact, View


@dataclass(frozen=True, slots=True)
class UserRow:
    """An account in the admin's list."""

    name: str
    fullname: str
    email: str
    kind: str
    is_admin: bool
    is_disabled: bool
    created_at: int


@dataclass(frozen=True, slots=True)
class UsersPage(View):
    """All accounts, for admins."""

    template: ClassVar[str] = "admin/users.html"
    rows: tuple[UserRow, ...]
    older_url: str | None = None
    search: str = ""
    error: str = ""
    told: str = ""  # a password that is shown once


@dataclass(frozen=True, slots=True)
class FaultRow:
    """Something broken at rest, or that was, in the admin's list."""

    kind: str
    key: str
    what: str
    place: str
    found_at: int
    healed_at: int | None
    healed_by: str


@dataclass(frozen=True, slots=True)
class FaultsPage(View):
    """What is broken at rest, and what was healed lately, for admins."""

    template: ClassVar[str] = "admin/faults.html"
    rows: tuple[FaultRow, ...]
    open_count: int


@dataclass(frozen=True, slots=True)
class NamespaceRow:
    """What a namespace takes: the length of its files, and that without what is there twice."""

    name: str
    linked_bytes: int
    stored_bytes: int
    limit_bytes: int | None
    share: int  # percent of the largest


@dataclass(frozen=True, slots=True)
class StoragePage(View):
    """What is kept, and by whom."""

    template: ClassVar[str] = "admin/storage.html"
    facts: tuple[Fact, ...]
    rows: tuple[NamespaceRow, ...]


@dataclass(frozen=True, slots=True)
class ChoreRow:
    """What runs now and then, and how it went last. ``ran_at`` None: not yet; ``outcome`` is ok,
    failed or waiting.
    """

    name: str
    every: str
    ran_at: int | None
    took: str
    outcome: str
    count: int


@dataclass(frozen=True, slots=True)
class ChoresPage(View):
    """What runs beside the requests, in the process that answers."""

    template: ClassVar[str] = "admin/chores.html"
    rows: tuple[ChoreRow, ...]


@dataclass(frozen=True, slots=True)
class SettingRow:
    """A setting: its name, its value in words, and what it does."""

    name: str
    value: str
    description: str
    is_default: bool


@dataclass(frozen=True, slots=True)
class HubSettingsPage(View):
    """The settings that this process runs with; secrets are never shown."""

    template: ClassVar[str] = "admin/settings.html"
    rows: tuple[SettingRow, ...]


@dataclass(frozen=True, slots=True)
class AuditRow:
    """An event. ``details`` is its payload in one line."""

    type: str
    happened_at: int
    actor: str
    repository: str
    details: str


@dataclass(frozen=True, slots=True)
class AuditPage(View):
    """What happened on this hub, newest first, and what it is narrowed to."""

    template: ClassVar[str] = "admin/audit.html"
    rows: tuple[AuditRow, ...]
    type: str = ""
    actor: str = ""
    repository: str = ""
    older_url: str | None = None
