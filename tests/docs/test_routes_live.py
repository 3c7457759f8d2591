"""What docs/reference/routes.md says of who may is so: every route is asked without a name.

The rows say for each route what it takes. Here the anonymous ask all of them, of a private
repository and of a public one, and of a private one that does not exist.
"""

import json
import re

import pytest
from huggingface_hub import HfApi

from groundswell.http.routing import Route
from tests.clients.stage import Answer, ask
from tests.docs import route_notes as who
from tests.docs.reference import every_route
from tests.live import LiveHub

OPEN = {who.ANYONE}
CHANGES = {who.CONTRIBUTE, who.WRITE, who.ADMINISTER, who.LIKE, "may create in the namespace"}
BY_NAME = {who.SIGNED_IN, who.BROWSER, who.VOICE, who.HUB_ADMIN}
PASSES = {who.XET_READ, who.XET_WRITE, who.SIGNED_URL}
OF_A_REPOSITORY = {who.SEE, who.READ, "read; contribute to push", "read; contribute to upload"}

COLLECTIONS = {who.SEE_COLLECTION, who.UPVOTER, who.COLLECTOR}

ZEROS = "0" * 64
FILLED = {
    "rev": "main", "branch": "aside", "number": "1", "comment": "0" * 24, "tag": "latest", "account": "admin",
    "commit": "0" * 40, "hash": ZEROS, "oid": ZEROS, "prefix": "default", "domain": "n1",
    "epoch": "e1", "upload": "u", "part": "1", "version": "0", "file": "none.css",
    "grant": "g", "link": "no.link", "label": "0", "rule": "1", "check": "unit",
    "webhook": "0" * 24, "result": "0" * 16, "delivery": "0" * 24,
    "review": "1", "thread": "1", "line": "1",
    "slug": "none-" + "0" * 24, "item": "0" * 24,
}  # fmt: skip

LARGE = {"sha256": ZEROS, "xetHash": ZEROS, "filename": "large.bin"}
BODIES = {
    "preupload": {"files": [{"path": "a.txt", "sample": "", "size": 1}]},
    "create discussion": {"title": "Two", "description": "", "pullRequest": False},
    "discussion status": {"status": "closed"},
    "discussion title": {"title": "Three"},
    "comment": {"comment": "Yes"},
    "reaction": {"reaction": "heart"},
    "make label": {"name": "one"},
    "change label": {"name": "two"},
    "discussion labels": {"labels": []},
    "discussion assignees": {"user": "somebody"},
    "edit comment": {"content": "No"},
    "review": {"verdict": "approved"},
    "ask for review": {"reviewers": ["somebody"]},
    "reply": {"comment": "Yes"},
    "edit line comment": {"comment": "No"},
    "create tag": {"tag": "one"},
    "correct graph": {
        "verdict": "reject",
        "kind": "link",
        "source": {"pack": "admin/shown", "article": "a"},
        "target": {"pack": "admin/shown", "article": "b"},
    },
    "report check": {"name": "unit", "state": "passed"},
    "create rule": {"pattern": "main"},
    "replace rule": {"pattern": "main"},
    "delete large files": {"deletions": {"sha": [ZEROS], "rewriteHistory": False}},
    "duplicate large files": {"target": {"type": "model", "name": "admin/shown"}, "files": [LARGE]},
    "create repository": {"name": "NAME", "organization": "admin"},
    "delete repository": {"name": "NAME", "organization": "admin"},
    "move repository": {"fromRepo": "admin/NAME", "toRepo": "admin/other"},
    "duplicate repository": {"repository": "admin/other"},
    "fork": {"repository": "admin/other"},
    "handle access request": {"user": "somebody", "status": "accepted"},
    "watch": {"level": "all"},
    "hear of discussion": {"subscribed": True},
    "mark notifications": {"state": "read", "ids": []},
    "grant access": {"user": "somebody"},
    "create collection": {"title": "One"},
    "add item": {"item": {"type": "paper", "id": "2307.09288"}},
    "ask": {"question": "What is a kernel?", "packs": ["admin/NAME"]},
    "tools": {"jsonrpc": "2.0", "id": 1, "method": "ping"},
    "paths info": {"paths": ["file.txt"]},
    "bucket paths info": {"paths": ["file.txt"]},
    "lfs batch": {"operation": "download", "objects": [{"oid": ZEROS, "size": 1}]},
}


def address(route: Route, name: str) -> str:
    """The address of a route for the model ``admin/NAME``, whatever else it captures filled in."""

    def fill(found: re.Match[str]) -> str:
        captured, words, rest = found.groups()
        if captured == "ns":
            return "admin"
        if captured == "name":
            return name
        if rest:
            return "file.txt"
        # Models have no prefix where the others have one: those routes ask of datasets.
        return words.split("|")[0] if words else FILLED[captured]

    return re.sub(r"\{([a-z_]+)(?::([A-Za-z0-9_|.-]+)|(\*))?\}", fill, route.pattern)


def of_who(takes: set[str]) -> list[Route]:
    return [route for route in every_route() if who.NOTES[route.door.name, route.name][1] in takes]


