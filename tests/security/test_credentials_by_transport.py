"""S12: the same token with other rights, depending on how it is sent.

The story: a forge checked the scope of a token when it came as Basic and forgot it when it came as
Bearer (CVE-2026-28744), let tokens for public things read private ones on some routes
(CVE-2026-24791, CVE-2025-68941), and took tokens from the query string, where proxies, logs and
referrers keep them. Another rebuilt "remember me" secrets from what lay in its database, so that
a stolen copy opened every account.

Here forty requests are made with the same rights in every form that carries them. The decisions are
the same, a token in the address never counts, and at the end nothing that was ever issued can be
found in what the hub keeps or logs.
"""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from tests.live import swell
from tests.security.target import (
    PASSWORD,
    Answer,
    Target,
    attacked,
    basic,
    batch,
    bearer,
    csrf_in,
    ndjson,
    publish,
    raw,
    regular,
    token_of,
)

JSON = {"Content-Type": "application/json"}
NDJSON = {"Content-Type": "application/x-ndjson"}
GIT = {"Content-Type": "application/x-git-{}-request"}


def requests_on(repo: str, private: str) -> list[tuple[str, str, bytes | None, dict[str, str]]]:
    """Forty requests: every door, reading and writing, on a public repository of somebody else's
    and on a private one of one's organisation. None changes anything."""
    found: list[tuple[str, str, bytes | None, dict[str, str]]] = []
    for each in (repo, private):
        api = f"/api/models/{each}"
        lines = ndjson(("header", {"summary": "s"}), ("deletedFile", {"path": "nope"}))
        lfs = {"operation": "upload", "objects": [{"oid": "0" * 64, "size": 1}]}
        upload, receive = (
            {name: value.format(word) for name, value in GIT.items()}
            for word in ("upload-pack", "receive-pack")
        )
        found += [
            ("GET", api, None, {}),
            ("GET", f"{api}/tree/main", None, {}),
            ("GET", f"{api}/refs", None, {}),
            ("GET", f"{api}/commits/main", None, {}),
            ("GET", f"{api}/auth-check", None, {}),
            ("GET", f"{api}/auth-check/write", None, {}),
            ("GET", f"{api}/lfs-files", None, {}),
            ("GET", f"{api}/xet-read-token/main", None, {}),
            ("GET", f"{api}/xet-write-token/main", None, {}),
            ("PUT", f"{api}/settings", b"{}", JSON),
            ("DELETE", f"{api}/branch/nope", b"", {}),
            ("POST", f"{api}/commit/main", lines, NDJSON),
            ("POST", f"{api}/super-squash/nope", b"{}", JSON),
            ("GET", f"/{each}/resolve/main/a.txt", None, {}),
            ("GET", f"/{each}.git/info/refs?service=git-upload-pack", None, {}),
            ("GET", f"/{each}.git/info/refs?service=git-receive-pack", None, {}),
            ("POST", f"/{each}.git/git-upload-pack", b"0000", upload),
            ("POST", f"/{each}.git/git-receive-pack", b"0000", receive),
            ("POST", f"/{each}.git/info/lfs/objects/batch", json.dumps(lfs).encode(), JSON),
        ]
    found.append(("GET", "/api/whoami-v2", None, {}))
    found.append(("POST", "/api/repos/create", b'{"name": "with spaces"}', JSON))
    return found


@pytest.fixture(scope="module")
def repos(target: Target) -> tuple[str, str]:
    mallory, olga = target.user("mallory"), target.user("olga")
    public = target.repository(mallory, "mallory", "public")
    private = target.repository(olga, "works", "private", private=True)
    for caller, repo in ((mallory, public), (olga, private)):
        lines = ndjson(("header", {"summary": "s"}), regular("a.txt", b"a"))
        assert caller("POST", f"/api/models/{repo}/commit/main", lines, NDJSON).status == 200
    return public, private


def decide(answer: Answer) -> tuple[int, str | None]:
    return answer.status, answer.code


