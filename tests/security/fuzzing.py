"""Hooks of schemathesis: real names into what it makes up, and texts that break things.

Loaded by its own program (``SCHEMATHESIS_HOOKS``), which test_schemathesis.py starts. What it makes
up would name nothing that exists, and go no further than the first look-up. So names of a prepared
hub, and of what the run itself made, take the place of most values in paths and of half of those
in bodies; hostile texts and numbers take the place of some. One generator with a fixed seed
chooses, and calls come one after the other.
"""

from __future__ import annotations

import base64
import json
import os
import random
from pathlib import Path
from typing import Any

import schemathesis

# "gentle": nothing hostile, and bodies that are taken: what follows from success is looked at.
KNOWN: dict[str, Any] = json.loads(Path(os.environ["FUZZED_HUB"]).read_text("utf-8"))
CHOICE = random.Random(os.environ["FUZZED_SEED"])

TEXTS = (
    "'", "' OR '1'='1", '"; DROP TABLE accounts; --', "%", "_", "\\", "%00", "\0", "a\0b",
    "\r\nX-Injected: yes\r\n\r\n", "a\nb", "\x1b[31m", "\x7f", "../../etc/passwd", "..", "a/../b",
    "a" * 300, "b" * 70_000, "é" * 255, "\u202e\u2066", "𝒳" * 40, "e\u0301" * 50, "\ufffe", "İ", "ß",
    "{{7*7}}", "${jndi:ldap://127.0.0.1/}", "<script>alert(1)</script>", "[x](javascript:1)",
    "refs/pr/1", "refs/heads/main", "HEAD~1", "@{-1}", "main:", "-", "--upload-pack=true", ".git", "",
)  # fmt: skip
NUMBERS = (0, -1, 1, 2**31, 2**63 - 1, 2**63, 2**64, -(2**63) - 1, 10**30, True, 1.5)
# Answers until the client leaves: a second of it is as good as any.
ENDLESS = "hub-bucket-events"
ENDLESS_SECONDS = 1
HUGE_IN_PATH = 5_000  # a longer address is refused by the server itself

GOOD: dict[str, tuple[Any, ...]] = {
    "title": ("A title", "Another one"),
    "description": ("Why", ""),
    "comment": ("Yes.", "```suggestion\nother\n```"),
    "content": ("---\nlicense: mit\n---\n# A card\n", "Better."),
    "organization": ("works", "olga"),
    "namespace": ("works", "olga"),
    "repository": ("works/copy", "copy"),
    "user": ("stig", "rita"),
    "tag": ("v1", "v2"),
    "url": ("https://127.0.0.1:9443/hook",),
    "startingPoint": ("main", "side"),
    "revision": ("main", "side"),
    "path": ("README.md", "notes.txt", "folder/deep.txt", "new.txt"),
    "paths": (["README.md", "folder"],),
    "operation": ("upload", "download"),
    "oid": ("0" * 64, "ab" * 32),
    "position": (0, 1),
    "line": (1, 2),
    "side": ("new", "old"),
    "commit": (None,),
    "gateExpiresDays": (30, None),
    "size": (4, 0),
    "client_id": ("a device",),
    "sha256": ("ab" * 32,),
    "secret": ("a secret of some length",),
}
PACKETS = (
    b"0000",
    b"0014command=ls-refs\n0000",
    b"0012command=fetch\n00010009done\n0000",
    b"0032want 0123456789012345678901234567890123456789\n00000009done\n",
    b"ffff",
    b"0003",
    b"00",
    b"",
)


def _ndjson(*lines: tuple[str, object]) -> bytes:
    return b"".join(json.dumps({"key": k, "value": v}).encode() + b"\n" for k, v in lines)


def _commit() -> bytes:
    """A commit that is likely to succeed, or one with something odd in it."""
    odd = CHOICE.random() < 0.5
    path = CHOICE.choice(TEXTS if odd else GOOD["path"])
    summary = CHOICE.choice(TEXTS) if CHOICE.random() < 0.3 else "a commit"
    content = base64.b64encode(str(CHOICE.random()).encode()).decode()
    operation = CHOICE.choice(
        (
            ("file", {"path": path, "content": content, "encoding": "base64"}),
            ("file", {"path": path, "content": CHOICE.choice(TEXTS), "encoding": "utf-8"}),
            ("lfsFile", {"path": path, "algo": "sha256", "oid": "ab" * 32, "size": 3}),
            ("deletedFile", {"path": path}),
            ("deletedFolder", {"path": path}),
            ("copyFile", {"path": path, "srcPath": "README.md", "srcRevision": "main"}),
            (CHOICE.choice(TEXTS), {"path": path}),
        )
    )
    return _ndjson(("header", {"summary": summary, "description": ""}), operation)


