"""S16: two machines that read the same bytes differently.

The story: a proxy takes a request by its Content-Length, the server behind it by its chunks (or the
other way round), and what one takes for a body is a request to the other: made by the attacker,
answered to the next client on the connection. h11 before 0.16 (CVE-2025-43859) and Kestrel
(CVE-2025-55315) read chunk extensions too kindly. Slow-loris needs no disagreement: it opens
connections and says a byte now and then.

Each case is sent raw, to the hub and through nginx as docs/deploy.md sets it up.
A case that is unclear is refused and its connection closed, or read as exactly one request; a
request that hides in a body is never answered.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.contract import deploy_page
from tests.live import serving
from tests.security.target import Target, attacked, bearer, drained, publish, raw, token_of

HIDDEN = b"GET /hidden-request HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST /api/validate-yaml HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
JSON = b'{"content": "# x", "repoType": "model"}'


def chunked(*chunks: bytes) -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"


def length(size: int) -> bytes:
    return b"Content-Length: %d\r\n" % size


TE = b"Transfer-Encoding: chunked\r\n"

# Unclear, each in its own way: where the hub and a proxy could disagree about where it ends.
UNCLEAR: dict[str, bytes] = {
    "CL.TE": POST + length(5 + len(HIDDEN)) + TE + b"\r\n0\r\n\r\n" + HIDDEN,
    "TE.CL": POST + TE + length(4) + b"\r\n" + b"%x\r\n%s\r\n0\r\n\r\n" % (len(HIDDEN), HIDDEN),
    "two lengths": POST
    + length(len(JSON))
    + length(len(JSON) + len(HIDDEN))
    + b"\r\n"
    + JSON
    + HIDDEN,
    "two lengths in one": POST + b"Content-Length: 39, 100\r\n\r\n" + JSON + HIDDEN,
    "negative length": POST + b"Content-Length: -1\r\n\r\n" + HIDDEN,
    "signed length": POST + b"Content-Length: +39\r\n\r\n" + JSON + HIDDEN,
    "hexadecimal length": POST + b"Content-Length: 0x27\r\n\r\n" + JSON + HIDDEN,
    "length with spaces": POST + b"Content-Length: 3 9\r\n\r\n" + JSON + HIDDEN,
    "huge length": POST + b"Content-Length: 99999999999999999999999\r\n\r\n" + JSON + HIDDEN,
    "empty length": POST + b"Content-Length: \r\n\r\n" + HIDDEN,
    "length of letters": POST + b"Content-Length: ten\r\n\r\n" + HIDDEN,
    "underscore length": POST + b"Content_Length: 4\r\n" + TE + b"\r\n" + chunked(JSON),
    "space before colon": POST
    + b"Transfer-Encoding : chunked\r\n"
    + length(5)
    + b"\r\n0\r\n\r\n"
    + HIDDEN,
    "space before name": POST
    + b" Transfer-Encoding: chunked\r\n"
    + length(5)
    + b"\r\n0\r\n\r\n"
    + HIDDEN,
    "folded line": POST
    + b"X: a\r\n Transfer-Encoding: chunked\r\n"
    + length(5)
    + b"\r\n0\r\n\r\n"
    + HIDDEN,
    "xchunked": POST + b"Transfer-Encoding: xchunked\r\n" + length(5) + b"\r\n0\r\n\r\n" + HIDDEN,
    "chunked, identity": POST
    + b"Transfer-Encoding: chunked, identity\r\n"
    + length(5)
    + b"\r\n0\r\n\r\n"
    + HIDDEN,
    "identity, chunked": POST + b"Transfer-Encoding: identity, chunked\r\n\r\n" + chunked(JSON),
    "gzip, chunked": POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n" + chunked(JSON),
    "chunked twice": POST + TE + TE + b"\r\n" + chunked(JSON),
    "chunked, chunked": POST + b"Transfer-Encoding: chunked, chunked\r\n\r\n" + chunked(JSON),
    "chunked with a tab": POST
    + b"Transfer-Encoding:\tchunked\r\n"
    + length(5)
    + b"\r\n0\r\n\r\n"
    + HIDDEN,
    "chunked in quotes": POST
    + b'Transfer-Encoding: "chunked"\r\n'
    + length(5)
    + b"\r\n0\r\n\r\n"
    + HIDDEN,
    "vertical tab": POST
    + b"Transfer-Encoding: \x0bchunked\r\n"
    + length(5)
    + b"\r\n0\r\n\r\n"
    + HIDDEN,
    "TE in HTTP/1.0": POST.replace(b"1.1", b"1.0") + TE + length(5) + b"\r\n0\r\n\r\n" + HIDDEN,
    "bare LF in headers": b"GET /healthz HTTP/1.1\nHost: x\nContent-Length: 0\n\n" + b"",
    "bare CR in a header": b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: a\rTransfer-Encoding: chunked\r\n\r\n",
    "NUL in a header": b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n",
    "colon missing": b"GET /healthz HTTP/1.1\r\nHost: x\r\nnothing\r\n\r\n",
    "empty name": b"GET /healthz HTTP/1.1\r\nHost: x\r\n: x\r\n\r\n",
    "two hosts": b"GET /healthz HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "HTTP/0.9": b"GET /healthz\r\n",
    "HTTP/1.2": b"GET /healthz HTTP/1.2\r\nHost: x\r\n\r\n",
    "HTTP/2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "HTTP/11": b"GET /healthz HTTP/11\r\nHost: x\r\n\r\n",
    "space in the target": b"GET /healthz x HTTP/1.1\r\nHost: x\r\n\r\n",
    "two spaces": b"GET  /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
    "tabs": b"GET\t/healthz\tHTTP/1.1\r\nHost: x\r\n\r\n",
    "odd method": b"G@T /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
    "lower-case method": b"get /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
    "connect": b"CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n",
    "trace": b"TRACE / HTTP/1.1\r\nHost: x\r\nX-Secret: s\r\n\r\n",
    "upgrade": b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n",
    "websocket": b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: eA==\r\nSec-WebSocket-Version: 13\r\n\r\n",
    "asterisk": b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
    "body on GET": b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + length(len(HIDDEN)) + b"\r\n" + HIDDEN,
    "body on HEAD": b"HEAD /healthz HTTP/1.1\r\nHost: x\r\n" + TE + b"\r\n" + chunked(HIDDEN),
    "a method of 5,000 letters": b"G" * 5000 + b" / HTTP/1.1\r\nHost: x\r\n\r\n",
    "a target of 1 MB": b"GET /" + b"a" * 1_000_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    "a header of 1 MB": b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 1_000_000 + b"\r\n\r\n",
    "10,000 headers": b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 10_000 + b"\r\n",
}
# Chunks that are none, behind a head that is clear.
CHUNKS: dict[str, bytes] = {
    "hexadecimal prefix": b"0x5\r\nabcde\r\n0\r\n\r\n",
    "negative": b"-5\r\nabcde\r\n0\r\n\r\n",
    "plus": b"+5\r\nabcde\r\n0\r\n\r\n",
    "underscore": b"1_0\r\n" + b"a" * 16 + b"\r\n0\r\n\r\n",
    "overflow": b"fffffffffffffffff\r\nabcde\r\n0\r\n\r\n",
    "wraps round": b"10000000000000005\r\nabcde\r\n0\r\n\r\n",
    "empty size": b"\r\nabcde\r\n0\r\n\r\n",
    "letters": b"xyz\r\nabcde\r\n0\r\n\r\n",
    "longer than said": b"5\r\nabcdefgh\r\n0\r\n\r\n",
    "no CRLF behind": b"5\r\nabcde0\r\n\r\n",
    "space before size": b" 5\r\nabcde\r\n0\r\n\r\n",
    "LF behind size": b"5\nabcde\r\n0\r\n\r\n",
    "CR in an extension": b"5;a\rb\r\nabcde\r\n0\r\n\r\n",
    "LF in an extension": b"5;a\nb\r\nabcde\r\n0\r\n\r\n",
    "an extension of 1 MB": b"5;" + b"a" * 1_000_000 + b"\r\nabcde\r\n0\r\n\r\n",
    "many trailers": b"5\r\nabcde\r\n0\r\n" + b"X: y\r\n" * 20_000 + b"\r\n",
}

ENDED = {"LF behind size", "an extension of 1 MB", "many trailers"}

STATUS = re.compile(rb"HTTP/1\.[01] (\d{3}) ")


def statuses(answer: bytes) -> list[int]:
    return [int(code) for code in STATUS.findall(answer)]


@dataclass(frozen=True)
class Way:
    """A port to send to, and the hub that is behind it."""

    port: int
    hub: Target


def nginx_configuration(folder: Path, port: int, hub_port: int) -> Path:
    """The server of the page, made to run here: its own ports and folders, without TLS."""
    changes = {"127.0.0.1:8000": f"127.0.0.1:{hub_port}"}
    text = deploy_page.adapted(deploy_page.server(), changes)
    text = re.sub(r"listen 443 ssl;", f"listen 127.0.0.1:{port};", text)
    text = re.sub(r"^\s*ssl_\w+ .*;\n", "", text, flags=re.MULTILINE)
    assert "ssl" not in text
    whole = (
        f"daemon off;\nmaster_process off;\npid {folder}/pid;\nerror_log {folder}/error.log;\n"
        "events { worker_connections 512; }\n"
        f"http {{\naccess_log off;\nclient_body_temp_path {folder}/body;\n"
        f"proxy_temp_path {folder}/proxy;\nfastcgi_temp_path {folder}/f;\n"
        f"uwsgi_temp_path {folder}/u;\nscgi_temp_path {folder}/s;\n{text}\n}}\n"
    )
    file = folder / "nginx.conf"
    file.write_text(whole)
    return file


@contextlib.contextmanager
def nginx(folder: Path, hub_port: int) -> Iterator[int]:
    """nginx in front of a hub; its port."""
    program = shutil.which("nginx") or "/usr/sbin/nginx"
    assert Path(program).exists(), "apt-get install nginx-light"
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    file = nginx_configuration(folder, port, hub_port)
    command = [program, "-c", str(file), "-p", str(folder), "-e", str(folder / "error.log")]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        deadline = time.monotonic() + 10
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            assert process.poll() is None, process.stderr and process.stderr.read()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait(10)
        assert process.stderr is not None
        process.stderr.close()


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Way]:
    """nginx, and behind it a hub that believes it."""
    folder = tmp_path_factory.mktemp("front")
    flags = {"SWELL_TRUSTED_PROXIES": "127.0.0.1", "SWELL_METRICS_FROM": "10.9.9.9"}
    with attacked(folder / "data", environment=flags) as hub:
        (folder / "nginx").mkdir()
        with nginx(folder / "nginx", hub.port) as port:
            yield Way(port, hub)


@pytest.fixture(params=["direct", "nginx"])
def way(request: pytest.FixtureRequest) -> Way:
    if request.param == "nginx":
        found: Way = request.getfixturevalue("behind")
        return found
    target: Target = request.getfixturevalue("target")
    return Way(target.port, target)


def hidden_in(hub: Target, since: int) -> bool:
    return any("hidden-request" in entry for entry in hub.live.log[since:])


def send(way: Way, request: bytes) -> bytes:
    return raw(way.port, request, seconds=0.25)


def test_what_is_unclear_is_one_request_or_none(way: Way) -> None:
    """Of fifty requests with one hidden in them, never is the hidden one answered."""
    since = len(way.hub.live.log)
    for name, request in UNCLEAR.items():
        found = statuses(send(way, request))
        assert len(found) <= 1 or name == "trace", (name, found)
        assert all(code < 500 or code in {501, 505} for code in found), (name, found)
    time.sleep(0.3)
    # A body that a clear head announced is read as a body; "connect" has none.
    assert not hidden_in(way.hub, since), "a hidden request was carried out"
    # The hub is as it was, for the next client on a connection of its own.
    assert statuses(
        send(way, b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    ) == [200]


def test_what_follows_an_unclear_request_is_not_answered(way: Way) -> None:
    """A clear request behind an unclear one on the same connection: the connection is closed, or
    the first is answered for itself and the second for itself, in that order."""
    after = b"GET /api/whoami-v2 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    for name in ("CL.TE", "TE.CL", "two lengths", "hexadecimal length", "space before colon", "xchunked",
                 "folded line", "negative length", "two lengths in one", "huge length"):  # fmt: skip
        found = statuses(send(way, UNCLEAR[name] + after))
        assert found in ([], [400], [501], [413], [200], [411]), (name, found)


def test_chunks_that_are_none_end_the_connection(way: Way) -> None:
    for name, body in CHUNKS.items():
        since = len(way.hub.live.log)
        found = statuses(send(way, POST + TE + b"\r\n" + body + HIDDEN))
        assert all(code < 500 for code in found), (name, found)
        if way.port != way.hub.port and name in ENDED:
            # nginx reads these kindly and sends them on as clear chunks: what follows their end
            # is the second request that it looks like.
            assert found == [400, 404], (name, found)
            continue
        assert found in ([400], []), (name, found)
        assert not hidden_in(way.hub, since), name


def test_chunks_are_put_together_as_they_are(way: Way) -> None:
    """The control: what is clear is carried out, in small chunks, with extensions and trailers."""
    pieces = [JSON[n : n + 3] for n in range(0, len(JSON), 3)]
    for body in (
        chunked(*pieces),
        b"27;a=b\r\n" + JSON + b"\r\n0\r\n\r\n",
        b"027\r\n" + JSON + b"\r\n0\r\nX: y\r\n\r\n",
    ):
        assert statuses(send(way, POST + TE + b"Connection: close\r\n\r\n" + body)) == [200]


def test_pipelined_requests_are_answered_in_order(way: Way) -> None:
    names = [b"a%d" % number for number in range(20)]
    request = b"".join(
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Request-Id: %s\r\n\r\n" % name
        for name in names[:-1]
    )
    request += b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Request-Id: a19\r\n\r\n"
    answer = raw(way.port, request, seconds=2)
    assert statuses(answer) == [200] * 20
    assert re.findall(rb"(?i)x-request-id: (a\d+)", answer) == names
    # An error between two answers keeps its place, with the body of each request skipped.
    mixed = (
        b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
        + POST + length(len(HIDDEN)) + b"\r\n" + HIDDEN
        + b"GET /nothing/here/at/all HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    )  # fmt: skip
    since = len(way.hub.live.log)
    assert statuses(raw(way.port, mixed, seconds=2)) == [200, 400, 404]
    assert not hidden_in(way.hub, since)


def test_a_refused_upload_leaves_nothing_on_the_connection(way: Way) -> None:
    """A body that is not wanted is read away or the connection closed: never taken for a request."""
    since = len(way.hub.live.log)
    for path in (b"/api/repos/create", b"/olga/x.git/git-receive-pack", b"/api/models/olga/x/commit/main",
                 b"/olga/x.git/info/lfs/objects/" + b"0" * 64, b"/nothing/here", b"/login", b"/xet/n1/e1/v1/shards"):  # fmt: skip
        for method in (b"POST", b"PUT", b"DELETE"):
            head = b"%s %s HTTP/1.1\r\nHost: x\r\n" % (method, path)
            found = statuses(send(way, head + length(len(HIDDEN)) + b"\r\n" + HIDDEN))
            assert len(found) == 1, (method, path, found)
            assert 400 <= found[0] < 500
            found = statuses(send(way, head + TE + b"\r\n" + chunked(HIDDEN)))
            assert len(found) == 1, (method, path, found)
    assert not hidden_in(way.hub, since)


def test_slow_heads_and_bodies_are_given_up(tmp_path: Path) -> None:
    """Two hundred connections that say a byte now and then: others are served meanwhile, and the
    slow ones are closed when their time is over."""
    limits = {"SWELL_HEADER_SECONDS": "2", "SWELL_BODY_IDLE_SECONDS": "2"}
    with serving(tmp_path / "data", environment=limits) as live, contextlib.ExitStack() as stack:
        slow = []
        for number in range(200):
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", live.port), 10))
            head = (
                b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: "
                if number % 2
                else POST + length(10**6) + b"\r\n"
            )
            connection.sendall(head)
            slow.append(connection)
        began = time.monotonic()
        while time.monotonic() - began < 3.5:
            for connection in slow:
                with contextlib.suppress(OSError):
                    connection.sendall(b"a")
            answer = raw(
                live.port, b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
            )
            assert statuses(answer) == [200]
            time.sleep(0.2)
        for connection in slow:
            connection.settimeout(10)
            with contextlib.suppress(ConnectionError):
                while connection.recv(65536):
                    pass  # an answer, then the end; a time-out here would fail the test
        assert time.monotonic() - began < 30


# --- nginx as a front ---------------------------------------------------------------------------


def test_everything_works_behind_nginx(behind: Way) -> None:
    """Addresses, raw paths, large bodies, ranges and git, as the how-to promises."""
    hub, port = behind.hub, behind.port
    olga = hub.user("olga")
    repo = hub.repository(olga, "olga", "front", private=True)
    content = bytes(range(256)) * 20_000
    publish(olga, repo, "a/b.bin", content)
    through = hub.caller(bearer(token_of("olga")))
    through.port = port
    read = through(
        "GET", f"/{repo}/resolve/refs%2Fheads%2Fmain/a%2Fb.bin", None, {"Range": "bytes=10-19"}
    )
    assert (read.status, read.body) == (206, content[10:20])
    assert through("GET", f"/{repo}/resolve/main/a/b.bin").body == content
    told = through("GET", f"/api/models/{repo}/xet-read-token/main").json()
    assert told["casUrl"].startswith(f"http://127.0.0.1:{port}/xet/")
    sent = through("PUT", f"/{repo}.git/info/lfs/objects/{'0' * 64}?signature=x", b"x" * 3_000_000)
    assert sent.status == 403, "bodies above a megabyte reach the hub"
    assert through("GET", f"/{repo}.git/info/refs?service=git-upload-pack").status == 200
    for path in (
        "//",
        "/%2e%2e/x",
        "/..%2f..%2fetc/passwd",
        f"/{repo}/resolve/main/%2e%2e%2f%2e%2e%2fx",
    ):
        assert through("GET", path).status in {200, 301, 303, 400, 404}, path
        assert b"root:" not in through("GET", path).body


def test_a_client_of_nginx_cannot_claim_to_be_elsewhere(behind: Way) -> None:
    """nginx sets the forwarded headers itself, so what a client wrote there does not arrive."""
    claims = (
        b"GET /api/models?limit=1 HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Forwarded-Host: evil.example\r\n"
        b"X-Forwarded-Proto: https\r\nX-Forwarded-For: 10.9.9.9\r\nForwarded: host=evil.example\r\n"
        b"Connection: close\r\n\r\n"
    )
    behind.hub.repository(behind.hub.user("olga"), "olga")
    behind.hub.repository(behind.hub.user("olga"), "olga")
    answer = raw(behind.port, claims, source="127.0.0.2")
    assert statuses(answer) == [200]
    assert b"Link: <http" in answer or b"link: <http" in answer
    assert b"evil.example" not in answer
    assert b"link: <https" not in answer.lower()
    metrics = claims.replace(b"/api/models?limit=1", b"/metrics")
    assert statuses(raw(behind.port, metrics, source="127.0.0.2")) == [403]


def test_many_answers_over_one_connection_through_nginx_stay_in_place(behind: Way) -> None:
    """Unclear requests from one client while another asks: each gets its own answers."""
    with socket.create_connection(("127.0.0.1", behind.port), 5) as honest:
        for name, request in list(UNCLEAR.items())[:30]:
            raw(behind.port, request, seconds=0.05)
            honest.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Request-Id: honest\r\n\r\n")
            answer = b""
            while b'"version"' not in answer:
                piece = honest.recv(65536)
                assert piece, name
                answer += piece
            assert statuses(answer) == [200], name
            assert b"honest" in answer
        honest.settimeout(0.2)
        assert drained(honest) == b""
