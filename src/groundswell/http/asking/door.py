"""What the parts of this door share: the hub's own form of errors, and the library or why not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from starlette.requests import Request

from groundswell.core.errors import NotServed
from groundswell.http.auth import hub_of
from groundswell.http.errors import render_json_error
from groundswell.http.routing import Door

if TYPE_CHECKING:
    from groundswell.ask.library import Library

DOOR: Final = Door("asking", render_json_error)


def library_of(request: Request) -> Library:
    """The hub's packs.

    Raises:
        NotServed: what asking needs is not installed.
    """
    library = hub_of(request).library
    if library is None:
        raise NotServed("Asking needs some packages more: pip install 'groundswell[ask]'")
    return library
