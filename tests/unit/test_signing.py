"""Signed texts: nothing but what was signed, for what it was signed, as long as it was signed."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundswell.core.errors import Corrupt, Forbidden
from groundswell.hub import signing
from groundswell.hub.signing import Signer
from groundswell.store.keys import add_key, load_keys

KEY = bytes(range(32))


class Clock:
    def __init__(self) -> None:
        self.seconds = 1_800_000_000

    def __call__(self) -> int:
        return self.seconds * 1_000_000


def test_a_signed_payload_comes_back_with_its_expiry() -> None:
    clock = Clock()
    signer = Signer([KEY], clock)
    text = signer.sign("door", {"repository": 7, "ranges": [[0, 5]]}, 60)
    assert signer.open("door", text) == {
        "repository": 7,
        "ranges": [[0, 5]],
        "exp": clock.seconds + 60,
    }
    assert set(text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.")


def test_expiry_and_leeway() -> None:
    clock = Clock()
    signer = Signer([KEY], clock)
    text = signer.sign("door", {}, 60)
    clock.seconds += 60
    signer.open("door", text)
    clock.seconds += 1
    with pytest.raises(Forbidden):
        signer.open("door", text)
    signer.open("door", text, leeway_seconds=300)
    clock.seconds += 300
    with pytest.raises(Forbidden):
        signer.open("door", text, leeway_seconds=300)


def test_another_purpose_is_another_signature() -> None:
    signer = Signer([KEY], Clock())
    with pytest.raises(Forbidden):
        signer.open("read", signer.sign("write", {}, 60))


def test_another_hub_is_another_signature() -> None:
    text = Signer([KEY], Clock()).sign("door", {}, 60)
    with pytest.raises(Forbidden):
        Signer([bytes(32)], Clock()).open("door", text)


def test_an_older_key_still_opens() -> None:
    text = Signer([KEY], Clock()).sign("door", {"a": 1}, 60)
    assert Signer([bytes(32), KEY], Clock()).open("door", text)["a"] == 1


def test_every_changed_character_is_refused() -> None:
    signer = Signer([KEY], Clock())
    text = signer.sign("door", {"account": 1, "repository": 2}, 60)
    for position, character in enumerate(text):
        for other in ("A", "B", "_", "."):
            if other != character:
                with pytest.raises(Forbidden):
                    signer.open("door", text[:position] + other + text[position + 1 :])
        with pytest.raises(Forbidden):
            signer.open("door", text[:position])


@given(st.text(max_size=200))
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(Forbidden):
        Signer([KEY], Clock()).open("door", text)


VALUES = st.one_of(
    st.integers(-5, 5), st.text(alphabet='",:[]{}\\ab', max_size=6), st.none(), st.booleans()
)
FIELDS = st.dictionaries(st.sampled_from(["a", "b", 'a":', "ab"]), VALUES, max_size=4)
PURPOSES = st.text(alphabet='ab",[]', max_size=4)


@given(PURPOSES, FIELDS, PURPOSES, FIELDS)
def test_different_fields_never_share_an_input_of_the_mac(
    purpose: str, fields: dict[str, object], other_purpose: str, other_fields: dict[str, object]
) -> None:
    def identity(value: object) -> object:
        return sorted((k, type(v), v) for k, v in value.items())  # type: ignore[attr-defined]

    def mac_input(purpose: str, fields: dict[str, object]) -> bytes:
        body = signing._encode(signing._canonical(fields))
        return signing._canonical(["groundswell", purpose, body])

    is_same = purpose == other_purpose and str(identity(fields)) == str(identity(other_fields))
    assert (mac_input(purpose, fields) == mac_input(other_purpose, other_fields)) == is_same


def test_keys_are_made_once_and_for_the_hub_alone(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    keys = load_keys(folder)
    assert len(keys) == 1
    assert len(keys[0]) == 32
    assert load_keys(folder) == keys
    assert [stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()] == [0o600]
    both = add_key(folder)
    assert both[1:] == keys
    assert load_keys(folder) == both
    (folder / "0001.key").chmod(0o600)
    (folder / "0001.key").write_bytes(b"short")
    with pytest.raises(Corrupt):
        load_keys(folder)
