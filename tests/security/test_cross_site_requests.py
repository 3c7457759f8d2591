"""S7: what a page of another site makes a browser do.

The story: Mallory's page sends a form, an image or a script's request to the hub, and the browser
adds the cookie of whoever is reading her page. If the hub takes the cookie for the will of its
owner, the page deletes, publishes and makes tokens in their name. Or she signs the victim in as
herself, or plants a session of which she knows the value (fixation).

Every address that changes anything, taken from the router, is asked with a good cookie and every
way in which a page of another site can ask, and with none of the signs that a browser gives. All
are refused, and nothing has changed.
"""

from __future__ import annotations

import hashlib
import json
import re

import pytest

from groundswell.http.app import every_route
from tests.security.target import (
    KIB,
    PASSWORD,
    Caller,
    Target,
    commit,
    csrf_in,
    noise,
    raw,
    regular,
)
from tests.security.test_path_traversal import fill
from tests.security.test_routes_and_roles import DATASETS_ALONE, LINES, RIGHT_OF, Place, drive

UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}
EVIL = "http://evil.example"

# What these answer depends on no cookie: they ask for a token, a signature or nothing at all.
WITHOUT_COOKIE = re.compile(
    r"^/xet/|/info/lfs/(objects/\{oid\}|objects/verify|parts/|uploads/|\{rest\*\})"
    r"|^/oauth/(device|token)$|^/api/validate-yaml$|^/v1/telemetry$|^/api/\{rest\*\}$"
)


def unsafe_routes() -> list[tuple[str, str]]:
    found = set()
    for route in every_route():
        for method in UNSAFE & set(route.methods):
            found.add((method, route.pattern))
    return sorted(found)


ROUTES = unsafe_routes()


@pytest.fixture(scope="module")
def victim(target: Target) -> Caller:
    """Olga's browser; what it sends says nothing of where it comes from."""
    browser = target.sign_in("olga")
    return target.caller({"Cookie": browser.headers["Cookie"]})


@pytest.fixture(scope="module")
def repo(target: Target) -> str:
    olga = target.user("olga")
    name = target.repository(olga, "olga", "victims")
    assert commit(olga, name, regular("notes.txt", b"notes")).status == 200
    return name


def signs(target: Target) -> dict[str, dict[str, str]]:
    """What a browser says of a request that a page of another site made."""
    own = target.url
    return {
        "nothing": {},
        "evil origin": {"Origin": EVIL},
        "null origin": {"Origin": "null"},
        "empty origin": {"Origin": ""},
        "another port": {"Origin": "http://127.0.0.1:1"},
        "another scheme": {"Origin": own.replace("http:", "https:")},
        "own name as a prefix": {"Origin": f"{own}.evil.example"},
        "own name as a user": {"Origin": own.replace("http://", "http://evil.example@")},
        "own name in a path": {"Origin": f"{EVIL}/{own}"},
        "own referer": {"Referer": own},
        "cross-site": {"Sec-Fetch-Site": "cross-site"},
        "same-site": {"Sec-Fetch-Site": "same-site"},
        "cross-site with own origin": {"Sec-Fetch-Site": "cross-site", "Origin": own},
        "evil and same-origin-ish": {"Sec-Fetch-Site": "same-origin, cross-site"},
    }


def state(target: Target, repo: str) -> list[object]:
    olga = target.user("olga")
    told: list[object] = [olga("GET", f"/api/models/{repo}").json()["sha"]]
    told.append(olga("GET", f"/api/models/{repo}/refs").json())
    told.append(olga("GET", f"/api/models/{repo}/discussions").json()["count"])
    told.append(len(olga("GET", "/api/models?author=olga&limit=1000").json()))
    told.append(target.browser("olga")("GET", "/settings/tokens").text.count('name="id"'))
    return told


def test_there_is_something_to_attack() -> None:
    attacked = [each for each in ROUTES if not WITHOUT_COOKIE.search(each[1])]
    assert len(attacked) >= 30
    assert ("POST", "/api/repos/create") in attacked
    assert ("POST", "/logout") in attacked


