"""Prose that is checked: how soon it comes, and whether what is shown stands in what it cites.

A hub with SmolLM2-135M and the country profiles is asked over HTTP, as the page asks. Then facts
are altered: rows with another number, shown as if they stood in the pack, first to the model, whose
shown sentences are judged by their numbers and printed for people to read; then beside sentences
that say the fact as it was, as a model does that remembers it. ``python -m bench prose``.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import time
import urllib.request
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from huggingface_hub import HfApi

from bench import asking, corpora
from bench.rows import Row, percentile
from bench.servers import USER, RunningHub, swell
from groundswell.ask.answering import Asking, Extract, answer
from groundswell.ask.answering.grounding import Support, ground_sentence
from groundswell.ask.answering.prose import prompt_of, write_prose
from groundswell.ask.answering.quotes import Quote
from groundswell.ask.calibration import NAMES, Calibration
from groundswell.ask.comparing.quantities import quantities
from groundswell.ask.evaluation.making import make_set
from groundswell.ask.evaluation.sets import make_items
from groundswell.ask.making import open_folder
from groundswell.ask.packs.opened import OpenPack
from groundswell.ask.retrieval.searching import Shelf
from groundswell.wire.packs import Citation
from groundswell.wire.questions import Item, Kind
from tests.packaged import SMOLLM2, smollm2

MODEL = f"{USER}/smol"
_NUMBER = re.compile(r"\d[\d,.]*\d|\d")
PACK = f"{USER}/countries"
TIMED = int(os.environ.get("BENCH_PROSE_TIMED", "120"))
ALTERED_ASKED = int(os.environ.get("BENCH_PROSE_ALTERED", "200"))
ALTERED_SAID = 1_000
QUOTED = 2_000


def measure(running: RunningHub | None, folder: Path) -> list[Row]:
    """All of it."""
    assert running is not None
    print(f"# load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors", flush=True)
    source = corpora.countries(folder / "countries")
    asking.built([source], folder / "pack")
    api = HfApi(running.url, token=running.token)
    api.create_repo(MODEL)
    api.upload_file(path_or_fileobj=smollm2(), path_in_repo=SMOLLM2, repo_id=MODEL)
    build = ["pack", "build", str(source), "-o", PACK, "--license", "CC0-1.0", "--data"]
    subprocess.run(swell(*build, str(running.folder)), check=True, stdout=subprocess.DEVNULL)
    pack = open_folder(folder / "pack")
    with closing(Shelf([pack])) as shelf:
        rows = _letter_for_letter(shelf, pack)
        rows += _soon(running, pack)
        items = [each for each in make_items(pack, 5_000, seed=3) if each.kind is Kind.ALTERED]
        return rows + _remembered(shelf, items) + _written(running, shelf, items)


# --- quotes ---------------------------------------------------------------------------------------


def _letter_for_letter(shelf: Shelf, pack: OpenPack) -> list[Row]:
    daring = Calibration(dict.fromkeys(NAMES, 0.0), {0.05: 0.0})
    held = []
    for item in make_set(pack, QUOTED, seed=7):
        for event in answer(shelf, [daring], Asking(item.question)):
            if isinstance(event, Extract):
                cited = event.quote.citation
                text = pack.article(cited.article).text[cited.start : cited.stop]
                sha256 = hashlib.sha256(text.encode()).hexdigest()
                held.append(text == event.quote.text and sha256 == cited.sha256)
    share = 100 * sum(held) / len(held)
    note = f"{len(held):,} sentences of {QUOTED:,} questions"
    return [
        Row(
            "quotes that stand in the article, letter for letter",
            share,
            "%",
            aim="100 %",
            note=note,
        )
    ]


# --- how soon -------------------------------------------------------------------------------------


@dataclass
class _Told:
    """When things of one answer came, in seconds, and how its sentences were judged."""

    extract: float | None = None
    sentence: float | None = None
    done: float = 0.0
    counts: dict[str, int] | None = None


def _soon(running: RunningHub, pack: OpenPack) -> list[Row]:
    items = [each for each in make_set(pack, 4 * TIMED, seed=8) if not each.hidden]
    _asked(running, items[0].question)  # loads the model
    told = [_asked(running, each.question) for each in items[1 : TIMED + 1]]
    quoted = [each.extract for each in told if each.extract is not None]
    prose = [each.sentence for each in told if each.sentence is not None]
    assert prose, "nothing that was written is shown: BENCH_PROSE_TIMED is too small"
    wrote = [each for each in told if each.counts]
    counts: Counter[str] = Counter()
    for each in wrote:
        counts.update(each.counts)
    note = f"{len(prose)} of {len(wrote)} answers that were quoted had one; "
    note += ", ".join(f"{number} {name}" for name, number in sorted(counts.items()))
    whole = percentile([each.done for each in wrote], 0.5)
    return [
        Row("quote over HTTP, p50", percentile(quoted, 0.5), "s"),
        Row(
            "first checked sentence of prose, p50",
            percentile(prose, 0.5),
            "s",
            aim="≤ 2.5",
            note=note,
        ),
        Row("first checked sentence of prose, p95", percentile(prose, 0.95), "s"),
        Row("whole answer with prose, p50", whole, "s"),
    ]


def _asked(running: RunningHub, question: str) -> _Told:
    body = {"question": question, "packs": [PACK], "risk": 0.2, "model": MODEL, "stream": True}
    began, told = time.perf_counter(), _Told()
    for name, data in _events(running, "/v1/ask", body):
        now = time.perf_counter() - began
        if name == "extract" and told.extract is None:
            told.extract = now
        elif name == "sentence" and told.sentence is None:
            told.sentence = now
        elif name == "done":
            told.done, told.counts = now, data["sentences"]
    return told


def _events(running: RunningHub, path: str, body: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    with _post(running, path, body) as response:
        name = ""
        for line in response:
            head, _, value = line.decode().rstrip("\n").partition(": ")
            if head == "event":
                name = value
            elif head == "data":
                yield name, json.loads(value)


def _post(running: RunningHub, path: str, body: dict[str, Any]) -> Any:  # noqa: ANN401 - a response
    headers = {"Authorization": f"Bearer {running.token}", "Content-Type": "application/json"}
    request = urllib.request.Request(running.url + path, json.dumps(body).encode(), headers)
    return urllib.request.urlopen(request, timeout=300)


# --- altered facts --------------------------------------------------------------------------------


def _source(item: Item) -> Quote:
    """The altered row as a quote that a model may use."""
    where, _, text = item.context.partition(": ")
    title, *headings = where.split(" > ")
    nowhere = Citation(PACK, "0" * 40, item.article, 0, len(text), "0" * 64)
    return Quote("S1", title, tuple(headings), text, nowhere)


def _remembered(shelf: Shelf, items: Sequence[Item]) -> list[Row]:
    """What was true before, said of a source that says another number now."""
    shown = 0
    said = items[:ALTERED_SAID]
    for item in said:
        source = _source(item)
        about = f"{source.title}: {source.text}"
        other, own = _NUMBER.findall(item.answers[0])[0], _NUMBER.findall(item.before)[0]
        remembered = f"{source.title}: {source.text.replace(other, own)}"
        assert remembered != about, item
        grounding = ground_sentence(remembered, [about], shelf.words)
        shown += grounding.support is not Support.DROPPED
    note = f"{len(said):,} altered facts"
    return [
        Row(
            "remembered facts shown of altered sources",
            100 * shown / len(said),
            "%",
            aim="≤ 3 %",
            note=note,
        )
    ]


def _written(running: RunningHub, shelf: Shelf, items: Sequence[Item]) -> list[Row]:
    """What SmolLM2 writes of altered sources, and what of it is shown."""

    def write(
        messages: Sequence[dict[str, str]], grammar: str, tokens: int
    ) -> Generator[_Piece, None, None]:
        body = {"model": MODEL, "messages": messages, "grammar": grammar, "max_tokens": tokens}
        with _post(running, "/v1/chat/completions", body | {"temperature": 0}) as response:
            yield _Piece(json.load(response)["choices"][0]["message"]["content"])

    shown, held, written = 0, 0, 0
    for item in items[:ALTERED_ASKED]:
        source = _source(item)
        for sentence in write_prose(prompt_of(item.question, [source]), write, shelf.words):
            written += 1
            if sentence.is_shown:
                shown += 1
                stands = _stands(sentence.text, item, source)
                held += stands
                words = "ok " if stands else "NOT"
                print(f"# {words} {sentence.text!r} from {source.title}: {source.text!r}")
    note = (
        f"{written} sentences written for {len(items[:ALTERED_ASKED])} altered facts, {shown} shown"
    )
    share = 100 * held / max(1, shown)
    return [
        Row(
            "shown sentences that stand in their altered source",
            share,
            "%",
            aim="≥ 97 %",
            note=note,
        )
    ]


def _stands(text: str, item: Item, source: Quote) -> bool:
    """Whether every number of a sentence is one of its source, by other rules than those that let
    it pass, and it does not say what was true before.
    """
    told = "; ".join((source.title, *source.headings, source.text))
    known = {each.written for each in quantities(told)}
    is_known = all(each.written in known for each in quantities(text))
    before = re.sub(r"\W+", " ", item.before).strip()
    return is_known and before not in re.sub(r"\W+", " ", text)


@dataclass(frozen=True, slots=True)
class _Piece:
    text: str
