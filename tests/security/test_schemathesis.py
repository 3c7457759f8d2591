"""S20: requests that nobody wrote down: every operation that the hub describes, with made-up values.

The story: a field nobody thought of, a number that no column holds, a zero byte in a name, and an
address answers 500. At best that tells of the inside; at worst something is half done.

The hub describes itself in OpenAPI, made from its router and the code that reads requests.
schemathesis reads that and calls every operation with what fits and what does not, follows links
from what it made, and `fuzzing` puts in names that exist and texts that break things. As somebody
who owns what is there, and without a name. No answer may be a 5xx, no connection may break, and
the hub's own log has to show that every operation was reached.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.arch.tree import ROOT
from tests.docs.test_routes_live import BODIES, FILLED
from tests.security.target import (
    Caller,
    Target,
    attacked,
    batch,
    commit,
    ndjson,
    path_of,
    publish,
    regular,
    sha256_of,
    token_of,
)

HOOK = "https://127.0.0.1:9443/"
# Bodies that doors take, by the route's name: the ones that test_routes_live sends, with names of
# this hub in them, and some more.
MORE = {
    "create webhook": {"url": HOOK, "watched": [{"type": "user", "name": "olga"}]},
    "change webhook": {"url": HOOK, "domains": ["repo"]},
    "handle access request": {"user": "stig", "status": "rejected"},
    "grant access": {"user": "stig"},
    "repository settings": {"gated": "manual"},
    "apply suggestions": {"comments": [1]},
    "change collection": {"title": "Another"},
    "add item": {"item": {"type": "dataset", "id": "works/fuzzed"}},
}
TAKEN = json.loads(
    json.dumps(BODIES | MORE)
    .replace("admin/NAME", "works/fuzzed")
    .replace("NAME", "fuzzed")
    .replace("admin", "works")
)
SEED = 20
RUN_SECONDS = 300

pytestmark = pytest.mark.timeout(2 * RUN_SECONDS)


@pytest.fixture(scope="module")
def thrown_away(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """A hub of its own: what is on it is changed and deleted."""
    allow = {"SWELL_OUTBOUND_ALLOW": "127.0.0.1/32"}  # where nothing takes what webhooks send
    with attacked(tmp_path_factory.mktemp("fuzzed") / "data", environment=allow) as target:
        yield target


def _made(olga: Caller, kind: str) -> dict[str, Any]:
    """A repository with files, a branch, a discussion and a pull request."""
    body = {"type": kind[:-1], "name": "fuzzed", "organization": "works"}
    assert olga.json("POST", "/api/repos/create", body).status == 200
    at = f"/api/{kind}/works/fuzzed"
    lines = (
        regular("README.md", b"# hello\n"),
        regular("notes.txt", b"a\nb\n"),
        regular("folder/deep.txt", b"c\n"),
    )
    body = ndjson(("header", {"summary": "a commit"}), *lines)
    sent = olga("POST", f"{at}/commit/main", body, {"Content-Type": "application/x-ndjson"})
    assert sent.status == 200, sent.text
    if kind == "models":
        publish(olga, "works/fuzzed", "model.safetensors", b"x" * 5000)
    assert olga.json("POST", f"{at}/discussions", {"title": "One"}).json()["num"] == 1
    assert (
        olga.json("POST", f"{at}/discussions", {"title": "Two", "pullRequest": True}).json()["num"]
        == 2
    )
    if kind == "models":
        assert olga.json("POST", f"{at}/branch/side", {}).status == 200
        assert (
            commit(
                olga, "works/fuzzed", regular("notes.txt", b"a\nB\n"), ref="refs%2Fpr%2F2"
            ).status
            == 200
        )
        assert olga.json("POST", f"{at}/discussions/2/status", {"status": "open"}).status == 200
    return {"kind": kind, "ns": "works", "name": "fuzzed", "number": [2, 1]}


def _passes(olga: Caller) -> dict[str, Any]:
    found = {}
    for scope in ("read", "write"):
        told = olga("GET", f"/api/models/works/fuzzed/xet-{scope}-token/main").json()
        domain, epoch = path_of(told["casUrl"]).split("/")[2:4]
        found[scope] = {"domain": domain, "epoch": epoch, "token": told["accessToken"]}
    return found


def _signed(olga: Caller) -> dict[str, Any]:
    """Signed addresses of LFS, by the route that takes them."""
    found = {}
    for operation, content in (("upload", b"never sent"), ("download", b"x" * 5000)):
        oid = sha256_of(content)
        answer = batch(olga, "works/fuzzed", operation, (oid, len(content)))
        for name, action in answer.json()["objects"][0]["actions"].items():
            signature = path_of(action["href"]).partition("signature=")[2]
            found[f"lfs {name}"] = {"oid": oid, "signature": signature, "content": content.decode()}
    return found


def prepared(target: Target) -> dict[str, Any]:
    """A hub with one of everything, and how it is called."""
    olga = target.user("olga")
    places = [_made(olga, kind) for kind in ("models", "datasets")]
    told = olga.json(
        "POST",
        "/api/settings/webhooks",
        MORE["create webhook"],
    )
    assert told.status == 200, told.text
    webhook = told.json()["webhook"]["id"]
    delivery = olga.json("POST", f"/api/settings/webhooks/{webhook}/test", {}).json()["delivery"][
        "id"
    ]
    made = olga.json(
        "POST",
        "/api/collections",
        {"title": "One", "namespace": "works", "item": {"type": "model", "id": "works/fuzzed"}},
    ).json()
    request = "/api/models/works/fuzzed/discussions/2"
    comment = olga.json("POST", f"{request}/comment", {"comment": "Hm."}).json()["newMessage"]["id"]
    note = {"path": "notes.txt", "line": 2, "comment": "```suggestion\nc\n```"}
    review = olga.json(
        "POST", f"{request}/reviews", {"verdict": "comment", "comment": "so", "comments": [note]}
    )
    assert review.status == 200, review.text
    threads = olga("GET", f"{request}/threads").json()
    values = {
        **{name: [value] for name, value in FILLED.items()},
        "rev": ["main", "side", "refs/pr/2", "main"],
        "branch": ["main", "side"],
        "path": ["README.md", "notes.txt", "model.safetensors", "folder"],
        "tag": ["latest", "v1"],
        "account": ["works", "olga"],
        "oid": [sha256_of(b"x" * 5000)],
        "hash": ["0" * 64],
        "webhook": [webhook],
        "delivery": [delivery],
        "slug": [made["slug"].partition("/")[2]],
        "item": [made["items"][0]["_id"]],
        "comment": [comment],
        "review": [review.json()["id"]],
        "thread": [threads[0]["id"]],
        "line": [threads[0]["comments"][0]["id"]],
    }
    return {
        "places": places,
        "kept": len(places),
        "values": values,
        "bodies": TAKEN,
        "passes": _passes(olga),
        "signed": _signed(olga),
    }


def run(target: Target, known: dict[str, Any], folder: Path, *options: str) -> str:
    """schemathesis against the hub, in a process of its own; what it said."""
    (folder / "known.json").write_text(json.dumps(known), encoding="utf-8")
    command = [
        str(Path(sys.executable).with_name("schemathesis")),
        "run",
        f"{target.url}/api/openapi.json",
        "--checks=not_a_server_error",
        f"--seed={SEED}",
        "--workers=1",
        "--no-shrink",
        "--no-color",
        "--warnings=off",
        "--request-timeout=20",
        "--generation-database=none",
        "--continue-on-failure",
        "--suppress-health-check=all",
        *options,
    ]
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "SCHEMATHESIS_HOOKS": "tests.security.fuzzing",
        "FUZZED_HUB": str(folder / "known.json"),
        "FUZZED_SEED": str(SEED),
    }
    done = subprocess.run(
        command,
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-5_000:]
    return done.stdout


def statuses(target: Target, since: int) -> dict[tuple[str, str], dict[int, int]]:
    """What the hub logged since then: (operation, route) -> how often which status."""
    found: dict[tuple[str, str], dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for record in target.live.records()[since:]:
        name, _, operation = str(record.get("request_id", "")).partition(":")
        if name == "fuzz" and record.get("message") == "request":
            found[operation, str(record["route"])][int(str(record["status"]))] += 1
    return found


@pytest.fixture(scope="module")
def known(thrown_away: Target) -> dict[str, Any]:
    return prepared(thrown_away)


def failed(target: Target, since: int) -> list[dict[str, object]]:
    """What the hub logged since then as its own failure, broken connections among it; but of what
    has no end of its own: a client that leaves breaks it off.
    """
    found = target.live.records()[since:]
    broken = [each for each in found if each.get("broken") and each["route"] != "bucket events"]
    return [*(each for each in found if each["level"] == "error"), *broken]


@pytest.mark.parametrize(
    ("who", "options"),
    [
        ("olga", ("--phases=coverage,fuzzing", "--max-examples=6")),
        ("", ("--phases=fuzzing", "--max-examples=4")),
    ],
    ids=["owner", "anonymous"],
)
def test_no_described_operation_fails(
    thrown_away: Target, known: dict[str, Any], tmp_path: Path, who: str, options: tuple[str, ...]
) -> None:
    since, begun = len(thrown_away.live.records()), time.monotonic()
    run(thrown_away, {**known, "gentle": False, "token": who and token_of(who)}, tmp_path, *options)
    seconds = time.monotonic() - begun
    # schemathesis does not call the address that it reads the description from.
    asked = {"X-Request-Id": "fuzz:hub-description"}
    described = thrown_away.caller()("GET", "/api/openapi.json", headers=asked).json()
    assert not failed(thrown_away, since)

    operations = {
        o["operationId"]: o for path in described["paths"].values() for o in path.values()
    }
    found = statuses(thrown_away, since)
    reached = {operation for operation, route in found if route == operations[operation]["summary"]}
    assert reached == set(operations)
    done = {operation for (operation, _), counts in found.items() if any(s < 400 for s in counts)}
    calls = sum(count for counts in found.values() for count in counts.values())
    print(f"{len(operations)} operations, {calls} calls, {len(done)} carried out, {seconds:.0f} s")
    if who:
        # What names nothing real goes no further than a look-up: half have to be carried out.
        assert len(done) > 0.5 * len(operations), sorted(set(operations) - done)


# What is made, looked at and ended, by the names of the routes.
CHAINS = {
    "repository": ("create repository", "repository info", "delete repository"),
    "discussion": ("create discussion", "discussion", "comment", "discussion status"),
    "collection": ("create collection", "collection", "change collection", "delete collection"),
    "webhook": ("create webhook", "webhook", "change webhook", "switch webhook", "delete webhook"),
}


@pytest.mark.parametrize("chain", CHAINS.values(), ids=CHAINS)
def test_what_is_made_can_be_looked_at_and_ended(
    thrown_away: Target, known: dict[str, Any], tmp_path: Path, chain: tuple[str, ...]
) -> None:
    """The description's links, followed in any order."""
    since = len(thrown_away.live.records())
    names = [f"--include-operation-id=hub-{name.replace(' ', '-')}" for name in chain]
    everything = {**known, "gentle": True, "token": token_of("olga")}
    run(thrown_away, everything, tmp_path, "--phases=stateful", "--max-examples=40", *names)
    assert not failed(thrown_away, since)
    done = {route for (_, route), counts in statuses(thrown_away, since).items() if 200 in counts}
    assert done == set(chain)
