"""Packs are asked: what is shown stands there letter for letter, or it is said that nothing does."""

from __future__ import annotations

import json
import random
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from groundswell.ask.answering import Abstain, Asking, Done, Evidence, Extract, Plan, answer
from groundswell.ask.calibration import NAMES, Calibration
from groundswell.ask.evaluation.asking import ask_set, fit_judged
from groundswell.ask.evaluation.making import Kind, make_set
from groundswell.ask.making import calibration_of, make_pack, open_folder
from groundswell.ask.packs.building import Options
from groundswell.ask.packs.lexical import View
from groundswell.ask.packs.opened import OpenPack
from groundswell.ask.packs.sources import FolderSource
from groundswell.ask.receipts import check_receipt
from groundswell.ask.retrieval.searching import Shelf
from groundswell.core.errors import BadRequest, Corrupt, EntryNotFound
from groundswell.wire.packs import span_sha256, text_path
from tests.hub.pack_world import every_kind, lakes, small_shards

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

ONE = Options(processes=1)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("asked")
    with pytest.MonkeyPatch.context() as patch:
        small_shards(patch)
        every_kind(folder / "src")
        lakes(folder / "src" / "more", 120, seed=9)
        make_pack([FolderSource(folder / "src")], folder / "pack", ONE)
    return folder / "pack"


@pytest.fixture
def pack(made: Path) -> OpenPack:
    return open_folder(made)


@pytest.fixture
def shelf(pack: OpenPack) -> Iterator[Shelf]:
    opened = Shelf([pack])
    yield opened
    opened.close()


def asked(shelf: Shelf, calibration: Calibration, question: str, **said: Any) -> list[Any]:
    return list(answer(shelf, [calibration], Asking(question, **said)))


def texts(folder: Path) -> dict[str, str]:
    """Every article of a pack, read without any of our code: zstd frames of lines of JSON."""
    found = {}
    for name in (folder / "text").iterdir():
        rest = name.read_bytes()
        while rest:
            frame = zstd.ZstdDecompressor()
            for line in frame.decompress(rest).splitlines():
                value = json.loads(line)
                found[value["path"]] = value["text"]
            rest = frame.unused_data
    return found


def test_what_is_shown_stands_there_letter_for_letter(
    made: Path, pack: OpenPack, shelf: Shelf
) -> None:
    known, calibration = texts(made), calibration_of(made)
    items = make_set(pack, 200, seed=11, hidden=0)
    assert {item.kind for item in items} == set(Kind)
    shown = right = 0
    for item in items:
        events = asked(shelf, calibration, item.question, risk=0.2)
        assert isinstance(events[0], Plan)
        assert isinstance(events[1], Evidence)
        assert isinstance(events[-1], Done)
        extracts = [event.quote for event in events if isinstance(event, Extract)]
        for quote in (*events[1].quotes, *extracts):
            cited = quote.citation
            stands = known[cited.article][cited.start : cited.stop]
            assert stands == quote.text
            assert span_sha256(stands) == cited.sha256
            assert cited.revision == pack.revision
        receipt = events[-1].receipt
        assert receipt == json.loads(json.dumps(receipt))
        assert all(each.holds for each in check_receipt(receipt, lambda _p, _r, path: known[path]))
        shown += bool(extracts)
        right += bool(extracts) and extracts[0].citation.article == item.article
    assert shown > 150
    assert right / shown >= 0.95


def test_questions_whose_source_is_kept_away_are_not_answered(made: Path, pack: OpenPack) -> None:
    calibration = calibration_of(made)
    assert calibration.samples > 200
    shelf = Shelf([pack])
    judged = ask_set(shelf, make_set(pack, 400, seed=77))
    shelf.close()
    weights = np.array([calibration.weights[name] for name in NAMES])

    def abstains(each: Any) -> bool:
        if each.described is None:
            return True
        sure = 1 / (1 + np.exp(-float(each.described @ weights)))
        return sure < calibration.threshold(0.05)

    told = [(abstains(each), each.item.hidden, each.is_right) for each in judged]
    assert not any(is_right for _, hidden, is_right in told if hidden)
    hidden = [abstained for abstained, is_hidden, _ in told if is_hidden]
    assert sum(hidden) / len(hidden) >= 0.9  # recall
    abstained = [is_hidden for abstained, is_hidden, _ in told if abstained]
    assert sum(abstained) / len(abstained) >= 0.9  # precision
    wrong = [not abstained and not is_right for abstained, _, is_right in told]
    assert sum(wrong) / len(wrong) <= 0.05 + 0.02


def test_the_same_set_comes_of_the_same_seed(pack: OpenPack) -> None:
    assert make_set(pack, 50, seed=4) == make_set(pack, 50, seed=4) != make_set(pack, 50, seed=5)


