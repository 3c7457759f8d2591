"""The hub that is attacked, who there is on it, and plain requests to it.

Knows how to make what an attack needs: people with every role, repositories of every visibility,
large files. Every request travels over real HTTP, its path and headers exactly as given. Does not
know any attack.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import http.client
import json
import random
import re
import socket
import urllib.parse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tests.live import LiveHub, serving, swell

KIB = 1 << 10
MIB = 1 << 20

ORGANISATION = "works"
# Members of the organisation that owns what is attacked, and two who have nothing to do with it.
MEMBERS = {"olga": "admin", "wim": "write", "cora": "contributor", "rita": "read"}
STRANGERS = ("stig", "mallory")
# Members who write, until a test lets their right end.
LEAVERS = ("len", "lea", "leo", "liz", "lou", "lyn", "lux")
PASSWORD = "a long enough password of {}"


def token_of(name: str, role: str = "write") -> str:
    """The token that the imported user of this name has."""
    return "hf_" + hashlib.sha256(f"{name} {role}".encode()).hexdigest()[:40]


def _people() -> dict[str, Any]:
    users = [
        {
            "name": name,
            "fullname": name.title(),
            "email": f"{name}@example.org",
            "password": PASSWORD.format(name),
            "tokens": [
                {"name": role, "value": token_of(name, role), "role": role}
                for role in ("write", "read")
            ],
        }
        for name in (*MEMBERS, *STRANGERS, *LEAVERS)
    ]
    members = [{"user": name, "role": role} for name, role in MEMBERS.items()]
    members += [{"user": name, "role": "write"} for name in LEAVERS]
    works = {"name": ORGANISATION, "fullname": "The Works", "members": members}
    return {"users": users, "organisations": [works]}


@dataclass(frozen=True)
class Answer:
    """An answer as it came: no redirect followed, nothing decoded."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    @property
    def code(self) -> str | None:
        return self.headers["X-Error-Code"]


Headers = Mapping[str, str]
NOTHING: Headers = MappingProxyType({})


class Caller:
    """Requests with the same credential over connections that stay open.

    ``headers`` go along with every request.
    """

    def __init__(self, port: int, headers: Headers = NOTHING) -> None:
        self.port = port
        self.headers = dict(headers)
        self._connection: http.client.HTTPConnection | None = None

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def __call__(
        self, method: str, path: str, body: bytes | None = None, headers: Headers = NOTHING
    ) -> Answer:
        """One request. The path travels as given, not a byte more or less quoted."""
        if body is None and method not in {"GET", "HEAD"}:
            body = b""
        for attempt in (1, 2):
            connection = self._connection
            if connection is None:
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
                connection._validate_path = lambda _path: None  # type: ignore[attr-defined]
                connection._encode_request = lambda text: text.encode("latin-1")  # type: ignore[attr-defined]
                self._connection = connection
            try:
                connection.request(method, path, body, {**self.headers, **headers})
                answer = connection.getresponse()
                found = Answer(answer.status, answer.headers, answer.read())
            except (http.client.HTTPException, OSError):
                # A connection that was kept may be closed by the hub, which is no answer.
                self.close()
                if attempt == 2:
                    raise
                continue
            if answer.will_close:
                self.close()
            return found
        raise AssertionError

    def json(self, method: str, path: str, value: object, headers: Headers = NOTHING) -> Answer:
        body = json.dumps(value).encode()
        return self(method, path, body, {"Content-Type": "application/json", **headers})

    def form(self, path: str, fields: Mapping[str, str], headers: Headers = NOTHING) -> Answer:
        body = urllib.parse.urlencode(fields).encode()
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return self("POST", path, body, {**kind, **headers})


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def basic(name: str, secret: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()}


def noise(size_bytes: int, seed: object) -> bytes:
    """Bytes that do not compress and are the same for the same seed."""
    return random.Random(str(seed)).randbytes(size_bytes)


