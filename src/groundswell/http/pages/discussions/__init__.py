"""Discussions and pull requests: lists of them, one with its record, and what people do there."""

from __future__ import annotations

from groundswell.http.pages.discussions import (
    attaching,
    changes,
    changing,
    labelling,
    reading,
    resolving,
    reviewing,
)
from groundswell.http.pages.door import DOOR
from groundswell.http.pages.repositories import PATTERNS, shows, takes
from groundswell.http.routing import Route


def routes() -> list[Route]:
    """Addresses of this part."""
    return [
        *shows("/discussions", reading.show_list, "discussions"),
        *shows("/discussions/new", changing.show_form, "new discussion"),
        *takes("/discussions/new", changing.open_new, "new discussion"),
        *shows("/discussions/labels", labelling.show, "labels"),
        *takes("/discussions/labels", labelling.change, "labels"),
        *shows("/discussions/{number}", reading.show_one, "discussion"),
        *takes("/discussions/{number}", changing.change, "discussion"),
        *(
            Route(
                ("POST",), f"{pattern}/discussions/{{number}}/attach", attaching.receive, DOOR,
                "form attach", body_max_bytes=attaching.BODY_BYTES_MAX, takes_content=True,
            )
            for pattern in PATTERNS
        ),
        *shows("/discussions/{number}/resolve", resolving.show, "resolve"),
        *resolving.routes(),
        *shows("/discussions/{number}/files", changes.show_changes, "pull request changes"),
        *takes("/discussions/{number}/files", reviewing.change, "pull request changes"),
    ]  # fmt: skip
