"""S13: the signature of one address, moved to another.

The story: a forge signed the words of an address one after the other, without saying where one
ends: ("repo1", "23") and ("repo12", "3") had the same signature, and a link to one file opened
another (CVE-2026-58426, CVSS 9.6). Others sign the path and forget the method, or check the expiry
and forget who it was for.

Here no two different sets of fields share what is signed, and no signature that a live hub gave
out opens anything but what it was given for.
"""

from __future__ import annotations

import itertools
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from groundswell.core.errors import Forbidden
from groundswell.hub.signing import Signer
from tests.security.target import (
    Caller,
    Target,
    batch,
    bearer,
    commit,
    large,
    noise,
    path_of,
    publish,
    send_large,
)

NOW = 1_800_000_000
SIGNER = Signer([b"k" * 32], lambda: NOW * 1_000_000)
WORDS = st.text(alphabet='ab1|/.:,"\\\0é{}[]', max_size=6)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 50) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)
FIELDS = st.dictionaries(WORDS.filter(lambda word: word != "exp"), VALUES, max_size=4)


def key_of(value: Any) -> Any:
    """A value as something to compare, in which 1, True and "1" are three things."""
    if isinstance(value, dict):
        return ("dict", tuple(sorted((name, key_of(each)) for name, each in value.items())))
    if isinstance(value, list):
        return ("list", tuple(key_of(each) for each in value))
    return (type(value).__name__, value)


