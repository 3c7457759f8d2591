"""Pages about one's webhooks and what they sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from groundswell.http.pages.views.frame import View


@dataclass(frozen=True, slots=True)
class WebhookRow:
    """One webhook. ``watched`` are names as people write them."""

    url: str
    address: str
    watched: tuple[str, ...]
    domains: tuple[str, ...]
    has_secret: bool
    is_disabled: bool
    created_at: int
    disabled_reason: str = ""
    failing_since: int | None = None


@dataclass(frozen=True, slots=True)
class WebhooksPage(View):
    """All of one's webhooks."""

    template: ClassVar[str] = "settings/webhooks.html"
    rows: tuple[WebhookRow, ...]
    is_possible: bool = True


@dataclass(frozen=True, slots=True)
class WebhookFormPage(View):
    """The form of a new webhook, or of one that is there (``row``)."""

    template: ClassVar[str] = "settings/webhook_form.html"
    fields: Mapping[str, str] = field(default_factory=dict)
    error: str = ""
    row: WebhookRow | None = None


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """One delivery in the log. ``repository`` is "" where one may not know it any more."""

    url: str
    what: str
    repository: str
    state: str
    created_at: int
    tries: int
    tried_at: int | None = None
    due_at: int | None = None
    status_code: int | None = None
    duration_ms: int | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class WebhookPage(View):
    """One webhook and its log."""

    template: ClassVar[str] = "settings/webhook.html"
    row: WebhookRow
    deliveries: tuple[DeliveryRow, ...] = ()
    next_url: str | None = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class DeliveryPage(View):
    """One delivery, with what was sent and what came back."""

    template: ClassVar[str] = "settings/delivery.html"
    row: DeliveryRow
    webhook: WebhookRow
    id: str
    request: str = ""
    response: str = ""
    error: str = ""
