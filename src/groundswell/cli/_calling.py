"""A hub, asked through its API with somebody's token.

Knows addresses, bounds and how errors come back. Does not know what is asked.
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import quote

from groundswell.core.errors import (
    BadRequest,
    Forbidden,
    GroundswellError,
    NotFound,
    TooLarge,
    Unavailable,
)

Json = dict[str, Any]

SECONDS_MAX: Final = 900.0
_ERROR_BYTES_MAX: Final = 64 * 1024
_JSON_BYTES_MAX: Final = 16 << 20


class Calling:
    """A hub at an address."""

    def __init__(self, url: str, token: str | None) -> None:
        if not url.startswith(("http://", "https://")):
            raise BadRequest(f"--hub {url}: an address begins with http:// or https://.")
        self.url = url.rstrip("/")
        self._token = token

    @contextlib.contextmanager
    def open(
        self, path: str, body: Json | bytes | None = None, kind: str = "application/json"
    ) -> Iterator[http.client.HTTPResponse]:
        """An answer, to be read while the context is.

        Raises:
            NotFound, Forbidden, BadRequest, Unavailable: in the hub's own words.
        """
        headers = {"Content-Type": kind}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        data = json.dumps(body).encode() if isinstance(body, dict) else body
        url = f"{self.url}{path}"
        request = urllib.request.Request(url, data, headers)  # noqa: S310 - checked when made
        try:
            with urllib.request.urlopen(request, timeout=SECONDS_MAX) as answer:  # noqa: S310
                yield answer
        except urllib.error.HTTPError as error:
            raise _told(error) from error
        except (urllib.error.URLError, http.client.HTTPException) as error:
            raise Unavailable(f"The hub at {self.url} does not answer.") from error

    def json(self, path: str, body: Json | None = None) -> Json:
        """The object that is answered."""
        found = json.loads(self.read(path, _JSON_BYTES_MAX, body))
        if not isinstance(found, dict):
            raise Unavailable(f"The hub at {self.url} answers in a form that is not known.")
        return found

    def read(self, path: str, bytes_max: int, body: Json | None = None) -> bytes:
        """What is answered. Raises TooLarge when it is more."""
        with self.open(path, body) as answer:
            data: bytes = answer.read(bytes_max + 1)
        if len(data) > bytes_max:
            raise TooLarge(f"{path} is larger than {bytes_max:,} bytes.")
        return data

    def commit(
        self, repository: str, files: Mapping[str, bytes], summary: str, parent: str | None
    ) -> str:
        """Commit files to the main branch of a dataset; the commit.

        Raises:
            Forbidden, NotFound: it may not be written.
            BadRequest: somebody committed after ``parent``, or a file that cannot be.
        """
        header: Json = {"summary": summary}
        if parent:
            header["parentCommit"] = parent
        lines: list[Json] = [{"key": "header", "value": header}]
        for name, data in files.items():
            content = base64.b64encode(data).decode()
            value = {"path": name, "content": content, "encoding": "base64"}
            lines.append({"key": "file", "value": value})
        body = "".join(json.dumps(line) + "\n" for line in lines).encode()
        path = f"/api/datasets/{quote(repository)}/commit/main"
        with self.open(path, body, "application/x-ndjson") as answer:
            found = json.loads(answer.read(_JSON_BYTES_MAX))
        return str(found.get("commitOid", ""))


def _told(error: urllib.error.HTTPError) -> GroundswellError:
    """The hub's own words for what is wrong."""
    message = f"The hub answered {error.code}."
    with contextlib.suppress(ValueError, KeyError, TypeError, OSError):
        told = json.loads(error.read(_ERROR_BYTES_MAX))["error"]
        message = str(told["message"] if isinstance(told, dict) else told)
    if error.code in {401, 403}:
        return Forbidden(message)
    if error.code == 404:
        return NotFound(message)
    return BadRequest(message) if error.code < 500 and error.code != 429 else Unavailable(message)
