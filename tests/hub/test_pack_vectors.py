"""The vectors of a pack: the same bytes anywhere, what they find, and files that lie."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from groundswell.ask.making import calibration_of, make_pack, open_folder
from groundswell.ask.packs.building import Options, build_pack
from groundswell.ask.packs.sources import FolderSource
from groundswell.ask.packs.vectors import RULE
from groundswell.ask.retrieval.searching import Found, Shelf
from groundswell.core.errors import BadRequest
from groundswell.wire import packs
from tests.hub.pack_world import files, lakes, small_shards
from tests.unit.static_models import real_model, write_model

COUNTRIES = ("Brazil", "Kenya", "Norway")
ROWS = """# {name}

## Geography

### Elevation extremes

#### highest point

A hill of {name} with trees on it, {number} m

## People and Society

### Languages

Of {name}: official and others, as the law has it

### Physicians density

{number} for each thousand

## Economy

### Exports

Wood and what is made of it; people of all parts work in it
"""


def countries(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(COUNTRIES, 1):
        (folder / f"{name}.md").write_text(ROWS.format(name=name, number=number), "utf-8")
    return folder


def options(model: Path | None, processes: int = 1) -> Options:
    return Options(processes=processes, vectors=model)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pack of countries with the vectors of a real model."""
    folder = tmp_path_factory.mktemp("vectors")
    source = FolderSource(countries(folder / "src"))
    build_pack([source], folder / "pack", options(real_model()))
    return folder / "pack"


@pytest.fixture
def spoiled(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "spoiled"))


def asked(folder: Path, question: str, *, meaning: bool = True) -> Found:
    with closing(Shelf([open_folder(folder)])) as shelf:
        return shelf.search(question, meaning=meaning)


def told(found: Found) -> list[tuple[str, list[str]]]:
    return [(each.passage.article.title, each.passage.headings) for each in found.candidates]


@pytest.mark.parametrize(
    ("question", "row"),
    [
        ("Which tongue will I hear in Brazil?", "Languages"),
        ("what tongues are used in kenya", "Languages"),
        ("Are there enough doctors in Norway?", "Physicians density"),
    ],
)
def test_a_row_is_found_of_which_the_question_has_no_word(
    made: Path, question: str, row: str
) -> None:
    best = asked(made, question).candidates[0]
    assert best.passage.headings[-1] == row
    assert best.passage.article.title in question.title()
    assert best.features.near > 0


def test_without_meaning_or_vectors_words_decide(made: Path, tmp_path: Path) -> None:
    question = "Which tongue will I hear in Brazil?"
    alone = asked(made, question, meaning=False)
    assert told(alone)[0][1][-1] != "Languages"
    build_pack([FolderSource(countries(tmp_path / "src"))], tmp_path / "pack", options(None))
    without = open_folder(tmp_path / "pack").manifest
    assert not without.vectors
    assert b'"pieces"' not in packs.pack_manifest(without)
    assert told(asked(tmp_path / "pack", question)) == told(alone)


def test_words_that_say_it_are_not_overruled(made: Path) -> None:
    for name in COUNTRIES:
        for row in ("languages", "highest point", "physicians density", "exports"):
            question = f"What are the {row} of {name}?"
            one, other = asked(made, question), asked(made, question, meaning=False)
            assert told(one)[0] == told(other)[0]


def test_a_kept_back_article_stays_so(made: Path) -> None:
    with closing(Shelf([open_folder(made)])) as shelf:
        found = shelf.search(
            "Which tongue will I hear in Brazil?", lambda _pack, article: article.title == "Brazil"
        )
    assert all(each.passage.article.title != "Brazil" for each in found.candidates)


def test_packs_with_and_without_are_asked_together(made: Path, tmp_path: Path) -> None:
    lakes(tmp_path / "src", 20)
    build_pack([FolderSource(tmp_path / "src")], tmp_path / "pack", options(None))
    with closing(Shelf([open_folder(tmp_path / "pack"), open_folder(made)])) as shelf:
        found = shelf.search("Which tongue will I hear in Brazil?")
    assert told(found)[0] == ("Brazil", ["People and Society", "Languages"])


def test_the_same_bytes_anywhere_and_a_change_moves_one_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_shards(monkeypatch)
    for name in ("here", "there"):
        lakes(tmp_path / name, 24)
    model = write_model(tmp_path / "model")
    one, two = tmp_path / "one", tmp_path / "two"
    build_pack([FolderSource(tmp_path / "here")], one, options(model))
    elsewhere = write_model(tmp_path / "elsewhere")
    build_pack([FolderSource(tmp_path / "there")], two, options(elsewhere, 2))
    before = files(one / "index" / "vectors")
    assert before == files(two / "index" / "vectors")
    assert len(before) > 4
    assert all(Path(name).stem == sha256[:32] for name, sha256 in before.items())
    page = next((tmp_path / "here").iterdir())
    page.write_text(page.read_text() + "\n\n## More\n\nIt is deep, and people speak of it.\n")
    build_pack([FolderSource(tmp_path / "here")], one, options(model))
    after = files(one / "index" / "vectors")
    assert len(set(after) - set(before)) == 1
    assert len(set(before) - set(after)) == 1


