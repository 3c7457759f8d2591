"""Attribute and ignore files mean here what they mean to real git."""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from groundswell.wire.git.attributes import Attributes, lfs_line
from groundswell.wire.git.ignore import Ignore

PIECES = [
    "a", "b", "ab", "*", "**", "?", "/", "/", "/", "*.bin", "[ab]", "[!a]", "[a-c]", "[]a]", "\\*",
    "\\a", "**/", "/**", ".", "-", "[[:alpha:]]", "é", "#", "!", "x y", "*b*", "[\\]]", "[^/]", "[/]",
]  # fmt: skip
patterns = st.lists(st.sampled_from(PIECES), min_size=1, max_size=5).map("".join)
segments = st.sampled_from(["a", "b", "ab", "abc", "c.bin", "x y", "*", "é", "-", ".", "a]"])
paths = (
    st.lists(segments.filter(lambda s: s != "."), min_size=1, max_size=4)
    .map("/".join)
)  # fmt: skip


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as made:
        subprocess.run(["git", "init", "-q", made], check=True)
        yield Path(made)


def git(folder: Path, *arguments: str, stdin: str) -> list[str]:
    done = subprocess.run(
        ["git", "-c", "core.excludesFile=/dev/null", "-c", "core.attributesFile=/dev/null",
         *arguments],
        cwd=folder, input=stdin.encode(), capture_output=True, check=False,
    )  # fmt: skip
    return done.stdout.decode().split("\0")


slow = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@slow
@given(
    rules=st.lists(
        st.tuples(patterns, st.sampled_from(["filter=lfs", "-filter", "!filter", "text", "filter=x"])),
        min_size=1, max_size=4,
    ),
    asked=st.lists(paths, min_size=1, max_size=6, unique=True),
)  # fmt: skip
def test_attributes_are_those_of_check_attr(
    folder: Path, rules: list[tuple[str, str]], asked: list[str]
) -> None:
    text = "".join(f"{pattern} {word}\n" for pattern, word in rules)
    (folder / ".gitattributes").write_text(text, encoding="utf-8")
    told = git(folder, "check-attr", "-z", "--stdin", "filter", stdin="\0".join(asked) + "\0")
    theirs = {told[i]: told[i + 2] == "lfs" for i in range(0, len(told) - 2, 3)}
    ours = Attributes([("", text)])
    assert {path: ours.is_lfs(path) for path in asked} == theirs, text


@slow
@given(
    rules=st.lists(
        st.tuples(st.sampled_from(["", "", "!"]), patterns, st.sampled_from(["", "", "/", " ", "\\ "])),
        min_size=1, max_size=4,
    ),
    asked=st.lists(paths, min_size=1, max_size=6, unique=True),
)  # fmt: skip
def test_ignored_is_what_check_ignore_says(
    folder: Path, rules: list[tuple[str, str, str]], asked: list[str]
) -> None:
    text = "".join("".join(rule) + "\n" for rule in rules)
    (folder / ".gitignore").write_text(text, encoding="utf-8")
    told = git(folder, "check-ignore", "-z", "--no-index", "--stdin", stdin="\0".join(asked) + "\0")
    ours = Ignore([("", text)])
    assert {path for path in asked if ours.ignores(path)} == {each for each in told if each}, text


@slow
@given(path=st.text(st.characters(codec="utf-8", exclude_characters="\0/\n\r", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12).filter(lambda p: p.strip(". ") and p[0] != " " and p[-1] != " "))  # fmt: skip
def test_a_line_for_a_path_covers_it(folder: Path, path: str) -> None:
    for each in (path, f"d/{path}"):
        text = f"{lfs_line(each)}\n"
        (folder / ".gitattributes").write_text(text, encoding="utf-8")
        told = git(folder, "check-attr", "-z", "--stdin", "filter", stdin=each + "\0")
        assert told[2] == "lfs", text
        assert Attributes([("", text)]).is_lfs(each), text


def test_no_pattern_stalls() -> None:
    """Many stars against many almost-matches: what stalls a matcher that goes back."""
    path = "/".join(["a" * 250] * 4)
    text = "".join(f"{pattern} filter=lfs\n" for pattern in (
        "*a" * 300 + "b", "**/" * 60 + "b", "/**/a*" * 60 + "b", "/*" * 4 + "*a*" * 100 + "b"
    ))  # fmt: skip
    started = time.monotonic()
    assert not Attributes([("", text)]).is_lfs(path)
    assert time.monotonic() - started < 1.0