def test_no_page_of_another_site_changes_anything(
    target: Target, victim: Caller, repo: str
) -> None:
    before = state(target, repo)
    csrf = csrf_in(target.caller()("GET", "/login").text)  # anybody's, so also an attacker's
    forms = {
        "application/x-www-form-urlencoded": f"csrf={csrf}&title=t&name=x&private=1".encode(),
        "text/plain": b'{"name": "planted", "title": "t"}',
        "application/json": b'{"name": "planted", "title": "t", "message": "m"}',
        "multipart/form-data; boundary=b": b"--b--\r\n",
        "application/x-git-receive-pack-request": b"0000",
    }
    for method, pattern in ROUTES:
        if WITHOUT_COOKIE.search(pattern):
            continue
        path = fill(pattern, repo, "-", "")
        for sign, headers in signs(target).items():
            for kind, body in forms.items():
                answer = victim(method, path, body, {**headers, "Content-Type": kind})
                # 400 and 405: not what the address takes, from whomever it came.
                assert answer.status in {400, 403, 405}, (
                    method,
                    path,
                    sign,
                    kind,
                    answer.text[:200],
                )
    assert state(target, repo) == before


def test_requests_that_are_good_but_for_their_origin_are_refused(
    target: Target, victim: Caller, repo: str
) -> None:
    """What the owner's own page would carry out, from elsewhere: 403, each and every one."""
    before = state(target, repo)
    csrf = csrf_in(target.browser("olga")("GET", "/new").text)
    head = target.user("olga")("GET", f"/api/models/{repo}").json()["sha"]
    place = Place("models", repo, head, repo)
    dataset = target.repository(target.user("olga"), "olga", "victims", kind="dataset")
    of_datasets = Place("datasets", dataset, head, dataset)
    lines = [line for line in LINES if line.partition(" ")[0] in UNSAFE]
    counted = 0
    for line in lines:
        if RIGHT_OF[line] in {"open", "signed", "store", "nothing"} and line not in {
            "POST /login",
            "POST /logout",
        }:
            continue
        for sign, headers in signs(target).items():
            caller = target.caller({**victim.headers, **headers})
            there = of_datasets if DATASETS_ALONE.search(line) else place
            answer = drive(caller, line, there, csrf)
            caller.close()
            assert answer.status == 403, (line, sign, answer.status, answer.text[:200])
            counted += 1
    assert counted > 400
    assert state(target, repo) == before


def test_own_pages_may(target: Target, victim: Caller, repo: str) -> None:
    """The control: the same cookie, from this hub's own pages."""
    for headers in ({"Origin": target.url}, {"Sec-Fetch-Site": "same-origin"}):
        body = {"title": "from the hub's own page"}
        answer = victim.json("POST", f"/api/models/{repo}/discussions", body, headers)
        assert answer.status == 200, answer.text


