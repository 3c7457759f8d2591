"""S17: an address that makes the hub ask somebody inside.

The story: somebody gives a webhook an address, and the hub sends a request from where it stands: to
the metadata service of its cloud, to a database that trusts its network, to itself. Filters that look
at the address as text fall to other spellings of a number, to addresses wrapped in others, to names
that lead inside, to names that lead elsewhere at the second look, and to redirects. Whoever stands at
the end of a redirect must not get what was meant for the first.

So: every spelling here is given to the one client that asks anybody, with a resolver that says what
an attacker's would, and a listener that must stay silent.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import socket
import ssl
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from groundswell.store.outbound import Outbound, OutboundPolicy
from tests.clients.stage import ask, ask_json
from tests.live import serving
from tests.security.receivers import Receiver, answer, receiving

# What stands for the internet here, and may be asked; 127.0.0.1 stands for what is inside.
FAR, FARTHER, INSIDE = "127.0.0.2", "127.0.0.3", "127.0.0.1"

ALWAYS_REFUSED = [
    # Numbers in every spelling that some resolver takes.
    "http://127.0.0.1:{port}/", "http://127.1:{port}/", "http://127.0.1:{port}/", "http://2130706433:{port}/",
    "http://0x7f000001:{port}/", "http://0x7f.0.0.1:{port}/", "http://0177.0.0.1:{port}/",
    "http://017700000001:{port}/", "http://127.0.0.1.:{port}/", "http://0:{port}/", "http://0.0.0.0:{port}/",
    "http://127.0.0.0x1:{port}/", "http://127.000.000.001:{port}/", "http://１２７.0.0.1:{port}/",
    "http://127。0。0。1:{port}/", "http://127.0.0.1%00.example.com:{port}/", "http://%31%32%37.0.0.1:{port}/",
    # The networks nobody outside has.
    "http://10.0.0.1/", "http://172.16.0.1/", "http://192.168.1.1/", "http://100.64.0.1/", "http://192.0.0.8/",
    "http://198.18.0.1/", "http://224.0.0.1/", "http://255.255.255.255/", "http://240.0.0.1/",
    # Metadata services.
    "http://169.254.169.254/latest/meta-data/", "http://[fd00:ec2::254]/latest/", "http://168.63.129.16/",
    "http://100.100.100.200/", "http://[fe80::a9fe:a9fe]/",
    # IPv6, and IPv4 wrapped in it.
    "http://[::1]:{port}/", "http://[::]:{port}/", "http://[::ffff:127.0.0.1]:{port}/", "http://[::ffff:7f00:1]:{port}/",
    "http://[::127.0.0.1]:{port}/", "http://[64:ff9b::7f00:1]:{port}/", "http://[64:ff9b:1::7f00:1]/",
    "http://[2002:7f00:1::]:{port}/", "http://[2001:0:7f00:1::]/", "http://[fe80::1%25lo]:{port}/",
    "http://[fec0::1]/", "http://[fc00::1]/", "http://[ff02::1]/", "http://[2001:db8::1]/",
    "http://[2606:4700::5efe:7f00:1]/", "http://[0:0:0:0:0:ffff:10.0.0.1]/",
    # Names of this machine.
    "http://localhost:{port}/", "http://LOCALHOST.:{port}/", "http://x.localhost:{port}/",
    # What is not the web, or hides where it leads.
    "gopher://127.0.0.1:{port}/", "file:///etc/passwd", "ftp://far.example/", "dict://127.0.0.1:{port}/",
    "ext::sh -c id", "//127.0.0.1:{port}/", "javascript:alert(1)", "http:127.0.0.1:{port}", "http:///127.0.0.1",
    "http://far.example@127.0.0.1:{port}/", "http://user:word@far.example/", "http://far.example\\@127.0.0.1:{port}/",
    "http://127.0.0.1:{port}#@far.example/", "http://far.example:22/", "http://far.example:6379x/", "http://far.example:0/",
    "http://far.example/ HTTP/1.1\r\nX: y", "http://far.example/\tx", "http://[127.0.0.1]:{port}/", "http://a..b/", "http://" + "a" * 64 + ".example/",
]  # fmt: skip

# Names, and what an attacker's resolver says of them.
NAMES = {
    "inner.example": [INSIDE], "six.example": ["::1"], "mapped.example": ["::ffff:127.0.0.1"],
    "private.example": ["10.1.2.3"], "metadata.example": ["169.254.169.254"], "zone.example": ["fe80::1"],
    "wrapped.example": ["64:ff9b::a9fe:a9fe"], "sixtofour.example": ["2002:a9fe:a9fe::"], "zero.example": ["0.0.0.0"],
    "both.example": [FAR, INSIDE], "both-six.example": [FAR, "::1"], "broadcast.example": ["255.255.255.255"],
    "carrier.example": ["100.64.0.1"], "teredo.example": ["2001:0:7f00:1::"], "ula.example": ["fd12::1"],
}  # fmt: skip
GOOD = {"far.example": [FAR], "farther.example": [FARTHER]}

_connects: list[object] = []


def _note(event: str, arguments: tuple[object, ...]) -> None:
    if event == "socket.connect":
        _connects.append(arguments[1])


sys.addaudithook(_note)


@pytest.fixture
def connects() -> list[object]:
    """Every connection that this process tries."""
    _connects.clear()
    return _connects


class Names:
    """A resolver that says what it is told, and counts."""

    def __init__(self, *answers: list[str]) -> None:
        self.asked: list[str] = []
        self._answers = list(answers)

    def __call__(self, host: str, port: int) -> list[str]:
        self.asked.append(host)
        if self._answers:
            return self._answers[min(len(self.asked), len(self._answers)) - 1]
        found = {**NAMES, **GOOD}.get(host)
        if found is None:
            raise socket.gaierror
        return found


def outbound(names: Names | None = None, tls: ssl.SSLContext | None = None) -> Outbound:
    return Outbound(OutboundPolicy(allowed=(f"{FAR}/32", f"{FARTHER}/32")), names or Names(), tls)


@pytest.fixture(scope="module")
def canary() -> Iterator[Receiver]:
    """What is inside. Nobody may ever connect."""
    with receiving(answer("200 OK"), INSIDE) as four, receiving(answer("200 OK"), "::1", four.port):
        yield four


def test_the_list_is_long_enough() -> None:
    assert len(set(ALWAYS_REFUSED)) + len(NAMES) >= 60


@pytest.mark.parametrize("url", ALWAYS_REFUSED)
def test_no_spelling_leads_inside(url: str, canary: Receiver, connects: list[object]) -> None:
    reply = outbound().send("POST", url.format(port=canary.port), {}, b"x", redirects_max=3)
    assert (reply.is_refused, reply.status) == (True, None), reply
    assert connects == []
    assert canary.hits == 0


@pytest.mark.parametrize("name", NAMES)
def test_no_name_leads_inside(name: str, canary: Receiver, connects: list[object]) -> None:
    reply = outbound().send("GET", f"http://{name}:{canary.port}/", {})
    assert (reply.is_refused, reply.status) == (True, None), reply
    assert not any(text in reply.problem for text in (INSIDE, "10.", "169.")), "tells no address"
    assert connects == []
    assert canary.hits == 0


def test_what_is_outside_is_asked(canary: Receiver) -> None:
    with receiving(answer("200 OK", body=b"hello")) as far:
        names = Names()
        reply = outbound(names).send(
            "POST", far.url("FAR.example", "/a?b=c"), {"X-A": "1"}, b"body"
        )
    assert (reply.status, reply.body, reply.is_cut) == (200, b"hello", False)
    head, _, body = far.heard[0].decode().partition("\r\n\r\n")
    assert head.startswith("POST /a?b=c HTTP/1.1\r\n")
    assert f"Host: far.example:{far.port}" in head
    assert body == "body"
    assert names.asked == ["far.example"]


def test_a_name_is_looked_up_once(canary: Receiver, connects: list[object]) -> None:
    """Rebinding: outside at the first look, inside at the second, which does not happen."""
    with receiving(answer("200 OK"), FAR, canary.port) as far:
        names = Names([FAR], [INSIDE])
        reply = outbound(names).send("GET", far.url("swings.example"), {})
        assert (reply.status, names.asked) == (200, ["swings.example"])
        reply = outbound(names).send("GET", far.url("swings.example"), {})
        assert reply.is_refused
    assert connects == [(FAR, canary.port)]
    assert canary.hits == 0


REDIRECTS = [
    "http://127.0.0.1:{port}/", "http://inner.example:{port}/", "//127.0.0.1:{port}/", "http://[::1]:{port}/",
    "http://localhost:{port}/", "gopher://127.0.0.1:{port}/", "file:///etc/passwd",
    "http://user:word@far.example:{port}/", "http://both.example:{port}/", "http://2130706433:{port}/",
]  # fmt: skip


@pytest.mark.parametrize("place", REDIRECTS)
def test_no_redirect_leads_inside(place: str, canary: Receiver) -> None:
    with receiving(answer("307 Away", f"Location: {place.format(port=canary.port)}")) as far:
        reply = outbound().send("GET", far.url("far.example"), {}, redirects_max=3)
    assert (reply.is_refused, len(far.heard)) == (True, 1), reply
    assert canary.hits == 0


def test_redirects_end(canary: Receiver) -> None:
    with receiving(answer("308 Away", "Location: /again")) as far:
        reply = outbound().send("GET", far.url("far.example"), {}, redirects_max=99)
        assert (reply.status, len(far.heard)) == (308, 4)
        reply = outbound().send("POST", far.url("far.example"), {}, b"x")
        assert (reply.status, len(far.heard)) == (308, 5), "not followed unless asked"
    with receiving(answer("302 Away", "Location: /again")) as far:
        reply = outbound().send("POST", far.url("far.example"), {}, b"x", redirects_max=3)
        assert (reply.status, len(far.heard)) == (302, 1), (
            "what changes the method is no repetition"
        )


def test_secrets_go_to_the_first_origin_alone() -> None:
    with receiving(answer("200 OK"), FARTHER) as second:
        to = f"Location: {second.url('farther.example')}"
        with receiving(answer("307 Away", to, "Set-Cookie: a=b")) as first:
            secret = {"X-Webhook-Secret": "word", "Authorization": "Bearer word"}
            url = first.url("far.example")
            reply = outbound().send(
                "POST", url, {"X-Plain": "1"}, b"x", secret_headers=secret, redirects_max=3
            )
        assert reply.status == 200
    assert b"word" in first.heard[0]
    assert b"X-Plain: 1" in second.heard[0]
    assert b"word" not in second.heard[0]
    assert b"cookie" not in second.heard[0].lower()


def test_no_proxy_of_the_environment(canary: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, f"http://{INSIDE}:{canary.port}")
    with receiving(answer("204 No Content")) as far:
        assert outbound().send("GET", far.url("far.example"), {}).status == 204
    assert canary.hits == 0


def test_an_answer_is_bounded() -> None:
    def trickle(peer: socket.socket, _request: bytes) -> None:
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(100):
            peer.sendall(b"x")
            time.sleep(0.1)

    def spam(peer: socket.socket, _request: bytes) -> None:
        while True:
            peer.sendall(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000)

    def heads(peer: socket.socket, _request: bytes) -> None:
        peer.sendall(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 60_000 + b"\r\n\r\n")

    cases = (
        (trickle, 0.6, "No answer in time."),
        (spam, 10.0, "The answer is larger than what is taken."),
        (heads, 10.0, "The answer's headers are larger than what is taken."),
        (lambda peer, _request: peer.sendall(b"\x00\x01nonsense\r\n\r\n"), 10.0, "What came back is not HTTP."),
        (lambda _peer, _request: None, 10.0, "What came back is not HTTP."),
    )  # fmt: skip
    for act, seconds, problem in cases:
        with receiving(act) as far:
            began = time.monotonic()
            reply = outbound().send("GET", far.url("far.example"), {}, total_seconds=seconds)
        assert (reply.status, reply.problem, reply.is_refused) == (None, problem, False)
        assert time.monotonic() - began < 8
    with receiving(answer("200 OK", "Content-Encoding: gzip", body=b"z" * 5_000_000)) as far:
        reply = outbound().send("GET", far.url("far.example"), {}, response_bytes_max=100)
    assert (reply.status, reply.body, reply.is_cut) == (200, b"z" * 100, True)


def test_a_resolver_that_never_answers() -> None:
    def never(_host: str, _port: int) -> list[str]:
        time.sleep(2)
        return [FAR]

    boundary = OutboundPolicy(allowed=(f"{FAR}/32",))
    reply = Outbound(boundary, never).send("GET", "http://far.example/", {}, total_seconds=0.3)
    assert reply.problem == "The name could not be resolved in time."
    assert reply.duration_ms < 1500


def _certificate(folder: Path, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's TLS for that name, and a client's that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    told = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(told)
        .issuer_name(told)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = folder / f"{name}.pem"
    form = serialization.PrivateFormat.PKCS8
    pem.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
        + made.public_bytes(serialization.Encoding.PEM)
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem)
    return server, ssl.create_default_context(cadata=made.public_bytes(serialization.Encoding.PEM).decode())  # fmt: skip


def test_tls_is_for_the_name_that_was_asked(tmp_path: Path) -> None:
    """The connection goes to the checked address; name and certificate are the name's."""
    server, client = _certificate(tmp_path, "far.example")
    with receiving(answer("200 OK"), tls=server) as far:
        reply = outbound(tls=client).send("GET", far.url("far.example", scheme="https"), {})
        assert (reply.status, far.names) == (200, ["far.example"])
        names = Names([FAR])
        wrong = outbound(names, client).send("GET", far.url("other.example", scheme="https"), {})
        assert wrong.problem == "Its certificate is not one that this hub trusts."
        stranger = outbound().send("GET", far.url("far.example", scheme="https"), {})
        assert stranger.problem == "Its certificate is not one that this hub trusts."
        assert len(far.heard) == 1
    with receiving(answer("307 Away", "Location: http://far.example/"), tls=server) as far:
        url = far.url("far.example", scheme="https")
        reply = outbound(tls=client).send("GET", url, {}, redirects_max=3)
        assert (reply.is_refused, reply.problem) == (
            True,
            "The answer redirects from https to http.",
        )


