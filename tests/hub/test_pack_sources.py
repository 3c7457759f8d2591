"""What packs are built from beside folders: Parquet by its rows, datasets of the hub; and folders that are watched."""

from __future__ import annotations

import importlib.util
import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from huggingface_hub import HfApi

from groundswell.ask.beside import is_card_of_a_pack, with_tag
from groundswell.ask.making import open_folder
from groundswell.ask.packs.building import Options, build_pack
from groundswell.ask.packs.parsing import Parser, Unreadable, parser
from groundswell.ask.packs.parsing.parser import Parsed
from groundswell.ask.packs.progress import Tally
from groundswell.ask.packs.sources import FolderSource, open_source
from groundswell.ask.packs.watching import Watch, snapshot
from groundswell.ask.retrieval import scratch
from groundswell.core.errors import BadRequest, Unavailable
from groundswell.hub.viewing.pipe import Ended
from groundswell.wire.cards import read_card
from tests.clients.stage import ask_json
from tests.hub.pack_world import lakes
from tests.live import LiveHub, swell, token_of
from tests.unit.static_models import write_model

ONE = Options(processes=1)


def parquet(path: Path, rows: int = 1_200) -> Path:
    duckdb.sql(
        f"COPY (SELECT 'Bird ' || i AS name, 'The bird number ' || i || ' eats seeds.' AS text,"
        " DATE '2020-01-01' + CAST(i % 300 AS INTEGER) AS seen, i * 1.5 AS weight, 'x'::BLOB AS picture,"
        f" [1, 2] AS places, MAP {{1: 2}} AS odd, 1.10::DECIMAL(5, 2) AS price FROM range({rows}) t(i))"
        f" TO '{path}' (ROW_GROUP_SIZE 2048)"
    )
    return path


def test_rows_of_a_parquet_file_are_articles(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    parquet(tmp_path / "src" / "birds.parquet")
    (tmp_path / "src" / "broken.parquet").write_bytes(b"PAR1 nothing of it PAR1")
    told = list[Tally]()
    report = build_pack([FolderSource(tmp_path / "src")], tmp_path / "pack", ONE, told.append)
    assert report.counts.articles == 1_200
    assert [(each.path, bool(each.why)) for each in report.unreadable] == [
        ("broken.parquet#from=000000000001", True)
    ]
    article = open_folder(tmp_path / "pack").article("birds.parquet#row=1101")
    assert article.title == "Bird 1100"
    assert article.text.startswith("The bird number 1100 eats seeds.\n")
    for words in ("seen: 2020-07-19", "weight: 1650.0", "places: 1, 2", "price: 1.10"):
        assert words in article.text
    assert "picture" not in article.text
    # Told as it is read, not by parts of the pack.
    assert told[-1].documents == told[-1].total == 4
    assert told[-1].articles == 1_200
    again = build_pack([open_source(str(tmp_path / "src"))], tmp_path / "pack", ONE)
    assert again.built == 0


def test_parquet_without_the_extra_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *a: None if name == "duckdb" else found(name, *a)
    )
    source = open_source(str(parquet(tmp_path / "a.parquet", 3)))
    ((_, why),) = source.read([each.path for each in source.documents()])
    assert "groundswell[viewer]" in str(why)


