"""The files of a set of questions: what is read, what is refused, what a table becomes."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundswell.ask.evaluation.cards import card_of, with_counts
from groundswell.ask.evaluation.importing import import_items
from groundswell.ask.evaluation.keeping import added, files_with, kept_question, made_anew
from groundswell.ask.evaluation.sets import accepted
from groundswell.core.errors import BadRequest, Malformed
from groundswell.wire.cards.front_matter import read_card
from groundswell.wire.questions import (
    Item,
    Kind,
    SetManifest,
    new_id,
    pack_items,
    pack_set,
    unpack_items,
    unpack_set,
)
from tests.unit.document_files import zipped

ROW = Item("a1", "What is the area of Kenya?", ("580,367 sq km",), Kind.ROW, pack="a/b@" + "0" * 40)
NONE = Item("b2", "Who is the king of Kenya?", (), Kind.HUMAN, unanswerable=True)
MANIFEST = SetManifest("Kenya", "en", ("a/b@" + "0" * 40,), "mit", 7)


def test_a_set_is_read_as_it_was_written() -> None:
    assert unpack_items(pack_items([ROW, NONE])) == [ROW, NONE]
    assert unpack_set(pack_set(MANIFEST)) == MANIFEST
    for line in pack_items([ROW, NONE]).splitlines():
        assert list(json.loads(line)) == list(ROW.as_json())  # the same columns: it is a table


@given(
    st.text(min_size=1, max_size=80).filter(str.strip),
    st.lists(st.text(min_size=1).filter(str.strip), max_size=4),
)
def test_any_text_comes_back(question: str, answers: list[str]) -> None:
    try:
        question.encode(), [each.encode() for each in answers]
    except UnicodeEncodeError:
        return
    if any(len(each) > 500 for each in answers):
        return
    item = Item(new_id(question), question, tuple(answers), Kind.HUMAN, unanswerable=not answers)
    assert unpack_items(pack_items([item])) == [item]


@given(st.binary(max_size=300))
def test_whatever_comes_is_read_or_malformed(data: bytes) -> None:
    for read in (unpack_items, unpack_set):
        with contextlib.suppress(Malformed):
            read(data)


BAD = [
    '{"id": "a"}',
    '{"id": "", "question": "x", "answers": ["y"]}',
    '{"id": "a", "question": " ", "answers": ["y"]}',
    '{"id": "a", "question": "x", "answers": []}',
    '{"id": "a", "question": "x", "answers": ["y"], "unanswerable": true}',
    '{"id": "a", "question": "x", "answers": "y"}',
    '{"id": "a", "question": "x", "answers": [1]}',
    '{"id": "a", "question": "x", "answers": ["y"], "kind": "odd"}',
    '{"id": "a", "question": "x", "answers": ["y"], "start": true}',
    '{"id": "a", "question": "x", "answers": ["y"], "start": 5, "stop": 1}',
    '{"id": "a", "question": "\\ud800", "answers": ["y"]}',
    "[" * 5_000,
    "7",
    json.dumps({"id": "a", "question": "x", "answers": ["y"] * 40}),
    json.dumps({"id": "a", "question": "x" * 3_000, "answers": ["y"]}),
    json.dumps({"id": "a", "question": "x", "answers": ["y"], "context": "x" * 70_000}),
]


@pytest.mark.parametrize("line", BAD, ids=range(len(BAD)))
def test_lines_that_are_no_question(line: str) -> None:
    with pytest.raises(Malformed):
        unpack_items(line.encode())


def test_bounds_of_a_set() -> None:
    line = '{"id": "%s", "question": "x", "answers": ["y"]}\n'
    assert len(unpack_items("".join(line % n for n in range(10_000)).encode())) == 10_000
    with pytest.raises(Malformed, match="more than"):
        unpack_items("".join(line % n for n in range(10_001)).encode())
    with pytest.raises(Malformed, match="already"):
        unpack_items((line % 1 + line % 1).encode())
    for told in (
        {"packs": ["no commit"]},
        {"title": 7},
        {"format": "x"},
        {"seed": -1},
        {"packs": {}},
    ):
        with pytest.raises(Malformed):
            unpack_set(
                json.dumps({"format": "groundswell-questions/1", "title": "x", **told}).encode()
            )


# --- tables -----------------------------------------------------------------------------------------

CSV = "Question;Answer;Answer 2;note\nWhat is it?;this;that|those;x\nAnd who?;;;\nNobody?;-;;\n;lost;;\n"


def xlsx() -> bytes:
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    cells = [["question", "answer"], ["How high?", "5199"], ["Who?", ""]]
    rows = "".join(
        "<row>" + "".join(f'<c t="inlineStr"><is><t>{c}</t></is></c>' for c in row) + "</row>"
        for row in cells
    )
    link = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    return zipped(
        {
            "[Content_Types].xml": b"<Types/>",
            "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{link}"><sheets><sheet name="S" r:id="r1"/></sheets></workbook>'.encode(),
            "xl/_rels/workbook.xml.rels": b'<Relationships><Relationship Id="r1" Type="x/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
            "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>{rows}</sheetData></worksheet>'.encode(),
        }
    )


def ods() -> bytes:
    cells = [["question", "answer"], ["How high?", "5199"], ["Who?", ""]]
    table = "urn:oasis:names:tc:opendocument:xmlns:table:1.0"
    text = "urn:oasis:names:tc:opendocument:xmlns:text:1.0"
    office = "urn:oasis:names:tc:opendocument:xmlns:office:1.0"
    rows = "".join(
        "<t:table-row>"
        + "".join(f"<t:table-cell><x:p>{c}</x:p></t:table-cell>" for c in row)
        + "</t:table-row>"
        for row in cells
    )
    content = f'<o:document-content xmlns:o="{office}" xmlns:t="{table}" xmlns:x="{text}"><o:body><o:spreadsheet><t:table t:name="S">{rows}</t:table></o:spreadsheet></o:body></o:document-content>'
    return zipped(
        {
            "mimetype": b"application/vnd.oasis.opendocument.spreadsheet",
            "content.xml": content.encode(),
        }
    )


def test_tables_become_questions() -> None:
    one, two, three = import_items("mine.csv", CSV.encode())
    assert (one.question, one.answers) == ("What is it?", ("this", "that", "those"))
    assert two.unanswerable
    assert three.unanswerable
    for name, data in (("a.xlsx", xlsx()), ("a.ods", ods())):
        high, who = import_items(name, data)
        assert high.answers == ("5199",)
        assert who.unanswerable
    lines = b'{"prompt": "Why?", "target": ["so", "because"]}\n'
    (why,) = import_items("a.jsonl", lines)
    assert why.answers == ("so", "because")
    assert import_items("a.jsonl", pack_items([ROW, NONE])) == [ROW, NONE]


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a.exe", b"MZ", "questions are read from"),
        ("a.csv", b"name,value\na,b\n", "none is 'question'"),
        ("a.csv", b"question,answer\n", "no questions"),
        ("a.xlsx", b"PK\x03\x04broken", "zip"),
        ("a.jsonl", b"{", "no JSON"),
    ],
)
def test_tables_that_are_none_are_told_in_words(name: str, data: bytes, words: str) -> None:
    with pytest.raises(BadRequest, match=words):
        import_items(name, data)


# --- keeping ------------------------------------------------------------------------------------------


def test_what_people_wrote_stays() -> None:
    files: dict[str, bytes] = files_with(lambda _n, _m: None, MANIFEST, added([ROW]))
    assert unpack_items(files["questions.jsonl"]) == [ROW]
    files["README.md"] += b"\nMy words.\n"
    files = files_with(lambda n, _m: files[n], SetManifest("other"), added([NONE]))
    assert unpack_items(files["questions.jsonl"]) == [ROW, NONE]
    assert unpack_set(files["set.json"]).title == "Kenya"
    assert b"My words." in files["README.md"]
    assert b"2 questions" in files["README.md"]
    other = Item("c3", "New?", ("x",), Kind.ROW)
    files = files_with(lambda n, _m: files[n], MANIFEST, made_anew([other]))
    assert unpack_items(files["questions.jsonl"]) == [other, NONE]
    with pytest.raises(BadRequest, match="another dataset"):
        files_with(lambda n, _m: b"{}" if n == "questions.jsonl" else None, MANIFEST, added([]))


def test_the_card_makes_it_a_dataset_with_a_table() -> None:
    card = card_of(MANIFEST, [ROW, NONE])
    told = read_card(card).metadata
    assert "question-set" in told["tags"]
    assert told["configs"][0]["data_files"] == "questions.jsonl"
    assert told["license"] == "mit"
    assert with_counts("# Only mine\n", MANIFEST, [ROW]) == "# Only mine\n"


def test_a_question_that_was_asked_becomes_a_test() -> None:
    place = {"pack": "a/b", "revision": "0" * 40, "article": "Kenya.md", "start": 3, "stop": 9}
    kept = kept_question("What is its area?", (), place, "Kenya — area: 580,367 sq km (2015).")
    assert kept.answers == ("580,367 sq km (2015)", "580,367 sq km")
    assert (kept.pack, kept.start) == ("a/b@" + "0" * 40, 3)
    assert kept_question("Q?", ("mine",), place, "x").answers == ("mine",)
    assert kept_question("Q?", (), None).unanswerable
    with pytest.raises(BadRequest, match="too long"):
        kept_question("Q?", (), place, "word " * 40)


def test_what_is_accepted_of_a_value() -> None:
    assert accepted("331,918 (July 2015 est.)") == ("331,918 (July 2015 est.)", "331,918")
    assert accepted("NA") == ()
    assert accepted("word " * 20) == ()
