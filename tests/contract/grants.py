"""What a client of upload grants does, by hand: ask, put, commit; and a checksum of our own.

Knows the calls. Does not know what must come of them.
"""

from __future__ import annotations

import base64
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any

import obstore
from obstore.store import S3Store

from tests.contract import object_storage
from tests.security.target import Answer
from tests.security.xet_calls import Cas

_POLYNOMIAL = 0x9A6C9329AC4BC9B5


def _row(value: int) -> int:
    for _ in range(8):
        value = (value >> 1) ^ (_POLYNOMIAL if value & 1 else 0)
    return value


_TABLE = [_row(value) for value in range(256)]


def crc64nvme(content: bytes) -> int:
    """CRC-64/NVME as its catalogue entry says: reflected, all ones before and after."""
    found = (1 << 64) - 1
    for octet in content:
        found = (found >> 8) ^ _TABLE[(found ^ octet) & 0xFF]
    return found ^ ((1 << 64) - 1)


def wanted(content: bytes, **changed: object) -> dict[str, object]:
    checksum = {"algo": "crc64nvme", "value": str(crc64nvme(content))}
    return {"length": len(content), "checksum": checksum, **changed}


def ask(cas: Cas, key: str, value: object) -> Answer:
    body = json.dumps(value).encode()
    return cas("POST", f"/v1/xorb-grants/default/{key}", body, **{"Content-Type": "text/json"})


def granted(cas: Cas, key: str, content: bytes) -> dict[str, Any]:
    answer = ask(cas, key, wanted(content))
    assert answer.status == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def put(grant: Mapping[str, Any], content: bytes) -> int:
    """As hf_xet does: the headers told, and a length. The status."""
    request = urllib.request.Request(
        grant["url"], content, dict(grant["headers"]), method=grant["method"]
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def commit(cas: Cas, key: str, grant_id: str) -> Answer:
    return cas("POST", f"/v1/xorb-commits/default/{key}/grant/{grant_id}")


def facts(grant_id: str) -> dict[str, Any]:
    """What stands in a pass, which everybody may read."""
    body = grant_id.partition(".")[0]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return found


def bucket(endpoint: str, prefix: str) -> S3Store:
    """A hub's part of the bucket, past the hub."""
    return S3Store(
        object_storage.BUCKET,
        prefix=prefix,
        config={
            "endpoint": endpoint,
            "region": "us-east-1",
            "access_key_id": object_storage.ACCESS_KEY_ID,
            "secret_access_key": object_storage.SECRET_ACCESS_KEY,
        },
        client_options={"allow_http": True},
    )


def staged(part: S3Store) -> list[str]:
    """What lies in staging."""
    return sorted(each["path"] for page in obstore.list(part, "staging/") for each in page)


def wait_for(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