def test_many_documents_that_end_their_process_do_not_end_the_build(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = Parser._asked

    def asked(self: Parser, documents: list[tuple[str, bytes]], seconds: float) -> list[Parsed]:
        if any(path.startswith("bad") for path, _ in documents):
            self._stop()
            raise Ended
        return real(self, documents, seconds)

    monkeypatch.setattr(Parser, "_asked", asked)
    monkeypatch.setattr(parser, "DEATHS_IN_ALL_MAX", 45)
    with Parser() as reading:
        for number in range(45):
            with pytest.raises(Unreadable):
                reading.parse(f"bad{number}.md", b"x")
        assert reading.parse("good.md", b"# A\n\nText.")
        with pytest.raises(Unavailable, match=r"the last was bad\.md"):
            reading.parse("bad.md", b"x")
    monkeypatch.setattr(parser, "_GOOD", ("bad.txt", b"x"))
    with Parser() as reading:
        for _ in range(19):
            with pytest.raises(Unreadable):
                reading.parse("bad.md", b"x")
        with pytest.raises(Unavailable, match="again and again"):
            reading.parse("bad.md", b"x")


def test_a_batch_with_a_document_that_ends_its_process_loses_that_one_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = Parser._asked

    def asked(self: Parser, documents: list[tuple[str, bytes]], seconds: float) -> list[Parsed]:
        if any(path.startswith("bad") for path, _ in documents):
            self._running()
            assert self._process is not None
            self._process.kill()
            self._process.wait()
        return real(self, documents, seconds)

    monkeypatch.setattr(Parser, "_asked", asked)
    large = b"# Large\n\n" + b"Words of it. " * 12_000
    read: list[tuple[str, bytes | str]] = [
        (f"{n}.md", f"# {n}\n\nText.".encode()) for n in range(150)
    ]
    read[3] = ("bad.md", b"# Bad")
    read[5] = ("gone.md", "it is gone")
    read[7] = ("large.md", large)
    read[9] = ("broken.docx", b"PK nothing")
    read[11] = ("empty.md", b"")
    with Parser() as reading:
        found = {path: (size, lines) for path, size, lines in reading.parse_all(read)}
        alone = {
            path: reading.parse(path, data) for path, data in read
            if isinstance(data, bytes) and path not in {"bad.md", "broken.docx"}
        }  # fmt: skip
    assert list(found) == [path for path, _ in read]
    assert {path: lines for path, (_, lines) in found.items() if path in alone} == alone
    assert alone["empty.md"] == []
    why = {path: str(found[path][1]) for path in found if path not in alone}
    assert why.keys() == {"bad.md", "gone.md", "broken.docx"}
    assert "more time or memory" in why["bad.md"]
    assert why["gone.md"] == "it is gone"
    assert found["large.md"][0] == len(large)


@pytest.mark.parametrize(
    ("own", "tags", "body"),
    [
        (b"# Mine\n\nText.\n", ["knowledge-pack"], "# Mine\n\nText.\n"),
        (b"---\nlicense: mit\ntags: [a]\n---\n\nText.\n", ["a", "knowledge-pack"], "Text.\n"),
        (b"---\ntags: a\n---\nText.\n", ["a", "knowledge-pack"], "Text.\n"),
        (b"---\nlicense: mit\n---\n", ["knowledge-pack"], "# Made\n"),
        (b"", ["knowledge-pack"], "# Made\n"),
    ],
)
def test_a_card_keeps_its_words(own: bytes, tags: list[str], body: str) -> None:
    made = b"---\ntags: [knowledge-pack]\nlicense: cc0-1.0\n---\n\n# Made\n"
    card = read_card(with_tag(own, made).decode())
    assert card.metadata is not None
    assert card.metadata["tags"] == tags
    assert card.body.strip() == body.strip()
    if b"mit" in own:
        assert card.metadata["license"] == "mit"
    assert with_tag(with_tag(own, made), made) == with_tag(own, made)


def test_a_card_that_cannot_be_read_is_not_written_over() -> None:
    for own in (b"---\na: [\n---\nText.\n", b"\xff\xfe text", b"---\nnever ends"):
        with pytest.raises(BadRequest, match="of its own that cannot be read"):
            with_tag(own, b"made")
    assert is_card_of_a_pack(
        b"---\na: 1\n---\n\n# T\n\nA knowledge pack of 1,200 articles and 3 passages.\n"
    )
    assert not is_card_of_a_pack(b"# A knowledge pack of mine\n")


def test_folders_that_a_kill_left_are_swept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scratch, "YOUNG_SECONDS", 0.0)
    held = scratch.Scratch(tmp_path)
    code = (
        "import os, sys; from pathlib import Path; from groundswell.ask.retrieval.scratch import Scratch;"
        " Scratch(Path(sys.argv[1])); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    (tmp_path / "other").mkdir()
    assert len(list(tmp_path.iterdir())) == 3
    assert scratch.sweep(tmp_path) == 1
    assert held.folder.exists()
    held.close()
    assert [path.name for path in tmp_path.iterdir()] == ["other"]


def test_a_change_is_seen_when_it_is_quiet(tmp_path: Path) -> None:
    lakes(tmp_path / "src", 2)
    (tmp_path / "src" / "half.md.part").write_text("x")
    watch = Watch(quiet_seconds=2.0)
    first = snapshot([tmp_path / "src"])
    assert len(first) == 2
    assert not watch.look(first, 0.0)
    assert not watch.look(first, 1.9)
    assert watch.look(first, 2.0)
    watch.built(first)
    assert not watch.look(first, 9.0)
    file = tmp_path / "src" / "growing.md"
    for second in range(3):  # it is still being written
        with file.open("a") as out:
            out.write("more\n")
        assert not watch.look(snapshot([tmp_path / "src"]), 10.0 + second)
    assert watch.look(snapshot([tmp_path / "src"]), 14.0)
    watch.built(snapshot([tmp_path / "src"]))
    file.unlink()
    assert not watch.look(snapshot([tmp_path / "src"]), 20.0)
    assert watch.look(snapshot([tmp_path / "src"]), 22.0)
    with pytest.raises(OSError, match="No such"):
        snapshot([tmp_path / "gone"])


def commit_count(hub: LiveHub, name: str) -> int:
    from huggingface_hub import HfApi

    api = HfApi(hub.url, token=token_of("ada"))
    return len(api.list_repo_commits(name, repo_type="dataset"))


def asks(hub: LiveHub, question: str, pack: str) -> str:
    form = {"question": question, "packs": [pack], "risk": 0.2, "stream": False}
    return ask_json(hub, "POST", "/v1/ask", form, token=token_of("ada")).body.decode()


@pytest.mark.timeout(300)  # it waits for a program that starts others, on a busy machine
def test_a_watched_folder_and_a_hub_that_goes_away(live_hub: LiveHub, tmp_path: Path) -> None:
    pack = "ada/watched-notes"
    notes = tmp_path / "notes"
    notes.mkdir()
    (notes / "kenya.md").write_text(
        "# Mount Kenya\n\nMount Kenya rises 5,199 metres above the sea.\n"
    )
    command = [
        "pack",
        "watch",
        str(notes),
        "-o",
        pack,
        "--processes",
        "1",
        "--quiet-seconds",
        "0.5",
        "--vectors",
        str(write_model(tmp_path / "model")),
    ]
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "groundswell.cli", *command, "--data", str(live_hub.data)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    assert process.stdout is not None

    def until(words: str) -> str:
        assert process.stdout is not None
        for line in process.stdout:
            if words in line:
                return line
        raise AssertionError(words)

    identity = live_hub.data / "identity"
    try:
        until("1 articles")
        count = commit_count(live_hub, pack)
        # The hub's data is away: nothing is made in its place, and it is tried again.
        identity.rename(tmp_path / "identity")
        (notes / "tides.md").write_text("# Tides\n\nTides are made by the Moon.\n")
        until("is not there at the moment")
        (tmp_path / "identity").rename(identity)
        until("2 articles")
        assert commit_count(live_hub, pack) == count + 1
        assert "made by the Moon" in asks(live_hub, "What makes tides?", pack)
        api = HfApi(live_hub.url, token=token_of("ada"))
        files = api.list_repo_files(pack, repo_type="dataset")
        # Of each part one table, and one of the model.
        tables = [each for each in files if re.fullmatch(r"index/vectors/.+\.npy", each)]
        parts = [each for each in files if each.startswith("index/passages/")]
        assert len(tables) == len(parts) + 1
        (notes / "kenya.md").unlink()
        until("1 articles")
        assert commit_count(live_hub, pack) == count + 2
        assert "5,199" not in asks(live_hub, "How high is Mount Kenya?", pack)
        (notes / "tides.md").unlink()
        until("The pack stays as it was")
        process.send_signal(signal.SIGTERM)  # as Ctrl-C, which is not heard in the background
        until("Not watched any more")
        assert process.wait(20) == 0
        assert commit_count(live_hub, pack) == count + 2
    finally:
        if not identity.exists():
            (tmp_path / "identity").rename(identity)
        process.kill()
        process.wait()
        process.stdout.close()


def test_a_pack_of_a_dataset_of_the_hub(live_hub: LiveHub, tmp_path: Path) -> None:
    api = HfApi(live_hub.url, token=token_of("ada"))
    source = "ada/pack-of-dataset-source"
    api.create_repo(source, repo_type="dataset", private=True)
    parquet(tmp_path / "birds.parquet", 20)
    for name in ("birds.parquet",):
        api.upload_file(
            path_or_fileobj=tmp_path / name, path_in_repo=name, repo_id=source, repo_type="dataset"
        )
    api.upload_file(
        path_or_fileobj=b"# Tides\n\nMade by the Moon.\n", path_in_repo="tides.md", repo_id=source, repo_type="dataset"
    )  # fmt: skip
    told = json.loads(
        swell(live_hub.data, "pack", "build", f"datasets/{source}@main", "-o", "ada/pack-of-dataset",
              "--processes", "1", "--json")
    )  # fmt: skip
    # The card that every dataset has from the beginning says nothing, or is a document as well.
    assert told["articles"] >= 21
    info = api.dataset_info("ada/pack-of-dataset")
    assert info.private
    assert "knowledge-pack" in (info.tags or [])
    command = ["pack", "build", f"datasets/{source}", "-o", "ada/pack-of-dataset-open", "--public"]
    done = subprocess.run(
        [sys.executable, "-m", "groundswell.cli", *command, "--data", str(live_hub.data)],
        capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert done.returncode != 0
    assert "Not everybody may read" in done.stderr
    assert not list((live_hub.data / "packs").glob("swell-open-*"))
