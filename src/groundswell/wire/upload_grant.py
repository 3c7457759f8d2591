"""Upload grants of the Xet protocol: what a client asks for, and what it gets.

Knows their JSON. Does not know who may have one. Source: hf_xet 1.8.0, cas_types.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from groundswell.core.errors import Malformed

_CHECKSUM: Final = "crc64nvme"
_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,19}", re.ASCII)
_CRC_MAX: Final = (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class WantedGrant:
    """A client has so many bytes to send. ``crc64nvme`` is None where it names another checksum."""

    size_bytes: int
    crc64nvme: int | None

    @classmethod
    def parse(cls, fields: Mapping[str, Any]) -> WantedGrant:
        """From a request's JSON object.

        Raises:
            Malformed: no length, or a checksum that is none.
        """
        size_bytes = fields.get("length")
        if not isinstance(size_bytes, int) or isinstance(size_bytes, bool) or size_bytes < 1:
            raise Malformed("upload grant", 'has no "length" in bytes')
        return cls(size_bytes, _checksum(fields.get("checksum")))


def grant_json(grant_id: str, method: str, url: str, headers: Mapping[str, str]) -> dict[str, Any]:
    """The answer: do this, with these headers, then commit the id.

    The length is not among the headers: clients add it themselves, and some cannot set it.
    """
    told = {name: value for name, value in headers.items() if name != "content-length"}
    return {"id": grant_id, "method": method, "url": url, "headers": told}


def _checksum(value: object) -> int | None:
    if not isinstance(value, dict):
        raise Malformed("upload grant", 'has no "checksum"')
    if value.get("algo") != _CHECKSUM:
        return None
    text = value.get("value")
    if not isinstance(text, str) or not _NUMBER.fullmatch(text) or int(text) > _CRC_MAX:
        raise Malformed("upload grant", "has a checksum that is no number of 64 bits")
    return int(text)
