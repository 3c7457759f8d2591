"""What a webhook's receiver is sent: its headers, its signature, its bytes.

Knows the form. Does not know what happened or who may be told.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any, Final

SECRET_HEADER: Final = "X-Webhook-Secret"  # noqa: S105 - a header's name
SIGNATURE_HEADER: Final = "X-Groundswell-Signature"
DELIVERY_HEADER: Final = "X-Groundswell-Delivery"
EVENT_HEADER: Final = "X-Groundswell-Event"
VERSION: Final = 3


def signature(secret: str, delivery: str, seconds: int, body: bytes) -> str:
    """``t=…,v1=…``: who has the secret sent this body as this delivery at this time.

    Neither a time nor a delivery's id holds a dot, so that no two inputs are the same text.
    """
    signed = f"{seconds}.{delivery}.".encode() + body
    return f"t={seconds},v1={hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}"


def body_of(payload: Mapping[str, Any]) -> bytes:
    """A payload as it is sent."""
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()


def kept_text(payload: Mapping[str, Any]) -> str:
    """A payload as the log keeps it: without what a comment says, which may be taken back."""
    comment = payload.get("comment")
    if isinstance(comment, Mapping) and "content" in comment:
        rest = {name: value for name, value in comment.items() if name != "content"}
        payload = {**payload, "comment": rest}
    return json.dumps(payload, ensure_ascii=False, indent=2)
