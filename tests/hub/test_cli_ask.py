"""`swell pack build` and `swell ask` as a person and a script use them."""

from __future__ import annotations

import importlib.util
import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from groundswell.ask.making import open_folder
from groundswell.cli import main
from groundswell.cli._upkeep import opened_hub
from groundswell.core.values import AddRegular, CommitHeader, RepoId, RepoKind, Visibility
from tests.hub.pack_world import bombs, lakes, names
from tests.unit.static_models import write_model

Swell = Callable[..., SimpleNamespace]
LAKE = names(20)[3]
QUESTION = f"What is Lake {LAKE}?"
NOBODY_SAYS = "Who painted the ceiling of the Sistine Chapel?"


@pytest.fixture
def swell(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Swell:
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> SimpleNamespace:
        with pytest.raises(SystemExit) as left:
            main([*arguments, "--data", str(tmp_path / "data")])
        out, err = capfd.readouterr()
        return SimpleNamespace(code=left.value.code, out=out, err=err)

    return run


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli")
    lakes(folder / "src", 20)
    arguments = [
        "pack",
        "build",
        str(folder / "src"),
        "-o",
        str(folder / "pack"),
        "--processes",
        "1",
    ]
    with pytest.raises(SystemExit) as left:
        main([*arguments, "--title", "Lakes", "--license", "MIT", "--attribution", "By the lakes."])
    assert not left.value.code
    return folder / "pack"


def test_building_tells_what_came_of_it(swell: Swell, tmp_path: Path) -> None:
    lakes(tmp_path / "src", 3)
    bombs(tmp_path / "src")
    told = swell("pack", "build", "src", "-o", "./pack", "--processes", "1")
    assert not told.code
    assert "3 articles" in told.out
    assert "1 of 1 parts built" in told.out
    assert "left out: broken.pdf: " in told.err
    told = swell("pack", "build", "src", "-o", "pack", "--json")
    said = json.loads(told.out)
    assert (said["articles"], said["built"], said["shards"]) == (3, 0, 1)
    assert len(said["unreadable"]) == 3


def test_the_card_says_what_was_said(made: Path) -> None:
    card = (made / "README.md").read_text()
    assert "license: mit" in card
    assert "knowledge-pack" in card
    assert "# Lakes" in card
    assert "By the lakes." in card
    assert json.loads((made / "pack.json").read_bytes())["licence"] == "MIT"


def test_a_folder_is_asked_and_the_answer_checked_again(
    swell: Swell, made: Path, tmp_path: Path
) -> None:
    told = swell("ask", QUESTION, "--pack", str(made), "--receipt", "receipt.json")
    assert not told.code
    assert told.out.startswith("“")
    assert f"Lake {LAKE} is a" in told.out
    assert "file://pack@" in told.out
    checked = swell("ask", "--verify", "receipt.json", "--pack", str(made))
    assert not checked.code
    assert "stands" in checked.out
    assert "NOT" not in checked.out
    # The same receipt with another word in it.
    receipt = json.loads((tmp_path / "receipt.json").read_bytes())
    receipt["extract"][0]["text"] = receipt["extract"][0]["text"].replace("lake", "sea")
    (tmp_path / "forged.json").write_text(json.dumps(receipt))
    checked = swell("ask", "--verify", "forged.json", "--pack", str(made))
    assert checked.code == 8
    assert "DOES NOT STAND" in checked.out
    # Another pack than it was answered from.
    shutil.copytree(made, tmp_path / "other")
    (tmp_path / "other" / "pack.json").write_bytes((made / "pack.json").read_bytes() + b"\n")
    checked = swell("ask", "--verify", "receipt.json", "--pack", str(tmp_path / "other"))
    assert checked.code == 8
    assert "No folder that was named holds this revision" in checked.out


def test_what_nothing_says_ends_with_3(swell: Swell, made: Path) -> None:
    told = swell("ask", NOBODY_SAYS, "--pack", str(made), "--receipt", "receipt.json")
    assert told.code == 9
    assert "passages of Lakes" in told.out
    assert json.loads(Path("receipt.json").read_bytes())["abstained"] is True


def test_events_as_lines_of_json(swell: Swell, made: Path) -> None:
    told = swell("ask", QUESTION, "--pack", str(made), "--json")
    events = [json.loads(line) for line in told.out.splitlines()]
    assert [each["event"] for each in events][:2] == ["plan", "evidence"]
    assert events[-1]["event"] == "done"
    assert {each["event"] for each in events[2:-1]} == {"extract"}
    told = swell("ask", NOBODY_SAYS, "--pack", str(made), "--json")
    assert [json.loads(line)["event"] for line in told.out.splitlines()] == [
        "plan", "evidence", "abstain", "done",
    ]  # fmt: skip


def test_a_follow_up_is_about_what_was_answered(swell: Swell, made: Path) -> None:
    told = swell("ask", "What is its depth?", "--about", f"Lake {LAKE}", "--pack", str(made))
    assert not told.code
    assert f"Lake {LAKE}" in told.out
    assert "depth" in told.out


def test_a_pack_of_the_hub(swell: Swell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lakes(tmp_path / "src", 20)
    assert not swell("user", "add", "ann", "--no-password").code
    build = ("pack", "build", "src", "-o", "ann/lakes", "--processes", "1", "--json")
    first = json.loads(swell(*build).out)
    assert first["repository"] == "datasets/ann/lakes"
    assert json.loads(swell(*build).out)["commit"] == first["commit"]
    for packs in ((), ("--pack", "ann/lakes"), ("--pack", f"ann/lakes@{first['commit']}")):
        told = swell("ask", QUESTION, *packs, "--receipt", "receipt.json")
        assert not told.code
        assert f"hub://ann/lakes@{first['commit']}/" in told.out
    checked = swell("ask", "--verify", "receipt.json")
    assert not checked.code
    assert "stands" in checked.out
    told = swell("ask", QUESTION, "--pack", "ann/nothing")
    assert told.code
    assert "not found" in told.err
    packs_are_tools_over_standard_streams(swell, monkeypatch)


def test_vectors_by_a_model_of_the_hub_or_of_a_folder(
    swell: Swell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lakes(tmp_path / "src", 20)
    write_model(tmp_path / "words")
    assert not swell("user", "add", "ann", "--no-password").code
    with opened_hub(tmp_path / "data") as hub:
        ann = hub.accounts.refresh(hub.accounts.find_account("ann").id, None, None)
        repository = hub.repos.create(
            ann, RepoId(RepoKind.MODEL, "ann", "words"), Visibility.PUBLIC
        )
        names = ("model.safetensors", "tokenizer.json")
        files = [AddRegular(name, (tmp_path / "words" / name).read_bytes()) for name in names]
        hub.commits.commit(ann, repository, "main", CommitHeader("A model"), files)
    build = ("pack", "build", "src", "--processes", "1", "--json", "--vectors")
    made = swell(*build, "models/ann/words", "-o", "ann/lakes")
    assert not made.code, made.err
    assert not swell(*build, "words", "-o", "./folder").code
    assert not swell(*build, "models/ann/words@main", "-o", "./other", "--as", "ann").code
    one, other = (open_folder(tmp_path / name).manifest for name in ("folder", "other"))
    assert one.vectors == other.vectors != {}
    assert one.files() == other.files()
    # It is pulled ready to ask, with what questions become vectors with.
    told = swell("ask", QUESTION, "--pack", "ann/lakes")
    assert not told.code
    assert f"Lake {LAKE}" in told.out
    assert not list((tmp_path / "data" / "packs").glob("swell-open-*"))


@pytest.mark.parametrize(
    ("model", "words"),
    [("nowhere", "is no folder"), ("src", "no safetensors file"), ("models/ann/x", "not found")],
)
def test_models_that_make_no_vectors_are_told_in_words(
    swell: Swell, tmp_path: Path, model: str, words: str
) -> None:
    lakes(tmp_path / "src", 3)
    assert not swell("user", "add", "ann", "--no-password").code
    for verb in ("build", "watch"):
        told = swell("pack", verb, "src", "-o", "./pack", "--vectors", model)
        assert told.code
        assert words in told.err
        assert not (tmp_path / "pack").exists()


def test_without_the_extra_it_says_what_to_install(
    swell: Swell, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *a: None if name == "tantivy" else found(name, *a)
    )
    for arguments in (("ask", "What?"), ("pack", "build", "x", "-o", "./y")):
        told = swell(*arguments)
        assert told.code
        assert "groundswell[ask]" in told.err


def _other_things(folder: Path) -> None:
    (folder / "mine").mkdir()
    (folder / "mine" / "thesis.odt").write_text("years of work")
    lakes(folder / "src", 2)


BAD: list[tuple[tuple[str, ...], str]] = [
    (("ask",), "Ask something"),
    (("ask", "What?", "--risk", "7", "--pack", "MADE"), "risk has to be between"),
    (("ask", "x" * 5_000, "--pack", "MADE"), "may have 2000 characters"),
    (("ask", "What?", "--pack", "src"), "no whole knowledge pack"),
    (("ask", "--verify", "thesis.txt", "--pack", "MADE"), "is no receipt"),
    (("ask", "--verify", "list.json", "--pack", "MADE"), "This is no receipt"),
    (("pack", "build", "nowhere", "-o", "./p"), "There is no file or folder at nowhere"),
    (("pack", "build", "thesis.exe", "-o", "./p"), "not built from"),
    (("pack", "build", "src", "-o", "./mine"), "holds other things"),
]


@pytest.mark.parametrize(("arguments", "words"), BAD, ids=[" ".join(a)[:40] for a, _ in BAD])
def test_what_cannot_be_is_told_in_words(
    swell: Swell, made: Path, tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    _other_things(tmp_path)
    (tmp_path / "thesis.exe").write_bytes(b"MZ")
    (tmp_path / "thesis.txt").write_text("{" * 100_000)
    (tmp_path / "list.json").write_text("[]")
    told = swell(*(str(made) if each == "MADE" else each for each in arguments))
    assert told.code not in (0, None)
    assert words in told.err
    assert "Traceback" not in told.err


def test_no_hub_and_no_pack(swell: Swell, tmp_path: Path) -> None:
    told = swell("ask", QUESTION)
    assert told.code
    assert "no data folder" in told.err
    assert not swell("user", "add", "ann", "--no-password").code
    told = swell("ask", QUESTION)
    assert told.code
    assert "swell pack build" in told.err


def packs_are_tools_over_standard_streams(swell: Swell, monkeypatch: pytest.MonkeyPatch) -> None:
    """A message is a line; one that is none, or too long, is told so, and the next is answered."""
    question = {"question": QUESTION, "packs": ["ann/lakes"]}
    lines = [
        _call(1, "initialize", protocolVersion="2025-06-18"),
        json.dumps({"jsonrpc": "2.0", "method": "notifications/initialized"}),
        "",
        "no message",
        _call(2, "tools/call", name="ask", arguments={"question": "x" * 300_000}),
        _call(3, "tools/call", name="ask", arguments=question),
        _call(4, "tools/call", name="packs"),
        _call(5, "tools/call", name="open_citation", arguments={"address": "hub://x"}),
    ]
    given = io.TextIOWrapper(io.BytesIO("\n".join(lines).encode()))
    monkeypatch.setattr("sys.stdin", given)
    told = swell("mcp")
    assert (told.code, told.err) == (0, "")
    answers = [json.loads(line) for line in told.out.splitlines()]
    assert [each["id"] for each in answers] == [1, None, None, 3, 4, 5]
    assert answers[0]["result"]["protocolVersion"] == "2025-06-18"
    assert [each["error"]["code"] for each in answers[1:3]] == [-32700, -32600]
    assert f"Lake {LAKE} is a" in answers[3]["result"]["content"][0]["text"]
    assert answers[4]["result"]["structuredContent"]["packs"][0]["name"] == "ann/lakes"
    assert answers[5]["result"]["isError"] is True
    # No hub there: each request is told, and what asks for no answer gets none.
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO("\n".join(lines[:2]).encode())))
    told = swell("mcp", "--hub", "http://127.0.0.1:9")
    (answer,) = (json.loads(line) for line in told.out.splitlines())
    assert (answer["id"], answer["error"]["code"]) == (1, -32000)
    assert "127.0.0.1:9 does not answer" in answer["error"]["message"]


def _call(number: int, method: str, **params: object) -> str:
    return json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