def test_what_the_operator_lists_is_reached(canary: Receiver) -> None:
    with receiving(answer("200 OK"), FARTHER) as far:
        for entry in (f"{FARTHER}/32", "127.0.0.0/29", "lan.example", f"lan.example:{far.port}"):
            names = Names([FARTHER])
            asked = Outbound(OutboundPolicy(allowed=(entry,)), names)
            assert asked.send("GET", far.url("lan.example"), {}).status == 200, entry
        for entry in ("10.0.0.0/8", "example", "an.example", f"lan.example:{far.port - 1}"):
            asked = Outbound(OutboundPolicy(allowed=(entry,)), Names([FARTHER]))
            assert asked.send("GET", far.url("lan.example"), {}).is_refused, entry
        nothing = Outbound(OutboundPolicy(enabled=False, allowed=("127.0.0.0/8",)))
        assert nothing.send("GET", far.url(), {}).problem == "This hub sends nothing out."
    for wrong in ("http://x", "a b", "x:0", "x:y", "", "x:70000"):
        with pytest.raises(ValueError, match="neither"):
            OutboundPolicy(allowed=(wrong,)) and Outbound(OutboundPolicy(allowed=(wrong,)))


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "64:ff9b::101:101"]
)
def test_the_internet_is_outside(address: str) -> None:
    """The control: not everything is refused."""
    assert outbound().boundary.admits(ipaddress.ip_address(address))


