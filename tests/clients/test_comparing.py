"""`swell set` and `swell compare`: a set made from a pack, and a real model against itself changed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from groundswell.ask.making import make_pack
from groundswell.ask.packs.building import Options
from groundswell.ask.packs.sources import FolderSource
from groundswell.cli import main
from tests.hub.gguf_files import adapter
from tests.hub.pack_world import lakes
from tests.live import LiveHub, token_of
from tests.packaged import SMOLLM2, smollm2

PACK = "ada/compare-lakes"
SET = "ada/lake-questions"
SMOL, TURNED = "ada/compare-smol", "ada/compare-smol+ada/compare-turned=8"


@dataclass
class Desk:
    """A folder to work in, and the program, run in this process: it starts sooner."""

    hub: LiveHub
    folder: Path
    told: pytest.CaptureFixture[str] | None = None

    def __call__(self, *arguments: str, data: bool = False) -> SimpleNamespace:
        where = ("--data", str(self.hub.data)) if data else ()
        with pytest.raises(SystemExit) as left:
            main([*arguments, *where])
        assert self.told is not None
        out, err = self.told.readouterr()
        return SimpleNamespace(code=left.value.code, out=out, err=err)


@pytest.fixture(scope="module")
def furnished(live_hub: LiveHub, ada: Any, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """A model, an adapter that spoils it, and a pack, on the hub."""
    folder = tmp_path_factory.mktemp("compare")
    for name, file, path in (
        (SMOL, smollm2(), SMOLLM2),
        ("ada/compare-turned", adapter(), "turned-f32.gguf"),
    ):
        ada.create_repo(name, exist_ok=True)
        ada.upload_file(path_or_fileobj=file, path_in_repo=path, repo_id=name)
    lakes(folder / "src", 12)
    make_pack([FolderSource(folder / "src")], folder / "pack", Options(processes=1))
    ada.create_repo(PACK, repo_type="dataset", exist_ok=True)
    ada.upload_folder(folder_path=folder / "pack", repo_id=PACK, repo_type="dataset")
    return Desk(live_hub, folder)


@pytest.fixture
def swell(
    furnished: Desk, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Desk:
    monkeypatch.chdir(furnished.folder)
    for name, value in environment(furnished.hub, furnished.folder).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("XDG_CACHE_HOME", str(furnished.folder / ".cache"))
    furnished.told = capfd
    return furnished


def environment(hub: LiveHub, folder: Path, who: str = "ada") -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "SWELL_HUB": hub.url,
        "HF_TOKEN": token_of(who),
        "NO_PROXY": "127.0.0.1",
    }


def test_a_set_is_made_from_a_pack_and_stays_the_same(swell: Desk, ada: Any) -> None:
    make = (
        "set",
        "make",
        "--pack",
        "ada/compare-lakes",
        "-o",
        SET,
        "--questions",
        "24",
        "--public",
    )
    told = swell(*make, data=True)
    assert not told.code, told.err
    assert "24 questions" in told.out
    path = ada.hf_hub_download(
        SET, "questions.jsonl", repo_type="dataset", local_dir=swell.folder / "first"
    )
    rows = [json.loads(line) for line in Path(path).read_text("utf-8").splitlines()]
    assert {row["kind"] for row in rows} >= {"row", "lead", "hidden", "altered"}
    for row in rows:
        assert bool(row["answers"]) != row["unanswerable"]
        assert row["pack"].startswith("ada/compare-lakes@")
        if row["kind"] == "altered":
            assert row["answers"][0] in row["context"]
            assert row["before"] not in row["context"]
    (swell.folder / "mine.csv").write_text("question,answer\nHow wide is it?,7 km\n")
    assert not swell("set", "import", "mine.csv", "-o", SET, data=True).code
    assert not swell(*make, data=True).code
    path = ada.hf_hub_download(
        SET, "questions.jsonl", repo_type="dataset", local_dir=swell.folder / "again"
    )
    again = [json.loads(line) for line in Path(path).read_text("utf-8").splitlines()]
    assert again[:24] == rows  # the same seed
    assert again[24]["question"] == "How wide is it?"  # what people asked stays
    assert "question-set" in ada.dataset_info(SET).tags


def test_comparing_goes_on_where_it_was_stopped(swell: Desk, ada: Any) -> None:
    """Killed in the middle; the second run asks only what is left, and commits the result."""
    assert swell("set", "make", "--pack", "ada/compare-lakes", "-o", SET, "--questions", "24", "--public", data=True).code == 0  # fmt: skip
    # Without passages, as reading them takes most of the time.
    asks = ("compare", SMOL, TURNED, "--set", SET, "--closed-book", "--questions", "9", "--max-tokens", "6", "--all", "--json")  # fmt: skip
    running = subprocess.Popen(
        [sys.executable, "-m", "groundswell.cli", *asks],
        cwd=swell.folder,
        env=environment(swell.hub, swell.folder),
    )
    kept = swell.folder / ".cache" / "groundswell" / "comparisons"
    until = time.monotonic() + 90
    lines = 0
    while lines < 3 and time.monotonic() < until:
        lines = sum(len(path.read_bytes().splitlines()) for path in kept.glob("*.jsonl"))
        time.sleep(0.1)
    running.send_signal(signal.SIGKILL)
    running.wait()
    (path,) = kept.glob("*.jsonl")
    before = {
        (told["label"], told["id"]): told["answered"]
        for told in map(json.loads, filter(None, path.read_bytes().split(b"\n")[:-1]))
    }
    assert before
    done = swell(*asks)
    assert not done.code, done.err
    result = json.loads(done.out)
    labels = [model["label"] for model in result["models"]]
    given = {
        (label, each["id"]): answer
        for each in result["answers"]
        for label, answer in zip(labels, each["given"], strict=True)
    }
    assert all(given[key]["text"] == answered["text"] for key, answered in before.items())
    assert not list(kept.glob("*.jsonl"))
    assert (result["asked"], result["stopped"]) == (9, "all")
    smol, turned = result["models"]
    assert smol["name"].startswith(f"{SMOL}@")
    assert smol["name"].endswith(f":{SMOLLM2}")
    assert len(smol["sha256"][0]) == 64
    assert smol["peak_bytes"] > smol["size_bytes"] / 2
    assert min(smol["seconds_per_question"], smol["tokens_per_second"]) > 0
    assert turned["adapters"]
    assert result["set"]["name"] == SET
    assert len(result["set"]["commit"]) == 40
    # Beside the set, and checked again by whoever likes.
    card = Path(ada.hf_hub_download(SET, "README.md", repo_type="dataset")).read_text("utf-8")
    assert result["pairs"][0]["sentence"].split(",")[0] in card
    assert f"results/{result['id']}.svg" in card
    checked = swell("compare", "--set", SET, "--check", result["id"])
    assert not checked.code, checked.out + checked.err
    forged = {**result, "models": [{**smol, "right": smol["right"] + 1}, turned]}
    (swell.folder / "forged.json").write_text(json.dumps(forged))
    checked = swell("compare", "--set", SET, "--check", "forged.json")
    assert checked.code == 8
    assert "numbers of right answers" in checked.out


def test_one_model_is_measured_with_passages(swell: Desk, ada: Any) -> None:
    told = swell("compare", SMOL, "--set", SET, "--questions", "2", "--max-tokens", "6", "--json")
    assert not told.code, told.err
    result = json.loads(told.out)
    assert result["settings"]["sources"][0].startswith(f"{PACK}@")
    assert (result["asked"], result["pairs"]) == (2, [])
    assert all(each["given"][0]["failed"] == "" for each in result["answers"])
    card = Path(ada.hf_hub_download(SET, "README.md", repo_type="dataset")).read_text("utf-8")
    assert "measured alone" in card


def test_what_cannot_be_is_told_in_words(swell: Desk) -> None:
    for arguments, words in (
        (("--set", SET), "Name the models"),
        ((SMOL, SMOL, "--set", SET), "named twice"),
        ((SMOL, f"{SMOL}@main", "--set", SET), "are the same files"),
        ((SMOL, "--set", "ada/nothing-at-all"), "not found"),
        (("ada/nothing-at-all", "--set", SET), "not found"),
        ((SMOL, "--set", SET, "--closed-book", "--pack", "ada/compare-lakes"), "Either"),
        ((SMOL, "--set", SET, "--hub", "http://127.0.0.1:9"), "does not answer"),
    ):
        told = swell("compare", *arguments)
        assert told.code, arguments
        assert words in told.err, told.err
        assert "Traceback" not in told.err


def test_asking_keeps_a_question(swell: Desk) -> None:
    asked = ("ask", "How deep is Lake Nowhere?", "--pack", "ada/compare-lakes", "--keep", "./kept")
    assert swell(*asked, data=True).code in {0, 9}
    told = swell(*asked, "--answer", "7 m", data=True)
    assert "1 question (1 human)" in told.out
    rows = [
        json.loads(line)
        for line in (swell.folder / "kept/questions.jsonl").read_text().splitlines()
    ]
    assert [row["answers"] for row in rows] == [["7 m"]]