def sha256_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def pointer_to(sha256: str, size_bytes: int) -> bytes:
    text = f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {size_bytes}\n"
    return text.encode()


def ndjson(*lines: tuple[str, object]) -> bytes:
    return b"".join(
        json.dumps({"key": key, "value": value}).encode() + b"\n" for key, value in lines
    )


def regular(path: str, content: bytes) -> tuple[str, object]:
    text = base64.b64encode(content).decode()
    return "file", {"path": path, "content": text, "encoding": "base64"}


def large(path: str, sha256: str, size_bytes: int) -> tuple[str, object]:
    return "lfsFile", {"path": path, "algo": "sha256", "oid": sha256, "size": size_bytes}


def path_of(url: str) -> str:
    """Path and query of an absolute URL."""
    parts = urllib.parse.urlsplit(url)
    return parts.path + (f"?{parts.query}" if parts.query else "")


@dataclass
class Target:
    """The hub under attack."""

    live: LiveHub
    callers: list[Caller] = field(default_factory=list)
    secrets: set[str] = field(default_factory=set)
    browsers: dict[str, Caller] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=lambda: iter(range(1, 1 << 30)))

    @property
    def port(self) -> int:
        return self.live.port

    @property
    def url(self) -> str:
        return self.live.url

    @property
    def data(self) -> Path:
        return self.live.data

    def caller(self, headers: Headers = NOTHING) -> Caller:
        made = Caller(self.port, headers)
        self.callers.append(made)
        return made

    def user(self, name: str, role: str = "write") -> Caller:
        """Somebody with the token they were imported with."""
        return self.caller(bearer(token_of(name, role)))

    @property
    def admin(self) -> Caller:
        assert self.live.admin_token is not None
        return self.caller(bearer(self.live.admin_token))

    def sign_in(self, name: str, password: str | None = None) -> Caller:
        """Somebody with a browser's session; pages of this hub made the requests."""
        anonymous = self.caller({"Origin": self.url})
        fields = {
            "csrf": csrf_in(anonymous("GET", "/login").text),
            "name": name,
            "password": password or PASSWORD.format(name),
        }
        answer = anonymous.form("/login", fields)
        assert answer.status == 303, answer.text
        cookie = answer.headers["Set-Cookie"].partition(";")[0]
        self.secrets.add(cookie.partition("=")[2])
        return self.caller({"Origin": self.url, "Cookie": cookie})

    def token(self, name: str, role: str = "write", *repositories: str) -> str:
        """A fresh token of somebody, made in the browser. Lines such as ``ns/name write`` make it
        fine-grained."""
        browser = self.browser(name)
        fields = {
            "csrf": csrf_in(browser("GET", "/settings/tokens/new").text),
            "name": self.new_name("fresh"),
            "role": "fineGrained" if repositories else role,
            "repositories": "\n".join(repositories),
        }
        answer = browser.form("/settings/tokens/new", fields)
        found = re.search(r"hf_[A-Za-z0-9]{34,}", answer.text)
        assert found is not None, answer.text
        self.secrets.add(found[0])
        return found[0]

    def revoke(self, name: str, value: str) -> None:
        """End a token of somebody, in the browser."""
        browser = self.browser(name)
        page = browser("GET", "/settings/tokens").text
        row = next(part for part in page.split("<form")[1:] if 'name="id"' in part)
        rows = re.findall(r'name="id" value="(\d+)"', page)
        assert value[-4:] in page, row
        # The newest stands first or last: what ends with the same four signs is the one.
        before = page[: page.index(value[-4:])]
        number = rows[len(re.findall(r'name="id" value="(\d+)"', before))]
        answer = browser.form("/settings/tokens/revoke", {"csrf": csrf_in(page), "id": number})
        assert answer.status == 303, answer.text

    def browser(self, name: str) -> Caller:
        """Somebody's browser, signed in once."""
        if name not in self.browsers:
            self.browsers[name] = self.sign_in(name)
        return self.browsers[name]

    def new_name(self, word: str = "thing") -> str:
        return f"{word}-{next(self._numbers)}"

    def repository(
        self,
        owner: Caller,
        namespace: str,
        word: str = "thing",
        *,
        private: bool = False,
        kind: str = "model",
    ) -> str:
        """A fresh repository; its full name."""
        name = self.new_name(word)
        body = {"type": kind, "name": name, "organization": namespace, "private": private}
        answer = owner.json("POST", "/api/repos/create", body)
        assert answer.status == 200, answer.text
        return f"{namespace}/{name}"


