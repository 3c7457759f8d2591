"""Static vectors: what a pack finds with them and without, what is kept back, and what they cost.

The model comes out of the package wordllama, which `make setup` installs for the tests. Questions
are those of `asking`: the same sets, asked of the same pack once more when it has vectors. A
calibration is fitted for each. Does not know how vectors are made.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np

from bench.everyday import Seen, ask_everyday, everyday
from bench.rows import Row
from groundswell.ask.calibration import NAMES, Calibration
from groundswell.ask.evaluation.asking import Judged, ask_set, fit_judged
from groundswell.ask.evaluation.making import Item
from groundswell.ask.making import open_folder
from groundswell.ask.packs.opened import OpenPack
from groundswell.ask.retrieval import searching
from groundswell.ask.retrieval.searching import Found, Shelf
from tests.unit.static_models import real_model

RISK = 0.05
MODEL = real_model


class WithoutMeaning(Shelf):
    """Packs whose vectors are not asked."""

    def search(self, *given: object, **said: object) -> Found:
        return super().search(*given, **{**said, "meaning": False})  # type: ignore[arg-type]


def meaning(name: str, folder: Path, sets: tuple[Sequence[Item], Sequence[Item]]) -> list[Row]:
    """All of it for one pack, which lies in ``folder`` and has vectors.

    Args:
        name: of the corpus.
        folder: of the pack.
        sets: questions that calibrations are fitted on, and others.
    """
    pack = open_folder(folder)
    alone, fused = (_asked(kind, pack, sets) for kind in (WithoutMeaning, Shelf))
    seen = [not each.item.hidden for each in fused.fresh]
    note = f"{sum(seen)} questions"
    rows = [
        _beside(f"{what}, {name} with vectors", fused, alone, share, aim, note)
        for what, aim, share in (
            ("right article first", "- 0.5 points", _first),
            ("right article in five", "- 0.5 points", _in_five),
            ("right sentence first", "- 0.5 points", _right),
            ("hidden sources kept back", "≥ 90 %", _kept),
            ("wrong shown", "5 ± 2 %", _wrong),
            ("answered rightly, of what has an answer", "", _answered),
        )
    ]  # fmt: skip
    rows.append(
        Row(f"processor time of a question, {name} with vectors", fused.milliseconds, "ms CPU",
            alone.milliseconds, "without")
    )  # fmt: skip
    if name == "countries":
        rows += _everyday(fused, alone, pack)
    return rows


class _Run:
    """One way to ask a pack: its calibration, and how it answered."""

    def __init__(
        self, kind: type[Shelf], calibration: Calibration, fresh: list[Judged], milliseconds: float
    ) -> None:
        self.kind = kind
        self.calibration = calibration
        self.fresh = fresh
        self.milliseconds = milliseconds
        weights = np.array([calibration.weights[each] for each in NAMES])
        self.is_shown = [
            each.described is not None
            and bool(
                1 / (1 + np.exp(-float(each.described @ weights))) >= calibration.threshold(RISK)
            )
            for each in fresh
        ]


def _asked(kind: type[Shelf], pack: OpenPack, sets: tuple[Sequence[Item], Sequence[Item]]) -> _Run:
    with closing(kind([pack])) as shelf:
        fitted = ask_set(shelf, sets[0])
        began = time.process_time()
        fresh = ask_set(shelf, sets[1])
        milliseconds = 1e3 * (time.process_time() - began) / max(1, len(fresh))
    calibration = fit_judged(fitted)
    assert calibration is not None, "there are questions enough"
    return _Run(kind, calibration, fresh, milliseconds)


def _beside(
    name: str, fused: _Run, alone: _Run, share: Callable[[_Run], float], aim: str, note: str
) -> Row:
    return Row(name, share(fused), "%", share(alone), "without", aim, note)


def _of_seen(run: _Run, holds: Callable[[Judged], bool]) -> float:
    return _percent([holds(each) for each in run.fresh if not each.item.hidden])


def _first(run: _Run) -> float:
    return _of_seen(run, lambda each: each.rank == 1)


def _in_five(run: _Run) -> float:
    return _of_seen(run, lambda each: 0 < each.rank <= 5)


def _right(run: _Run) -> float:
    return _of_seen(run, lambda each: each.is_right)


def _kept(run: _Run) -> float:
    pairs = zip(run.fresh, run.is_shown, strict=True)
    return _percent([not shown for each, shown in pairs if each.item.hidden])


def _wrong(run: _Run) -> float:
    pairs = zip(run.fresh, run.is_shown, strict=True)
    return _percent([shown and not each.is_right for each, shown in pairs])


def _answered(run: _Run) -> float:
    pairs = zip(run.fresh, run.is_shown, strict=True)
    return _percent([shown and each.is_right for each, shown in pairs if not each.item.hidden])


def _percent(held: Sequence[bool]) -> float:
    return 100 * sum(held) / max(1, len(held))


# --- everyday words -------------------------------------------------------------------------------


def _everyday(fused: _Run, alone: _Run, pack: OpenPack) -> list[Row]:
    """With the table of wordings, and without it: what vectors do for words that nobody listed."""
    table = searching.rewordings
    rows = []
    for with_table, kind in ((True, ""), (False, ", no table")):
        searching.rewordings = table if with_table else (lambda _question: [])
        for is_after, words in ((False, "before"), (True, "after")):
            questions = [each for each in everyday() if each.is_after is is_after]
            one, other = (
                list(ask_everyday(run.kind([pack]), run.calibration, questions))
                for run in (fused, alone)
            )
            rows += _compared(f"everyday {words} the wordings{kind}, with vectors", one, other)
    searching.rewordings = table
    return rows


def _compared(name: str, fused: Sequence[Seen], alone: Sequence[Seen]) -> list[Row]:
    pairs = [(a, b) for a, b in zip(fused, alone, strict=True) if a.has_answer]
    rows = []
    for what, most, aim in (("first", 1, "+ 10 points"), ("in five", 5, "+ 10 points")):
        held = [(0 < a.rank <= most, 0 < b.rank <= most) for a, b in pairs]
        won, lost = sum(a and not b for a, b in held), sum(b and not a for a, b in held)
        ours, theirs = (_percent(list(side)) for side in zip(*held, strict=True))
        note = f"{won} won, {lost} lost of {len(pairs)}"
        rows.append(Row(f"right row {what}, {name}", ours, "%", theirs, "without", aim, note))
    for what, holds in (
        ("right", lambda each: each.is_shown and each.rank == 1),
        ("wrong", lambda each: each.is_shown and each.rank != 1),
    ):
        of = [each for each in fused if each.has_answer or what == "wrong"]
        beside = [each for each in alone if each.has_answer or what == "wrong"]
        ours, theirs = (_percent(list(map(holds, side))) for side in (of, beside))
        rows.append(
            Row(f"{what} shown, {name}", ours, "%", theirs, "without", note=f"of {len(of)}")
        )
    return rows
