"""S11: what somebody was told yesterday and may not know today.

The story: people whose access had ended still saw titles of private issues in their notifications
and feeds (CVE-2026-20800, CVE-2026-20883), since these were filled while they were members and read
without a second look. Here Len is a member, watches a private repository, takes part and is
mentioned; then he is none. One second later nothing is left: not in the inbox, its count, home, any
feed or activity, by browser, Basic and Bearer. E-mail is tried in tests/hub/test_mailing.py.
"""

from __future__ import annotations

import time

from tests.live import swell
from tests.security.target import Caller, Target, basic, commit, regular, token_of

WHO = "len"


def places(repo: str) -> list[str]:
    """Every address that tells of what happened."""
    key = f"models/{repo}"
    return [
        "/",
        "/notifications",
        "/notifications?which=all",
        f"/notifications?which=all&repo={key}",
        "/api/notifications",
        "/api/notifications?which=all",
        f"/api/notifications?which=all&repo={repo}",
        f"/{repo}/activity",
        f"/{repo}/activity.atom",
        f"/{repo}/commits.atom",
        f"/{repo}/discussions.atom",
        "/works?tab=activity",
        "/olga?tab=activity",
        f"/{WHO}?tab=activity",
        "/-/feeds/accounts/works",
        "/-/feeds/accounts/olga",
        f"/-/feeds/accounts/{WHO}",
        "/-/feeds/models/new.atom",
        f"/api/models/{repo}/watch",
    ]


def telling(callers: list[Caller], repo: str, secret: str) -> set[tuple[int, str]]:
    """The addresses at which somebody is told a name or title; what was asked for is not told."""
    found = set()
    name = repo.partition("/")[2]
    for number, caller in enumerate(callers):
        for path in places(repo):
            answer = caller("GET", path)
            assert answer.status in {200, 303, 401, 403, 404}, (path, answer.text[:200])
            text = answer.text
            if answer.status != 200:
                assert secret not in text
                continue
            if secret in text or name in text:
                found.add((number, path))
    return found


def unread(caller: Caller) -> int:
    return int(caller("GET", "/api/notifications").headers["X-Unread-Count"])


def test_nothing_is_told_a_second_after_a_right_ended(target: Target) -> None:
    olga, len_ = target.user("olga"), target.user(WHO)
    repo = target.repository(olga, "works", "plans", private=True)
    secret = f"The secret plan of {repo.partition('-')[2]}"
    commit(olga, repo, regular("README.md", b"# plans\n"))
    answer = len_.json("PUT", f"/api/models/{repo}/watch", {"level": "all"})
    assert answer.status == 200, answer.text
    for account in ("olga", "wim"):
        len_("POST", f"/api/users/{account}/follow")
    len_("POST", "/api/organizations/works/follow")
    at = f"/api/models/{repo}/discussions"
    body = {"title": secret, "description": f"@{WHO}", "pullRequest": False}
    assert olga.json("POST", at, body).status == 200
    len_.json("POST", f"{at}/1/comment", {"comment": "mine"})
    assert olga.json("POST", f"{at}/1/comment", {"comment": "yours"}).status == 200
    callers = [
        target.browser(WHO),
        len_,
        target.caller(basic(WHO, token_of(WHO))),
        target.caller(basic(WHO, token_of(WHO, "read"))),
    ]
    until = time.monotonic() + 15
    while unread(len_) == 0 and time.monotonic() < until:
        time.sleep(0.2)
    assert unread(len_) == 1
    before = telling(callers, repo, secret)
    assert {path for number, path in before if number == 0} >= {
        "/",
        "/notifications",
        f"/{repo}/activity",
        f"/{repo}/activity.atom",
        "/works?tab=activity",
    }
    assert {(2, f"/{repo}/discussions.atom"), (3, f"/{repo}/activity.atom")} <= before

    swell(target.data, "org", "remove-member", "works", WHO)
    assert telling(callers, repo, secret) == set()
    assert unread(len_) == 0
    assert ">1</span>" not in target.browser(WHO)("GET", "/works").text.partition("</header>")[0]
    told = len_.json("POST", "/api/notifications", {"all": True}).json()
    assert told == {"count": 0}
    time.sleep(1)
    assert olga.json("POST", f"{at}/1/comment", {"comment": f"@{WHO}, again"}).status == 200
    time.sleep(2)
    assert telling(callers, repo, secret) == set()
    assert unread(len_) == 0


def test_a_feed_asks_who_one_is_and_never_by_its_address(target: Target) -> None:
    olga = target.user("olga")
    repo = target.repository(olga, "olga", "quiet", private=True)
    for name in ("activity", "commits", "discussions"):
        path = f"/{repo}/{name}.atom"
        answer = target.caller()("GET", path)
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"].startswith("Basic")
        token = token_of("olga")
        for query in (f"token={token}", f"access_token={token}", f"private_token={token}"):
            assert target.caller()("GET", f"{path}?{query}").status == 401
        missing = target.caller()("GET", f"/olga/nowhere-at-all/{name}.atom")
        assert (missing.status, missing.text) == (answer.status, answer.text)
        assert target.caller(basic("olga", token))("GET", path).status == 200
        assert target.caller(basic("stig", token_of("stig")))("GET", path).status == 404


def test_what_people_write_cannot_break_a_feed(target: Target) -> None:
    from xml.etree import ElementTree as ET

    olga = target.user("olga")
    repo = target.repository(olga, "olga", "shown")
    commit(olga, repo, regular("README.md", b"# hi\n"))
    title = "]]></title><script>alert(1)</script>&nbsp;<!DOCTYPE x [<!ENTITY a 'b'>]>&a; \u202eevil"
    text = "\x0b\x1b[31m<![CDATA[ \ufffe & ]]>"
    body = {"title": title, "description": text, "pullRequest": False}
    assert olga.json("POST", f"/api/models/{repo}/discussions", body).status in {200, 400}
    body["description"] = "<b>& more</b>"
    assert olga.json("POST", f"/api/models/{repo}/discussions", body).status == 200
    anonymous = target.caller()
    for name in ("activity", "commits", "discussions"):
        answer = anonymous("GET", f"/{repo}/{name}.atom")
        assert answer.headers["Content-Type"].startswith("application/atom+xml")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "<script" not in answer.text
        assert "\u202e" not in answer.text
        root = ET.fromstring(answer.body)
        space = {"a": "http://www.w3.org/2005/Atom"}
        entries = root.findall("a:entry", space)
        assert 1 <= len(entries) <= 50
        ids = [each.findtext("a:id", "", space) for each in entries]
        assert len(set(ids)) == len(ids)
        if name == "activity":
            assert any("<script>" in each.findtext("a:title", "", space) for each in entries)
        again = anonymous(
            "GET", f"/{repo}/{name}.atom", headers={"If-None-Match": answer.headers["ETag"]}
        )
        assert (again.status, again.body) == (304, b"")