def test_uploads_by_cookie_are_for_own_pages(target: Target, victim: Caller, repo: str) -> None:
    """The upload page sends files through the public doors with its cookie: preupload, batch, commit.
    Mallory's page knows what to send, and sends it in every form that needs no question beforehand.
    """
    content = noise(KIB, "dropped")
    oid = hashlib.sha256(content).hexdigest()
    line = {"key": "lfsFile", "value": {"path": "p.bin", "algo": "sha256", "oid": oid, "size": KIB}}
    lines = [{"key": "header", "value": {"summary": "s", "description": ""}}, line]
    steps = {
        f"/api/models/{repo}/preupload/main": json.dumps(
            {"files": [{"path": "p.bin", "size": KIB}]}
        ),
        f"/{repo}.git/info/lfs/objects/batch": json.dumps(
            {
                "operation": "upload",
                "transfers": ["multipart"],
                "objects": [{"oid": oid, "size": KIB}],
            }
        ),
        f"/api/models/{repo}/commit/main": "\n".join(json.dumps(each) for each in lines),
        f"/api/models/{repo}/commit/main?create_pr=1": "\n".join(
            json.dumps(each) for each in lines
        ),
    }
    before = state(target, repo)
    kinds = ("application/json", "text/plain", "application/x-www-form-urlencoded", "")
    for path, body in steps.items():
        for sign, headers in signs(target).items():
            for kind in kinds:
                sent = {**headers, "Content-Type": kind} if kind else headers
                answer = victim("POST", path, body.encode(), sent)
                assert answer.status == 403, (path, sign, kind, answer.text[:200])
                assert "signature" not in answer.text
    assert state(target, repo) == before
    # The control: the hub's own page, step by step.
    own = {"Origin": target.url, "Sec-Fetch-Site": "same-origin", "Content-Type": "text/plain"}
    preupload, batch, commit_path, _ = steps
    assert victim("POST", preupload, steps[preupload].encode(), own).status == 200
    told = victim("POST", batch, steps[batch].encode(), own).json()
    upload = told["objects"][0]["actions"]["upload"]
    [part] = [url for name, url in upload["header"].items() if name != "chunk_size"]
    etag = victim("PUT", part.removeprefix(target.url), content, own).headers["ETag"]
    body = {"oid": oid, "parts": [{"partNumber": 1, "etag": etag}]}
    assert victim.json("POST", upload["href"].removeprefix(target.url), body, own).status == 200
    assert victim("POST", commit_path, steps[commit_path].encode(), own).status == 200


def test_where_no_cookie_counts_it_gives_nothing(target: Target, victim: Caller, repo: str) -> None:
    for method, pattern in ROUTES:
        if WITHOUT_COOKIE.search(pattern):
            answer = victim(method, fill(pattern, repo, "-", ""), b"{}", {"Origin": EVIL})
            assert answer.status in {200, 400, 401, 403, 404, 405, 411, 422}, pattern
            if answer.status == 200:
                assert pattern in {
                    "/api/validate-yaml",
                    "/v1/telemetry",
                    "/xet/{domain}/{epoch}/v1/telemetry",
                }, pattern


def test_a_form_needs_the_token_of_its_own_session(target: Target, repo: str) -> None:
    """A token of no session, another person's, an old session's, one for something else."""
    browser, other = target.sign_in("olga"), target.sign_in("mallory")
    own = csrf_in(browser("GET", "/new").text)
    fakes = [
        "",
        "x",
        own[:-2],
        own + "A",
        csrf_in(target.caller()("GET", "/login").text),
        csrf_in(other("GET", "/new").text),
        csrf_in(target.sign_in("olga")("GET", "/new").text),
    ]
    for path in (
        "/logout",
        "/new",
        "/settings/tokens/new",
        "/settings/profile",
        f"/{repo}/settings",
        f"/{repo}/refs",
    ):
        for fake in fakes:
            assert browser.form(path, {"csrf": fake}).status == 403, (path, fake)
        assert browser.form(path, {}).status == 403
    assert browser("GET", "/settings/profile").status == 200


def test_reading_changes_nothing(target: Target, repo: str) -> None:
    """No address that a link or an image can ask for changes anything."""
    before = state(target, repo)
    browser = target.sign_in("olga")
    for path in ("/logout", "/settings/tokens/revoke?id=1", "/device/approve?answer=approve", f"/{repo}/settings?change=delete&confirm={repo}",
                 f"/{repo}/delete/main/notes.txt", "/api/repos/delete?name=victims", f"/{repo}/refs?create=branch&name=x", "/new?name=x"):  # fmt: skip
        for method in ("GET", "HEAD"):
            browser(method, path)
        browser("GET", path, None, {"X-HTTP-Method-Override": "POST"})
    browser("OPTIONS", "/logout")
    assert state(target, repo) == before
    assert browser("GET", "/settings/profile").status == 200


# --- sessions ------------------------------------------------------------------------------------


