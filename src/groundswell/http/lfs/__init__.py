"""The LFS door: git-lfs, older Hub clients and file-like uploads (Hub API 7).

`batch` says where to send and fetch; `content` takes and gives at those addresses. What is sent
here becomes the same xorbs as what comes through Xet.
"""

from __future__ import annotations

from groundswell.http.lfs import batch, content
from groundswell.http.routing import Route


def routes() -> list[Route]:
    """Every address of this door."""
    return [*batch.routes(), *content.routes()]
