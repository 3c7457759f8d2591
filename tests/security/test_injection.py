"""S20: texts that become something else: SQL, a command, a header, a line of the log, a template.

The story: every text that a stranger chooses passes through machines with signs of their own. A
quote ends a string in SQL, a line break ends a header and begins one of the attacker's, or forges
a line of the log; braces are carried out by a template; and a number where a text is expected, or
a list where a number is, ends in an answer of 500 that tells how the machine is built.

Here every field of every request that takes one is filled with such texts and with values of every
wrong type. No answer is 5xx, none takes longer for it, no header is split, and the log stays one
record a line.
"""

from __future__ import annotations

import json
import statistics
import time
import urllib.parse
from typing import Any

import pytest

from tests.security.target import (
    Target,
    basic,
    bearer,
    commit,
    csrf_in,
    ndjson,
    raw,
    regular,
)

TEXTS = [
    "'", '"', "`", "\\", "';--", "' OR '1'='1", '" OR ""="', "1; DROP TABLE accounts", "' UNION SELECT digest FROM tokens--",
    "') AND (SELECT 1 FROM (SELECT randomblob(500000000)))--", "1 AND 1=(SELECT count(*) FROM sqlite_master)",
    "'||pg_sleep(5)||'", "'; WAITFOR DELAY '0:0:5'--", "%' ESCAPE '", "\x00", "a\x00b", "\r\nX-Injected: yes", "\nSet-Cookie: x=y",
    "%0d%0aX-Injected: yes", "\u2028\u2029\x85", "\x1b[2J\x1b]0;x\x07", "{{7*7}}", "{% raw %}", "${7*7}", "#{7*7}", "<%= 7*7 %>",
    "$(sleep 5)", "`sleep 5`", "; sleep 5", "| sleep 5", "&& sleep 5", "--help", "-oProxyCommand=x", "../../x", "\ufeff", "\u202e",
    "\ud800", "🤗" * 50, "a" * 20_000, "%s%n%x", "{0.__class__}", "__proto__", "<script>alert(1)</script>", "NaN", "1e999",
    "9" * 400, "-1", "null", "[]", "true", "(" * 200, "a*" * 100 + "b", "é" * 300,
]  # fmt: skip
VALUES: list[Any] = [
    None,
    True,
    0,
    -1,
    1.5,
    1e308,
    2**63,
    2**200,
    [],
    [[]],
    {},
    {"a": {}},
    [None],
    ["x", 1],
    "",
    *TEXTS,
]

QUERIES = [
    "/api/models?search={}", "/api/models?author={}", "/api/models?filter={}", "/api/models?sort={}", "/api/models?direction={}",
    "/api/models?limit={}", "/api/models?cursor={}", "/api/models?expand={}", "/api/models?{}=x", "/api/datasets?tags={}",
    "/api/models?pipeline_tag={}", "/api/models?library={}", "/api/models?gated={}", "/api/models?full={}", "/api/models-tags-by-type?type={}",
    "/api/models/{repo}?expand={}", "/api/models/{repo}?blobs={}", "/api/models/{repo}/tree/main?cursor={}", "/api/models/{repo}/tree/main?limit={}",
    "/api/models/{repo}/tree/main?recursive={}", "/api/models/{repo}/commits/main?p={}", "/api/models/{repo}/commits/main?limit={}",
    "/api/models/{repo}/refs?include_pull_requests={}", "/api/models/{repo}/discussions?type={}", "/api/models/{repo}/discussions?author={}",
    "/api/models/{repo}/discussions?p={}", "/api/models/{repo}/lfs-files?cursor={}", "/api/models/{repo}/lfs-files?limit={}",
    "/{repo}/resolve/main/a.txt?download={}", "/{repo}.git/info/refs?service={}", "/models?search={}", "/models?p={}", "/models?sort={}",
    "/login?next={}", "/device?user_code={}", "/{repo}?note={}", "/{repo}/commits/main?p={}", "/{repo}/discussions?status={}",
    "/-/admin/users?after={}", "/api/settings/repositories?type={}", "/v2/{repo}/manifests/{}", "/api/models/{}/x", "/api/models/x/{}",
    "/{repo}/tree/{}", "/{repo}/blob/main/{}", "/{repo}/commit/{}", "/api/users/{}/overview", "/avatars/{}", "/{}", "/{repo}/discussions/{}",
]  # fmt: skip