def test_a_planted_session_is_never_taken_over(target: Target) -> None:
    """A cookie of the attacker's choice does not become the victim's session, nor does an old one."""
    planted = "a" * 43
    for name in ("swell-session", "__Host-swell-session"):
        before = target.caller({"Origin": target.url, "Cookie": f"{name}={planted}"})
        fields = {
            "csrf": csrf_in(before("GET", "/login").text),
            "name": "stig",
            "password": PASSWORD.format("stig"),
        }
        answer = before.form("/login", fields)
        assert answer.status == 303
        assert planted not in answer.headers["Set-Cookie"]
        assert before("GET", "/api/whoami-v2").status == 401
    mallorys = target.sign_in("mallory")
    fields = {
        "csrf": csrf_in(mallorys("GET", "/new").text),
        "name": "stig",
        "password": PASSWORD.format("stig"),
    }
    answer = mallorys.form("/login", fields)
    assert answer.status == 303
    # What was mallory's session is over, not turned into stig's.
    assert mallorys("GET", "/api/whoami-v2").status == 401


def test_the_cookie_is_kept_from_scripts_and_other_sites(target: Target) -> None:
    anonymous = target.caller({"Origin": target.url})
    fields = {
        "csrf": csrf_in(anonymous("GET", "/login").text),
        "name": "stig",
        "password": PASSWORD.format("stig"),
    }
    told = anonymous.form("/login", fields).headers["Set-Cookie"].lower()
    assert "httponly" in told
    assert "samesite=lax" in told
    assert "path=/" in told
    assert "domain=" not in told


def test_signing_in_by_another_site_is_refused(target: Target) -> None:
    """Who is signed in as Mallory without knowing it uploads to her."""
    anonymous = target.caller()
    csrf = csrf_in(anonymous("GET", "/login").text)
    fields = {"csrf": csrf, "name": "mallory", "password": PASSWORD.format("mallory")}
    for headers in ({}, {"Origin": EVIL}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
        answer = anonymous.form("/login", fields, headers)
        assert answer.status == 403
        assert answer.headers["Set-Cookie"] is None


def test_scripts_of_other_sites_read_only_what_anybody_may(
    target: Target, victim: Caller, repo: str
) -> None:
    """CORS: the answers that a cookie or a token shaped are for nobody else's script."""
    for path in (
        f"/api/models/{repo}",
        "/api/whoami-v2",
        f"/{repo}/resolve/main/notes.txt",
        "/settings/tokens",
        "/",
    ):
        answer = victim("GET", path, None, {"Origin": EVIL})
        assert answer.headers["Access-Control-Allow-Origin"] is None, path
        assert answer.headers["Access-Control-Allow-Credentials"] is None
        asked = {
            "Origin": EVIL,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization",
        }
        told = target.caller()("OPTIONS", path, None, asked)
        assert "POST" not in (told.headers["Access-Control-Allow-Methods"] or "")
        assert "authorization" not in (told.headers["Access-Control-Allow-Headers"] or "").lower()
    plain = target.caller()("GET", f"/api/models/{repo}", None, {"Origin": EVIL})
    assert plain.headers["Access-Control-Allow-Origin"] == "*"


def test_no_page_can_be_framed_or_sniffed(target: Target, repo: str) -> None:
    browser = target.sign_in("olga")
    for path in ("/", "/login", "/new", "/settings/tokens", f"/{repo}", f"/{repo}/settings", f"/{repo}/resolve/main/notes.txt",
                 f"/{repo}/raw/main/notes.txt", "/nothing/here/at/all", "/avatars/olga.svg", "/api/models", "/-/static/x/y"):  # fmt: skip
        answer = browser("GET", path)
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"], path
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "unsafe" not in answer.headers["Content-Security-Policy"]


def test_two_cookies_of_one_name_are_no_way_round(target: Target) -> None:
    cookie = target.sign_in("olga").headers["Cookie"]
    for line in (
        f"swell-session=x; {cookie}",
        f"{cookie}; swell-session=x",
        f'{cookie.replace("=", "=" + chr(34))}"',
    ):
        request = f"POST /logout HTTP/1.1\r\nHost: x\r\nOrigin: {EVIL}\r\nCookie: {line}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        assert raw(target.port, request.encode()).startswith(b"HTTP/1.1 403")
    assert target.caller({"Cookie": cookie})("GET", "/settings/profile").status == 200
