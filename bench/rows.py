"""A measured figure, the baseline measured beside it, and the table of them."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

OUT = Path(__file__).parent / "out"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. ``ratio`` is value/baseline; ``aim`` says what we want it to be."""

    name: str
    value: float
    unit: str
    baseline: float | None = None
    baseline_name: str = ""
    aim: str = ""
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """Value over baseline, where there is one."""
        return self.value / self.baseline if self.baseline else None


def best(runs: int, measure: Callable[[], float]) -> float:
    """The largest of several runs: the one that other programs disturbed least."""
    return max(measure() for _ in range(runs))


def paired(
    runs: int, measure: Callable[[], float], baseline: Callable[[], float]
) -> tuple[float, float]:
    """Medians of a measure and its baseline, run in turn (A B A B …) so that drift hits both."""
    measured: list[float] = []
    compared: list[float] = []
    for _ in range(runs):
        compared.append(baseline())
        measured.append(measure())
    return statistics.median(measured), statistics.median(compared)


@contextmanager
def stopwatch() -> Iterator[Callable[[], float]]:
    """Gives a function that tells the seconds since the block began."""
    began = time.perf_counter()
    yield lambda: time.perf_counter() - began


def percentile(samples: list[float], share: float) -> float:
    """The sample below which ``share`` (0 to 1) of them lie."""
    ordered = sorted(samples)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def show(rows: list[Row]) -> str:
    """The table in Markdown."""
    lines = ["| measure | value | baseline | ratio | aim | note |", "|---|---|---|---|---|---|"]
    for row in rows:
        base = f"{row.baseline:.4g} {row.unit} ({row.baseline_name})" if row.baseline else ""
        ratio = f"{row.ratio:.2f}" if row.ratio is not None else ""
        value = f"{row.value:.4g} {row.unit}"
        lines.append(f"| {row.name} | {value} | {base} | {ratio} | {row.aim} | {row.note} |")
    return "\n".join(lines)


def write(group: str, rows: list[Row]) -> None:
    """Keep the rows as ``bench/out/<group>.json``."""
    OUT.mkdir(exist_ok=True)
    text = json.dumps([asdict(row) | {"ratio": row.ratio} for row in rows], indent=1)
    (OUT / f"{group}.json").write_text(text + "\n", encoding="utf-8")