def test_an_abstention_says_what_was_searched_and_what_comes_near(made: Path, shelf: Shelf) -> None:
    calibration = calibration_of(made)
    events = asked(shelf, calibration, "Who painted the ceiling of the Sistine Chapel?")
    (abstained,) = (event for event in events if isinstance(event, Abstain))
    assert f"{shelf.passages:,} passages" in abstained.why
    assert events[-1].receipt["abstained"] is True
    assert not events[-1].receipt["extract"]
    # Not one word of it stands anywhere.
    events = asked(shelf, calibration, "Xyzzyx qwertzuiop?")
    (abstained,) = (event for event in events if isinstance(event, Abstain))
    assert "None of the words" in abstained.why
    assert abstained.nearest == ()


@pytest.mark.parametrize("question", ["", "   ", "x" * 100_000])
def test_questions_that_are_none(made: Path, shelf: Shelf, question: str) -> None:
    with pytest.raises(BadRequest):
        asked(shelf, calibration_of(made), question)


@pytest.mark.parametrize(
    "question",
    ["?", "\0", "!!! ???", "𝕏 \u202e txt", "a" * 1_900, "'\" OR 1=1 --", "title:x AND *"],
)
def test_odd_questions_are_answered_or_not_and_fail_nowhere(
    made: Path, shelf: Shelf, question: str
) -> None:
    assert isinstance(asked(shelf, calibration_of(made), question)[-1], Done)


@pytest.mark.parametrize("risk", [0, 0.001, 0.5, 1, float("nan")])
def test_risks_that_nobody_can_promise(made: Path, shelf: Shelf, risk: float) -> None:
    with pytest.raises(BadRequest):
        asked(shelf, calibration_of(made), "What?", risk=risk)


def test_articles_are_found_by_their_paths(made: Path, pack: OpenPack) -> None:
    for path, text in texts(made).items():
        assert pack.article(path).text == text
    for path in ("", "nothing", "\U0010ffff", "src/"):
        with pytest.raises(EntryNotFound):
            pack.article(path)


# --- damage and lies ------------------------------------------------------------------------------


def copied(made: Path, to: Path) -> Path:
    shutil.copytree(made, to, ignore=shutil.ignore_patterns(".building"))
    return to


def ask_all(folder: Path) -> None:
    pack = open_folder(folder)
    shelf = Shelf([pack])
    try:
        for question in ("depth", "What is Lake known for?", "area of a salt lake", "clapper bell"):
            list(answer(shelf, [calibration_of(folder)], Asking(question)))
        for number in range(pack.passages):
            assert pack.passage(number).text
    finally:
        shelf.close()


def test_a_damaged_file_is_told_and_nothing_else_happens(made: Path, tmp_path: Path) -> None:
    """Whatever byte of whatever file: an answer, or an error that has a name."""
    folder = copied(made, tmp_path / "pack")
    chooser = random.Random(3)
    names = sorted(path for path in folder.rglob("*") if path.is_file() and path.parent != folder)
    views = set(Path(tmp_path).parent.glob("view-*"))
    told = 0
    for _ in range(150):
        path = chooser.choice(names)
        data = path.read_bytes()
        damaged = bytearray(data)
        for _ in range(chooser.choice((1, 3, 30))):
            damaged[chooser.randrange(len(data))] = chooser.randrange(256)
        cut = chooser.randrange(len(data)) if chooser.random() < 0.2 else len(data)
        path.write_bytes(damaged[:cut])
        try:
            ask_all(folder)
        except (Corrupt, BadRequest):
            told += 1
        path.write_bytes(data)
    assert told > 50
    ask_all(folder)
    assert set(Path(tmp_path).parent.glob("view-*")) == views


def test_a_panic_of_the_engine_is_an_error_like_others(made: Path, tmp_path: Path) -> None:
    """Rust's panics come as exceptions that are no `Exception`: they would end a thread of the hub."""
    pack = open_folder(made)
    segment, files = pack.segments()[0]
    whole = files["fast"].read_bytes()
    causes = set()
    for number in range(len(whole)):
        damaged = tmp_path / f"{number}.fast"
        damaged.write_bytes(whole[:number] + bytes([whole[number] ^ 0xFF]) + whole[number + 1 :])
        folder = tmp_path / f"view{number}"
        folder.mkdir()
        try:
            View(folder, [(segment, {**files, "fast": damaged})], "words-en-1").search(["lake"], 5)
        except Corrupt as error:
            causes.add(type(error.__cause__).__name__)
    assert causes == {"ValueError", "PanicException"}


def _edited(folder: Path, change: Any) -> Path:
    said = json.loads((folder / "pack.json").read_bytes())
    change(said)
    (folder / "pack.json").write_text(json.dumps(said))
    return folder


