"""Packs are built: the same bytes anywhere, what was done is not done again, bad documents told."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from groundswell.ask.making import make_pack, open_folder
from groundswell.ask.packs.building import Options, build_pack
from groundswell.ask.packs.parsing import Parser, Unreadable
from groundswell.ask.packs.sources import FileSource, FolderSource, ZimSource, open_source
from groundswell.core.errors import BadRequest, Malformed, Unavailable
from groundswell.wire.documents import read_document
from groundswell.wire.packs import pack_article, unpack_article
from tests.hub.pack_world import bombs, every_kind, files, lakes, small_shards, zim
from tests.unit import document_files
from tests.unit.document_files import docx, paragraph

ONE = Options(processes=1)


def test_two_builds_anywhere_and_by_any_number_of_processes_are_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_shards(monkeypatch)
    first, second = every_kind(tmp_path / "here" / "src"), every_kind(tmp_path / "there" / "src")
    archive = zim(tmp_path / "villages.zim")
    one = make_pack([FolderSource(first), ZimSource(archive)], tmp_path / "one", ONE)
    two = make_pack(
        [FolderSource(second), ZimSource(archive)], tmp_path / "two", Options(processes=2)
    )
    made = files(tmp_path / "one")
    assert made == files(tmp_path / "two")
    assert one.figures == two.figures
    assert one.report.shards == one.report.built > 3
    assert not one.report.unreadable
    assert {name.partition("/")[0] for name in made} == {
        "text", "index", "eval", "pack.json", "README.md", ".gitattributes",
    }  # fmt: skip
    pack = open_folder(tmp_path / "one")
    assert pack.article("src/odd name #1?.md").title == "Odd"
    assert "alert" not in pack.article("src/tides.html").text
    assert "clapper" in pack.article("src/plain.txt").text
    assert "109 m" in pack.article("src/survey.docx").text
    village = next(p for p in map(pack.passage, range(pack.passages)) if "village of" in p.text)
    assert village.article.path.startswith("villages/C/A/")
    assert village.article.aliases == (f"{village.article.title} village",)
    bird = next(p for p in map(pack.passage, range(pack.passages)) if "wingspan" in p.text)
    assert bird.article.path.startswith("src/birds.csv")
    paths = {pack.passage(n).article.path for n in range(pack.passages)}
    assert len(paths) == pack.manifest.counts.articles
    assert not any("hidden" in path or "link.md" in path for path in paths)


def test_after_a_change_only_its_shard_is_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_shards(monkeypatch)
    lakes(tmp_path / "src")
    build_pack([FolderSource(tmp_path / "src")], tmp_path / "pack", ONE)
    before = files(tmp_path / "pack")
    again = build_pack([FolderSource(tmp_path / "src")], tmp_path / "pack", ONE)
    assert (again.built, again.shards > 3) == (0, True)
    assert files(tmp_path / "pack") == before
    changed = sorted((tmp_path / "src").iterdir())[20]
    changed.write_text(changed.read_text() + "\nIt froze in 1709.\n")
    report = build_pack([FolderSource(tmp_path / "src")], tmp_path / "pack", ONE)
    assert report.built == 1
    after = files(tmp_path / "pack")
    assert (
        len(set(after) - set(before)) == 8
    )  # a text, a table, six files of a segment; not its links
    assert len(set(before) - set(after)) == 8  # and those of before are gone
    # What says that a shard is built may be damaged: then it is built again.
    for noted in (tmp_path / "pack" / ".building" / "shards").iterdir():
        noted.write_bytes(b'{"shard": {"text": 5}, "unreadable": [[1]]}')
    report = build_pack([FolderSource(tmp_path / "src")], tmp_path / "pack", ONE)
    assert report.built == report.shards
    assert files(tmp_path / "pack") == after


_BUILDS = """
import sys, time
from pathlib import Path
from groundswell.ask.packs import planning
from groundswell.ask.packs.building import Options, build_pack
from groundswell.ask.packs.sources import FolderSource
def progress(tally):
    if tally.shards and tally.documents < tally.total:
        print("one", flush=True)
        time.sleep(600)
