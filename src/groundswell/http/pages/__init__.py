"""The pages: what people see in a browser, rendered on the hub, whole without scripts.

Each module shows or changes one thing; `door` turns requests into views, `views` are all that a
template sees, `static` holds the one stylesheet and the small scripts that add comfort.
"""

from __future__ import annotations

from groundswell.http.pages import (
    access,
    access_csv,
    accounts,
    activity,
    admin,
    articles,
    asking,
    assets,
    blame,
    buckets,
    card,
    cells,
    checks,
    collecting,
    collections,
    comparisons,
    correcting,
    discussions,
    editing,
    feeds,
    files,
    forks,
    graph,
    history,
    keeping,
    likes,
    lists,
    mail,
    making,
    notifications,
    packing,
    playground,
    relations,
    revisions,
    rules,
    searching,
    sessions,
    upload,
    viewer,
    webhooks,
)
from groundswell.http.pages.door import DOOR
from groundswell.http.rendering import close
from groundswell.http.routing import Route

__all__ = ["DOOR", "close", "routes"]


def routes() -> list[Route]:
    """Every address of the pages."""
    parts = (
        *(assets, lists, searching, accounts, sessions, admin, making),
        *(card, files, history, blame, revisions, upload, editing),
        *(
            viewer,
            cells,
            playground,
            asking,
            keeping,
            articles,
            graph,
            correcting,
            comparisons,
            packing,
        ),
        *(discussions, access, access_csv, likes, collecting, collections),
        *(buckets, webhooks, forks, relations, checks, rules, activity, notifications, feeds, mail),
    )
    return [route for part in parts for route in part.routes()]
