"""Vectors: what is written comes back, what is flipped is refused or harmless, sums are exact."""

from __future__ import annotations

import contextlib
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundswell.ask.packs.vectors.embedding import DIMENSIONS, SCALE_MAX, Embedder, nearness
from groundswell.ask.packs.vectors.form import (
    is_piece,
    open_rows,
    pack_pieces,
    pack_rows,
    parse_pieces,
)
from groundswell.core.errors import Corrupt, Malformed

QUICK = settings(deadline=None)
PIECES = st.text(st.characters(categories=("L", "N")), min_size=1, max_size=8).map(str.lower)
MARKED = st.tuples(st.sampled_from(["", "▁"]), PIECES).map("".join).filter(is_piece)
TEXT = st.text(st.sampled_from("abc АБВ 東京 1_-.,!é"), max_size=60)


@st.composite
def models(draw: Any) -> tuple[list[str], list[int], np.ndarray[Any, Any]]:
    pieces = sorted(draw(st.sets(MARKED | st.sampled_from("abc"), max_size=20)))
    scales = draw(st.lists(st.integers(0, SCALE_MAX), min_size=len(pieces), max_size=len(pieces)))
    chooser = np.random.default_rng(draw(st.integers(0, 1 << 30)))
    table = chooser.integers(-127, 128, (len(pieces), DIMENSIONS)).astype(np.int8)
    return pieces, scales, table


@QUICK
@given(models())
def test_pieces_come_back(model: Any) -> None:
    pieces, scales, _ = model
    assert parse_pieces(pack_pieces(pieces, scales)) == (pieces, scales)


@QUICK
@given(more=st.data(), model=models())
def test_pieces_that_are_flipped_or_cut_are_malformed_or_sorted(more: Any, model: Any) -> None:
    changed = bytearray(pack_pieces(*model[:2]))
    for _ in range(more.draw(st.integers(0, 4)) if changed else 0):
        changed[more.draw(st.integers(0, len(changed) - 1))] = more.draw(st.integers(0, 255))
    changed = changed[: more.draw(st.integers(0, len(changed)))]
    with contextlib.suppress(Malformed):
        pieces, scales = parse_pieces(bytes(changed))
        assert pieces == sorted(set(pieces))
        assert all(0 <= each <= SCALE_MAX for each in scales)
        assert len(pieces) == len(scales)


@QUICK
@given(count=st.integers(0, 5), more=st.data())
def test_tables_come_back_or_are_corrupt(
    tmp_path_factory: pytest.TempPathFactory, count: int, more: Any
) -> None:
    rows = np.arange(count * DIMENSIONS).reshape(count, DIMENSIONS).astype(np.int8)
    path = Path(tmp_path_factory.mktemp("rows")) / "x.npy"
    path.write_bytes(pack_rows(rows))
    assert np.array_equal(open_rows(path, count), rows)
    assert np.array_equal(np.load(path), rows)  # numpy reads it too
    with pytest.raises(Corrupt):
        open_rows(path, count + 1)
    changed = bytearray(path.read_bytes())
    changed[more.draw(st.integers(0, 127))] ^= more.draw(st.integers(1, 255))
    path.write_bytes(changed)
    with pytest.raises(Corrupt):
        open_rows(path, count)


@QUICK
@given(models(), st.lists(st.tuples(TEXT, TEXT), max_size=6), st.integers(0, 6))
def test_a_vector_is_the_same_whatever_stands_beside_it(
    model: Any, labelled: list[tuple[str, str]], cut: int
) -> None:
    made = Embedder(*model)
    rows = made.passages(labelled)
    assert rows.shape == (len(labelled), DIMENSIONS)
    assert rows.dtype == np.int8
    parts = [Embedder(*model).passages(part) for part in (labelled[:cut], labelled[cut:])]
    assert np.array_equal(np.concatenate(parts), rows)
    for row in rows:
        assert not row.any() or np.abs(row.astype(int)).max() == 127


def nearest(number: int, by: int) -> int:
    sign = -1 if number < 0 else 1
    return sign * ((2 * abs(number) + by) // (2 * by))


def half(made: Embedder, model: Any, text: str) -> list[int]:
    """docs/formats/pack.md, word for word, in Python's numbers, which have no width and no order."""
    _, scales, table = model
    sums = [0] * DIMENSIONS
    for number in made._cutter.numbers(text, 4_000):
        sums = [s + r * scales[number] for s, r in zip(sums, table[number].tolist(), strict=True)]
    most = max(map(abs, sums)) or 1
    even = [nearest(each * 32_767, most) for each in sums]
    length = math.isqrt(sum(each * each for each in even)) or 1
    return [nearest(each * 16_384, length) for each in even]


def row(sums: list[int]) -> list[int]:
    most = max(map(abs, sums)) or 1
    return [nearest(each * 127, most) for each in sums]


@QUICK
@given(models(), st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=4))
def test_rows_are_those_of_the_description_to_the_last_bit(
    model: Any, labelled: list[tuple[str, str]]
) -> None:
    made = Embedder(*model)
    for (label, text), found in zip(labelled, made.passages(labelled), strict=True):
        one, other = half(made, model, label), half(made, model, text)
        assert found.tolist() == row([a + b for a, b in zip(one, other, strict=True)])
        asked = made.asked(text)
        assert (asked is None) == (not any(other))
        if asked is not None:
            assert asked.tolist() == row(other)
            assert nearness(asked, asked[None])[0] == pytest.approx(1)
            assert abs(nearness(asked, found[None])[0]) <= 1.000001


@QUICK
@given(models(), st.text(max_size=200))
def test_any_text_is_cut_into_pieces_that_stand_in_it(model: Any, text: str) -> None:
    pieces, _, _ = model
    made = Embedder(*model)
    for number in made._cutter.numbers(text, 50):
        assert pieces[number].removeprefix("▁") in text.lower()
    assert len(made._cutter.numbers(text, 2)) <= 2
