"""The Hub API's discussions and pull requests (Hub API, section 11).

Knows addresses. A discussion's page has its own door.
"""

from __future__ import annotations

from groundswell.http.hub_api.discussions import (
    changing,
    marking,
    reading,
    requesting,
    reviewing,
)
from groundswell.http.hub_api.door import REPOSITORY, route
from groundswell.http.routing import Route


def routes() -> list[Route]:
    """Addresses of this part."""
    where = f"{REPOSITORY}/discussions"
    one = f"{where}/{{number}}"
    return [
        route("GET", where, reading.list_discussions, "discussions"),
        route("POST", where, changing.create, "create discussion"),
        route("GET", one, reading.one_discussion, "discussion"),
        route("POST", f"{one}/comment", changing.comment, "comment"),
        route("POST", f"{one}/comment/{{comment}}/edit", changing.edit_comment, "edit comment"),
        route("POST", f"{one}/comment/{{comment}}/hide", changing.hide_comment, "hide comment"),
        route("POST", f"{one}/comment/{{comment}}/reaction", marking.react, "reaction"),
        route("PUT", f"{one}/labels", marking.give_labels, "discussion labels"),
        route("PUT", f"{one}/assignees", marking.assign, "discussion assignees"),
        route("GET", f"{REPOSITORY}/labels", marking.list_labels, "labels"),
        route("POST", f"{REPOSITORY}/labels", marking.make_label, "make label"),
        route("PATCH", f"{REPOSITORY}/labels/{{label}}", marking.change_label, "change label"),
        route("DELETE", f"{REPOSITORY}/labels/{{label}}", marking.remove_label, "remove label"),
        route("POST", f"{one}/title", changing.rename, "discussion title"),
        route("POST", f"{one}/status", changing.set_status, "discussion status"),
        route("POST", f"{one}/{{mark:lock|pin}}", changing.mark, "lock or pin discussion"),
        route("POST", f"{one}/merge", changing.merge, "merge"),
        route("POST", f"{one}/update", changing.bring_up_to_date, "update pull request"),
        route("GET", f"{one}/reviews", reviewing.list_reviews, "reviews"),
        route("POST", f"{one}/reviews", reviewing.give, "review"),
        route("POST", f"{one}/reviews/discard", reviewing.discard, "discard review"),
        route("POST", f"{one}/reviews/{{review}}/dismiss", reviewing.dismiss, "dismiss review"),
        route("GET", f"{one}/review-requests", requesting.list_requests, "review requests"),
        route("POST", f"{one}/review-requests", requesting.ask_for_review, "ask for review"),
        route(
            "DELETE",
            f"{one}/review-requests/{{account}}",
            requesting.ask_no_longer,
            "ask for review no longer",
        ),
        route("GET", f"{one}/standing", reviewing.list_standing, "standing"),
        route("GET", f"{one}/threads", reviewing.list_threads, "threads"),
        route("POST", f"{one}/threads/{{thread}}/reply", reviewing.reply, "reply"),
        route("POST", f"{one}/threads/{{thread}}/resolve", reviewing.resolve, "resolve"),
        route("POST", f"{one}/lines/{{line}}/edit", reviewing.edit, "edit line comment"),
        route("POST", f"{one}/lines/{{line}}/remove", reviewing.remove, "remove line comment"),
        route("POST", f"{one}/apply", reviewing.apply, "apply suggestions"),
    ]
