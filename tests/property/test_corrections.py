"""Corrections of graphs: bytes and values are two forms of the same, and bytes may be anything."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundswell.core.errors import Malformed
from groundswell.wire.corrections import (
    ADDED,
    CORRECTIONS_MAX,
    KINDS,
    Correction,
    End,
    Verdict,
    pack_corrections,
    unpack_corrections,
)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
ends = st.builds(End, texts.filter(bool), texts.filter(bool))


@st.composite
def corrections(draw: st.DrawFn) -> Correction:
    verdict = draw(st.sampled_from(Verdict))
    source, target = draw(st.lists(ends, min_size=2, max_size=2, unique=True))
    if verdict is Verdict.ADD:
        quote, is_in_target = draw(texts.filter(bool)), draw(st.booleans())
        label, note = draw(texts), draw(texts)
        return Correction(verdict, source, target, ADDED, label, quote, is_in_target, note)
    return Correction(verdict, source, target, draw(st.sampled_from(KINDS)), note=draw(texts))


@given(st.lists(corrections(), max_size=8))
def test_what_is_written_is_read(said: list[Correction]) -> None:
    last = {each.key: each for each in said}
    data = pack_corrections(said)
    read = unpack_corrections(data)
    assert {each.key: each for each in read} == last
    assert pack_corrections(reversed(read)) == data
    assert [each.key for each in read] == sorted(last)


@given(st.binary(max_size=200) | texts.map(str.encode))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with contextlib.suppress(Malformed):
        unpack_corrections(data)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
FIELDS = ("verdict", "source", "target", "kind", "label", "quote", "quoted_in", "note")


@given(corrections(), st.sampled_from(FIELDS), json_values)
def test_any_value_of_a_field_is_taken_as_it_is_or_refused(
    correction: Correction, name: str, value: object
) -> None:
    row = {**correction.as_json(), name: value}
    with contextlib.suppress(Malformed):
        (read,) = unpack_corrections(json.dumps(row).encode())
        assert unpack_corrections(pack_corrections([read])) == [read]


def test_halves_of_characters_are_no_text() -> None:
    row = Correction(Verdict.REJECT, End("a/b", "c"), End("a/b", "d"), "link").as_json()
    with pytest.raises(Malformed, match="Unicode"):
        unpack_corrections(json.dumps({**row, "note": "\ud800"}).encode())


def test_files_have_a_bound() -> None:
    many = [
        Correction(Verdict.REJECT, End("a/b", "c"), End("a/b", f"d{number}"), "link")
        for number in range(CORRECTIONS_MAX + 1)
    ]
    with pytest.raises(Malformed, match="more than"):
        pack_corrections(many)
    assert len(unpack_corrections(pack_corrections(many[1:]))) == CORRECTIONS_MAX
    with pytest.raises(Malformed, match="more than"):
        unpack_corrections(pack_corrections(many[1:]) + pack_corrections(many[:1]))