HASH = "0" * 64
BODIES: list[tuple[str, str, dict[str, Any]]] = [
    ("POST", "/api/repos/create", {"name": "x y", "type": "model", "organization": "stig", "private": True, "visibility": "public",
                                   "sdk": "gradio", "license": "mit", "files": [{"path": "a", "content": "x", "encoding": "utf-8"}]}),
    ("DELETE", "/api/repos/delete", {"name": "nothing", "organization": "stig", "type": "model"}),
    ("POST", "/api/repos/move", {"fromRepo": "stig/a", "toRepo": "stig/b", "type": "model"}),
    ("POST", "/api/validate-yaml", {"content": "# x", "repoType": "model"}),
    ("POST", "/api/models/{repo}/preupload/main", {"files": [{"path": "a", "sample": "", "size": 1}], "gitAttributes": "", "gitIgnore": ""}),
    ("POST", "/api/models/{repo}/paths-info/main", {"paths": ["a"], "expand": True}),
    ("POST", "/api/models/{repo}/discussions", {"title": "t", "description": "d", "pullRequest": False}),
    ("POST", "/api/models/{repo}/discussions/1/status", {"status": "open", "comment": "c"}),
    ("POST", "/api/models/{repo}/discussions/1/merge", {"comment": "c"}),
    ("POST", "/api/models/{repo}/branch/b", {"startingPoint": "main", "emptyBranch": False, "overwrite": False}),
    ("POST", "/api/models/{repo}/tag/main", {"tag": "t", "message": "m"}),
    ("POST", "/api/models/{repo}/super-squash/nope", {"message": "m"}),
    ("PUT", "/api/models/{repo}/settings", {"private": False, "visibility": "public", "gated": False, "disabled": False, "description": "d"}),
    ("POST", "/api/models/{repo}/duplicate", {"repository": "stig/x y", "visibility": "public", "private": False}),
    ("POST", "/api/models/{repo}/lfs-files/batch", {"deletions": {"sha": [HASH], "rewriteHistory": False}}),
    ("POST", "/api/models/{repo}/lfs-files/duplicate", {"target": {"type": "model", "name": "stig/x"}, "files": [{"sha256": HASH, "xetHash": HASH, "filename": "x"}]}),
    ("POST", "/{repo}.git/info/lfs/objects/batch", {"operation": "upload", "transfers": ["basic"], "objects": [{"oid": HASH, "size": 1}], "hash_algo": "sha256", "ref": {"name": "refs/heads/main"}}),
    ("POST", "/oauth/device", {"client_id": "c", "scope": "read"}),
    ("POST", "/oauth/token", {"grant_type": "urn:ietf:params:oauth:grant-type:device_code", "device_code": "x", "client_id": "c"}),
]  # fmt: skip
LINES: list[tuple[str, dict[str, Any]]] = [
    ("header", {"summary": "s", "description": "d", "parentCommit": "0" * 40}),
    ("file", {"path": "p", "content": "eA==", "encoding": "base64"}),
    ("lfsFile", {"path": "p", "algo": "sha256", "oid": HASH, "size": 1}),
    ("deletedFile", {"path": "p"}),
    ("deletedFolder", {"path": "p"}),
]
FORMS = [
    ("/login", ("name", "password", "next")),
    ("/new", ("kind", "owner", "name", "visibility", "license")),
    ("/settings/profile", ("current", "new")),
    ("/settings/tokens/new", ("name", "role", "repositories", "days")),
    ("/settings/tokens/revoke", ("id",)),
    ("/device/approve", ("user_code", "answer")),
    ("/{repo}/settings", ("change", "visibility", "gate", "name", "owner", "confirm")),
    ("/{repo}/refs", ("create", "delete", "name", "from")),
    ("/{repo}/delete/main/nope", ("summary", "parent", "how")),
]
HEADERS = ["Range", "If-None-Match", "If-Modified-Since", "Accept", "Accept-Language", "Accept-Encoding", "User-Agent", "X-Request-Id",
           "X-Amzn-Trace-Id", "Cookie", "Referer", "Origin", "Content-Type", "Git-Protocol", "X-HF-Bill-To", "Authorization",
           "Content-Encoding", "X-Requested-With", "If-Range", "Sec-Fetch-Site", "Access-Control-Request-Method"]  # fmt: skip


@pytest.fixture(scope="module")
def repo(target: Target) -> str:
    stig = target.user("stig")
    name = target.repository(stig, "stig", "texts")
    assert commit(stig, name, regular("a.txt", b"a")).status == 200
    assert stig.json("POST", f"/api/models/{name}/discussions", {"title": "first"}).status == 200
    return name


