"""The Hub API's webhooks (Hub API, section 15), and what they sent, which is our own.

A secret is told back only in the answer to the request that set it.
"""

from __future__ import annotations

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from groundswell.core.errors import BadRequest
from groundswell.http.auth import ask, hub_of
from groundswell.http.bodies import json_object, text_field
from groundswell.http.errors import json_response
from groundswell.http.hub_api.door import only, page_of, page_response, route
from groundswell.http.routing import Route
from groundswell.hub.webhooks import (
    WATCHED_MAX,
    Delivery,
    Domain,
    Watched,
    WatchedType,
    Webhook,
    WebhookDraft,
)
from groundswell.wire.hub_api.text import date_text

Json = dict[str, Any]

_ALL: Final = "/api/settings/webhooks"
_ONE: Final = f"{_ALL}/{{webhook}}"
_DELIVERY: Final = f"{_ONE}/deliveries/{{delivery}}"


def _webhook_json(webhook: Webhook, secret: str | None = None) -> Json:
    return {
        "id": webhook.id,
        "url": webhook.url,
        "job": None,
        "watched": [{"type": each.type.value, "name": each.name} for each in webhook.watched],
        "domains": sorted(domain.value for domain in webhook.domains),
        "secret": secret or None,
        "hasSecret": webhook.has_secret,
        "disabled": webhook.is_disabled,
        "disabledReason": webhook.disabled_reason,
        "createdAt": date_text(webhook.created_at),
    }


def _whole(webhook: Webhook, secret: str | None = None) -> Response:
    return json_response({"webhook": _webhook_json(webhook, secret)})


def _delivery_json(delivery: Delivery) -> Json:
    tried = delivery.tried_at
    return {
        "id": delivery.id,
        "state": delivery.state.value,
        "event": delivery.event_type or "test",
        "repo": delivery.repository or None,
        "createdAt": date_text(delivery.created_at),
        "tries": delivery.tries,
        "triedAt": None if tried is None else date_text(tried),
        "status": delivery.status_code,
        "durationMs": delivery.duration_ms,
        "problem": delivery.problem,
    }


def _with_bodies(delivery: Delivery) -> Json:
    bodies = {"request": delivery.request_body, "response": delivery.response_body}
    return {**_delivery_json(delivery), **bodies}


def _watched_in(body: Json) -> tuple[Watched, ...]:
    listed = body.get("watched") or []
    if not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed):
        msg = '"watched" must be a list of objects with "type" and "name".'
        raise BadRequest(msg)
    if len(listed) > WATCHED_MAX:
        raise BadRequest(f"A webhook watches at most {WATCHED_MAX} things.")
    types = [each.value for each in WatchedType]
    return tuple(
        Watched(
            WatchedType(only(types, text_field(each, "type"), "type")), text_field(each, "name")
        )
        for each in listed
    )


def _domains_in(body: Json) -> frozenset[Domain] | None:
    listed = body.get("domains")
    if listed is None:
        return None
    words = [each.value for each in Domain]
    if not isinstance(listed, list):
        msg = '"domains" must be a list.'
        raise BadRequest(msg)
    return frozenset(Domain(only(words, str(each)[:100], "domains")) for each in listed)


async def _draft(request: Request) -> WebhookDraft:
    body = await json_object(request)
    if body.get("jobSourceId") is not None or body.get("secrets") is not None:
        msg = "This hub runs no jobs: a webhook needs a url that is told what happened."
        raise BadRequest(msg)
    return WebhookDraft(
        url=None if body.get("url") is None else text_field(body, "url"),
        watched=_watched_in(body),
        domains=_domains_in(body),
        secret=None if body.get("secret") is None else text_field(body, "secret"),
    )


def _id_of(request: Request) -> str:
    return str(request.path_params["webhook"])


async def _list(request: Request) -> Response:
    webhooks = await ask(request, hub_of(request).webhooks.list)
    return json_response([_webhook_json(each) for each in webhooks])


async def _create(request: Request) -> Response:
    draft = await _draft(request)
    return _whole(await ask(request, hub_of(request).webhooks.create, draft), draft.secret)


async def _get(request: Request) -> Response:
    return _whole(await ask(request, hub_of(request).webhooks.get, _id_of(request)))


async def _change(request: Request) -> Response:
    draft = await _draft(request)
    change = hub_of(request).webhooks.change
    return _whole(await ask(request, change, _id_of(request), draft), draft.secret)


async def _switch(request: Request) -> Response:
    switch = hub_of(request).webhooks.set_enabled
    enabled = request.path_params["switch"] == "enable"
    return _whole(await ask(request, switch, _id_of(request), enabled=enabled))


async def _delete(request: Request) -> Response:
    await ask(request, hub_of(request).webhooks.delete, _id_of(request))
    return json_response({"success": True})


async def _deliveries(request: Request) -> Response:
    cursor, limit = page_of(request)
    read = hub_of(request).webhooks.deliveries
    page = await ask(request, read, _id_of(request), limit=limit, cursor=cursor)
    return page_response(request, [_delivery_json(d) for d in page.deliveries], page.next_cursor)


async def _delivery(request: Request) -> Response:
    read = hub_of(request).webhooks.delivery
    found = await ask(request, read, _id_of(request), request.path_params["delivery"])
    return json_response(_with_bodies(found))


async def _redeliver(request: Request) -> Response:
    again = hub_of(request).webhooks.redeliver
    found = await ask(request, again, _id_of(request), request.path_params["delivery"])
    return json_response({"delivery": _delivery_json(found)})


async def _test(request: Request) -> Response:
    test = hub_of(request).webhooks.test
    return json_response({"delivery": _delivery_json(await ask(request, test, _id_of(request)))})


def routes() -> list[Route]:
    """Addresses of this part."""
    return [
        route("GET", _ALL, _list, "webhooks"),
        route("POST", _ALL, _create, "create webhook"),
        route("GET", _ONE, _get, "webhook"),
        route("POST", _ONE, _change, "change webhook"),
        route("DELETE", _ONE, _delete, "delete webhook"),
        route("POST", f"{_ONE}/{{switch:enable|disable}}", _switch, "switch webhook"),
        route("POST", f"{_ONE}/test", _test, "test webhook"),
        route("GET", f"{_ONE}/deliveries", _deliveries, "deliveries"),
        route("GET", _DELIVERY, _delivery, "delivery"),
        route("POST", f"{_DELIVERY}/redeliver", _redeliver, "redeliver"),
    ]
