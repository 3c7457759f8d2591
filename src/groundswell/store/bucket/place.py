"""Where an object storage is and who asks it: values, without a connection."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final, Self
from urllib.parse import quote

from groundswell.core.errors import BadRequest

DEFAULT_REGION: Final = "us-east-1"

_URL: Final = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/([A-Za-z0-9._/-]{0,200}))?")


@dataclass(frozen=True, slots=True)
class Place:
    """A bucket, a prefix in it, and the key pair that may use it.

    ``endpoint`` None is Amazon's own for the region. ``public_endpoint`` is where clients reach
    the same storage; None keeps all bytes going through the hub, and without ``takes_uploads`` all
    that come do so. Without a key pair, the one that the environment or the machine's role gives
    is used.
    """

    bucket: str
    prefix: str = ""
    endpoint: str | None = None
    region: str = DEFAULT_REGION
    access_key_id: str | None = None
    secret_access_key: str | None = field(default=None, repr=False)
    public_endpoint: str | None = None
    takes_uploads: bool = True

    @classmethod
    def parse(
        cls,
        url: str,
        *,
        endpoint: str | None = None,
        region: str = DEFAULT_REGION,
        access_key_id: str | None = None,
        secret_access_key: str | None = None,
        public_endpoint: str | None = None,
        takes_uploads: bool = True,
    ) -> Self:
        """From ``s3://bucket/prefix``.

        Raises:
            BadRequest: another kind of URL, half a key pair, or signed addresses without one.
        """
        found = _URL.fullmatch(url)
        if found is None or ".." in url:
            msg = "A storage URL is written s3://bucket or s3://bucket/prefix."
            raise BadRequest(msg)
        if (access_key_id is None) is not (secret_access_key is None):
            msg = "storage_access_key_id and storage_secret_access_key belong together."
            raise BadRequest(msg)
        if public_endpoint is not None and access_key_id is None:
            msg = "storage_public_endpoint needs storage_access_key_id: addresses are signed by it."
            raise BadRequest(msg)
        prefix = "/".join(part for part in (found[2] or "").split("/") if part)
        return cls(
            found[1],
            prefix,
            endpoint,
            region,
            access_key_id,
            secret_access_key,
            public_endpoint,
            takes_uploads,
        )

    @property
    def url(self) -> str:
        """As people write it."""
        return f"s3://{self.bucket}/{self.prefix}".rstrip("/")

    def path_of(self, name: str) -> str:
        """The path of a URL for the object of this name in this place."""
        return quote("/" + "/".join(part for part in (self.bucket, self.prefix, name) if part))
