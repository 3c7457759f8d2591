"""Receipts of answers: what was quoted stands there, or it is told that it does not."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from groundswell.ask.answering import told
from groundswell.ask.receipts import CITATIONS_MAX, check_receipt
from groundswell.core.errors import BadRequest, EntryNotFound, RevisionNotFound
from groundswell.wire.packs import Citation, span_sha256

TEXT = "One is here. Two is 🏔 there."
COMMIT = "c" * 40


def article(pack: str, revision: str, path: str) -> str:
    if (pack, revision) != ("ann/p", COMMIT):
        raise RevisionNotFound(revision)
    if path != "a b.md":
        raise EntryNotFound(path)
    return TEXT


def cited(start: int, stop: int, **said: Any) -> dict[str, Any]:
    known = {"pack": "ann/p", "revision": COMMIT, "article": "a b.md", **said}
    return Citation(start=start, stop=stop, sha256=span_sha256(TEXT[start:stop]), **known).as_json()


RECEIPT: dict[str, Any] = {
    "format": "groundswell-answer/1",
    "evidence": [cited(0, 12), cited(13, len(TEXT))],
    "extract": [{"id": "S1", "text": TEXT[0:12], "citation": cited(0, 12)}],
}


def verdicts(change: Any = None) -> list[tuple[bool, str]]:
    receipt = copy.deepcopy(RECEIPT)
    if change:
        change(receipt)
    return [(each.holds, each.why) for each in check_receipt(receipt, article)]


def test_what_stands_there_holds() -> None:
    assert verdicts() == [(True, "")] * 3


def test_another_quote_than_what_is_cited_is_told() -> None:
    told = verdicts(lambda r: r["extract"][0].update(text="Three is here."))
    assert told[2] == (False, "what is quoted is not what is cited")


@pytest.mark.parametrize("value", [None, 5, [], {"citation": 1}, "text", {"text": "x"}])
def test_a_quote_without_citation_or_words_is_told(value: Any) -> None:
    told = verdicts(lambda r: r.update(extract=[value]))
    assert [holds for holds, _ in told] == [True, True, False]


def test_another_hash_commit_or_place_is_told() -> None:
    def change(receipt: dict[str, Any]) -> None:
        receipt["evidence"] = [
            {**cited(0, 12), "sha256": "0" * 64},
            cited(0, 12, revision="d" * 40),
            cited(0, 12, article="gone.md"),
            cited(0, 12, pack="bob/p"),
            {**cited(0, 12), "address": cited(1, 12)["address"]},
            {**cited(0, 12), "address": 5},
            {"sha256": "0" * 64},
            None,
        ]

    told = verdicts(change)
    assert [holds for holds, _ in told] == [False] * 8 + [True]
    assert told[0][1] == "other words stand there"
    assert told[6][1] == "this is no citation"


@pytest.mark.parametrize(
    "receipt",
    [
        None,
        [],
        {},
        {"format": "groundswell-answer/9", "evidence": [], "extract": []},
        {"format": "groundswell-answer/1"},
        {"format": "groundswell-answer/1", "evidence": {}, "extract": []},
        {"format": "groundswell-answer/1", "evidence": [1] * (CITATIONS_MAX + 1), "extract": []},
    ],
)
def test_what_is_no_receipt_is_refused(receipt: Any) -> None:
    with pytest.raises(BadRequest):
        check_receipt(receipt, article)


@pytest.mark.parametrize(
    ("quoted", "weak", "dropped", "words"),
    [
        (0, 0, 0, "The model wrote no sentence of the quotes"),
        (2, 1, 0, "2 of 3 sentences supported"),
        (1, 0, 1, "1 of 2 sentences supported; 1 not shown"),
        (0, 1, 1, "0 of 2 sentences supported; 1 not shown"),
        (0, 0, 2, "Nothing that the model wrote stands in the quotes, so none of it is shown"),
    ],
)
def test_what_is_told_of_prose(quoted: int, weak: int, dropped: int, words: str) -> None:
    assert told({"quoted": quoted, "supported": 0, "weak": weak, "dropped": dropped}) == words
