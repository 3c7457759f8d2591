"""S8: who chooses the address that others will read.

The story: a hub makes absolute addresses from the Host header or from what a proxy says. A request
with a foreign Host poisons a cache, a stored link or a mail with the attacker's address; a header
that only a proxy should send makes a peer look local; an address that one part reads from Host and
another from the path lets somebody past a check (CVE-2026-48710 in Starlette; CVE-2026-20896,
forwarded headers trusted by default).

Without public_url the addresses follow the Host of the very request, by design, so that one hub
works under several names. So what is looked at: decisions never depend on any of it; nobody but
who sent such a header sees it; with public_url, nobody does.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator

import pytest

from tests.security.target import Target, attacked, bearer, commit, large, raw, send_large, token_of

EVIL = "evil.example"

# Headers with which something between client and hub might speak of another place.
CLAIMS = [
    f"X-Forwarded-Host: {EVIL}",
    f"X-Forwarded-Server: {EVIL}",
    "X-Forwarded-Proto: https",
    "X-Forwarded-Scheme: https",
    "X-Forwarded-Ssl: on",
    "X-Forwarded-Port: 4444",
    f"X-Forwarded-Prefix: //{EVIL}",
    "X-Forwarded-For: 127.0.0.1",
    f"Forwarded: for=127.0.0.1;host={EVIL};proto=https",
    f"X-Host: {EVIL}",
    f"X-HTTP-Host-Override: {EVIL}",
    f"X-Original-Host: {EVIL}",
    "X-Original-URL: /-/admin/users",
    "X-Rewrite-URL: /-/admin/users",
    "X-HTTP-Method-Override: DELETE",
    "X-Method-Override: PUT",
    "X-Real-IP: 127.0.0.1",
    "True-Client-IP: 127.0.0.1",
    "X-Remote-User: admin",
    "Remote-User: admin",
    "X-Authenticated-User: admin",
    f"Referer: http://{EVIL}/",
    f"Origin: http://{EVIL}",
    f"X-Forwarded-Host: {EVIL}\r\nX-Forwarded-Host: {EVIL}",
    "Front-End-Https: on",
]
HOSTS = [
    EVIL,
    f"{EVIL}:80",
    "127.0.0.1:1",
    "[::1]:80",
    "localhost",
    f"{EVIL} ",
]
NO_HOSTS = [
    f"{EVIL}/path",
    f"x@{EVIL}",
    f"{EVIL}?a",
    f"{EVIL}#a",
    f"127.0.0.1, {EVIL}",
    "evil example",
    "http://evil.example",
    '"><script>alert(1)</script>',
    "a" * 300,
    "..",
    "-",
    f"{EVIL}:port",
    f"{EVIL}:",
    "evil\\example",
]


@pytest.fixture(scope="module")
def repo(target: Target) -> str:
    olga = target.user("olga")
    name = target.repository(olga, "olga", "addressed")
    sha256 = send_large(olga, name, b"x" * 5000)
    assert commit(olga, name, large("m.bin", sha256, 5000)).status == 200
    return name


def paths(repo: str) -> list[str]:
    """Places whose answers hold absolute addresses, and some that decide."""
    return [
        "/api/models?limit=1",
        f"/api/models/{repo}/xet-read-token/main",
        f"/api/models/{repo}/tree/main?limit=1",
        f"/{repo}/resolve/main/m.bin",
        "/.well-known/openid-configuration",
        "/api/whoami-v2",
        "/-/admin/users",
        "/settings/tokens",
        "/",
        f"/{repo}",
    ]


def ask(
    port: int, target: str, host: str | None, *lines: str, method: str = "GET", body: str = ""
) -> tuple[int, str]:
    head = [f"{method} {target} HTTP/1.1", *([f"Host: {host}"] if host is not None else []), *lines]
    text = "\r\n".join([*head, f"Content-Length: {len(body)}", "Connection: close", "", body])
    answer = raw(port, text.encode("latin-1")).decode("utf-8", "replace")
    found = re.match(r"HTTP/1\.[01] (\d{3})", answer)
    assert found is not None, (target, host, lines, answer[:200])
    return int(found[1]), re.sub(r"(?i)x-request-id: \S+|date: [^\r]+", "", answer)


def test_no_claim_changes_a_decision_or_an_address(target: Target, repo: str) -> None:
    """Twenty-five headers at ten places, with and without a credential."""
    own = f"127.0.0.1:{target.port}"
    for credential in ([], [f"Authorization: Bearer {token_of('stig')}"]):
        plain = {path: ask(target.port, path, own, *credential) for path in paths(repo)}
        for claim in CLAIMS:
            for path in paths(repo):
                status, text = ask(target.port, path, own, claim, *credential)
                assert status == plain[path][0], (claim, path)
                assert EVIL not in text, (claim, path)
                assert "https://127" not in text, (claim, path)
                assert ":4444" not in text, (claim, path)


@pytest.mark.parametrize("host", HOSTS)
def test_another_host_is_seen_only_by_who_sent_it(target: Target, repo: str, host: str) -> None:
    own = f"127.0.0.1:{target.port}"
    before = {path: ask(target.port, path, own) for path in paths(repo)}
    for path in paths(repo):
        status, text = ask(target.port, path, host)
        assert status == before[path][0], path
        # Whatever holds the address that was made up may be kept by nobody else.
        if host in text.partition("\r\n\r\n")[2] + "".join(
            re.findall(r"(?im)^(?:link|location): .*$", text)
        ):
            cache = re.findall(r"(?im)^cache-control: (.*)\r$", text)
            assert not any("public" in each or "max-age" in each for each in cache), (path, cache)
    # What a browser's form made under that name is stored: names and ids, no addresses.
    lines = [f"Authorization: Bearer {token_of('stig')}", "Content-Type: application/json"]
    name = target.new_name("hosted")
    status, text = ask(
        target.port,
        "/api/repos/create",
        host,
        *lines,
        method="POST",
        body=f'{{"name": "stig/{name}"}}',
    )
    assert status == 200
    for path in (f"/api/models/stig/{name}", f"/stig/{name}", "/api/models?author=stig"):
        assert EVIL not in ask(target.port, path, own)[1]
    assert {path: ask(target.port, path, own)[0] for path in paths(repo)} == {
        path: told[0] for path, told in before.items()
    }
    for path in paths(repo):
        assert EVIL not in ask(target.port, path, own)[1], path


@pytest.mark.parametrize("host", NO_HOSTS)
def test_what_is_no_host_is_refused_or_never_used(target: Target, repo: str, host: str) -> None:
    for path in paths(repo):
        status, text = ask(target.port, path, host)
        assert status in {200, 302, 303, 400, 401}, (path, status)
        assert status == 400 or EVIL not in text, path
        assert "<script>alert" not in text
        assert "a" * 300 not in text


def test_absolute_request_targets_are_routed_by_their_path(target: Target, repo: str) -> None:
    """The path decides, whatever host is before it and whatever Host says beside it."""
    own = f"127.0.0.1:{target.port}"
    secret = target.repository(target.user("olga"), "olga", "closed", private=True)
    stranger = f"Authorization: Bearer {token_of('stig')}"
    for host in (EVIL, own, f"user:pass@{EVIL}"):
        for path in (f"/api/models/{secret}", "/-/admin/users", f"/{secret}/resolve/main/x"):
            there, _ = ask(target.port, f"http://{host}{path}", own, stranger)
            assert there in {400, 403, 404}, (host, path)
    status, _ = ask(target.port, f"http://{EVIL}/api/models/{repo}", own, stranger)
    assert status in {200, 400}


def test_forms_believe_no_host_beside_the_one_they_came_to(target: Target) -> None:
    """A page of another site under a name that the attacker owns and points at the hub."""
    browser = target.sign_in("stig")
    cookie = browser.headers["Cookie"]
    for lines in (
        [f"Origin: http://{EVIL}", f"X-Forwarded-Host: {EVIL}"],
        [f"Origin: http://{EVIL}", f"Forwarded: host={EVIL}"],
        ["Origin: null"],
        [f"Origin: http://127.0.0.1:{target.port}.{EVIL}"],
        [f"Origin: https://127.0.0.1:{target.port}"],
        [f"Referer: http://127.0.0.1:{target.port}/new"],
    ):
        status, _ = ask(
            target.port,
            "/logout",
            f"127.0.0.1:{target.port}",
            f"Cookie: {cookie}",
            *lines,
            method="POST",
        )
        assert status == 403, lines
    assert browser("GET", "/settings/profile").status == 200


# --- with an address of its own ----------------------------------------------------------------


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Target, str]]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    folder = tmp_path_factory.mktemp("named")
    flags = [f"--port={port}", f"--public-url=http://localhost:{port}"]
    with attacked(folder / "data", *flags) as hub:
        yield hub, hub.repository(hub.user("olga"), "olga")


def test_a_hub_with_an_address_tells_no_other(named: tuple[Target, str]) -> None:
    hub, repo = named
    value = bearer(token_of("olga"))["Authorization"]
    seen = ""
    for host in (*HOSTS, *NO_HOSTS):
        for claim in CLAIMS:
            if not claim.startswith(("X-Forwarded", "Forwarded", "X-Host")):
                continue
            for path in ("/api/models?limit=1", f"/api/models/{repo}/xet-read-token/main"):
                status, text = ask(hub.port, path, host, claim, f"Authorization: {value}")
                assert status in {200, 400}
                assert EVIL not in text, (host, claim)
                assert f"127.0.0.1:{hub.port}" not in text
                seen += text
    assert f"http://localhost:{hub.port}/xet/" in seen