def test_a_whole_hub_asks_nobody_inside(tmp_path: Path, canary: Receiver) -> None:
    """Over HTTP: what is plainly inside is refused with words; a name that leads there, when it is
    asked, and the log says so without the address.
    """
    with serving(tmp_path / "data") as live:
        token = live.admin_token
        at = "/api/settings/webhooks"
        watched = [{"type": "user", "name": "admin"}]
        for url in (f"http://127.0.0.1:{canary.port}/", f"http://localhost:{canary.port}/x",
                    "http://169.254.169.254/latest", "file:///etc/passwd"):  # fmt: skip
            told = ask_json(live, "POST", at, {"url": url, "watched": watched}, token=token)
            assert told.status == 400
            assert "network" in told.body.decode() or "begin with" in told.body.decode()
        # Every system resolves its own name, or "ip6-localhost", to something inside.
        name = socket.gethostname().lower()
        url = f"http://{name}:{canary.port}/"
        made = ask_json(live, "POST", at, {"url": url, "watched": watched}, token=token)
        assert made.status == 200, made.body
        hook = made.json()["webhook"]["id"]
        test = ask_json(live, "POST", f"{at}/{hook}/test", {}, token=token).json()["delivery"]
        deadline = time.monotonic() + 30
        while test["state"] == "waiting" and time.monotonic() < deadline:
            time.sleep(0.2)
            headers = {"Authorization": f"Bearer {token}"}
            path = f"{at}/{hook}/deliveries/{test['id']}"
            test = ask(live, "GET", path, headers=headers).json()
        assert (test["state"], test["status"]) == ("failed", None)
        assert "own network" in test["problem"] or "no host" in test["problem"]
    assert canary.hits == 0
