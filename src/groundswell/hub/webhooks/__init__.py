"""Webhooks: others are told what happens here, as far as the webhook's owner may see it.

Events are the record and deliveries are made from them: ``projecting`` says who is to be told,
``delivering`` judges and sends, ``log`` keeps what came of it.
"""

from groundswell.hub.webhooks.delivering import Deliveries
from groundswell.hub.webhooks.log import sweep
from groundswell.hub.webhooks.projecting import NAME, project
from groundswell.hub.webhooks.scopes import SCOPES, TEST
from groundswell.hub.webhooks.service import Webhooks
from groundswell.hub.webhooks.values import (
    WATCHED_MAX,
    Claimed,
    Delivery,
    DeliveryPage,
    DeliveryState,
    Domain,
    Outcome,
    Watched,
    WatchedType,
    Webhook,
    WebhookDraft,
)

__all__ = [
    "NAME",
    "SCOPES",
    "TEST",
    "WATCHED_MAX",
    "Claimed",
    "Deliveries",
    "Delivery",
    "DeliveryPage",
    "DeliveryState",
    "Domain",
    "Outcome",
    "Watched",
    "WatchedType",
    "Webhook",
    "WebhookDraft",
    "Webhooks",
    "project",
    "sweep",
]
