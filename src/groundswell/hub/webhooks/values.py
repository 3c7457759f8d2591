"""What webhooks are asked and told in. Times are microseconds since the epoch."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

WEBHOOKS_MAX: Final = 50  # of one account
WATCHED_MAX: Final = 50  # of one webhook
SECRET_CHARACTERS_MAX: Final = 256
RESPONSE_CHARACTERS_MAX: Final = 2048
WAITING_MAX: Final = 10_000  # deliveries of one webhook
TESTS_WAITING_MAX: Final = 5


class Domain(enum.StrEnum):
    """What a webhook is told of, by the word that clients know."""

    REPO = "repo"
    DISCUSSION = "discussion"


class WatchedType(enum.StrEnum):
    """What can be watched: everything of an account, or one repository."""

    USER = "user"
    ORG = "org"
    MODEL = "model"
    DATASET = "dataset"
    SPACE = "space"

    @property
    def is_account(self) -> bool:
        """Whether it is a namespace."""
        return self in {WatchedType.USER, WatchedType.ORG}


@dataclass(frozen=True, slots=True)
class Watched:
    """One thing to watch, by name."""

    type: WatchedType
    name: str


@dataclass(frozen=True, slots=True)
class WebhookDraft:
    """What somebody wants a webhook to be. None changes nothing; a secret of "" takes it away."""

    url: str | None = None
    watched: tuple[Watched, ...] = ()
    domains: frozenset[Domain] | None = None
    secret: str | None = None


@dataclass(frozen=True, slots=True)
class Webhook:
    """One webhook, without its secret. ``id`` is the public one."""

    id: str
    number: int
    account_id: int
    url: str
    watched: tuple[Watched, ...]
    domains: frozenset[Domain]
    has_secret: bool
    created_at: int
    disabled_at: int | None = None
    disabled_reason: str = ""
    failing_since: int | None = None

    @property
    def is_disabled(self) -> bool:
        """Whether nothing is sent."""
        return self.disabled_at is not None


class DeliveryState(enum.StrEnum):
    """Where a delivery stands. Waiting: to be sent, or to be sent again."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One delivery in the log. ``event_type`` is None for a test; ``repository`` the name of what
    it is about, "" where the owner may not know it (any more).
    """

    id: str
    number: int
    state: DeliveryState
    created_at: int
    due_at: int
    tries: int
    event_type: str | None = None
    repository: str = ""
    tried_at: int | None = None
    status_code: int | None = None
    duration_ms: int | None = None
    problem: str = ""
    request_body: str = ""
    response_body: str = ""


@dataclass(frozen=True, slots=True)
class DeliveryPage:
    """One page of a webhook's log, newest first."""

    deliveries: tuple[Delivery, ...]
    next_cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery that is about to be tried, and what bounds how many go at once."""

    number: int
    id: str
    host: str
    account_id: int
    webhook_number: int


@dataclass(frozen=True, slots=True)
class Parcel:
    """What is sent, and how it is kept: without what comments say, which may be taken back."""

    url: str
    headers: Mapping[str, str]
    secret_headers: Mapping[str, str]
    body: bytes
    kept: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one try. ``is_final``: trying again would not help."""

    duration_ms: int = 0
    status_code: int | None = None
    problem: str = ""
    response: str = ""
    kept: str = ""
    is_final: bool = False
    is_dropped: bool = False

    @property
    def arrived(self) -> bool:
        """Whether whoever was asked took it."""
        return self.status_code is not None and 200 <= self.status_code < 300


@dataclass(frozen=True, slots=True)
class Told:
    """What a payload is made of, for one event: everything that may be said."""

    action: str
    scope: str
    repository: Mapping[str, Any] = field(default_factory=dict)
    more: Mapping[str, Any] = field(default_factory=dict)