class Slow:
    """Requests with a watch: what takes longest, so that a sleep in SQL or a shell would show."""

    def __init__(self) -> None:
        self.seconds: list[tuple[float, str]] = []

    def take(self, what: str, began: float) -> None:
        self.seconds.append((time.monotonic() - began, what))

    def check(self) -> None:
        longest = sorted(self.seconds)[-3:]
        assert longest[-1][0] < 4.0, longest
        assert statistics.median(each for each, _ in self.seconds) < 0.5


def safe(answer: Any, what: object) -> None:
    assert answer.status < 500, (what, answer.status, answer.text[:400])
    assert "X-Injected" not in answer.headers, what
    cookies = answer.headers.get_all("Set-Cookie") or []
    assert not any(each.startswith("x=y") for each in cookies), what
    for value in answer.headers.values():
        assert value.isprintable(), (what, value)
    for word in ("Traceback", "sqlite3", "sqlalchemy", "site-packages", "OperationalError"):
        assert word not in answer.text, (what, word)


def quoted(text: str) -> str:
    return urllib.parse.quote(text.encode("utf-8", "surrogatepass")[:6000], safe="")


def test_texts_in_addresses(target: Target, repo: str) -> None:
    slow, caller = Slow(), target.user("stig")
    for number, query in enumerate(QUERIES):
        for text in TEXTS if number % 2 else TEXTS[:40]:
            path = query.replace("{repo}", repo).replace("{}", quoted(text))
            began = time.monotonic()
            answer = caller("GET", path)
            slow.take(path[:100], began)
            safe(answer, path[:200])
            if answer.status in {301, 302, 303, 307, 308}:
                assert answer.headers["Location"].startswith("/"), path[:200]
            if "49" in answer.text and "7*7" in text:
                plain = caller("GET", query.replace("{repo}", repo).replace("{}", "zq"))
                assert (
                    answer.text.count("49") <= plain.text.count("49") + answer.text.count("7*7") + 3
                )
    slow.check()


def filled(value: Any, replaced: Any) -> list[Any]:
    """The value with each of its leaves, and each inner value, replaced in turn."""
    found: list[Any] = []
    if isinstance(value, dict):
        for name in value:
            found.append({**value, name: replaced})
            found += [{**value, name: inner} for inner in filled(value[name], replaced)]
    elif isinstance(value, list) and value:
        found.append([replaced])
        found += [[inner] for inner in filled(value[0], replaced)]
    return found


def without_sleep(value: Any) -> bytes:
    return json.dumps(value).encode()


@pytest.mark.parametrize("number", range(len(BODIES)))
def test_values_of_every_kind_in_json(target: Target, repo: str, number: int) -> None:
    slow, caller = Slow(), target.user("stig")
    method, path, body = BODIES[number]
    # The settings form must not close the repository that other cases use.
    if path.endswith(("/settings", "/batch")) or "duplicate" in path:
        repo = target.repository(caller, "stig", "json")
    path = path.replace("{repo}", repo)
    for value in VALUES:
        for each in filled(body, value):
            began = time.monotonic()
            answer = caller(method, path, without_sleep(each), {"Content-Type": "application/json"})
            slow.take(str(each)[:100], began)
            safe(answer, (path, str(each)[:200]))
    for whole in (
        b"",
        b"[]",
        b"null",
        b'"x"',
        b"1",
        b"{",
        b'{"a":1,"a":2}',
        b"\xff\xfe",
        b'{"\\u0000":1}',
        b"[" * 10_000,
        b"{}" * 3,
    ):
        safe(caller(method, path, whole, {"Content-Type": "application/json"}), (path, whole[:40]))
    slow.check()


def test_values_of_every_kind_in_the_lines_of_a_commit(target: Target, repo: str) -> None:
    caller = target.user("stig")
    header = ("header", {"summary": "s"})
    for key, value in LINES:
        for wrong in VALUES:
            for each in filled(value, wrong):
                lines = [(key, each)] if key == "header" else [header, (key, each)]
                kind = {"Content-Type": "application/x-ndjson"}
                answer = caller("POST", f"/api/models/{repo}/commit/fuzz", ndjson(*lines), kind)
                safe(answer, (key, str(each)[:200]))
    for wrong in VALUES:
        body = (
            json.dumps(wrong).encode() + b"\n" + json.dumps({"key": wrong, "value": wrong}).encode()
        )
        safe(caller("POST", f"/api/models/{repo}/commit/main", body), str(wrong)[:100])