@pytest.mark.parametrize("role", ["write", "read", "fine-grained", "other", "revoked", "made up"])
def test_a_token_means_the_same_however_it_travels(
    target: Target, repos: tuple[str, str], role: str
) -> None:
    """Bearer; Basic with its owner's name, with any name, with none."""
    value = {
        "write": lambda: token_of("wim"),
        "read": lambda: token_of("wim", "read"),
        "fine-grained": lambda: target.token("wim", "write", f"{repos[1]} write"),
        "other": lambda: target.token("wim", "write", f"{repos[0]} read"),
        "revoked": lambda: target.token("wim"),
        "made up": lambda: "hf_" + "x" * 40,
    }[role]()
    if role == "revoked":
        target.revoke("wim", value)
    origin = {"Origin": target.url}
    forms = {
        "bearer": bearer(value),
        "bearer in small letters": {"Authorization": f"bearer {value}"},
        "user:token": basic("wim", value),
        "stranger:token": basic("mallory", value),
        "hf_user:token": basic("hf_user", value),
        ":token": basic("", value),
    }
    asked = requests_on(*repos)
    assert len(asked) == 40
    callers = {name: target.caller({**origin, **headers}) for name, headers in forms.items()}
    nobody = target.caller(origin)
    for method, path, body, headers in asked:
        told = {name: decide(each(method, path, body, headers)) for name, each in callers.items()}
        assert len(set(told.values())) == 1, (method, path, told)
        # In the address it is nothing, under any name, and takes nothing away either.
        without = decide(nobody(method, path, body, headers))
        mark = "&" if "?" in path else "?"
        for name in ("token", "access_token", "private_token", "authorization", "apikey"):
            there = f"{path}{mark}{name}={value}"
            assert decide(nobody(method, there, body, headers)) == without, there


def test_a_session_and_a_password_may_what_a_token_to_write_may(
    target: Target, repos: tuple[str, str]
) -> None:
    """All three are the same person, whatever door they come through."""
    origin = {"Origin": target.url}
    callers = {
        "token": target.caller({**origin, **bearer(token_of("wim"))}),
        "cookie": target.sign_in("wim"),
        "password": target.caller({**origin, **basic("wim", PASSWORD.format("wim"))}),
    }
    for method, path, body, headers in requests_on(*repos):
        told = {name: decide(each(method, path, body, headers)) for name, each in callers.items()}
        assert len(set(told.values())) == 1, (method, path, told)


def test_a_header_wins_over_a_cookie_and_never_adds_to_it(
    target: Target, repos: tuple[str, str]
) -> None:
    """A weak token beside a strong cookie stays weak; a broken one is refused, not passed over."""
    cookie = target.sign_in("olga").headers["Cookie"]
    _, private = repos
    both = {"Cookie": cookie, "Origin": target.url}
    mallory = target.caller({**both, **bearer(token_of("mallory"))})
    assert mallory("GET", f"/api/models/{private}").status == 404
    for header in ("Bearer x", "Basic ???", "Digest a", "Bearer", "", "Negotiate AAAA"):
        caller = target.caller({**both, "Authorization": header})
        assert caller("GET", f"/api/models/{private}").status == 401, header


def test_one_authorization_header_or_none(target: Target, repos: tuple[str, str]) -> None:
    for second in (bearer(token_of("olga")), bearer(token_of("mallory")), {"Authorization": ""}):
        request = (
            f"GET /api/models/{repos[1]} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
            f"Authorization: Bearer {token_of('olga')}\r\n"
            f"Authorization: {second['Authorization']}\r\n\r\n"
        )
        assert raw(target.port, request.encode()).startswith(b"HTTP/1.1 401")


# --- what is kept -----------------------------------------------------------------------------