LIES = {
    "fewer passages": lambda s: s.update(passages=_less(s)),
    "more passages": lambda s: s["counts"].update(passages=s["counts"]["passages"] + 5) or s["segments"][-1].__setitem__(1, s["segments"][-1][1] + 5),
    "another text": lambda s: s.update(text="0" * 32),
    "a table as a text": lambda s: s.update(text=s["passages"]),
    "a text as a table": lambda s: s.update(passages=s["text"]),
    "a segment less": lambda s: s.update(segments=[]),
    "huge": lambda s: s["counts"].update(passages=1 << 39) or s.update(segments=[[s["segments"][0][0], 1 << 39]]),
}  # fmt: skip


def _less(shard: dict[str, Any]) -> str:
    shard["counts"]["passages"] -= 1
    shard["segments"][-1][1] -= 1
    return str(shard["passages"])


@pytest.mark.parametrize("lie", LIES)
def test_a_pack_that_lies_about_its_parts_is_told(made: Path, tmp_path: Path, lie: str) -> None:
    folder = _edited(copied(made, tmp_path / "pack"), lambda said: LIES[lie](said["shards"][0]))
    with pytest.raises((Corrupt, BadRequest)):
        ask_all(folder)


def test_a_calibration_that_lies_is_not_used(made: Path, tmp_path: Path) -> None:
    folder = copied(made, tmp_path / "pack")
    assert calibration_of(folder).samples
    (folder / "eval" / "calibration.json").write_bytes(b'{"format": "groundswell-calibration/1"}')
    assert calibration_of(folder).samples == 0
    (folder / "eval" / "calibration.json").unlink()
    assert calibration_of(folder).samples == 0


def test_a_text_that_was_swapped_is_told(made: Path, tmp_path: Path) -> None:
    """Of two shards each has the other's articles: the numbers of passages do not fit."""
    folder = copied(made, tmp_path / "pack")
    one, other = (folder / text_path(s.text) for s in open_folder(folder).manifest.shards[:2])
    data, more = one.read_bytes(), other.read_bytes()
    one.write_bytes(more)
    other.write_bytes(data)
    with pytest.raises((Corrupt, AssertionError)):
        ask_all(folder)


# --- several packs --------------------------------------------------------------------------------


def test_packs_are_asked_together_and_a_segment_that_two_have_counts_once(
    made: Path, tmp_path: Path
) -> None:
    folder = copied(made, tmp_path / "again")
    (folder / "pack.json").write_bytes((made / "pack.json").read_bytes() + b"\n")
    packs = [open_folder(made), open_folder(folder)]
    shelf = Shelf(packs)
    assert shelf.passages == 2 * packs[0].passages
    events = list(answer(shelf, [calibration_of(made)] * 2, Asking("What is a bell?")))
    assert {quote.citation.revision for quote in events[1].quotes} == {packs[0].revision}
    shelf.close()


def test_languages_that_are_cut_differently_are_not_asked_together(
    made: Path, tmp_path: Path
) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "a.md").write_text("# Glocke\n\nEine Glocke ist aus Metall.\n")
    make_pack(
        [FolderSource(tmp_path / "src")], tmp_path / "de", Options(language="de", processes=1)
    )
    with pytest.raises(BadRequest, match="cannot be searched together"):
        Shelf([open_folder(made), open_folder(tmp_path / "de")])
    shelf = Shelf([open_folder(tmp_path / "de")])
    found = shelf.search("Woraus sind Glocken?")
    assert found.candidates[0].passage.article.title == "Glocke"
    shelf.close()


def test_a_language_without_spaces(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "fuji.md").write_text(
        "# 富士山\n\n富士山は日本で一番高い山である。高さは3776メートルである。\n", "utf-8"
    )
    (tmp_path / "src" / "biwa.md").write_text(
        "# 琵琶湖\n\n琵琶湖は滋賀県にある大きな湖である。\n", "utf-8"
    )
    make_pack(
        [FolderSource(tmp_path / "src")], tmp_path / "ja", Options(language="ja", processes=1)
    )
    shelf = Shelf([open_folder(tmp_path / "ja")])
    assert shelf.search("富士山の高さは?").candidates[0].passage.article.path == "fuji.md"
    assert shelf.search("滋賀県の湖").candidates[0].passage.article.path == "biwa.md"
    shelf.close()


def test_few_questions_make_no_calibration(tmp_path: Path) -> None:
    lakes(tmp_path / "src", 2)
    report = make_pack([FolderSource(tmp_path / "src")], tmp_path / "pack", ONE)
    assert report.figures == {}
    assert not (tmp_path / "pack" / "eval" / "calibration.json").exists()
    assert fit_judged([]) is None
