"""Vectors: what is written comes back, what is flipped is refused or harmless, sums are exact."""

from __future__ import annotations

import contextlib
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


@QUICK
@given(models(), TEXT)
def test_sums_are_those_of_whole_numbers(model: Any, text: str) -> None:
    """The same in Python's own numbers, which have no width and no order."""
    _, scales, table = model
    made = Embedder(*model)
    asked = made.asked(text)
    sums = [0] * DIMENSIONS
    for number in made._cutter.numbers(text, 4_000):
        for at, each in enumerate(table[number].tolist()):
            sums[at] += each * scales[number]
    if asked is None:
        assert not any(sums)
        return
    # Rounded twice, it points the same way.
    length = sum(each * each for each in sums) ** 0.5
    own = asked.astype(float)
    cosine = float(own @ np.array(sums, float)) / (length * float(np.linalg.norm(own)))
    assert cosine > 0.999
    assert np.abs(nearness(asked, table[:3])).max(initial=0.0) <= 1.000001
    assert nearness(asked, asked[None])[0] == pytest.approx(1)


@QUICK
@given(models(), st.text(max_size=200))
def test_any_text_is_cut_into_pieces_that_stand_in_it(model: Any, text: str) -> None:
    pieces, _, _ = model
    made = Embedder(*model)
    for number in made._cutter.numbers(text, 50):
        assert pieces[number].removeprefix("▁") in text.lower()
    assert len(made._cutter.numbers(text, 2)) <= 2
