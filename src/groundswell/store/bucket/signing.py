"""Addresses that read one range of one object, or put one: AWS Signature Version 4 in the query.

Knows how such a URL is signed. Does not know who may have one. What bounds a request is a header
that is signed with it: with another range, another length or none, the storage refuses. What
obstore signs would open the whole object, which may hold chunks of files that the reader may not
see, and would take as many bytes as anybody sends.

Source: AWS, "Authenticating Requests: Using Query Parameters (AWS Signature Version 4)".
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote, urlsplit

from groundswell.store.bucket.place import Place

URL_TTL_SECONDS: Final = 900

_ALGORITHM: Final = "AWS4-HMAC-SHA256"


def signed_url(place: Place, name: str, first_byte: int, last_byte: int, now_seconds: float) -> str:
    """The URL of these bytes (both included), good for ``URL_TTL_SECONDS`` from now."""
    return _signed(place, "GET", name, {"range": f"bytes={first_byte}-{last_byte}"}, now_seconds)


def signed_put(place: Place, name: str, headers: Mapping[str, str], now_seconds: float) -> str:
    """The URL to put an object, good to begin within ``URL_TTL_SECONDS`` from now.

    Whoever uses it sends exactly these headers; their names are lower-case.
    """
    return _signed(place, "PUT", name, headers, now_seconds)


def _signed(
    place: Place, method: str, name: str, headers: Mapping[str, str], now_seconds: float
) -> str:
    assert place.public_endpoint is not None, "clients do not reach this storage"
    assert place.access_key_id is not None, "addresses are signed by a key pair"
    assert place.secret_access_key is not None, "addresses are signed by a key pair"
    endpoint = urlsplit(place.public_endpoint)
    path = endpoint.path.rstrip("/") + place.path_of(name)
    moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now_seconds))
    scope = f"{moment[:8]}/{place.region}/s3/aws4_request"
    signed = sorted({**headers, "host": endpoint.netloc}.items())
    signed_names = ";".join(name for name, _ in signed)
    query = "&".join(
        f"{name}={quote(value, safe='')}"
        for name, value in (
            ("X-Amz-Algorithm", _ALGORITHM),
            ("X-Amz-Credential", f"{place.access_key_id}/{scope}"),
            ("X-Amz-Date", moment),
            ("X-Amz-Expires", str(URL_TTL_SECONDS)),
            ("X-Amz-SignedHeaders", signed_names),
        )
    )
    lines = "".join(f"{name}:{value}\n" for name, value in signed)
    asked = f"{method}\n{path}\n{query}\n{lines}\n{signed_names}\nUNSIGNED-PAYLOAD"
    digest = hashlib.sha256(asked.encode()).hexdigest()
    key = f"AWS4{place.secret_access_key}".encode()
    for part in scope.split("/"):
        key = _mac(key, part)
    signature = _mac(key, f"{_ALGORITHM}\n{moment}\n{scope}\n{digest}").hex()
    return f"{endpoint.scheme}://{endpoint.netloc}{path}?{query}&X-Amz-Signature={signature}"


def _mac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")
