"""One's webhooks: made, changed, switched, deleted, tried; and the log of what they sent."""

from __future__ import annotations

from typing import Final

from groundswell.core.errors import (
    AccountNotFound,
    BadRequest,
    Conflict,
    Forbidden,
    RepoNotFound,
    TooManyRequests,
)
from groundswell.http.pages.door import Answer, Asked, Redirect, show, take, with_query
from groundswell.http.pages.views import (
    DeliveryPage,
    DeliveryRow,
    WebhookFormPage,
    WebhookPage,
    WebhookRow,
    WebhooksPage,
)
from groundswell.http.routing import Route
from groundswell.hub.webhooks import (
    WATCHED_MAX,
    Delivery,
    DeliveryState,
    Domain,
    Watched,
    WatchedType,
    Webhook,
    WebhookDraft,
)

HERE: Final = "/settings/webhooks"
ON_PAGE: Final = 50
_REFUSALS: Final = (
    AccountNotFound,
    BadRequest,
    Conflict,
    Forbidden,
    RepoNotFound,
    TooManyRequests,
)
_PREFIXES: Final = {"datasets": WatchedType.DATASET, "spaces": WatchedType.SPACE}
_WRITTEN: Final = {WatchedType.DATASET: "datasets/", WatchedType.SPACE: "spaces/"}


def _watched_text(watched: Watched) -> str:
    return _WRITTEN.get(watched.type, "") + watched.name


def _row(webhook: Webhook) -> WebhookRow:
    return WebhookRow(
        url=f"{HERE}/{webhook.id}",
        address=webhook.url,
        watched=tuple(_watched_text(each) for each in webhook.watched),
        domains=tuple(domain.value for domain in Domain if domain in webhook.domains),
        has_secret=webhook.has_secret,
        is_disabled=webhook.is_disabled,
        created_at=webhook.created_at,
        disabled_reason=webhook.disabled_reason,
        failing_since=webhook.failing_since,
    )


def _delivery_row(webhook: str, delivery: Delivery) -> DeliveryRow:
    waits = delivery.state is DeliveryState.WAITING
    return DeliveryRow(
        url=f"{HERE}/{webhook}/deliveries/{delivery.id}",
        what=(delivery.event_type or "test").replace(".", " ").replace("_", " "),
        repository=delivery.repository,
        state=delivery.state.value,
        created_at=delivery.created_at,
        tries=delivery.tries,
        tried_at=delivery.tried_at,
        due_at=delivery.due_at if waits else None,
        status_code=delivery.status_code,
        duration_ms=delivery.duration_ms,
        problem=delivery.problem,
    )


def _list(asked: Asked) -> Answer:
    webhooks = asked.hub.webhooks.list(asked.signed_in())
    return WebhooksPage(tuple(map(_row, webhooks)), is_possible=asked.hub.deliveries.enabled)


# --- forms ------------------------------------------------------------------------------------


def _watched_in(asked: Asked, text: str) -> tuple[Watched, ...]:
    """Lines such as ``ann``, ``ann/model`` and ``datasets/ann/data``.

    Raises:
        BadRequest: too many.
        AccountNotFound: a name without a slash that nobody has.
    """
    lines = [line.strip().strip("/") for line in text.splitlines() if line.strip()]
    if len(lines) > WATCHED_MAX:
        raise BadRequest(f"A webhook watches at most {WATCHED_MAX} things.")
    return tuple(_one_watched(asked, line[:200]) for line in lines)


def _one_watched(asked: Asked, line: str) -> Watched:
    if not line.isprintable():
        raise BadRequest("A name holds a character that no name has.")
    first, slash, rest = line.partition("/")
    if not slash:
        is_organisation = asked.hub.overviews.of(asked.principal, line).account.is_organisation
        return Watched(WatchedType.ORG if is_organisation else WatchedType.USER, line)
    if "/" in rest and first in {*_PREFIXES, "models"}:
        return Watched(_PREFIXES.get(first, WatchedType.MODEL), rest)
    return Watched(WatchedType.MODEL, line)


def _draft_in(asked: Asked) -> WebhookDraft:
    fields = asked.fields
    chosen = {domain for domain in Domain if fields.get(domain.value)}
    secret = fields.get("secret", "").strip()
    forgets = bool(fields.get("forget"))
    return WebhookDraft(
        url=fields.get("url", "").strip(),
        watched=_watched_in(asked, fields.get("watched", "")),
        domains=frozenset(chosen),
        secret="" if forgets else secret or None,
    )


def _new(asked: Asked) -> Answer:
    asked.signed_in()
    fields = {"watched": asked.principal.name, "repo": "on", "discussion": "on"}
    return WebhookFormPage(fields)