def issue_everything(target: Target) -> None:
    """One of each secret that a hub ever gives out, used at least once."""
    olga = target.user("olga")
    assert target.live.admin_token is not None
    assert target.live.admin_password is not None
    target.secrets |= {target.live.admin_token, target.live.admin_password}
    assert olga("GET", "/api/whoami-v2").status == 200
    repo = target.repository(olga, "olga", "kept", private=True)
    content = b"large " * 3000
    sha256 = publish(olga, repo, "m.bin", content)
    target.token("wim", "read")
    target.token("wim", "write", f"{target.repository(olga, 'works')} write")
    target.secrets.add(swell(target.data, "token", "create", "wim", "--role=write").strip())
    browser = target.browser("wim")
    for scope in ("read", "write"):
        told = olga("GET", f"/api/models/{repo}/xet-{scope}-token/main").json()
        target.secrets.add(told["accessToken"])
    for operation, wanted in (("download", sha256), ("upload", "7" * 64)):
        told = batch(olga, repo, operation, (wanted, len(content))).json()["objects"][0]
        for action in told["actions"].values():
            signature = action["href"].partition("signature=")[2]
            target.secrets.add(signature)
            olga("GET", action["href"].removeprefix(target.url))
    # A device that signs in.
    anybody = target.caller()
    device = anybody.form("/oauth/device", {"client_id": "cli", "scope": "write"}).json()
    target.secrets |= {device["device_code"], device["user_code"]}
    page = browser("GET", f"/device?user_code={device['user_code']}").text
    fields = {"csrf": csrf_in(page), "user_code": device["user_code"], "answer": "approve"}
    assert browser.form("/device/approve", fields).status == 200
    grant = "urn:ietf:params:oauth:grant-type:device_code"
    fields = {"grant_type": grant, "device_code": device["device_code"], "client_id": "cli"}
    made = anybody.form("/oauth/token", fields)
    assert made.status == 200, made.text
    target.secrets.add(made.json()["access_token"])
    assert target.caller(bearer(made.json()["access_token"]))("GET", "/api/whoami-v2").status == 200
    # Wrong ones, and places where they do not belong, which are logged all the same.
    for value in (token_of("olga"), PASSWORD.format("olga").replace(" ", "%20")):
        anybody("GET", f"/olga/{value}?token={value}&password={value}")
        anybody("GET", f"/api/models?search={value}")
    target.caller(basic("olga", "a wrong password that was tried"))("GET", "/api/whoami-v2")
    target.secrets.add("a wrong password that was tried")
    target.caller(bearer("hf_" + "wrong" * 8))("GET", "/api/whoami-v2")
    target.secrets.add("hf_" + "wrong" * 8)


def files_of(data: Path) -> list[Path]:
    """Everything the hub keeps, but for content and the keys that sign."""
    kept = [path for path in data.rglob("*") if path.is_file()]
    return [p for p in kept if p.relative_to(data).parts[0] not in {"xorbs", "shards", "keys"}]


def test_what_is_kept_and_logged_holds_no_secret(tmp_path: Path) -> None:
    """A copy of the data folder without its keys, and the log, after a day in which everything was
    issued: the database, its write-ahead log, git folders, spool."""
    with attacked(tmp_path / "data", "--log-level=debug") as target:
        issue_everything(target)
        assert len(target.secrets) > 40
        while_running = {path: path.read_bytes() for path in files_of(target.data)}
        assert any(path.name.endswith("-wal") for path in while_running)
        log = "\n".join(target.live.log).encode()
        secrets = {each.encode() for each in target.secrets}
        # The first start prints these once, for the person who started it.
        first = {target.live.admin_token.encode(), target.live.admin_password.encode()}  # type: ignore[union-attr]
    after = {path: path.read_bytes() for path in files_of(target.data)}
    for where, content in [*while_running.items(), *after.items()]:
        for secret in secrets:
            assert secret not in content, (where, secret)
    for secret in secrets - first:
        assert secret not in log, secret
    assert all(log.count(secret) == (2 if secret.startswith(b"hf_") else 1) for secret in first)
    # Nor is a secret kept in another dress: what the tables hold of a token is its sha256 only.
    database = sqlite3.connect(target.data / "groundswell.db")
    try:
        columns = {row[1] for row in database.execute("PRAGMA table_info(tokens)")}
        assert "digest" in columns
        assert not columns & {"value", "secret", "token", "plain"}
        lengths = {row[0] for row in database.execute("SELECT length(digest) FROM tokens")}
        assert lengths == {32}
        hashes = [row[0] for row in database.execute("SELECT password_hash FROM accounts")]
        assert all(each is None or each.startswith("$argon2id$") for each in hashes)
    finally:
        database.close()
    modes = {p.stat().st_mode & 0o077 for p in (target.data / "keys").iterdir()}
    assert modes == {0}
