"""What an experiment says: one row of figures against its criterion; and how rows are printed.

Knows rows and scales. Does not know any experiment.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, TypeVar

T = TypeVar("T")

HEAD: Final = ("id", "experiment", "figure", "criterion", "outcome", "note")


@dataclass(frozen=True)
class Figure:
    """One measured figure. ``id`` is the experiment's, ``what`` tells its figures apart."""

    id: str
    what: str
    value: str
    criterion: str
    passed: bool
    note: str = ""

    def cells(self) -> tuple[str, ...]:
        outcome = "pass" if self.passed else "FAIL"
        return (self.id, self.what, self.value, self.criterion, outcome, self.note)


@dataclass(frozen=True)
class Scale:
    """How much of an experiment is run: what CI can bear, or all of it."""

    is_long: bool = False

    def of(self, short: T, long: T) -> T:
        return long if self.is_long else short


def row(cells: Iterable[str]) -> str:
    """One line of a table, as documents have it."""
    return f"| {' | '.join(each.replace('|', '/') for each in cells)} |"


def table(figures: Iterable[Figure]) -> list[str]:
    """Every figure, ready for docs/benchmarks.md."""
    lines = [row(HEAD), row("---" for _ in HEAD)]
    return lines + [row(each.cells()) for each in figures]


def counted(faults: list[str], of: str) -> str:
    """``0 of 40 cuts``; the first faults by name."""
    told = f": {'; '.join(faults[:3])}" if faults else ""
    return f"{len(faults)} {of}{told}"[:400]
