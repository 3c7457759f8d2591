"""Discussions and pull requests: lists of them, one with its record, and what people do there."""

from __future__ import annotations

from groundswell.http.pages.discussions import changes, changing, reading, reviewing
from groundswell.http.pages.repositories import shows, takes
from groundswell.http.routing import Route


def routes() -> list[Route]:
    """Addresses of this part."""
    return [
        *shows("/discussions", reading.show_list, "discussions"),
        *shows("/discussions/new", changing.show_form, "new discussion"),
        *takes("/discussions/new", changing.open_new, "new discussion"),
        *shows("/discussions/{number}", reading.show_one, "discussion"),
        *takes("/discussions/{number}", changing.change, "discussion"),
        *shows("/discussions/{number}/files", changes.show_changes, "pull request changes"),
        *takes("/discussions/{number}/files", reviewing.change, "pull request changes"),
    ]
