"""Packs asked by those who may not read them, and packs that lie.

The story: search over documents of several owners is filtered after the search, so that counts,
snippets or timing tell of what is hidden; or rights are kept with the index and outlive their end.
Here rights are asked for each question before any file is opened. And whoever may publish a dataset
may publish a broken pack: it must not stop anybody from asking the others.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import HfApi

from groundswell.ask.making import make_pack
from groundswell.ask.packs.building import Options
from groundswell.ask.packs.sources import open_source
from tests.security.target import Answer, Caller, Target, token_of

OPEN, HIDDEN, GATED = "olga/ask-open", "olga/ask-hidden", "olga/ask-gated"
SECRET = "The vault opens with the words marzipan elephant."


def built(folder: Path, name: str, text: str, language: str = "en") -> Path:
    notes = folder / f"{name}-notes"
    notes.mkdir()
    (notes / f"{name}.md").write_text(text)
    made = folder / name
    make_pack([open_source(str(notes))], made, Options(f"Pack {name}", language, "", "", 1))
    return made


def upload(target: Target, repo: str, folder: Path, **options: Any) -> None:
    api = HfApi(target.url, token=token_of("olga"))
    api.create_repo(repo, repo_type="dataset", **options)
    api.upload_folder(folder_path=folder, repo_id=repo, repo_type="dataset")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("packs")


@pytest.fixture(scope="module")
def packs(target: Target, folder: Path) -> Iterator[None]:
    rivers = "# Rivers\n\nThe longest river of Utopia is the Anyder, which is 80 miles long.\n"
    upload(target, OPEN, built(folder, "open", rivers))
    upload(target, HIDDEN, built(folder, "hidden", f"# Vault\n\n{SECRET}\n"), private=True)
    upload(
        target, GATED, built(folder, "gated", "# Gate\n\nThe gate of Utopia is made of bronze.\n")
    )
    settings = {"gated": "manual"}
    assert (
        target.user("olga").json("PUT", f"/api/datasets/{GATED}/settings", settings).status == 200
    )
    yield
    for repo in (OPEN, HIDDEN, GATED):
        HfApi(target.url, token=token_of("olga")).delete_repo(repo, repo_type="dataset")


def ask(
    caller: Caller, *names: str, question: str = "How long is the Anyder?", **more: Any
) -> Answer:
    body = {"question": question, "stream": False, "risk": 0.2, **more}
    return caller.json("POST", "/v1/ask", {**body, "packs": list(names)} if names else body)


def names_of(caller: Caller) -> set[str]:
    return {pack["name"] for pack in caller("GET", "/v1/packs").json()["packs"]}


@pytest.mark.usefixtures("packs")
def test_a_question_reads_what_its_asker_may_read(target: Target) -> None:
    nobody, stig, olga = target.caller(), target.user("stig"), target.user("olga")
    for caller in (nobody, stig, olga):
        answer = ask(caller, OPEN)
        assert answer.status == 200, answer.text
        told = answer.json()
        assert "80 miles" in told["extract"][0]["text"]
        assert told["receipt"]["packs"] == [told["plan"]["packs"][0]]
        assert OPEN in names_of(caller)
    for names in ((HIDDEN,), (OPEN, HIDDEN), (HIDDEN, OPEN, OPEN)):
        for caller, status in ((nobody, 401), (stig, 404)):
            hidden = ask(caller, *names)
            missing = ask(caller, *(name.replace("hidden", "absent") for name in names))
            assert (hidden.status, hidden.code) == (status, "RepoNotFound")
            assert hidden.body == missing.body
    assert "marzipan" in ask(olga, OPEN, HIDDEN, question="What opens the vault?").text
    assert {HIDDEN, GATED} <= names_of(olga)
    for caller in (nobody, stig):
        assert not names_of(caller) & {HIDDEN, GATED}
        for question in ("What opens the vault?", "marzipan elephant", "What is the gate made of?"):
            told = ask(caller, question=question).text
            assert not any(
                word in told for word in ("vault opens", "ask-hidden", "bronze", "ask-gated")
            )
            page = caller("GET", f"/ask?q={question.replace(' ', '+')}").text
            assert not any(
                word in page for word in ("with the words", "ask-hidden", "bronze", "ask-gated")
            )


@pytest.mark.usefixtures("packs")
def test_access_that_ends_ends_with_the_next_question(target: Target) -> None:
    stig, olga = target.user("stig"), target.user("olga")
    question = "What is the gate of Utopia made of?"
    places = (
        lambda: ask(stig, GATED, question=question),
        lambda: stig("GET", f"/ask?pack={GATED}&q=What+is+the+gate+made+of%3F&risk=0.2"),
        lambda: stig("GET", f"/datasets/{GATED}/article/main/gated.md"),
        lambda: stig("GET", f"/ask/receipt?pack={GATED}&q=gate"),
    )
    for place in places:
        assert place().code == "GatedRepo"
    change = f"/api/datasets/{GATED}/user-access-request"
    assert olga.json("POST", f"{change}/grant", {"user": "stig"}).status == 200
    for place in places:
        answer = place()
        assert answer.status == 200
        assert "bronze" in answer.text or "receipt" in answer.text or "evidence" in answer.text
    assert GATED in names_of(stig)
    ended = {"user": "stig", "status": "rejected", "rejectionReason": "No."}
    assert olga.json("POST", f"{change}/handle", ended).status == 200
    for place in places:
        answer = place()
        assert answer.code == "GatedRepo"
        assert "bronze" not in answer.text
    assert GATED not in names_of(stig)


@pytest.mark.usefixtures("packs")
def test_an_answer_is_a_stream_of_events(target: Target) -> None:
    body = {"question": "How long is the Anyder?", "packs": [OPEN], "risk": 0.2}
    answer = target.caller().json("POST", "/v1/ask", body)
    assert answer.headers["Content-Type"].startswith("text/event-stream")
    frames = answer.text.removesuffix("\n\n").split("\n\n")
    events = [frame.partition("\n")[0].removeprefix("event: ") for frame in frames]
    assert events == ["plan", "evidence", "extract", "done"]
    data = [json.loads(frame.partition("\ndata: ")[2]) for frame in frames]
    cited = data[2]["citation"]
    assert cited["address"].startswith(f"hub://{OPEN}@")
    assert data[3]["receipt"]["extract"][0]["text"] == data[2]["text"]
    where = f"/datasets/{OPEN}/article/{cited['revision']}/{cited['article']}"
    shown = target.caller()("GET", f"{where}?start={cited['start']}&stop={cited['stop']}")
    assert f'<mark id="quote">{data[2]["text"]}</mark>' in shown.text
    none = target.caller().json("POST", "/v1/ask", {**body, "question": "Who is xyzzy?"})
    assert "event: abstain" in none.text


@pytest.mark.usefixtures("packs")
def test_hostile_questions_are_refused_or_abstained_from(target: Target) -> None:
    caller = target.caller()
    for body in (
        {},
        {"question": ""},
        {"question": " \t\n"},
        {"question": "a" * 100_000},
        {"question": "a" * 300_000},
        {"question": 7},
        {"question": ["a"]},
        {"question": "a", "packs": [OPEN] * 1_000},
        {"question": "a", "packs": "olga/ask-open"},
        {"question": "a", "packs": [7]},
        {"question": "a", "packs": ["x" * 10_000]},
        {"question": "a", "packs": ["../..", "a/b/c", ""]},
        {"question": "a", "packs": [f"{OPEN}@--upload-pack=x"]},
        {"question": "a", "packs": [f"{OPEN}@main\0"]},
        {"question": "a", "about": "b" * 50_000},
        {"question": "a", "about": 1},
        {"question": "a", "stream": "maybe"},
        *({"question": "a", "risk": risk} for risk in (0, -1, 1, 1e308, True, "0.1", None, [])),
    ):
        answer = caller.json("POST", "/v1/ask", body)
        assert 400 <= answer.status < 500, (str(body)[:80], answer.status, answer.text[:200])
        assert answer.code
    for question in ("\0\x01\x7f How long is the Anyder?", "\u202e" * 100, "a " * 999, "𐍈" * 2_000):
        answer = ask(caller, OPEN, question=question)
        assert answer.status == 200, answer.text[:200]
    assert caller("POST", "/v1/ask", b"[1]").status == 400
    assert caller("POST", "/v1/ask", b'{"question":"\\ud800"}').status == 400
    assert caller("POST", "/v1/ask", b'{"question":"a","risk":NaN}').status == 400


def lying(folder: Path, name: str, source: Path) -> Path:
    """A pack that says of itself what is not so."""
    made = folder / f"lying-{name}"
    shutil.copytree(source, made)
    manifest = json.loads((made / "pack.json").read_text())
    shard = manifest["shards"][0]
    files = {end: next((made / "index" / "lexical").glob(f"*.{end}")) for end in ("idx", "term")}
    if name == "counts":
        shard["counts"]["passages"] += 5
        shard["segments"][0][1] += 5
    elif name == "files":
        shard["text"] = "0" * 32
    elif name == "json":
        manifest = {"format": manifest["format"]}
    elif name == "types":
        manifest["recipe"] = {"lexical": {"analyser": "../../x"}}
    elif name == "text":
        next((made / "text").iterdir()).write_bytes(b"no zstd")
    elif name == "table":
        next((made / "index" / "passages").iterdir()).write_bytes(b"\x93NUMPY" + b"\0" * 99)
    elif name in files:
        files[name].write_bytes(b"\0" * 500)
    (made / "pack.json").write_text(json.dumps(manifest))
    if name == "deep":
        (made / "pack.json").write_text("[" * 100_000)
    return made


@pytest.mark.usefixtures("packs")
def test_a_pack_that_lies_stops_nobody(target: Target, folder: Path) -> None:
    stig, api = target.user("stig"), HfApi(target.url, token=token_of("olga"))
    cases = ("counts", "files", "json", "types", "text", "table", "idx", "term", "deep")
    for name in cases:
        upload(target, f"olga/ask-lies-{name}", lying(folder, name, folder / "open"))
    german = "# Flüsse\n\nDer Rhein ist ein langer Fluss in Europa.\n"
    upload(target, "olga/ask-german", built(folder, "german", german, "de"))
    for name in cases:
        answer = ask(stig, f"olga/ask-lies-{name}", OPEN)
        assert (answer.status, answer.code) == (400, "BadRequest"), (name, answer.text[:300])
        assert stig("GET", f"/ask?q=a&pack=olga/ask-lies-{name}").status == 400
        article = stig("GET", f"/datasets/olga/ask-lies-{name}/article/main/open.md")
        assert article.status in {200, 400, 404}, (name, article.text[:200])
    assert stig("GET", "/ask").status == 200
    answer = ask(stig)
    assert answer.status == 200, answer.text
    assert not any("lies" in name for name in answer.json()["plan"]["packs"])
    assert stig("GET", "/ask?q=How+long+is+the+Anyder").status == 200
    for name in (*(f"lies-{case}" for case in cases), "german"):
        api.delete_repo(f"olga/ask-{name}", repo_type="dataset")
    assert ask(stig, "olga/ask-german").status == 404
    told = ask(stig, OPEN)
    assert "80 miles" in told.json()["extract"][0]["text"]