def shifted(
    purpose: str, fields: dict[str, Any], ttl: int
) -> list[tuple[str, dict[str, Any], int]]:
    """The same characters with their borders moved: between neighbours, from name to value, from
    purpose to payload, from a field to the expiry."""
    found = [(purpose, fields, ttl)]
    names = sorted(fields)
    if purpose:
        found.append((purpose[:-1], {**fields, purpose[-1] + "x": 1}, ttl))
    for name in names:
        value = fields[name]
        rest = {other: fields[other] for other in names if other != name}
        if isinstance(value, str) and value:
            found.append((purpose, {**rest, name + value[0]: value[1:]}, ttl))
            found.append((purpose + value[0], {**rest, name: value[1:]}, ttl))
            if value.isdigit():
                found.append((purpose, {**rest, name: int(value)}, ttl))
        if isinstance(value, int):
            found.append((purpose, {**rest, name: str(value)}, ttl))
            found.append((purpose, {**rest, name: value // 10}, ttl + value % 10))
        found.append((purpose, rest, ttl))
        found.append((purpose, {**rest, name: [value]}, ttl))
    for one, other in itertools.combinations(names, 2):
        swapped = {**fields, one: fields[other], other: fields[one]}
        found.append((purpose, swapped, ttl))
    return found


@settings(max_examples=2500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(WORDS, FIELDS, st.integers(1, 99))
def test_no_two_sets_of_fields_share_a_signature(
    purpose: str, fields: dict[str, Any], ttl: int
) -> None:
    """At least four signatures in each of 2,500 cases."""
    seen: dict[str, Any] = {}
    for one_purpose, one_fields, one_ttl in shifted(purpose, fields, ttl):
        text = SIGNER.sign(one_purpose, one_fields, one_ttl)
        mac = text.partition(".")[2]
        what = (one_purpose, key_of(one_fields), one_ttl)
        assert seen.setdefault(mac, what) == what
        opened = SIGNER.open(one_purpose, text)
        assert key_of(opened) == key_of({**one_fields, "exp": NOW + one_ttl})
        if one_purpose != purpose:
            with pytest.raises(Forbidden):
                SIGNER.open(purpose, text)


# --- addresses of a live hub ------------------------------------------------------------------


@pytest.fixture(scope="module")
def given_out(target: Target) -> dict[str, tuple[str, str]]:
    """One address of each purpose, as (method, path), and Olga's repository behind them."""
    olga = target.user("olga")
    repo = target.repository(olga, "olga", "signed", private=True)
    content = noise(100_000, "signed")
    sha256 = publish(olga, repo, "m.bin", content)
    down = batch(olga, repo, "download", (sha256, len(content))).json()["objects"][0]["actions"]
    up = batch(olga, repo, "upload", ("8" * 64, 5)).json()["objects"][0]["actions"]
    parted = batch(
        olga, repo, "upload", ("9" * 64, 5_000_000_001), transfers=("basic", "multipart")
    ).json()["objects"][0]["actions"]
    first = (
        parted["upload"]["header"]["1"]
        if "1" in parted["upload"]["header"]
        else next(value for name, value in parted["upload"]["header"].items() if name.isdigit())
    )
    return {
        "download": ("GET", path_of(down["download"]["href"])),
        "upload": ("PUT", path_of(up["upload"]["href"])),
        "verify": ("POST", path_of(up["verify"]["href"])),
        "part": ("PUT", path_of(first)),
        "complete": ("POST", path_of(parted["upload"]["href"])),
    }


def use(caller: Caller, method: str, path: str) -> int:
    if method == "POST":
        return caller.json(method, path, {"oid": "8" * 64, "size": 5, "parts": []}).status
    return caller(method, path, b"12345" if method == "PUT" else None).status


def test_each_opens_what_it_was_given_for(
    target: Target, given_out: dict[str, tuple[str, str]]
) -> None:
    """The control: none of these is refused for its signature."""
    anybody = target.caller()
    found = {name: use(anybody, *address) for name, address in given_out.items()}
    assert found == {"download": 200, "upload": 422, "verify": 404, "part": 422, "complete": 422}


def test_a_signature_of_one_purpose_opens_no_other(
    target: Target, given_out: dict[str, tuple[str, str]]
) -> None:
    anybody = target.caller()
    for one, (_, path) in given_out.items():
        signature = path.partition("?")[2]
        for other, (method, there) in given_out.items():
            if one != other:
                status = use(anybody, method, f"{there.partition('?')[0]}?{signature}")
                assert status == 403, (one, other)


def test_other_methods_and_paths_are_refused(
    target: Target, given_out: dict[str, tuple[str, str]]
) -> None:
    """The repository in the path is decoration, but everything that chooses content is signed."""
    anybody, olga = target.caller(), target.user("olga")
    other = target.repository(olga, "olga", "other", private=True)
    sent = send_large(olga, other, b"other content " * 100)
    assert commit(olga, other, large("o.bin", sent, 1400)).status == 200
    for name, (method, path) in given_out.items():
        for wrong in {"GET", "PUT", "POST", "DELETE", "PATCH"} - {method}:
            assert use(anybody, wrong, path) in {403, 404, 405}, (name, wrong)
        place, _, signature = path.partition("?")
        last = place.rpartition("/")[2]
        for instead in ("0" * 64, "8" * 63 + "9", sent, "1", "2", "0" * 32, "%2e%2e", last.upper()):
            if instead == last:
                continue
            moved = f"{place.rpartition('/')[0]}/{instead}?{signature}"
            assert use(anybody, method, moved) in {400, 403, 404}, (name, instead)
        for query in (
            "",
            "signature=",
            f"{signature}x",
            f"x={signature}",
            f"{signature}&signature=x",
        ):
            assert use(anybody, method, f"{place}?{query}") == 403, (name, query)


def test_any_change_of_a_signature_is_refused(
    target: Target, given_out: dict[str, tuple[str, str]]
) -> None:
    anybody = target.caller()
    for name, (method, path) in given_out.items():
        place, _, signature = path.partition("signature=")
        body, _, mac = signature.partition(".")
        changed = [
            signature[:n] + chr(ord(signature[n]) ^ 1) + signature[n + 1 :]
            for n in range(0, len(signature), 5)
        ]
        changed += [
            body,
            f".{mac}",
            f"{body}.",
            f"{mac}.{body}",
            f"{body}.{mac}=",
            f"{body}=.{mac}",
            signature * 2,
            "A" * 9000,
        ]
        for each in changed:
            sent = each.replace("?", "%3F").replace("#", "%23").replace("`", "%60")
            assert use(anybody, method, f"{place}signature={sent}") == 403, (name, each)


def test_an_expired_signature_is_refused(
    target: Target, given_out: dict[str, tuple[str, str]]
) -> None:
    """Signed by the hub's own key, for the right thing and the right holder, a second too old."""
    anybody = target.caller()
    keys = [path.read_bytes() for path in (target.data / "keys").glob("*.key")]
    now = time.time_ns() // 1000
    for name, (method, path) in given_out.items():
        place, _, signature = path.partition("signature=")
        fields = Signer(keys, lambda: now).open(f"lfs-{name}", signature)
        del fields["exp"]
        fresh = Signer(keys, lambda: now).sign(f"lfs-{name}", fields, 60)
        assert use(anybody, method, f"{place}signature={fresh}") != 403, name
        old = Signer(keys, lambda: now - 70_000_000).sign(f"lfs-{name}", fields, 60)
        assert use(anybody, method, f"{place}signature={old}") == 403, name


def test_an_address_is_no_stronger_than_its_holder(target: Target) -> None:
    """A reading token's address does not write; nor does a credential lend itself to an address."""
    reader = target.caller(bearer(target.token("olga", "read")))
    repo = target.repository(target.user("olga"), "olga", "held", private=True)
    assert batch(reader, repo, "upload", ("8" * 64, 5)).status == 403
    path = f"/{repo}.git/info/lfs/objects/{'8' * 64}"
    assert target.user("olga")("PUT", path, b"12345").status == 403
    assert target.user("olga")("GET", path).status == 403
