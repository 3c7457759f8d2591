"""Xorbs that nginx sends itself, as docs/deploy.md tells it to: what goes, what not.

The configuration is that of the page. nginx logs, for each answer, the place that it came from.
"""

from __future__ import annotations

import hashlib
import sqlite3
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.contract import deploy_page
from tests.contract.test_behind_nginx import behind, free_port, nginx
from tests.contract.test_hub_on_other_stores import journey
from tests.live import LiveHub, serving, swell, token_of
from tests.security.target import NOTHING, Answer, Caller, Headers, bearer, path_of, publish

SETTINGS = {"SWELL_TRUSTED_PROXIES": "127.0.0.1/32", "SWELL_ACCEL_PREFIX": "/.stored"}
SIZE_BYTES = 3 << 20
THROUGH = {"X-Forwarded-For": "192.0.2.7"}


@dataclass
class Front:
    """A hub and the nginx before it."""

    hub: LiveHub
    url: str
    folder: Path
    seen: int = 0
    callers: list[Caller] = field(default_factory=list)

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def caller(self, name: str | None = None) -> Caller:
        return self.holding(token_of(name)) if name else self.at(self.port)

    def holding(self, token: str) -> Caller:
        return self.at(self.port, bearer(token))

    def at(self, port: int, headers: Headers = NOTHING) -> Caller:
        """Somebody at nginx or, past it, at the hub."""
        made = Caller(port, headers)
        self.callers.append(made)
        return made

    def close(self) -> None:
        for caller in self.callers:
            caller.close()

    def sent(self) -> list[tuple[str, int, int]]:
        """What nginx answered since the last time: place, status, bytes."""
        time.sleep(0.1)  # a line is written after the answer has gone
        lines = (self.folder / "places").read_text().splitlines()
        fresh, self.seen = lines[self.seen :], len(lines)
        return [(place, int(status), int(size)) for place, status, size in map(str.split, fresh)]

    def files_sent(self) -> list[tuple[str, int, int]]:
        return [each for each in self.sent() if each[0].startswith("/.stored/")]


@contextmanager
def front(tmp_path: Path, data: Path) -> Iterator[Front]:
    with ExitStack() as stack:
        first = not data.exists()
        hub = stack.enter_context(serving(data, people=first, environment=SETTINGS))
        changes = {":8000": f":{hub.port}", "/srv/groundswell/data": str(data)}
        whole = deploy_page.adapted(deploy_page.sending_server(), changes)
        folder = tmp_path / f"nginx-{hub.port}"
        url = stack.enter_context(nginx(folder, whole, free_port()))
        it = Front(hub, url, folder)
        stack.callback(it.close)
        yield it


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    tmp_path = tmp_path_factory.mktemp("front")
    with front(tmp_path, tmp_path / "data") as it:
        yield it


@dataclass
class Stored:
    """A file of one xorb, and the address of its middle."""

    repo: str
    key: str
    path: str
    first: int
    last: int

    @property
    def range(self) -> dict[str, str]:
        return {"Range": f"bytes={self.first}-{self.last}"}

    def file(self, data: Path) -> Path:
        return data / "xorbs" / self.key[:2] / self.key

    def granted(self, data: Path) -> bytes:
        return self.file(data).read_bytes()[self.first : self.last + 1]


def content_of(repo: str) -> bytes:
    return hashlib.shake_128(repo.encode()).digest(SIZE_BYTES)


def store(it: Front, name: str, *, private: bool = False) -> Stored:
    ada = it.caller("ada")
    made = ada.json(
        "POST", "/api/repos/create", {"type": "model", "name": name, "private": private}
    )
    assert made.status == 200, made.text
    publish(ada, f"ada/{name}", "m.bin", content_of(f"ada/{name}"))
    return address(it, f"ada/{name}")


def address(it: Front, repo: str) -> Stored:
    ada = it.caller("ada")
    file_hash = ada("HEAD", f"/{repo}/resolve/main/m.bin").headers["X-Xet-Hash"]
    token = ada("GET", f"/api/models/{repo}/xet-read-token/main").json()
    cas = it.holding(token["accessToken"])
    plan = cas(
        "GET",
        f"{path_of(token['casUrl'])}/v1/reconstructions/{file_hash}",
        headers={"Range": "bytes=1000000-2000000"},
    ).json()
    ((key, (fetch,)),) = plan["fetch_info"].items()
    first, last = fetch["url_range"]["start"], fetch["url_range"]["end"]
    assert 0 < first < last < SIZE_BYTES
    return Stored(repo, key, path_of(fetch["url"]), first, last)