def test_sums_do_not_depend_on_the_processor(made: Path, tmp_path: Path) -> None:
    """What OpenBLAS and numpy do at once differs by processor: told to do less, the bytes stay."""
    script = (
        "import sys\nfrom pathlib import Path\n"
        "from groundswell.ask.packs.building import Options, build_pack\n"
        "from groundswell.ask.packs.sources import FolderSource\n"
        "source, pack, model = map(Path, sys.argv[1:])\n"
        "build_pack([FolderSource(source)], pack, Options(processes=1, vectors=model))\n"
    )
    less = {
        "OPENBLAS_CORETYPE": "Prescott",
        "OPENBLAS_NUM_THREADS": "1",
        "NPY_DISABLE_CPU_FEATURES": "AVX512F AVX512CD AVX512_SKX AVX2 FMA3",
    }
    source, pack = countries(tmp_path / "src"), tmp_path / "pack"
    subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script, source, pack, real_model()],
        check=True,
        env=os.environ | less,
    )
    assert files(pack / "index" / "vectors") == files(made / "index" / "vectors")


def test_vectors_are_added_changed_and_dropped(tmp_path: Path) -> None:
    lakes(tmp_path / "src", 20)
    source, pack = FolderSource(tmp_path / "src"), tmp_path / "pack"
    build_pack([source], pack, options(None))
    bare = files(pack)
    assert not (pack / "index" / "vectors").exists()
    report = build_pack([source], pack, options(write_model(tmp_path / "model")))
    assert report.built == 0  # text and words stay as they are
    manifest = open_folder(pack).manifest
    (first,) = manifest.vectors
    assert manifest.recipe["vectors"]["rule"] == RULE
    assert len(manifest.recipe["vectors"]["weights_sha256"]) == 64
    build_pack([source], pack, options(real_model()))
    (second,) = open_folder(pack).manifest.vectors
    assert first != second
    assert {each.name for each in (pack / "index" / "vectors").iterdir()} == {second}
    build_pack([source], pack, options(None))
    assert files(pack) == bare


def test_a_model_that_is_none_leaves_nothing_behind(tmp_path: Path) -> None:
    lakes(tmp_path / "src", 3)
    model = write_model(tmp_path / "model", b"{}")
    with pytest.raises(BadRequest):
        build_pack([FolderSource(tmp_path / "src")], tmp_path / "pack", options(model))
    assert not (tmp_path / "pack").exists()


def test_how_sure_answers_are_is_fitted_with_vectors(tmp_path: Path) -> None:
    lakes(tmp_path / "src", 200)
    made = make_pack(
        [FolderSource(tmp_path / "src")],
        tmp_path / "pack",
        replace(options(real_model()), title="Lakes"),
    )
    assert made.figures["article_first"] > 0.9
    calibration = calibration_of(tmp_path / "pack")
    assert calibration.samples >= 200
    assert calibration.weights["near"] != 0
    # One of a release that knew no vectors is read as before.
    path = tmp_path / "pack" / "eval" / "calibration.json"
    value = json.loads(path.read_bytes())
    del value["weights"]["near"], value["weights"]["apart"]
    path.write_text(json.dumps(value))
    assert calibration_of(tmp_path / "pack").samples == calibration.samples


def _vector_files(folder: Path, ending: str) -> Iterator[Path]:
    manifest = open_folder(folder).manifest
    ((maker, model),) = manifest.vectors.items()
    if ending == "shard":
        yield from (folder / packs.vectors_path(maker, s.vectors[maker]) for s in manifest.shards)
    elif ending == "table":
        yield folder / packs.vectors_path(maker, model.table)
    else:
        yield folder / packs.pieces_path(maker, model.pieces)


def _nothing(path: Path) -> None:
    path.write_bytes(b"")


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-5])


def _other_head(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(b"\x80" + data[1:])


@pytest.mark.parametrize("ending", ["shard", "table", "pieces"])
@pytest.mark.parametrize("spoil", [_nothing, _cut, _other_head])
def test_files_that_lie_say_nothing_and_the_words_are_asked(
    made: Path, spoiled: Path, ending: str, spoil: Callable[[Path], None]
) -> None:
    for path in _vector_files(spoiled, ending):
        spoil(path)
    question = "Which tongue will I hear in Brazil?"
    assert told(asked(spoiled, question)) == told(asked(made, question, meaning=False))


@pytest.mark.parametrize("level", [0, -128, 127])
def test_rows_of_any_numbers_find_something_and_break_nothing(spoiled: Path, level: int) -> None:
    for ending in ("shard", "table"):
        for path in _vector_files(spoiled, ending):
            data = bytearray(path.read_bytes())
            data[128:] = np.full(len(data) - 128, level, np.int8).tobytes()
            path.write_bytes(data)
    found = asked(spoiled, "Which tongue will I hear in Brazil?")
    assert found.candidates
    assert all(0 <= each.features.near <= 1 for each in found.candidates)


def test_a_pack_without_its_vectors_is_not_whole(spoiled: Path) -> None:
    for path in _vector_files(spoiled, "pieces"):
        path.unlink()
    with pytest.raises(BadRequest, match="no whole"):
        open_folder(spoiled)
