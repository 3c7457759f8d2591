"""Lines of a diff side by side: what came stands beside what went."""

from __future__ import annotations

import pytest

from groundswell.http.pages.views import DiffLine, FileChange


def pairs(signs: str) -> list[tuple[str, str]]:
    """Of lines given by their signs; each is named by its place."""
    kinds = {"-": "delete", "+": "add", " ": "context", "@": "hunk"}
    lines = tuple(DiffLine(kinds[sign], None, None, f"{sign}{n}") for n, sign in enumerate(signs))
    change = FileChange("a", None, "modified", None, 0, 0, lines)
    return [(old.text if old else "", new.text if new else "") for old, new in change.pairs]


@pytest.mark.parametrize(
    ("signs", "expected"),
    [
        ("@ ", [("@0", "@0"), (" 1", " 1")]),
        ("-+", [("-0", "+1")]),
        ("--+", [("-0", "+2"), ("-1", "")]),
        ("-++ ", [("-0", "+1"), ("", "+2"), (" 3", " 3")]),
        ("+-", [("", "+0"), ("-1", "")]),
        ("-+-+", [("-0", "+1"), ("-2", "+3")]),
        ("", []),
    ],
)
def test_lines_stand_beside_each_other(signs: str, expected: list[tuple[str, str]]) -> None:
    assert pairs(signs) == expected
