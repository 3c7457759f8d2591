"""Sign-in of a device by the browser of a person (RFC 8628).

Knows codes, their states and the pace of polling. The token is made when the device fetches it,
so its value never waits anywhere in clear. Every function runs inside a transaction of the caller.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

import sqlalchemy as sa

from groundswell.core.errors import (
    BadRequest,
    DeviceCodeInvalid,
    DeviceDenied,
    DeviceExpired,
    DevicePending,
    DeviceSlowDown,
    NotFound,
    TooManyRequests,
)
from groundswell.core.values import TokenRole
from groundswell.hub.accounts import tokens
from groundswell.hub.accounts.directory import by_id, check_text
from groundswell.hub.accounts.secret_values import (
    digest,
    new_device_code,
    new_user_code,
    shown_user_code,
    typed_user_code,
)
from groundswell.hub.accounts.values import DeviceGrant, DeviceRequest, NewToken
from groundswell.hub.events import record
from groundswell.store.tables import device_grants

EXPIRES_IN_SECONDS: Final = 900
INTERVAL_SECONDS: Final = 5
GRANTS_MAX: Final = 10_000
CLIENT_ID_LENGTH_MAX: Final = 200
SCOPE_LENGTH_MAX: Final = 500

_MICROS: Final = 1_000_000
_EARLY_MICROS: Final = 500_000  # a client's clock and the network are not exact
_CLIENT_NAMES: Final = {"26be6b09-91c5-47da-9861-d2d2bb7a7e36": "Hugging Face client"}


def client_name(client_id: str) -> str:
    """What to call a client in front of a person."""
    return _CLIENT_NAMES.get(client_id, client_id[:60])


def start(conn: sa.Connection, now: int, client_id: str, scope: str) -> DeviceGrant:
    """New codes for a device.

    Raises:
        BadRequest: no client id, or texts that are too long.
        TooManyRequests: too many sign-ins wait to be decided.
    """
    client_id = check_text(client_id, "client_id", CLIENT_ID_LENGTH_MAX)
    if not client_id:
        msg = "client_id is missing."
        raise BadRequest(msg)
    scope = check_text(scope, "scope", SCOPE_LENGTH_MAX)
    conn.execute(sa.delete(device_grants).where(device_grants.c.expires_at <= now))
    waiting = conn.execute(sa.select(sa.func.count()).select_from(device_grants)).scalar_one()
    if waiting >= GRANTS_MAX:
        raise TooManyRequests
    device_code, user_code = new_device_code(), new_user_code()
    conn.execute(
        sa.insert(device_grants).values(
            device_digest=digest(device_code),
            user_code=user_code,
            client_id=client_id,
            scope=scope,
            state="pending",
            created_at=now,
            expires_at=now + EXPIRES_IN_SECONDS * _MICROS,
        )
    )
    return DeviceGrant(
        device_code, shown_user_code(user_code), EXPIRES_IN_SECONDS, INTERVAL_SECONDS
    )


def find(conn: sa.Connection, now: int, typed: str) -> DeviceRequest:
    """The sign-in that waits under a user code.

    Raises:
        NotFound: none that is still to be decided.
    """
    row = _pending(conn, now, typed)
    return DeviceRequest(
        user_code=shown_user_code(row["user_code"]),
        client_id=row["client_id"],
        client_name=client_name(row["client_id"]),
        scope=row["scope"],
        created_at=row["created_at"],
    )


def _pending(conn: sa.Connection, now: int, typed: str) -> sa.RowMapping:
    query = sa.select(device_grants).where(
        device_grants.c.user_code == typed_user_code(typed),
        device_grants.c.state == "pending",
        device_grants.c.expires_at > now,
    )
    row = conn.execute(query).mappings().one_or_none()
    if row is None:
        msg = "This code is not valid, or no longer."
        raise NotFound(msg)
    return row


def decide(conn: sa.Connection, now: int, account_id: int, typed: str, *, allow: bool) -> None:
    """Write down what a person decided. It cannot be decided again.

    Raises:
        NotFound: no sign-in waits under that code.
    """
    row = _pending(conn, now, typed)
    state = "approved" if allow else "denied"
    conn.execute(
        sa.update(device_grants)
        .where(device_grants.c.id == row["id"])
        .values(state=state, account_id=account_id)
    )
    told = {"client": client_name(row["client_id"])}
    record(conn, now, f"device.{state}", account_id, None, told)


def poll(conn: sa.Connection, now: int, device_code: str) -> NewToken | type[DevicePending]:
    """The token, once; or ``DevicePending`` as a value, so that the time of asking is kept.

    Raises:
        DeviceSlowDown, DeviceExpired, DeviceDenied, DeviceCodeInvalid: see their classes.
    """
    query = sa.select(device_grants).where(device_grants.c.device_digest == digest(device_code))
    row = conn.execute(query).mappings().one_or_none()
    if row is None or row["state"] == "used":
        raise DeviceCodeInvalid
    if row["expires_at"] <= now:
        raise DeviceExpired
    if row["state"] == "denied":
        raise DeviceDenied
    here = device_grants.c.id == row["id"]
    if row["state"] == "pending":
        earliest = (row["polled_at"] or 0) + INTERVAL_SECONDS * _MICROS - _EARLY_MICROS
        if now < earliest:
            raise DeviceSlowDown
        conn.execute(sa.update(device_grants).where(here).values(polled_at=now))
        return DevicePending
    account = by_id(conn, row["account_id"])
    if account.is_disabled:
        raise DeviceDenied
    conn.execute(sa.update(device_grants).where(here).values(state="used"))
    day = dt.datetime.fromtimestamp(now / _MICROS, tz=dt.UTC).date().isoformat()
    name = f"{client_name(row['client_id'])}, {day}"
    return tokens.create(conn, now, account.id, name, TokenRole.WRITE, actor_id=account.id)
