"""Tables for spreadsheets: nothing that strangers wrote becomes a formula."""

import csv
import io

import pytest

from groundswell.wire.csv_text import csv_lines, guarded

FORMULAS = [
    '=HYPERLINK("http://evil.example","click")',
    "+1+1",
    "-2+3",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    " =1+1",
    "\u00a0=1",
    "\ufeff=1",
    "|calc",
    "%0a=1",
    "\uff1d1+1",
]


@pytest.mark.parametrize("cell", FORMULAS)
def test_a_formula_becomes_text(cell: str) -> None:
    assert guarded(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["", "a=b", "3", "Ada Lovelace", "ada@example.org", "'quoted"])
def test_other_text_stays(cell: str) -> None:
    assert guarded(cell) == cell


def test_lines_are_read_back() -> None:
    rows = [["a,b", 'c"d', "e\r\nf"], ["", "ü", "=1"]]
    text = csv_lines(rows)
    assert text.endswith("\r\n")
    assert list(csv.reader(io.StringIO(text, newline=""))) == [rows[0], ["", "ü", "'=1"]]
