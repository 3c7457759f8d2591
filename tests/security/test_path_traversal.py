"""S15: addresses that lead out of where they belong.

The story: one part of a server decodes an address once and finds it harmless, another decodes it
again and finds "..". Backslashes, doubled slashes, zero bytes, letters in more bytes than they
need, names of revisions with slashes and dots: each has opened somebody's files once. Here they
are put together in every way, at every route that takes a path or a name, also in absolute request
targets. Nothing is answered with 5xx, and nothing outside a repository is ever read.
"""

from __future__ import annotations

import itertools
import re

import pytest

from groundswell.http.app import every_route
from tests.security.target import Caller, Target, commit, raw, regular

UP = [
    "..", "%2e%2e", "%2E%2e", ".%2e", "%252e%252e", "%25%32%65%25%32%65", "..%00", "..%c0%af", "%c0%ae%c0%ae",
    "%e0%80%ae%e0%80%ae", "%u002e%u002e", "....", "..;", "..%20", "..%09", "%ff%fe", "...", "..%ef%bc%8f", "%uff0e",
]  # fmt: skip
SLASH = [
    "/",
    "%2f",
    "%2F",
    "%252f",
    "\\",
    "%5c",
    "%255c",
    "//",
    "/./",
    "%2f%2f",
    "%c0%af",
    "%e0%80%af",
    "%ef%bc%8f",
    "/%2f",
]
TAILS = ["etc/passwd", "groundswell.db", "keys/0001.key", "swell.toml"]
WHOLE = [
    "%00", "a%00b", "%2e", ".", "..", "%2f", "//", "a//b", "a/./b", "a%2f%2fb", "C:%5cwindows", "C:/x", "file:///etc/passwd",
    "%2fetc%2fpasswd", "~root", "$HOME", "%24%7bjndi:x%7d", "a" * 5000, "%61" * 3000, "a/" * 500, "%", "%z", "%zz", "%1",
    "%ed%a0%80", "%f4%90%80%80", "%fe%ff", "a%0d%0aSet-Cookie:%20x", "a%0aHTTP/1.1%20200", "%3fa", "%23a", "a;b=c", "a?b", "-", "--all",
    "refs%2fheads%2fmain", "refs/heads/main", "refs%2f..%2f..%2fconfig", "HEAD", "config", "objects%2finfo%2fpacks", "@%7b1%7d",
    "main:groundswell.db", "main%5e%7btree%7d", "%e2%80%ae", "%e2%80%8b", "%c2%a0", "%f0%9f%a4%97", "CON", "nul.txt", "x:stream", "x.",
]  # fmt: skip


def corpus() -> list[str]:
    """Climbing in every spelling, to a depth that leaves any folder."""
    climbing = [
        (up + slash) * 8 + TAILS[n % len(TAILS)]
        for n, (up, slash) in enumerate(itertools.product(UP, SLASH))
    ]
    inside = [f"a/{up}{slash}{up}{slash}b" for up, slash in itertools.product(UP[:12], SLASH[:8])]
    behind = [
        f"notes.txt{slash}{up}{slash}{tail}"
        for up, slash, tail in itertools.product(UP[:8], SLASH[:6], TAILS[:2])
    ]
    return [*dict.fromkeys([*climbing, *inside, *behind, *WHOLE])]


CORPUS = corpus()
# What an answer would hold if it came from outside a repository.
OUTSIDE = re.compile(rb"root:x?:0:0|SQLite format 3|\[core\]|repositoryformatversion")


def patterns() -> list[tuple[str, str]]:
    """(method, pattern) of every address that takes anything from its sender."""
    found = set()
    for route in every_route():
        if "{" in route.pattern:
            found.add((route.methods[0], route.pattern))
    return sorted(found)


PATTERNS = patterns()
WITH_PATHS = [each for each in PATTERNS if "path*}" in each[1]]


def fill(pattern: str, repo: str, place: str, text: str) -> str:
    """The pattern with the text in one place and what is there in the others."""
    namespace, _, name = repo.partition("/")
    values = {"ns": namespace, "name": name, "rev": "main", "path*": "notes.txt", "branch": "main", "commit": "main",
              "number": "1", "result": "0" * 16, "account": namespace, "hash": "0" * 64, "oid": "0" * 64, "domain": "n1", "epoch": "e1",
              "prefix": "default", "upload": "0" * 32, "grant": "g", "part": "1", "tag": "latest", "file": "x.svg", "version": "x",
              "rest*": "x"}  # fmt: skip
    values[place] = text

    def value(found: re.Match[str]) -> str:
        name = found[1]
        if found[2]:
            return found[2].split("|")[0] if place != name else text
        return values.get(name, "x")

    return re.sub(r"\{([a-z_]+\*?)(?::([^}]+))?\}", value, pattern)