def title(value: object) -> str | None:
    return f"{value.methods[0]}:{value.pattern}" if isinstance(value, Route) else None


@pytest.fixture(scope="module")
def hub(documented_hub: LiveHub) -> LiveHub:
    api = HfApi(documented_hub.url, documented_hub.admin_token)
    for kind in ("model", "dataset", "kernel"):
        for name in ("hidden", "shown"):
            made = f"admin/{name}"
            api.create_repo(made, repo_type=kind, private=name == "hidden", exist_ok=True)
    for name in ("hidden", "shown"):
        api.create_bucket(f"admin/{name}", private=name == "hidden", exist_ok=True)
        api.batch_bucket_files(f"admin/{name}", add=[(b"text\n", "file.txt")])
    for kind in ("model", "dataset"):
        for name in ("hidden", "shown"):
            api.upload_file(
                repo_id=f"admin/{name}", repo_type=kind,
                path_or_fileobj=b"text\n", path_in_repo="file.txt",
            )  # fmt: skip
            api.create_discussion(f"admin/{name}", "One", repo_type=kind)
    return documented_hub


def told(answer: Answer) -> tuple[object, ...]:
    """What somebody can learn from an answer; request ids and the name asked for are not of it."""
    return answer.status, answer.headers.get("X-Error-Code"), answer.headers.get("Location")


def anonymous(hub: LiveHub, route: Route, name: str) -> Answer:
    path = address(route, name)
    body, headers = None, {"Content-Type": "application/json"}
    if route.name.startswith("git-"):
        body, headers = b"0000", {"Content-Type": f"application/x-{route.name}-request"}
    elif route.methods[0] != "GET":
        sent = json.dumps(BODIES.get(route.name, {}))
        body = sent.replace("NAME", name).encode()
    query = "?service=git-upload-pack" if route.pattern.endswith("/info/refs") else ""
    if route.name == "bucket events":
        query = "?cursor=999999"  # never given: told so, and at an end
    return ask(hub, route.methods[0], path + query, body=body, headers=headers)


@pytest.mark.parametrize("route", of_who(CHANGES), ids=title)
def test_nobody_changes_without_a_name(route: Route, hub: LiveHub) -> None:
    answer = anonymous(hub, route, "shown")
    assert answer.status in {303, 401, 403}, (answer.status, answer.body[:300])
    if answer.status == 303:
        assert answer.headers["Location"].startswith("/login")


@pytest.mark.parametrize("route", of_who(BY_NAME), ids=title)
def test_what_takes_a_name_takes_one(route: Route, hub: LiveHub) -> None:
    answer = anonymous(hub, route, "shown")
    assert answer.status in {303, 401, 403}, (answer.status, answer.body[:300])


@pytest.mark.parametrize("route", of_who(PASSES), ids=title)
def test_what_takes_a_pass_takes_one(route: Route, hub: LiveHub) -> None:
    answer = anonymous(hub, route, "shown")
    assert answer.status in {401, 403}, (answer.status, answer.body[:300])


@pytest.mark.parametrize("route", of_who(OF_A_REPOSITORY | CHANGES), ids=title)
def test_what_is_private_answers_as_what_is_not_there(route: Route, hub: LiveHub) -> None:
    hidden, missing = anonymous(hub, route, "hidden"), anonymous(hub, route, "nowhere")
    neutral = [str(part).replace("hidden", "nowhere") for part in told(hidden)]
    assert neutral == [str(part) for part in told(missing)]
    assert hidden.status in {303, 401, 403, 404}


@pytest.mark.parametrize("route", of_who({who.SEE}), ids=title)
def test_what_is_public_is_seen(route: Route, hub: LiveHub) -> None:
    answer = anonymous(hub, route, "shown")
    assert answer.status in {200, 303, 307, 404}, (answer.status, answer.body[:300])
    assert answer.headers.get("X-Error-Code") != "RepoNotFound"


@pytest.mark.parametrize("route", of_who(COLLECTIONS), ids=title)
def test_collections_are_for_whom_the_rows_say(
    route: Route, hub: LiveHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A private one answers as what is not there; what changes a public one takes a name."""
    api = HfApi(hub.url, hub.admin_token)
    answers = {"missing": anonymous(hub, route, "")}
    for word in ("hidden", "shown"):
        made = api.create_collection(word, private=word == "hidden", exists_ok=True)
        monkeypatch.setitem(FILLED, "slug", made.slug.partition("/")[2])
        answers[word] = anonymous(hub, route, "")
    assert told(answers["hidden"]) == told(answers["missing"])
    assert answers["hidden"].status in {403, 404}
    is_looked_at = who.NOTES[route.door.name, route.name][1] == who.SEE_COLLECTION
    assert answers["shown"].status in ({200} if is_looked_at else {401, 403})


def test_every_kind_of_right_is_tried() -> None:
    tried = (
        COLLECTIONS
        | OPEN
        | CHANGES
        | BY_NAME
        | PASSES
        | OF_A_REPOSITORY
        | {"networks of `metrics_from`"}
    )
    assert {right for _, right in who.NOTES.values()} == tried