@schemathesis.serializer(
    "application/x-ndjson",
    "application/x-git-upload-pack-request",
    "application/x-git-receive-pack-request",
)
def as_bytes(context: schemathesis.SerializationContext, value: Any) -> bytes:
    return value if isinstance(value, bytes) else json.dumps(value, default=str).encode()


def _one_of(values: list[Any]) -> Any:
    """The newest as often as all others together: what was just made is in the oddest state."""
    return values[-1] if CHOICE.random() < 0.5 else CHOICE.choice(values)


def _place(template: str) -> dict[str, Any]:
    """A repository; of a kind that has a prefix where models have none."""
    prefixed = template.startswith(("/{kind}/", "/{prefix}/"))
    fitting = [p for p in KNOWN["places"] if not prefixed or p["kind"] != "models"]
    return fitting[0] if CHOICE.random() < 0.8 else CHOICE.choice(fitting)


def _fill_path(case: schemathesis.Case) -> None:
    place, ends = _place(case.operation.path), case.operation.method.upper() == "DELETE"
    found = case.path_parameters
    for name in found:
        if CHOICE.random() < 0.1:
            continue
        known = {**KNOWN["values"], **place, "prefix": place["kind"]}.get(name)
        if isinstance(known, list):
            # What was there before the run is kept, so that more can be asked of it.
            known = known[1:] if ends and name in {"webhook", "slug", "branch"} else known
            known = _one_of(known) if known else None
        if known is not None and not (name == "ns" and "slug" in found):
            found[name] = known
    if "slug" in found and CHOICE.random() < 0.9:
        found["ns"] = "works"
    if found and not KNOWN["gentle"] and CHOICE.random() < 0.15:
        name = CHOICE.choice(sorted(found))
        found[name] = (CHOICE.choice(TEXTS) or "-")[:HUGE_IN_PATH]


def _is_linked(case: schemathesis.Case) -> bool:
    """Whether a link led here, with the name of what was made: its path stays as it is."""
    if case.meta is None or case.meta.phase.name.value != "stateful":
        return False
    values = KNOWN["values"]
    made = {
        "webhook": values["webhook"],
        "slug": values["slug"],
        "name": [p["name"] for p in KNOWN["places"]],
    }
    return any(case.path_parameters.get(name) in known for name, known in made.items())


def _fill(value: Any, name: str = "") -> Any:
    """A body with some values replaced."""
    if isinstance(value, dict):
        return {key: _fill(each, key) for key, each in value.items()}
    if isinstance(value, list):
        if name in GOOD and CHOICE.random() < 0.5:
            return CHOICE.choice(GOOD[name])
        return [_fill(each, name) for each in value]
    chance = CHOICE.random()
    if name in GOOD and chance < 0.6:
        return CHOICE.choice(GOOD[name])
    if chance < 0.75:
        return value
    if isinstance(value, str):
        return CHOICE.choice(TEXTS)
    return CHOICE.choice(NUMBERS) if isinstance(value, (int, float)) else value


def _known_body(case: schemathesis.Case) -> Any:
    """A body that is known to be taken, for some of the calls."""
    body = KNOWN["bodies"].get(case.operation.definition.raw["summary"])
    chance = 1.0 if KNOWN["gentle"] else 0.4
    return body if body is not None and CHOICE.random() < chance else case.body


def _fill_names(operation: str, body: dict[str, Any]) -> None:
    """Names of repositories that the run may make, move and delete."""
    made = KNOWN["places"][KNOWN["kept"] :]
    if operation == "hub-create-repository" and CHOICE.random() < 0.7:
        # A name is used once: what was deleted is not given again.
        body |= {"name": f"made-{CHOICE.randrange(1 << 30)}", "organization": "works", "files": []}
        body["type"] = CHOICE.choice(("model", "dataset", "space"))
        body.pop("visibility", None)
    if operation == "hub-create-collection" and CHOICE.random() < 0.7:
        body["title"] = f"Made {CHOICE.randrange(1 << 30)}"  # a namespace has each title once
    if operation in {"hub-delete-repository", "hub-move-repository"}:
        # What was there before the run is kept.
        body.update({k: "none" for k, v in body.items() if "fuzzed" in str(v)})
        if made and CHOICE.random() < 0.6:
            name = f"works/{made[0]['name']}"
            body |= {"type": made[0]["kind"][:-1], "name": name, "fromRepo": name}
            body["toRepo"] = f"works/moved-{CHOICE.randrange(1 << 30)}"
            body.pop("organization", None)
            del KNOWN["places"][KNOWN["kept"]]


