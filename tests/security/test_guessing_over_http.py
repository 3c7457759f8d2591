"""S18: guessing passwords through the doors, and learning who there is.

The story: Mallory tries passwords where nobody counts: the form is guarded, the Basic header of the
API, git or LFS is not; or she counts on the guard of each door alone. Or she only wants to know
which names exist, from a status, a sentence or the time of an answer, to guess there.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator

import pytest

from tests.security.target import PASSWORD, Answer, Target, attacked, basic, csrf_in


@pytest.fixture(scope="module")
def guessed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """A hub of its own: guessing makes everybody at this address wait."""
    with attacked(tmp_path_factory.mktemp("guessed") / "data") as hub:
        yield hub


def by_form(hub: Target, name: str, password: str) -> Answer:
    caller = hub.caller({"Origin": hub.url})
    csrf = csrf_in(caller("GET", "/login").text)
    return caller.form("/login", {"csrf": csrf, "name": name, "password": password})


def by_basic(path: str, hub: Target, name: str, password: str) -> Answer:
    return hub.caller(basic(name, password))("GET", path)


def test_names_are_not_told_apart(guessed: Target) -> None:
    """Real names and made-up ones, once each, by every door: the same answer in the same time."""
    real, made_up = ("olga", "wim", "cora", "rita", "stig"), ("oleg", "wum", "coro", "ruta", "stog")
    shapes: dict[str, set[object]] = {"real": set(), "made up": set()}
    times: dict[str, list[float]] = {"real": [], "made up": []}
    for pair in zip(real, made_up, strict=True):
        for kind, name in zip(("real", "made up"), pair, strict=True):
            began = time.perf_counter()
            answer = by_basic("/api/whoami-v2", guessed, name, "not the password")
            times[kind].append(time.perf_counter() - began)
            shapes[kind].add((answer.status, answer.code, answer.text))
            page = by_form(guessed, name, "not the password")
            shapes[kind].add(
                (page.status, "Wrong name or password." in page.text, name in page.text)
            )
    assert shapes["real"] == shapes["made up"]
    one, other = (statistics.median(each) for each in times.values())
    assert abs(one - other) < 0.5 * max(one, other), times


def test_guesses_through_all_doors_count_together(guessed: Target) -> None:
    """Sixty guesses at one person through five doors: few are checked, the rest wait."""
    doors = [
        "/api/whoami-v2",
        "/olga/x.git/info/refs?service=git-upload-pack",
        "/olga/x/resolve/main/y",
        "/api/models/olga/x",
        "/oauth/userinfo",
    ]
    began = time.monotonic()
    found = [
        by_basic(doors[number % 5], guessed, "mallory", f"guess number {number}").status
        for number in range(60)
    ]
    assert set(found) <= {401, 429}
    assert found.count(401) <= 10, found
    assert found[-1] == 429
    assert time.monotonic() - began < 60
    # The form counts with them, and says how long to wait; the right password waits too.
    page = by_form(guessed, "mallory", PASSWORD.format("mallory"))
    assert "Too many failed attempts" in page.text
    told = by_basic(doors[0], guessed, "mallory", PASSWORD.format("mallory"))
    assert told.status == 429
    assert int(told.headers["Retry-After"]) >= 1
    # A token is no guess: it goes on working, and others are not kept out.
    assert guessed.user("mallory")("GET", "/api/whoami-v2").status == 200
    assert by_form(guessed, "olga", PASSWORD.format("olga")).status == 303


def test_one_address_cannot_try_every_name(guessed: Target) -> None:
    """One guess at each of a hundred names ends as a hundred guesses at one do."""
    found = [
        by_basic("/api/whoami-v2", guessed, f"name{n}", "summer2026").status for n in range(70)
    ]
    assert found.count(429) >= 10, found
    assert guessed.user("stig")("GET", "/api/whoami-v2").status == 200


def test_names_in_other_spellings_are_one_person(guessed: Target) -> None:
    """Capital letters do not begin the count again."""
    spellings = ["Rita", "rita", "RITA", "rIta", "riTa", "ritA", "RiTa", "rItA", "RITa", "riTA"]
    found = [by_basic("/api/whoami-v2", guessed, name, "guess").status for name in spellings]
    assert 429 in found