def csrf_in(page: str) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', page)
    assert found is not None, page[:2000]
    return found[1]


def commit(
    caller: Caller, repo: str, *lines: tuple[str, object], ref: str = "main", query: str = ""
) -> Answer:
    """A commit through the API."""
    body = ndjson(("header", {"summary": "a commit", "description": ""}), *lines)
    kind = {"Content-Type": "application/x-ndjson"}
    return caller("POST", f"/api/models/{repo}/commit/{ref}{query}", body, kind)


def batch(
    caller: Caller,
    repo: str,
    operation: str,
    *objects: tuple[str, int],
    transfers: tuple[str, ...] = ("basic",),
) -> Answer:
    value = {
        "operation": operation,
        "transfers": list(transfers),
        "hash_algo": "sha256",
        "objects": [{"oid": sha256, "size": size} for sha256, size in objects],
    }
    kind = {
        "Content-Type": "application/vnd.git-lfs+json",
        "Accept": "application/vnd.git-lfs+json",
    }
    body = json.dumps(value).encode()
    return caller("POST", f"/{repo}.git/info/lfs/objects/batch", body, kind)


def send_large(caller: Caller, repo: str, content: bytes) -> str:
    """Send an object by LFS, so that its sender may commit it; its sha256."""
    sha256 = sha256_of(content)
    told = batch(caller, repo, "upload", (sha256, len(content))).json()["objects"][0]
    if "actions" in told:
        upload = told["actions"]["upload"]
        answer = caller("PUT", path_of(upload["href"]), content)
        assert answer.status == 200, answer.text
    return sha256


def publish(caller: Caller, repo: str, path: str, content: bytes, ref: str = "main") -> str:
    """Commit a large file; its sha256."""
    sha256 = send_large(caller, repo, content)
    answer = commit(caller, repo, large(path, sha256, len(content)), ref=ref)
    assert answer.status == 200, answer.text
    return sha256


@contextlib.contextmanager
def attacked(
    data: Path, *flags: str, environment: dict[str, str] | None = None
) -> Iterator[Target]:
    """A hub of its own with everybody on it, until the block ends."""
    with serving(data, *flags, environment=environment) as live:
        file = data.parent / f"{data.name}-people.json"
        file.write_text(json.dumps(_people()), encoding="utf-8")
        swell(data, "accounts", "import", str(file))
        target = Target(live)
        for name in (*MEMBERS, *STRANGERS, *LEAVERS):
            target.secrets.update((token_of(name), token_of(name, "read"), PASSWORD.format(name)))
        try:
            yield target
        finally:
            for each in target.callers:
                each.close()


# --- raw bytes --------------------------------------------------------------------------------


def raw(port: int, request: bytes, *, seconds: float = 5.0, source: str = "127.0.0.1") -> bytes:
    """Send bytes as they are; everything that comes back until the other side closes or rests."""
    with socket.create_connection(("127.0.0.1", port), seconds, (source, 0)) as connection:
        with contextlib.suppress(OSError):
            connection.sendall(request)
        return drained(connection)


def drained(connection: socket.socket) -> bytes:
    """Everything that comes until the other side closes, or nothing does for the timeout."""
    found = bytearray()
    with contextlib.suppress(OSError):
        while piece := connection.recv(65536):
            found += piece
    return bytes(found)