@schemathesis.hook
def before_call(context: schemathesis.HookContext, case: schemathesis.Case, kwargs: Any) -> None:
    operation = case.operation.definition.raw["operationId"]
    case.headers["X-Request-Id"] = f"fuzz:{operation}"
    if operation == ENDLESS:
        kwargs["timeout"] = ENDLESS_SECONDS
    if not _is_linked(case):
        _fill_path(case)
    if KNOWN["token"]:
        case.headers["Authorization"] = f"Bearer {KNOWN['token']}"
    case.body = _known_body(case)
    if case.media_type == "application/x-ndjson" and CHOICE.random() < 0.9:
        case.body = _commit()
    elif "git" in (case.media_type or "") and CHOICE.random() < 0.9:
        case.body = CHOICE.choice(PACKETS)
    elif isinstance(case.body, dict):
        case.body = (
            dict(case.body) if KNOWN["gentle"] or CHOICE.random() < 0.3 else _fill(case.body)
        )
        _fill_names(operation, case.body)
    for name, value in list(case.query.items()):
        if isinstance(value, str) and CHOICE.random() < 0.3:
            case.query[name] = CHOICE.choice(TEXTS)[:HUGE_IN_PATH]
    if operation.startswith("git-git-info") and CHOICE.random() < 0.7:
        case.query["service"] = CHOICE.choice(("git-upload-pack", "git-receive-pack"))
    _show_passes(case)


def _show_passes(case: schemathesis.Case) -> None:
    """What Xet and LFS ask for: tokens of a domain, signed addresses."""
    summary = case.operation.definition.raw["summary"]
    if case.operation.path.startswith("/xet/") and CHOICE.random() < 0.9:
        held = KNOWN["passes"][CHOICE.choice(("read", "write"))]
        case.path_parameters |= {"domain": held["domain"], "epoch": held["epoch"]}
        case.headers["Authorization"] = f"Bearer {held['token']}"
    signed = KNOWN["signed"].get(summary)
    if signed and CHOICE.random() < 0.8:
        case.query["signature"] = signed["signature"]
        if "oid" in case.path_parameters:
            case.path_parameters["oid"] = signed["oid"]
        if summary == "lfs upload" and CHOICE.random() < 0.3:
            case.body = signed["content"].encode()
        if summary == "lfs verify" and CHOICE.random() < 0.3:
            case.body = {"oid": signed["oid"], "size": len(signed["content"])}


# What an answer names, which later calls then ask for: (capture, fields down to it).
REMEMBERED = {
    "hub-create-webhook": ("webhook", ("webhook", "id")),
    "hub-test-webhook": ("delivery", ("delivery", "id")),
    "hub-create-collection": ("slug", ("slug",)),
    "hub-comment": ("comment", ("newMessage", "id")),
    "hub-review": ("review", ("id",)),
}


@schemathesis.hook
def after_call(
    context: schemathesis.HookContext, case: schemathesis.Case, response: schemathesis.Response
) -> None:
    operation = case.operation.definition.raw["operationId"]
    if response.status_code != 200 or not operation.startswith("hub-"):
        return
    if operation == "hub-create-repository":
        ns, _, name = response.json()["name"].partition("/")
        kind = f"{case.body.get('type') or 'model'}s"
        if ns == "works":
            KNOWN["places"].append({"kind": kind, "ns": ns, "name": name, "number": [1]})
    if operation == "hub-create-discussion":
        for place in KNOWN["places"]:
            if all(place[each] == case.path_parameters[each] for each in ("kind", "ns", "name")):
                place["number"].append(response.json()["num"])
    if operation in REMEMBERED:
        capture, fields = REMEMBERED[operation]
        value = response.json()
        for each in fields:
            value = value.get(each) if isinstance(value, dict) else None
        if value is not None:
            KNOWN["values"][capture].append(str(value).rpartition("/")[2])