def get(it: Front, path: str, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return it.caller()("GET", path, headers=named)


def test_the_client_gets_its_files_from_nginx(shared: Front, tmp_path: Path) -> None:
    shared.sent()
    journey(behind(shared.hub, shared.url), tmp_path / "home", "ada/sent-by-nginx")
    sent = shared.files_sent()
    assert {status for _, status, _ in sent} == {206}
    assert sum(size for _, _, size in sent) > 40 << 20, "two downloads of 24 MiB"


def test_just_the_range_and_what_the_hub_says_of_it(shared: Front) -> None:
    stored = store(shared, "exact")
    shared.sent()
    answer = get(shared, stored.path, **stored.range)
    assert answer.status == 206
    assert answer.body == stored.granted(shared.hub.data)
    size = stored.file(shared.hub.data).stat().st_size
    assert answer.headers["Content-Range"] == f"bytes {stored.first}-{stored.last}/{size}"
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "private, max-age=3600"
    # Since when a xorb is here is nobody's business, nor where it lies.
    assert not {"Last-Modified", "ETag", "X-Accel-Redirect"} & set(answer.headers)
    part = get(shared, stored.path, Range=f"bytes={stored.first + 7}-{stored.first + 9}")
    assert part.body == answer.body[7:10]
    key = stored.key
    assert [place for place, _, _ in shared.files_sent()] == [f"/.stored/xorbs/{key[:2]}/{key}"] * 2


def test_a_request_that_nginx_could_read_otherwise_is_the_hubs(shared: Front) -> None:
    """nginx would send the whole file, or another part of it: each of these gets what the hub
    alone gives.
    """
    stored = store(shared, "otherwise")
    whole = stored.granted(shared.hub.data)
    shared.sent()
    exact = stored.range["Range"]
    for headers in (
        {},
        {"Range": exact, "If-Range": '"another"'},
        {"Range": exact, "If-Range": "Fri, 27 Nov 2026 00:00:00 GMT"},
        {"Range": f"Bytes={stored.first}-{stored.last}"},
        {"Range": f" bytes = {stored.first}-{stored.last}"},
        {"Range": exact, "Accept-Encoding": "gzip"},
        {"Range": exact, "If-Modified-Since": "Fri, 27 Nov 2037 00:00:00 GMT"},
    ):
        answer = shared.caller()("GET", stored.path, headers=headers)
        assert (answer.status, answer.body) == (206, whole), headers
    assert [size for _, _, size in shared.files_sent()] == [len(whole)], "the one for gzip"
    assert shared.caller()("HEAD", stored.path, headers=stored.range).body == b""
    several = f"{exact},{stored.first}-{stored.first + 1}"
    assert len(get(shared, stored.path, Range=several).body) < 2 * len(whole) + 1000
    assert shared.files_sent() == []


def test_a_forged_range_or_signature_is_refused(shared: Front) -> None:
    stored = store(shared, "forged")
    other = store(shared, "forged-too")
    shared.sent()
    first, last = stored.first, stored.last
    for forged in (
        f"{first - 1}-{last}",
        f"{first}-{last + 1}",
        "0-9",
        f"{last + 1}-{last + 9}",
        f"{first}-",
        "-9",
        f"{first}-{10**18 - 1}",
    ):
        answer = get(shared, stored.path, Range=f"bytes={forged}")
        assert (answer.status, len(answer.body) < 400) == (403, True), forged
    for path in (
        stored.path[:-2] + "AA",
        stored.path.partition("?")[0],
        stored.path.replace(stored.key, other.key),
    ):
        assert get(shared, path, **stored.range).status == 403, path
    assert shared.files_sent() == []


def test_nothing_is_had_past_the_hub(shared: Front) -> None:
    """Neither by the place itself, from outside, nor anything else in the folder."""
    stored = store(shared, "inside")
    keys = next((shared.hub.data / "keys").iterdir()).name
    place = f"/.stored/xorbs/{stored.key[:2]}/{stored.key}"
    for path in (
        place,
        f"{place}?{stored.path.partition('?')[2]}",
        place.replace(".stored", "%2Estored"),
        f"/x/..{place}",
        "/.stored/xorbs/",
        "/.stored/xorbs/../groundswell.db",
        f"/.stored/keys/{keys}",
        "/.stored/groundswell.db",
        "/.stored../data/groundswell.db",
    ):
        answer = get(shared, path)
        # Refused by nginx, or an address as unknown to the hub as any other.
        assert answer.status in {400, 401, 404}, path
        assert len(answer.body) < 10_000, path
    asking = shared.caller()("GET", "/healthz", headers={"X-Accel-Redirect": place})
    assert asking.status == 200
    assert len(asking.body) < 1000


def test_who_does_not_come_through_nginx_gets_bytes(shared: Front) -> None:
    stored = store(shared, "direct")
    straight = shared.at(shared.hub.port)
    answer = straight("GET", stored.path, headers=stored.range)
    assert answer.body == stored.granted(shared.hub.data)
    assert "X-Accel-Redirect" not in answer.headers
    # The control: with the header that nginx adds, the hub answers nginx.
    named = straight("GET", stored.path, headers={**stored.range, **THROUGH})
    assert named.body == b""
    assert named.headers["X-Accel-Redirect"].endswith(stored.key)


def test_who_may_not_read_gets_nothing(shared: Front) -> None:
    """An address that works as long as its holder's right does, and not a moment longer."""
    stored = store(shared, "to-be-private")
    eve = shared.caller("eve")
    head = eve("HEAD", f"/{stored.repo}/resolve/main/m.bin")
    token = eve("GET", f"/api/models/{stored.repo}/xet-read-token/main").json()
    cas = shared.holding(token["accessToken"])
    at = f"{path_of(token['casUrl'])}/v1/reconstructions/{head.headers['X-Xet-Hash']}"
    fetch = cas("GET", at).json()["fetch_info"][stored.key][0]
    theirs, span = path_of(fetch["url"]), fetch["url_range"]
    exact = {"Range": f"bytes={span['start']}-{span['end']}"}
    assert get(shared, theirs, **exact).status == 206
    ada = shared.caller("ada")
    assert ada.json("PUT", f"/api/models/{stored.repo}/settings", {"private": True}).status == 200
    shared.sent()
    assert get(shared, theirs, **exact).status == 403
    assert cas("GET", at).status in {403, 404}
    assert shared.files_sent() == []
    assert get(shared, stored.path, **stored.range).status == 206, "the owner's own"
    assert len(shared.files_sent()) == 1


def test_what_is_on_record_as_broken_is_not_sent_by_nginx(shared: Front) -> None:
    """Another process found it: the serving one has only the record to go by."""
    stored = store(shared, "on-record")
    assert get(shared, stored.path, **stored.range).status == 206
    assert len(shared.files_sent()) == 1
    with sqlite3.connect(shared.hub.data / "groundswell.db") as conn:
        conn.execute(
            "INSERT INTO faults (kind, key, what, place, found_at, healed_by)"
            " VALUES ('xorbs', ?, 'said so', '', 1, '')",
            (stored.key,),
        )
    get(shared, stored.path, **stored.range)
    assert shared.files_sent() == []


def damage(path: Path, place: int) -> None:
    path.chmod(0o644)
    with path.open("r+b") as file:
        file.seek(place)
        byte = file.read(1)
        file.seek(place)
        file.write(bytes((byte[0] ^ 1,)))
    path.chmod(0o444)


def test_bytes_are_checked_before_nginx_sends_any(tmp_path: Path) -> None:
    """After a start nothing is known: the hub reads first, nginx the next time. What is broken is
    found by that, and then never sent; nor is what was put aside.
    """
    data = tmp_path / "data"
    with front(tmp_path, data) as it:
        whole, broken, aside = (store(it, name) for name in ("whole", "broken", "aside"))
        kept = {each.key: each.granted(data) for each in (whole, broken, aside)}
    damage(broken.file(data), (broken.first + broken.last) // 2)
    with front(tmp_path, data) as it:
        whole, broken, aside = (address(it, each.repo) for each in (whole, broken, aside))
        it.sent()
        for expected in ([], [206]):
            answer = get(it, whole.path, **whole.range)
            assert answer.body == kept[whole.key]
            assert [status for _, status, _ in it.files_sent()] == expected
        for _ in range(3):
            with_fault = _body_or_nothing(it, broken)
            assert kept[broken.key].startswith(with_fault)
            assert len(with_fault) < len(kept[broken.key])
        assert it.files_sent() == []
        for _ in range(2):
            assert get(it, aside.path, **aside.range).body == kept[aside.key]
        assert [status for _, status, _ in it.files_sent()] == [206]
        damage(aside.file(data), (aside.first + aside.last) // 2)
        with pytest.raises(AssertionError):  # it ends with 8, since it finds something
            swell(data, "scrub")
        assert not aside.file(data).exists()
        assert get(it, aside.path, **aside.range).status in {403, 404, 410}
        assert it.files_sent() == []


def _body_or_nothing(it: Front, stored: Stored) -> bytes:
    try:
        answer = get(it, stored.path, **stored.range)
    except OSError:
        return b""
    return answer.body if answer.status == 206 else b""


def test_a_file_that_moves_at_this_very_moment_is_the_hubs_again(tmp_path: Path) -> None:
    """nginx is told of a file and does not find it: it asks the hub, which does."""
    data = tmp_path / "data"
    with front(tmp_path, data) as it:
        stored = store(it, "moving")
        elsewhere = tmp_path / "elsewhere"
        (data / "xorbs").rename(elsewhere)
        (data / "xorbs").mkdir()
        answer = get(it, stored.path, **stored.range)
        assert answer.status in {403, 404, 410}
        assert answer.headers["X-Request-Id"], "the hub's own answer"
