"""Addresses that read one range of one object: AWS Signature Version 4 in the query.

Knows how such a URL is signed. Does not know who may have one. The range is a signed header: with
another range, or none, the storage refuses. What obstore signs would open the whole object, which
may hold chunks of files that the reader may not see.

Source: AWS, "Authenticating Requests: Using Query Parameters (AWS Signature Version 4)".
"""

from __future__ import annotations

import hashlib
import hmac
import time
from typing import Final
from urllib.parse import quote, urlsplit

from groundswell.store.bucket.place import Place

URL_TTL_SECONDS: Final = 900

_ALGORITHM: Final = "AWS4-HMAC-SHA256"
_SIGNED_HEADERS: Final = "host;range"


def signed_url(place: Place, name: str, first_byte: int, last_byte: int, now_seconds: float) -> str:
    """The URL of these bytes (both included), good for ``URL_TTL_SECONDS`` from now."""
    assert place.public_endpoint is not None, "clients do not reach this storage"
    assert place.access_key_id is not None, "addresses are signed by a key pair"
    assert place.secret_access_key is not None, "addresses are signed by a key pair"
    endpoint = urlsplit(place.public_endpoint)
    path = endpoint.path.rstrip("/") + place.path_of(name)
    moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now_seconds))
    scope = f"{moment[:8]}/{place.region}/s3/aws4_request"
    query = "&".join(
        f"{name}={quote(value, safe='')}"
        for name, value in (
            ("X-Amz-Algorithm", _ALGORITHM),
            ("X-Amz-Credential", f"{place.access_key_id}/{scope}"),
            ("X-Amz-Date", moment),
            ("X-Amz-Expires", str(URL_TTL_SECONDS)),
            ("X-Amz-SignedHeaders", _SIGNED_HEADERS),
        )
    )
    headers = f"host:{endpoint.netloc}\nrange:bytes={first_byte}-{last_byte}\n"
    asked = f"GET\n{path}\n{query}\n{headers}\n{_SIGNED_HEADERS}\nUNSIGNED-PAYLOAD"
    digest = hashlib.sha256(asked.encode()).hexdigest()
    key = f"AWS4{place.secret_access_key}".encode()
    for part in scope.split("/"):
        key = _mac(key, part)
    signature = _mac(key, f"{_ALGORITHM}\n{moment}\n{scope}\n{digest}").hex()
    return f"{endpoint.scheme}://{endpoint.netloc}{path}?{query}&X-Amz-Signature={signature}"


def _mac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")