if __name__ == "__main__":
    planning.SHARD_BYTES_MIN, planning.CUT_EVERY = 3_000, 3
    build_pack([FolderSource(Path(sys.argv[1]))], Path(sys.argv[2]), Options(processes=1), progress)
"""


def _descendants(pid: int) -> set[int]:
    found, left = set[int](), [pid]
    while left:
        for task in Path(f"/proc/{left.pop()}/task").glob("*/children"):
            children = [int(each) for each in task.read_text().split()]
            found.update(children)
            left += children
    return found


def test_what_was_killed_goes_on_and_nothing_half_built_is_a_pack(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lakes(tmp_path / "src")
    script = tmp_path / "builds.py"
    script.write_text(_BUILDS)
    command = [sys.executable, str(script), str(tmp_path / "src"), str(tmp_path / "pack")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "one\n"
        children = _descendants(process.pid)
        process.send_signal(signal.SIGKILL)
    assert children
    assert not (tmp_path / "pack" / "pack.json").exists()
    with pytest.raises(BadRequest, match="no whole knowledge pack"):
        open_folder(tmp_path / "pack")
    until = time.monotonic() + 30
    while any(Path(f"/proc/{each}").exists() for each in children) and time.monotonic() < until:
        time.sleep(0.1)
    assert not [each for each in children if Path(f"/proc/{each}").exists()], "left behind"
    small_shards(monkeypatch)
    report = build_pack([FolderSource(tmp_path / "src")], tmp_path / "pack", ONE)
    assert report.shards - report.built >= 1
    build_pack([FolderSource(tmp_path / "src")], tmp_path / "whole", ONE)
    assert files(tmp_path / "pack") == files(tmp_path / "whole")


def test_unreadable_documents_are_told_and_the_others_come(tmp_path: Path) -> None:
    lakes(tmp_path / "src", 5)
    bombs(tmp_path / "src")
    Path(os.fsdecode(os.fsencode(tmp_path / "src") + b"/\xff\xfe.md")).write_text(
        "A name of no letters."
    )
    report = build_pack([FolderSource(tmp_path / "src")], tmp_path / "pack", ONE)
    assert report.counts.articles == 5
    assert {each.path.partition(".")[0] for each in report.unreadable} == {
        "bomb", "broken", "binary", "\ufffd\ufffd",
    }  # fmt: skip
    assert report.unreadable_count == 4
    assert all(each.why for each in report.unreadable)
    assert open_folder(tmp_path / "pack").manifest.counts.articles == 5


def test_nothing_readable_makes_no_pack(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="nothing in it that can be read"):
        build_pack([FolderSource(bombs(tmp_path / "src"))], tmp_path / "pack", ONE)
    assert not (tmp_path / "pack" / "pack.json").exists()


def test_a_folder_with_other_things_is_not_built_into(tmp_path: Path) -> None:
    lakes(tmp_path / "src", 2)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.odt").write_text("years of work")
    with pytest.raises(BadRequest, match="holds other things"):
        build_pack([FolderSource(tmp_path / "src")], tmp_path / "mine", ONE)
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["thesis.odt"]


def test_a_pack_inside_its_own_source_is_no_part_of_it(tmp_path: Path) -> None:
    lakes(tmp_path / "src", 3)
    target = tmp_path / "src" / "pack"
    first = make_pack([FolderSource(tmp_path / "src")], target, ONE)
    again = make_pack([FolderSource(tmp_path / "src")], target, ONE)
    assert (first.report.counts, again.report.built) == (again.report.counts, 0)


def test_sources_of_one_name_keep_their_documents_apart(tmp_path: Path) -> None:
    sources = []
    for number, name in enumerate(("a", "a", "a-2")):
        folder = tmp_path / str(number) / name
        folder.mkdir(parents=True)
        (folder / "x.md").write_text(f"Text number {number} of this.")
        sources.append(FolderSource(folder))
    build_pack(sources, tmp_path / "pack", ONE)
    pack = open_folder(tmp_path / "pack")
    assert {pack.passage(n).article.path for n in range(3)} == {"a/x.md", "a-2/x.md", "a-2-2/x.md"}


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("none", None, "no file or folder"),
        ("x.zimaa", b"x", "join the parts"),
        ("x.exe", b"x", "not built from"),
    ],
)
def test_sources_that_are_none(
    tmp_path: Path, name: str, content: bytes | None, words: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(BadRequest, match=words):
        list(open_source(str(tmp_path / name)).documents())


def test_a_broken_archive_is_told(tmp_path: Path) -> None:
    data = bytearray(zim(tmp_path / "x.zim").read_bytes())
    (tmp_path / "x.zim").write_bytes(data[: len(data) // 2])
    with pytest.raises(Malformed):
        build_pack([open_source(str(tmp_path / "x.zim"))], tmp_path / "pack", ONE)


def test_what_is_read_shut_in_is_what_is_read_outside() -> None:
    """Nothing can be imported in there: whatever a reader needs has to be loaded before."""
    kinds = ("docx", "odt", "ods", "xlsx", "pptx", "epub")
    documents = {f"a.{kind}": getattr(document_files, kind)() for kind in kinds}
    documents["a.pdf"] = document_files.report()
    for charset in ("utf-16", "cp1252", "koi8-r", "shift_jis", "gb18030", "euc-kr", "big5"):
        text = {"cp1252": "été", "koi8-r": "мир"}.get(
            charset, "A 中 B" if charset != "euc-kr" else "한"
        )
        page = f'<html><meta charset="{charset}"><h1>{text}</h1><p>{text} and more.</p></html>'
        documents[f"{charset}.html"] = page.encode(charset)
        documents[f"{charset}.txt"] = text.encode(charset)
    documents["a.md"] = b"---\ntitle: x\ndate: 2020-01-01\n---\n# a\n\n|a|b|\n|-|-|\n|1|2|\n"
    with Parser() as parser:
        for path, data in documents.items():
            expected = [pack_article(each) for each in read_document(path, data)]
            assert parser.parse(path, data) == expected, path


def test_a_document_that_ends_its_process_ends_no_other() -> None:
    slow = docx("".join(paragraph(f"Paragraph {n} says a little.") for n in range(60_000)))
    with Parser() as parser:
        (line,) = parser.parse("a.md", b"# One\n\nFirst.")
        killer = threading.Timer(0.2, parser._process.kill)  # type: ignore[union-attr]
        killer.start()
        with pytest.raises(Unreadable, match="more time or memory"):
            parser.parse("slow.docx", slow)
        (again,) = parser.parse("a.md", b"# One\n\nFirst.")
        assert again == line
        assert unpack_article(again).title == "One"


def test_a_document_that_takes_too_long_is_left_out() -> None:
    slow = docx("".join(paragraph(f"Paragraph {n} says a little.") for n in range(60_000)))
    with Parser(document_seconds=0.3) as parser:
        with pytest.raises(Unreadable, match="more time or memory"):
            parser.parse("slow.docx", slow)
        assert parser.parse("a.txt", b"Quick as ever.")


class Ends(FileSource):
    """Takes down whoever reads it."""

    def read(self, paths: Any) -> Any:
        os._exit(9)


def test_a_building_process_that_is_ended_is_told(tmp_path: Path) -> None:
    lakes(tmp_path / "src", 3)
    with pytest.raises(Unavailable, match="ended from outside"):
        build_pack(
            [Ends(tmp_path / "src" / min(os.listdir(tmp_path / "src")))],
            tmp_path / "pack",
            ONE,
        )
