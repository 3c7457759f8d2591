"""S6, S11: files of discussions that lie about what they are, or whose address is known to others.

The story: a hub takes pictures for comments and gives each an address. Mallory learns the address
of one in a private repository (a screenshot of what is not yet public) and asks for it, names it in
a comment of her own to make it hers, or keeps the address from when she still had the right. Or she
uploads a page with script as a picture, and sends its address to somebody who is signed in.
"""

from __future__ import annotations

import pytest

from tests.hub.media import PNG, pictures
from tests.security.target import Answer, Caller, Target

SVG = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>".ljust(200)
PAGE = b"<!doctype html><script>alert(1)</script>".ljust(200)


def bring(who: Caller, data: bytes = PNG, kind: str = "image/png") -> Answer:
    return who("POST", "/uploads", data, {"Content-Type": kind})


def path_of(target: Target, answer: Answer) -> str:
    assert answer.status == 200, answer.text
    assert answer.headers["Content-Type"].startswith("text/plain")
    return answer.text.removeprefix(target.url)


def say(who: Caller, repo: str, text: str) -> Answer:
    return who.json("POST", f"/api/models/{repo}/discussions", {"title": "T", "description": text})


def test_the_address_of_a_private_file_buys_nothing(target: Target) -> None:
    olga, mallory, nobody = target.user("olga"), target.user("mallory"), target.caller()
    repo = target.repository(olga, "works", target.new_name(), private=True)
    path = path_of(target, bring(olga))
    absent = path.replace(path[9:41], "0" * 32)
    mine = target.repository(mallory, "mallory", target.new_name())

    def refused() -> None:
        for who in (mallory, nobody, target.user("stig")):
            found, nothing = who("GET", path), who("GET", absent)
            assert found.status == nothing.status == 404
            assert (found.body, found.code) == (nothing.body, nothing.code)
            assert who("HEAD", path).status == 404
            assert who("GET", path, headers={"Range": "bytes=0-1"}).status == 404

    refused()
    assert say(mallory, mine, f"![x]({path})").status == 200
    refused()
    assert say(olga, repo, f"![x]({path})").status == 200
    assert say(mallory, mine, f"![again]({path})").status == 200
    refused()
    assert target.user("rita")("GET", path).body == PNG
    assert olga("GET", path, headers={"Range": "bytes=1-3"}).body == PNG[1:4]


def test_a_right_that_ended_is_no_right_to_see_it(target: Target) -> None:
    olga, stig = target.user("olga"), target.user("stig")
    repo = target.repository(olga, "works", target.new_name())
    path = path_of(target, bring(olga))
    assert say(olga, repo, path).status == 200
    assert stig("GET", path).status == target.caller()("GET", path).status == 200
    told = stig("GET", path)
    assert "private" in told.headers["Cache-Control"]
    seen = {"If-None-Match": told.headers["ETag"]}
    assert stig("GET", path, headers=seen).status == 304
    at = f"/api/models/{repo}/settings"
    assert olga.json("PUT", at, {"private": True}).status == 200
    assert stig("GET", path).status == stig("GET", path, headers=seen).status == 404
    assert olga("GET", path).status == 200


def test_a_hidden_comment_takes_its_picture_along(target: Target) -> None:
    olga, mallory = target.user("olga"), target.user("mallory")
    repo = target.repository(olga, "works", target.new_name())
    path = path_of(target, bring(mallory))
    assert say(mallory, repo, f"![shock]({path})").status == 200
    at = f"/api/models/{repo}/discussions/1"
    comment = olga("GET", at).json()["events"][0]["id"]
    assert olga("GET", path).status == 200
    assert olga("POST", f"{at}/comment/{comment}/hide").status == 200
    assert olga("GET", path).status == target.caller()("GET", path).status == 404


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        *((SVG, kind) for kind in ("image/svg+xml", "image/png", "image/svg")),
        *((PAGE, kind) for kind in ("text/html", "image/gif", "video/mp4", "audio/mpeg")),
        (PNG, "image/jpeg"),
        (pictures()["image/gif"], "image/png"),
        (PNG, ""),
        (PNG, "application/octet-stream"),
        (b"", "image/png"),
    ],
)
def test_files_that_lie_about_what_they_are_are_refused(
    target: Target, data: bytes, kind: str
) -> None:
    told = bring(target.user("mallory"), data, kind)
    assert told.status in {400, 415}
    assert told.headers["X-Error-Message"]


def test_what_is_shown_runs_nothing(target: Target) -> None:
    """A picture that is a page as well keeps the type of a picture, in a sandbox."""
    olga = target.user("olga")
    told = olga("GET", path_of(target, bring(olga, PNG + PAGE)))
    headers = told.headers
    assert headers["Content-Type"] == "image/png"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in headers["Content-Security-Policy"]
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert headers["Content-Disposition"] == "inline"
    assert "Access-Control-Allow-Origin" not in headers


def test_who_may_bring_a_file(target: Target) -> None:
    assert bring(target.caller()).status == 401
    assert bring(target.user("olga", "read")).status == 403
    browser = target.browser("stig")
    foreign = {"Content-Type": "image/png", "Origin": "http://evil.example"}
    assert browser("POST", "/uploads", PNG, foreign).status == 403
    assert bring(target.user("olga"), PNG + bytes(11 << 20)).status == 413


@pytest.mark.parametrize(
    "name", ["0" * 32, "x", "%2e%2e", "0" * 31 + ".png", "0" * 32 + ".png/..", "0" * 32 + ".p\x00g"]
)
def test_names_that_are_none(target: Target, name: str) -> None:
    assert target.user("olga")("GET", f"/uploads/{name}").status in {400, 404}
