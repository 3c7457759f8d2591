"""The Hub API's doors: JSON over HTTP, as huggingface_hub and its kin call it.

Each module answers one part of the API: it parses a request into values, calls one use case, and
writes what came back by `wire.hub_api`. It decides nothing about rights and keeps nothing.
"""

from __future__ import annotations

from groundswell.http.hub_api import (
    access,
    accounts,
    buckets,
    cards,
    checks,
    collections,
    commits,
    described,
    discussions,
    following,
    follows,
    forks,
    history,
    likes,
    lists,
    manifests,
    notifications,
    references,
    repositories,
    rows,
    rules,
    settings,
    telling,
    trees,
    webhooks,
    xet_tokens,
)
from groundswell.http.routing import Route


def routes() -> list[Route]:
    """Every address of the Hub API."""
    parts = (
        access,
        accounts,
        buckets,
        cards,
        checks,
        collections,
        commits,
        described,
        discussions,
        following,
        follows,
        forks,
        history,
        likes,
        lists,
        manifests,
        notifications,
        references,
        repositories,
        rows,
        rules,
        settings,
        telling,
        trees,
        webhooks,
        xet_tokens,
    )
    return [route for part in parts for route in part.routes()]
