"""Pages for the hub's admins: accounts, storage, chores, faults, settings, and the record of
everything.

To everybody else they say that this is not theirs to see.
"""

from __future__ import annotations

from groundswell.http.pages.admin import accounts, operation, record
from groundswell.http.routing import Route


def routes() -> list[Route]:
    """Addresses of these pages."""
    return [route for part in (accounts, operation, record) for route in part.routes()]