@pytest.fixture(scope="module")
def repo(target: Target) -> str:
    olga = target.user("olga")
    name = target.repository(olga, "olga", "paths")
    assert commit(olga, name, regular("notes.txt", b"notes")).status == 200
    return name


def check(caller: Caller, method: str, path: str) -> None:
    if not path.isascii() or " " in path:
        path = path.replace(" ", "%20")
    answer = caller(method, path, None if method == "GET" else b"")
    assert answer.status < 500, (method, path, answer.text[:300])
    assert not OUTSIDE.search(answer.body), (method, path)
    for name, value in answer.headers.items():
        assert name.lower() != "set-cookie" or value != "x", (path, name)
    if 300 <= answer.status < 400:
        assert re.match(r"/(?![/\\])", answer.headers["Location"]), (
            path,
            answer.headers["Location"],
        )


def test_there_are_enough_of_them() -> None:
    assert len(CORPUS) >= 500
    assert len(WITH_PATHS) >= 15


def test_no_path_leads_out_of_a_repository(target: Target, repo: str) -> None:
    """Every text at every route that takes a path: each route sees a fifth of the corpus in each
    run, each text several routes."""
    caller = target.user("olga")
    for number, (method, pattern) in enumerate(WITH_PATHS):
        for text in CORPUS[number % 5 :: 5]:
            check(caller, method, fill(pattern, repo, "path*", text))
    # Where files are served, all of it.
    for text in CORPUS:
        check(caller, "GET", f"/{repo}/resolve/main/{text}")


def test_no_revision_leads_out_of_a_repository(target: Target, repo: str) -> None:
    caller = target.user("olga")
    routes = [each for each in PATTERNS if "{rev}" in each[1]]
    assert len(routes) > 15
    for number, (method, pattern) in enumerate(routes):
        for text in CORPUS[number % 11 :: 11]:
            check(caller, method, fill(pattern, repo, "rev", text))


def test_no_name_leads_anywhere_else(target: Target, repo: str) -> None:
    """In every other place of every route: names, kinds, numbers, hashes, files of the pages."""
    caller = target.user("olga")
    texts = [*WHOLE, *CORPUS[::40]]
    for number, (method, pattern) in enumerate(PATTERNS):
        for place in re.findall(r"\{([a-z_]+\*?)", pattern):
            for text in texts[number % 7 :: 7]:
                check(caller, method, fill(pattern, repo, place, text))


def test_absolute_and_strange_request_targets(target: Target, repo: str) -> None:
    """Request targets that are no path: absolute, with a fragment, empty, backslashed."""
    own = f"127.0.0.1:{target.port}"
    for form in ("http://{own}{path}", "https://x{path}", "http:{path}", "{path}#x", "//{own}{path}", "*", "x{path}",
                 "\\{path}", "http://{own}", "http://[::1{path}", "http://{own}:99999{path}", "{own}{path}", "?{path}"):  # fmt: skip
        for path in (
            f"/{repo}/resolve/main/notes.txt",
            f"/{repo}/resolve/main/..%2f..%2fconfig",
            "/../../etc/passwd",
        ):
            request = f"GET {form.format(own=own, path=path)} HTTP/1.1\r\nHost: {own}\r\nConnection: close\r\n\r\n"
            answer = raw(target.port, request.encode(), seconds=3)
            assert re.match(rb"HTTP/1\.1 [234]", answer) or not answer, (form, path, answer[:200])
            assert not OUTSIDE.search(answer)


def test_bytes_that_are_no_letters(target: Target, repo: str) -> None:
    """Raw bytes above 127 and below 33 in the request line."""
    for octet in [*range(1, 33), *range(127, 256)]:
        request = b"GET /%s/resolve/main/a%cb HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" % (
            repo.encode(),
            octet,
        )
        answer = raw(target.port, request, seconds=3)
        assert re.match(rb"HTTP/1\.1 [24]", answer), (octet, answer[:200])
    records = [entry for entry in target.live.log if entry.startswith("{")]
    assert all(
        "\x85" not in entry and "\u2028" not in entry and "\x9b" not in entry for entry in records
    )
