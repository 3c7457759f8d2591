"""Knowledge packs: what building costs, what is found, what is kept back, how soon it is shown.

Everything is taken in one run over the same corpora (`corpora`): a computing dictionary and country
profiles, two manuals, and two packs more on which nothing was ever fitted. Figures of retrieval, of
abstention, of processor time and of size do not depend on what else the machine does; figures in
milliseconds do, and its load stands beside them. The aims are those that were set before anything
was built.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path

import numpy as np

from bench import corpora, meaning
from bench.bridging import bridging
from bench.everyday import ask_everyday, everyday
from bench.lexical import by_bm25s, by_fts5
from bench.rows import Row, percentile
from bench.servers import RunningHub
from groundswell.ask.answering import Asking, Evidence, answer
from groundswell.ask.calibration import GENERAL, NAMES, Calibration
from groundswell.ask.evaluation.asking import Judged, ask_set, fit_judged
from groundswell.ask.evaluation.making import Item, Lack, make_set
from groundswell.ask.making import open_folder
from groundswell.ask.packs.building import Options, Report, build_pack
from groundswell.ask.packs.opened import OpenPack
from groundswell.ask.packs.sources import FolderSource
from groundswell.ask.retrieval.searching import Shelf

QUESTIONS = 1_000
ASKED_AT_LENGTH = 300
PASSAGES_AT_LENGTH = int(os.environ.get("BENCH_ASKING_PASSAGES", "400000"))
RISKS = (0.01, 0.05, 0.1)
FOLDS = 5


def measure(_hub: RunningHub | None, folder: Path) -> list[Row]:
    """All of it. The hub is not asked: packs lie in folders here."""
    print(f"# load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors", flush=True)
    sources = {
        "dictionary": corpora.dictionary(folder / "dictionary"),
        "countries": corpora.countries(folder / "countries"),
    }
    rows: list[Row] = []
    judged: dict[str, tuple[list[Judged], list[Judged]]] = {}
    for name, source in sources.items():
        report, seconds = built([source], folder / f"{name}-pack")
        rows += _building(name, report, seconds)
        pack = open_folder(folder / f"{name}-pack")
        with closing(Shelf([pack])) as shelf:
            fitted, fresh = _sets(pack)
            judged[name] = ask_set(shelf, fitted), ask_set(shelf, fresh)
            rows += bridging(name, pack, shelf, folder / f"{name}-pack")
            if name == "countries":
                rows += _everyday(shelf, fit_judged(judged[name][0]))
        rows += _with_vectors(name, source, folder / f"{name}-pack", report, (fitted, fresh))
        rows += _retrieval(name, pack, judged[name][1])
        print(f"# {name}: {len(fitted)} and {len(fresh)} questions", flush=True)
    rows += _abstaining(judged)
    rows += _books(corpora.manuals(folder / "manuals"), folder / "manuals-pack")
    for name, source in (("jargon", corpora.jargon), ("elements", corpora.elements)):
        rows += _unseen(name, source(folder / name), folder / f"{name}-pack")
    return rows + at_length(list(sources.values()), folder)


def _sets(pack: OpenPack) -> tuple[list[Item], list[Item]]:
    """One set to fit on, another to measure on: no question is in both."""
    fitted = make_set(pack, QUESTIONS, seed=1)
    taken = {item.question for item in fitted}
    fresh = [each for each in make_set(pack, 2 * QUESTIONS, seed=2) if each.question not in taken]
    return fitted, fresh[:QUESTIONS]


def _books(source: Path, folder: Path) -> list[Row]:
    """Chapters instead of entries: most of what is asked is a section under a heading."""
    built([source], folder)
    pack = open_folder(folder)
    # All questions that they have. How sure to be is fitted on four fifths of them, five times.
    with closing(Shelf([pack])) as shelf:
        judged = ask_set(shelf, make_set(pack, 2 * QUESTIONS, seed=1))
    print(f"# manuals: {len(judged)} questions", flush=True)
    return [*_retrieval("manuals", pack, judged), *_crossed("manuals", judged)]


def built(sources: Sequence[Path], folder: Path) -> tuple[Report, float]:
    """Build a pack; the processor time of all that worked on it."""
    before = processor_seconds()
    report = build_pack([FolderSource(each) for each in sources], folder, Options())
    return report, processor_seconds() - before


def _with_vectors(
    name: str,
    source: Path,
    folder: Path,
    without: Report,
    sets: tuple[Sequence[Item], Sequence[Item]],
) -> list[Row]:
    """The same pack, to which vectors are added: nothing else of it is built again."""
    before = processor_seconds()
    model = meaning.MODEL()
    report = build_pack([FolderSource(source)], folder, Options(vectors=model))
    seconds = processor_seconds() - before
    many = report.counts.passages / 100_000
    megabytes = (report.size_bytes - without.size_bytes) / 1e6
    note = "with the model, which a pack holds once"
    return [
        Row(f"vectors of 100,000 passages of {name}", seconds / many, "s CPU"),
        Row(f"vectors of {name}", megabytes, "MB", note=note),
        *meaning.meaning(name, folder, sets),
    ]


def processor_seconds() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def _building(name: str, report: Report, seconds: float) -> list[Row]:
    many = report.counts.passages / 100_000
    note = f"{report.counts.articles:,} articles, {report.counts.passages:,} passages"
    megabytes = report.size_bytes / 1e6
    return [
        Row(f"build 100,000 passages of {name}", seconds / many, "s CPU", aim="≤ 60", note=note),
        Row(f"their pack, {name}", megabytes / many, "MB", aim="≤ 120"),
    ]


# --- what is found --------------------------------------------------------------------------------


def _retrieval(name: str, pack: OpenPack, judged: Sequence[Judged]) -> list[Row]:
    seen = [each for each in judged if not each.item.hidden]
    items = [each.item for each in seen]
    ours = [each.rank for each in seen]
    others = {"SQLite FTS5, BM25": by_fts5(pack, items), "bm25s": by_bm25s(pack, items)}
    note = f"{len(seen)} questions"
    rows = []
    for words, most, aim in (("first", 1, "≥ 80 %"), ("in five", 5, "≥ 95 %")):
        said, found = f"right article {words}, {name}", _within(ours, most)
        rows += [
            Row(said, found, "%", _within(ranks, most), beside, aim, note)
            for beside, ranks in others.items()
        ]
    right = _percent([each.is_right for each in seen])
    return [*rows, Row(f"right sentence first, {name}", right, "%", note=note)]


def _within(ranks: Sequence[int], most: int) -> float:
    return _percent([0 < rank <= most for rank in ranks])


def _percent(held: Sequence[bool]) -> float:
    return 100 * sum(held) / max(1, len(held))


def _everyday(shelf: Shelf, calibration: Calibration | None) -> list[Row]:
    """Questions that a person wrote, those written before and after the table of wordings apart."""
    assert calibration is not None, "there are questions enough"
    rows = []
    for words, is_after in (("before", False), ("after", True)):
        questions = [each for each in everyday() if each.is_after is is_after]
        seen = list(ask_everyday(shelf, calibration, questions))
        answered = [each for each in seen if each.has_answer]
        name, note = f"everyday, written {words} the wordings", f"{len(answered)} questions"
        for what, most in (("first", 1), ("in five", 5)):
            share = _percent([0 < each.rank <= most for each in answered])
            rows.append(Row(f"right row {what}, {name}", share, "%", note=note))
        right = _percent([each.is_shown and each.rank == 1 for each in answered])
        wrong = _percent([each.is_shown and each.rank != 1 for each in seen])
        kept = _percent([not each.is_shown for each in seen if not each.has_answer])
        rows.append(Row(f"right shown, {name}", right, "%", note=note))
        rows.append(Row(f"wrong shown, {name}", wrong, "%", aim="5 ± 2 %", note="of all asked"))
        rows.append(Row(f"without an answer kept back, {name}", kept, "%"))
    return rows


# --- what is kept back ----------------------------------------------------------------------------


Shown = list[tuple[Judged, bool]]


def _abstaining(judged: dict[str, tuple[list[Judged], list[Judged]]]) -> list[Row]:
    rows = []
    for name, (fitted, fresh) in judged.items():
        calibration = fit_judged(fitted)
        assert calibration is not None, "there are questions enough"
        rows += _kept_back(name, _by(calibration, fresh, 0.05))
        rows += [_risk(name, "its own", risk, _by(calibration, fresh, risk)) for risk in RISKS]
        for other, (_, others) in judged.items():
            if other != name:
                rows += [_risk(other, name, risk, _by(calibration, others, risk)) for risk in RISKS]
    return rows


def _crossed(name: str, judged: Sequence[Judged]) -> list[Row]:
    """Of a pack with few questions: each is shown or not by what was fitted on the others."""
    shown: dict[float, Shown] = {risk: [] for risk in RISKS}
    for fold in range(FOLDS):
        calibration = fit_judged([e for n, e in enumerate(judged) if n % FOLDS != fold])
        assert calibration is not None, "there are questions enough"
        for risk in RISKS:
            shown[risk] += _by(calibration, judged[fold::FOLDS], risk)
    return [
        *_kept_back(name, shown[0.05]),
        *(_risk(name, "its own", risk, shown[risk]) for risk in RISKS),
    ]


def _by(calibration: Calibration, judged: Sequence[Judged], risk: float) -> Shown:
    return [(each, _shown(each, calibration, risk)) for each in judged]


def _kept_back(name: str, pairs: Shown) -> list[Row]:
    recall = _percent([not shown for each, shown in pairs if each.item.hidden])
    whole = _percent([not shown for each, shown in pairs if _is_whole(each.item)])
    precision = _percent([each.item.hidden for each, shown in pairs if not shown])
    return [
        Row(f"hidden sources kept back, {name}", recall, "%", aim="≥ 90 %"),
        Row(f"of them whole articles, {name}", whole, "%"),
        Row(f"kept back that were hidden, {name}", precision, "%", aim="≥ 90 %"),
    ]


def _unseen(name: str, source: Path, folder: Path) -> list[Row]:
    """What the calibration that hubs have for packs of few questions promises of packs on which
    nothing was fitted, neither weights nor thresholds.
    """
    built([source], folder)
    pack = open_folder(folder)
    with closing(Shelf([pack])) as shelf:
        judged = ask_set(shelf, make_set(pack, QUESTIONS, seed=2))
    print(f"# {name}: {len(judged)} questions", flush=True)
    right = _percent([each.is_right for each in judged if not each.item.hidden])
    return [
        Row(f"right sentence first, {name}", right, "%"),
        *(_risk(name, "all packs", risk, _by(GENERAL, judged, risk)) for risk in RISKS),
    ]


def _is_whole(item: Item) -> bool:
    """Whether all of the article is kept back, and not only the row that answers."""
    return item.lacks is Lack.ARTICLE


def _risk(name: str, of: str, risk: float, pairs: Shown) -> Row:
    wrong = _percent([shown and not each.is_right for each, shown in pairs])
    answered = _percent([shown and each.is_right for each, shown in pairs if not each.item.hidden])
    note = f"{answered:.0f} % of what has an answer is answered rightly"
    aim = f"{100 * risk:.0f} ± 2 %" if risk == 0.05 else f"{100 * risk:.0f} %"
    return Row(f"wrong shown, {name} with the calibration of {of}", wrong, "%", aim=aim, note=note)


def _shown(each: Judged, calibration: Calibration, risk: float) -> bool:
    if each.described is None:
        return False
    weights = np.array([calibration.weights[name] for name in NAMES])
    sure = 1 / (1 + np.exp(-float(each.described @ weights)))
    return bool(sure >= calibration.threshold(risk))


# --- how soon -------------------------------------------------------------------------------------


def at_length(sources: Sequence[Path], folder: Path) -> list[Row]:
    """The same corpora again and again until they are many passages, asked while all cores work."""
    with ExitStack() as stack:
        report, _ = built(sources, folder / "once")
        times = max(1, round(PASSAGES_AT_LENGTH / report.counts.passages))
        copies = [corpora.repeated(each, folder / f"many-{each.name}", times) for each in sources]
        report, seconds = built(copies, folder / "many")
        pack = open_folder(folder / "many")
        once = open_folder(folder / "once")
        # The right article is any of its copies: what is timed is not judged.
        items = [replace(i, lacks=None) for i in make_set(once, 2 * ASKED_AT_LENGTH, seed=5)]
        shelf = stack.enter_context(closing(Shelf([pack])))
        calibration = Calibration(dict.fromkeys(NAMES, 0.0), {0.05: 0.0})
        first_seconds(shelf, calibration, items[:50])
        for _ in range(os.cpu_count() or 1):
            busy = subprocess.Popen([sys.executable, "-c", "while True: pass"])
            stack.callback(busy.wait)
            stack.callback(busy.kill)
        took = first_seconds(shelf, calibration, items[:ASKED_AT_LENGTH])
        cpu = processor_seconds()
        first_seconds(shelf, calibration, items[ASKED_AT_LENGTH:])
        each = (processor_seconds() - cpu) / max(1, len(items[ASKED_AT_LENGTH:]))
    many = f"{report.counts.passages:,} passages"
    load = f"all cores kept busy, load {os.getloadavg()[0]:.0f}"
    memory = peak_megabytes()
    per = seconds / (report.counts.passages / 100_000)
    return [
        Row(f"build 100,000 of {many}", per, "s CPU", aim="≤ 60", note=f"{report.shards} parts"),
        _first(f"first cited sentence, {many}, p50", percentile(took, 0.5), "≤ 250", load),
        _first(f"first cited sentence, {many}, p95", percentile(took, 0.95), "≤ 600", load),
        Row(f"processor time of a question, {many}", 1e3 * each, "ms CPU"),
        Row("memory of the one that asks, at most", memory, "MB", aim="≤ 1,000"),
    ]  # fmt: skip


def peak_megabytes() -> float:
    """The most memory that this process has held, of its own program alone: what ``getrusage`` says
    of a new process begins with what the one that started it held.
    """
    status = Path("/proc/self/status").read_text("ascii")
    held = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(held.split()[1]) / 1e3


def _first(name: str, seconds: float, aim: str, note: str) -> Row:
    return Row(name, 1e3 * seconds, "ms", aim=aim, note=note)


def first_seconds(shelf: Shelf, calibration: Calibration, items: Sequence[Item]) -> list[float]:
    """From the question to the first sentence with its citation."""
    took = []
    for item in items:
        began = time.perf_counter()
        for event in answer(shelf, [calibration], Asking(item.question)):
            if isinstance(event, Evidence):
                break
        took.append(time.perf_counter() - began)
    return took