def _make(asked: Asked) -> Answer:
    principal = asked.signed_in()
    try:
        made = asked.hub.webhooks.create(principal, _draft_in(asked))
    except _REFUSALS as error:
        return WebhookFormPage(_kept(asked), error.message)
    return Redirect(f"{HERE}/{made.id}", "webhook")


def _kept(asked: Asked) -> dict[str, str]:
    """What was filled in, but for the secret."""
    return {key: value for key, value in asked.fields.items() if key not in {"secret", "csrf"}}


def _edit(asked: Asked) -> Answer:
    webhook = asked.hub.webhooks.get(asked.signed_in(), asked.parameters["webhook"])
    fields = {"url": webhook.url, "watched": "\n".join(map(_watched_text, webhook.watched))}
    fields |= {domain.value: "on" for domain in webhook.domains}
    return WebhookFormPage(fields, row=_row(webhook))


def _change(asked: Asked) -> Answer:
    principal, webhook_id = asked.signed_in(), asked.parameters["webhook"]
    present = asked.hub.webhooks.get(principal, webhook_id)
    try:
        draft = _draft_in(asked)
        if not draft.watched:
            raise BadRequest("A webhook needs something to watch.")
        asked.hub.webhooks.change(principal, webhook_id, draft)
    except _REFUSALS as error:
        return WebhookFormPage(_kept(asked), error.message, _row(present))
    return Redirect(f"{HERE}/{webhook_id}", "saved")


# --- one webhook ------------------------------------------------------------------------------


def _one_page(asked: Asked, error: str = "") -> WebhookPage:
    principal, webhook_id = asked.signed_in(), asked.parameters["webhook"]
    webhooks = asked.hub.webhooks
    webhook = webhooks.get(principal, webhook_id)
    cursor = asked.query.get("cursor") or None
    page = webhooks.deliveries(principal, webhook_id, limit=ON_PAGE, cursor=cursor)
    older = with_query(f"{HERE}/{webhook_id}", cursor=page.next_cursor)
    return WebhookPage(
        _row(webhook),
        tuple(_delivery_row(webhook_id, each) for each in page.deliveries),
        older if page.next_cursor else None,
        error,
    )


def _one(asked: Asked) -> Answer:
    return _one_page(asked)


def _act(asked: Asked) -> Answer:
    principal, webhook_id = asked.signed_in(), asked.parameters["webhook"]
    webhooks, here = asked.hub.webhooks, f"{HERE}/{webhook_id}"
    match asked.fields.get("do", ""):
        case "test":
            try:
                delivery = webhooks.test(principal, webhook_id)
            except (Conflict, TooManyRequests) as error:
                return _one_page(asked, error.message)
            return Redirect(f"{here}/deliveries/{delivery.id}", "sending")
        case "enable" | "disable" as word:
            webhooks.set_enabled(principal, webhook_id, enabled=word == "enable")
            return Redirect(here, "saved")
        case "delete":
            webhooks.delete(principal, webhook_id)
            return Redirect(HERE, "deleted")
    webhooks.get(principal, webhook_id)
    return _one_page(asked, "The form does not say what to do.")


# --- one delivery -----------------------------------------------------------------------------


def _delivery_page(asked: Asked, error: str = "") -> DeliveryPage:
    principal, webhook_id = asked.signed_in(), asked.parameters["webhook"]
    webhook = asked.hub.webhooks.get(principal, webhook_id)
    found = asked.hub.webhooks.delivery(principal, webhook_id, asked.parameters["delivery"])
    return DeliveryPage(
        _delivery_row(webhook_id, found),
        _row(webhook),
        found.id,
        found.request_body,
        found.response_body,
        error,
    )


def _delivery(asked: Asked) -> Answer:
    return _delivery_page(asked)


def _redeliver(asked: Asked) -> Answer:
    principal = asked.signed_in()
    webhook_id, delivery_id = asked.parameters["webhook"], asked.parameters["delivery"]
    try:
        asked.hub.webhooks.redeliver(principal, webhook_id, delivery_id)
    except Conflict as error:
        return _delivery_page(asked, error.message)
    return Redirect(f"{HERE}/{webhook_id}/deliveries/{delivery_id}", "sending")


def routes() -> list[Route]:
    """Addresses of this part."""
    one = f"{HERE}/{{webhook}}"
    return [
        show(HERE, _list, "webhooks"),
        show(f"{HERE}/new", _new, "new webhook"),
        take(f"{HERE}/new", _make, "new webhook"),
        show(one, _one, "webhook"),
        take(one, _act, "webhook"),
        show(f"{one}/edit", _edit, "edit webhook"),
        take(f"{one}/edit", _change, "edit webhook"),
        show(f"{one}/deliveries/{{delivery}}", _delivery, "delivery"),
        take(f"{one}/deliveries/{{delivery}}", _redeliver, "delivery"),
    ]
