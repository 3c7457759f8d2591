"""How packs grow: the same corpora up to 1,000,000 passages, and a picture of it.

Each size is built, opened and asked by a process of its own, so that its memory is its own. What
English Wikipedia would take is reckoned from a straight line through the two largest sizes, and the
reckoning is printed. Knows sizes and the picture. Does not know what is found: ``asking`` does.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

from bench import asking, corpora
from bench.rows import OUT, Row, percentile
from bench.servers import RunningHub
from groundswell.ask.calibration import NAMES, Calibration
from groundswell.ask.evaluation.making import make_set
from groundswell.ask.making import open_folder
from groundswell.ask.retrieval.searching import Shelf

SIZES: Final = tuple(
    int(each)
    for each in os.environ.get("BENCH_ASKING_SIZES", "10000,100000,400000,1000000").split(",")
)
QUESTIONS: Final = 200
# English Wikipedia: 7.1 million articles of 4.9 billion words (its own page on its size, 2025), in
# passages of 100 words, the middle of what the splitter makes.
WIKIPEDIA_PASSAGES: Final = 49_000_000


@dataclass(frozen=True, slots=True)
class Point:
    """What a pack of so many passages takes."""

    passages: int
    build_cpu_seconds: float
    size_mb: float
    p50_ms: float
    p95_ms: float
    cpu_ms: float
    memory_mb: float


def measure(_hub: RunningHub | None, _folder: Path) -> list[Row]:
    """Every size in turn; the picture; the reckoning."""
    print(f"# load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors", flush=True)
    points = [_in_a_process(size) for size in SIZES]
    OUT.mkdir(exist_ok=True)
    (OUT / "asking-scale.svg").write_text(picture(points), "utf-8")
    rows = [row for point in points for row in _rows(point)]
    return rows + reckoned(points)


def _in_a_process(size: int) -> Point:
    program = [sys.executable, "-m", "bench.asking_scale", str(size)]
    done = subprocess.run(program, stdout=subprocess.PIPE, text=True, check=True)
    point = Point(**json.loads(done.stdout.splitlines()[-1]))
    print(f"# {point}", flush=True)
    return point


def _rows(point: Point) -> list[Row]:
    of = f"{point.passages:,} passages"
    return [
        Row(f"build {of}", point.build_cpu_seconds, "s CPU"),
        Row(f"pack of {of}", point.size_mb, "MB"),
        Row(f"first cited sentence of {of}, p50", point.p50_ms, "ms"),
        Row(f"first cited sentence of {of}, p95", point.p95_ms, "ms"),
        Row(f"processor time of a question to {of}", point.cpu_ms, "ms CPU"),
        Row(f"memory of who asks {of}", point.memory_mb, "MB"),
    ]


def reckoned(points: Sequence[Point]) -> list[Row]:
    """English Wikipedia by a straight line through the two largest sizes."""
    *_, smaller, larger = points
    rows = []
    for name, unit, of in (
        ("build of English Wikipedia, reckoned", "h CPU", lambda p: p.build_cpu_seconds / 3600),
        ("pack of English Wikipedia, reckoned", "GB", lambda p: p.size_mb / 1e3),
        ("a question to it, reckoned", "s CPU", lambda p: p.cpu_ms / 1e3),
    ):
        slope = (of(larger) - of(smaller)) / (larger.passages - smaller.passages)
        value = of(larger) + slope * (WIKIPEDIA_PASSAGES - larger.passages)
        note = (
            f"{of(larger):.4g} + {slope * 1e6:.4g} for each million more, of"
            f" {WIKIPEDIA_PASSAGES / 1e6:.0f} million passages"
        )
        rows.append(Row(name, value, unit, note=note))
    return rows


# --- one size -------------------------------------------------------------------------------------


def point_of(size: int, folder: Path) -> Point:
    """Build a pack of about so many passages, and ask it."""
    sources = [corpora.dictionary(folder / "dictionary"), corpora.countries(folder / "countries")]
    once, _ = asking.built(sources, folder / "once")
    share = size / once.counts.passages
    copies = [
        corpora.repeated(each, folder / f"many-{each.name}", round(share))
        if share >= 1
        else corpora.thinned(each, folder / f"few-{each.name}", round(1 / share))
        for each in sources
    ]
    report, seconds = asking.built(copies, folder / "pack")
    # The right article is any of its copies, or left out: what is timed is not judged.
    made = make_set(open_folder(folder / "once"), QUESTIONS, seed=5)
    items = [replace(each, lacks=None) for each in made]
    with closing(Shelf([open_folder(folder / "pack")])) as shelf:
        ask = Calibration(dict.fromkeys(NAMES, 0.0), {0.05: 0.0})
        asking.first_seconds(shelf, ask, items[:30])
        before = asking.processor_seconds()
        took = asking.first_seconds(shelf, ask, items)
        cpu = (asking.processor_seconds() - before) / len(items)
    memory = asking.peak_megabytes()
    p50, p95 = (1e3 * percentile(took, share) for share in (0.5, 0.95))
    megabytes = report.size_bytes / 1e6
    return Point(report.counts.passages, seconds, megabytes, p50, p95, 1e3 * cpu, memory)


# --- the picture ----------------------------------------------------------------------------------

_WIDTH, _HEIGHT, _GAP = 290, 220, 60


def picture(points: Sequence[Point]) -> str:
    """Three charts beside each other, both axes by powers of ten."""
    slow = [p.p95_ms for p in points]
    charts = (
        ("build, s CPU", [p.build_cpu_seconds for p in points]),
        ("pack, MB", [p.size_mb for p in points]),
        ("first cited sentence, ms: p50, p95", [p.p50_ms for p in points], slow),
    )  # fmt: skip
    passages = [point.passages for point in points]
    width = len(charts) * (_WIDTH + _GAP) + _GAP
    drawn = [
        _chart(_GAP + place * (_WIDTH + _GAP), title, passages, lines)
        for place, (title, *lines) in enumerate(charts)
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {_HEIGHT + 2 * _GAP}"'
        ' font-family="sans-serif" font-size="12"><rect width="100%" height="100%" fill="#fff"/>'
        + "".join(drawn)
        + "</svg>\n"
    )


def _chart(left: int, title: str, across: Sequence[float], lines: Sequence[Sequence[float]]) -> str:
    values = [each for line in lines for each in line]
    x = _axis(min(across), max(across), left, left + _WIDTH)
    y = _axis(min(values), max(values), _GAP + _HEIGHT, _GAP)
    parts = [f'<text x="{left}" y="{_GAP - 18}" font-weight="bold">{title}</text>']
    for value in _powers(min(values), max(values)):
        parts.append(f'<path d="M{left} {y(value):.1f}h{_WIDTH}" stroke="#ccc"/>')
        parts.append(
            f'<text x="{left - 4}" y="{y(value) + 4:.1f}" text-anchor="end">{value:g}</text>'
        )
    for value in across:
        label = f"{value / 1e6:.2g} M" if value >= 1e6 else f"{value / 1e3:.0f} k"
        parts.append(f'<path d="M{x(value):.1f} {_GAP}v{_HEIGHT}" stroke="#ccc"/>')
        place = f'x="{x(value):.1f}" y="{_GAP + _HEIGHT + 16}"'
        parts.append(f'<text {place} text-anchor="middle">{label}</text>')
    for line, dashes in zip(lines, ("", "6 4"), strict=False):
        path = " ".join(f"{x(a):.1f},{y(b):.1f}" for a, b in zip(across, line, strict=True))
        parts.append(
            f'<polyline points="{path}" fill="none" stroke="#0b6477" stroke-width="2"'
            f' stroke-dasharray="{dashes}"/>'
        )
        for a, b in zip(across, line, strict=True):
            parts.append(f'<circle cx="{x(a):.1f}" cy="{y(b):.1f}" r="3.5" fill="#0b6477"/>')
            parts.append(
                f'<text x="{x(a) - 6:.1f}" y="{y(b) - 7:.1f}" text-anchor="end">{b:.3g}</text>'
            )
    return "".join(parts)


def _axis(low: float, high: float, start: float, stop: float):  # noqa: ANN202 - a line by logs
    low, high = math.log10(low), math.log10(max(high, low * 1.0001))
    return lambda value: start + (math.log10(value) - low) / (high - low) * (stop - start)


def _powers(low: float, high: float) -> list[float]:
    first, last = math.ceil(math.log10(low)), math.floor(math.log10(high))
    return [10.0**power for power in range(first, last + 1)]


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="groundswell-scale-") as scratch:
        print(json.dumps(asdict(point_of(int(sys.argv[1]), Path(scratch)))))
