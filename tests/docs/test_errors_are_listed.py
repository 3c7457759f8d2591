"""docs/reference/errors.md says of every error what the registry says."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from groundswell.core import errors

PAGE = Path(__file__).parents[2] / "docs/reference/errors.md"
CLASSES = [
    c
    for _, c in inspect.getmembers(errors, inspect.isclass)
    if issubclass(c, errors.GroundswellError)
]


@pytest.mark.parametrize("error", CLASSES, ids=lambda c: c.__name__)
def test_row_of_the_error(error: type[errors.GroundswellError]) -> None:
    retry = "yes" if error.retryable else "no"
    row = f"| {error.__name__} | `{error.code}` | {error.status} | {error.exit_code} | {retry} |"
    assert row in PAGE.read_text(encoding="utf-8")


def test_no_row_without_an_error() -> None:
    names = {
        line.split("|")[1].strip()
        for line in PAGE.read_text(encoding="utf-8").splitlines()
        if line.startswith("| ") and "`" in line
    }
    assert names == {c.__name__ for c in CLASSES}