def test_texts_in_forms(target: Target, repo: str) -> None:
    slow, browser = Slow(), target.sign_in("stig")
    own = target.repository(target.user("stig"), "stig", "forms")
    csrf = csrf_in(browser("GET", "/new").text)
    for path, names in FORMS:
        if path == "/login":
            continue  # wrong passwords make one wait; other tests guess
        for name in names:
            if (path, name) == ("/settings/profile", "current"):
                continue
            for text in TEXTS:
                fields = {
                    "csrf": csrf,
                    "role": "read",
                    "name": "x y",
                    "change": "access",
                    name: text,
                }
                body = "&".join(f"{key}={quoted(value)}" for key, value in fields.items()).encode()
                kind = {"Content-Type": "application/x-www-form-urlencoded"}
                began = time.monotonic()
                answer = browser("POST", path.replace("{repo}", own), body, kind)
                slow.take(f"{path} {name} {text[:40]}", began)
                safe(answer, (path, name, text[:60]))
                if 300 <= answer.status < 400:
                    assert answer.headers["Location"].startswith("/")
    slow.check()


def test_texts_in_headers(target: Target, repo: str) -> None:
    caller, anybody = target.user("stig"), target.caller()
    for name in HEADERS:
        for text in [
            *TEXTS,
            "bytes=0-,0-,0-",
            "bytes=" + "0-0," * 2000,
            "bytes=9-1",
            "bytes=-0",
            "text/html;q=x",
            "a/b;" * 500,
        ]:
            value = text.encode("utf-8", "surrogatepass").decode("latin-1")[:6000]
            if any(sign in value for sign in "\r\n\0"):
                value = value.replace("\r", "").replace("\n", "").replace("\0", "")
            for path in (f"/{repo}/resolve/main/a.txt", "/api/models?limit=1", f"/{repo}"):
                who = anybody if name in {"Authorization", "Cookie"} else caller
                safe(who("GET", path, None, {name: value}), (name, text[:60], path))
    for text in TEXTS:
        secret = text.encode("utf-8", "replace").decode("utf-8")
        for header in (basic("", secret), basic("a:b", ""), bearer(quoted(secret))):
            safe(anybody("GET", "/api/whoami-v2", None, header), header)


def test_headers_are_never_split(target: Target, repo: str) -> None:
    """Where a text of the request comes back in a header: ids, messages, places, file names."""
    stig = target.user("stig")
    assert commit(stig, repo, regular('say "hi"; filename=x.html', b"x")).status == 200
    for raw_path in (
        f"/{repo}/resolve/main/a%0d%0aX-Injected:%20yes",
        f"/{repo}/resolve/main/say%20%22hi%22%3B%20filename%3Dx.html",
        "/login?next=/%0d%0aX-Injected:%20yes",
        "/api/models?limit=1&x=%0d%0aX-Injected:%20yes",
        f"/api/models/{repo}/tree/main%0d%0aX-Injected:%20yes",
        f"/{repo.upper()}?x=%0d%0aX-Injected:%20yes",
    ):
        for accept in ("*/*", "text/html"):
            request = f"GET {raw_path} HTTP/1.1\r\nHost: x\r\nAccept: {accept}\r\nConnection: close\r\n\r\n"
            head, _, _ = raw(target.port, request.encode()).partition(b"\r\n\r\n")
            assert b"\nX-Injected" not in head, raw_path
            assert b"\nx-injected" not in head, raw_path
            assert head.lower().count(b"\ncontent-length:") <= 1
    safe_name = stig("GET", f"/{repo}/resolve/main/say%20%22hi%22%3B%20filename%3Dx.html")
    told = safe_name.headers["Content-Disposition"]
    assert told.count("filename=") <= 2, told
    assert 'filename="x.html"' not in told


def test_the_log_stays_one_record_a_line(target: Target) -> None:
    """After all of the above: every line of the log is JSON of its own, without control signs."""
    time.sleep(0.2)
    lines = list(target.live.log)
    begun = next(number for number, entry in enumerate(lines) if entry.startswith("{"))
    for entry in lines[begun:]:
        record = json.loads(entry)
        assert record["message"]
        assert not any(
            ord(sign) < 32 or 127 <= ord(sign) < 160 or sign in "\u2028\u2029" for sign in entry
        ), entry[:300]
        assert not (record["level"] == "error" and "Traceback" in str(record)), entry[:2000]
