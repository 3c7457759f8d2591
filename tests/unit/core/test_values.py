"""Names and paths: what is let in, and that everything hostile is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundswell.core import values
from groundswell.core.errors import BadRequest, InvalidName, InvalidPath

HOSTILE_PATHS = [
    "", "/", "/etc/passwd", "..", "../x", "a/../b", "a/..", ".", "./a", "a/./b", "a//b", "a/",
    ".git", ".git/config", "a/.git/hooks/x", ".GIT/config", ".GiT", "git~1", "GIT~1/config",
    ".g\u200cit/config", ".git\u200d", ".\u200bgit", "\ufeff.git", "a\u202eb", "..\\ddd", "a\\b",
    "C:\\x", "C:/x", "a:stream", ".git::$INDEX_ALLOCATION", "CON", "con.txt", "aux", "AUX.tar.gz",
    "nul", "prn.md", "com1", "LPT9.log", "dir/COM¹", "a.", "a ", "dir./x", "dir /x", " a", "-rf",
    "--upload-pack=x", "a\nb", "a\rb", "a\x00b", "a\tb", "a\x1b[31m", "a\x7f", "a\x85b", "\ud800", "a/" * 65 + "b", "x" * 256, "a/" + "é" * 128, "y/" * 600,
]  # fmt: skip

PLAIN_PATHS = [
    "README.md", "a", "model.safetensors", "dir/sub/file-1_2.bin", ".gitattributes", ".gitignore",
    "übung/日本語.txt", "a b/c d.txt", "weights (1).gguf", "a+b=c,d;e'f!.txt", "x#y%z&.md", "git",
    "gitx~1", "console.log", "auxiliary", "com10.txt", "a.-rf", "[id].tsx", "{x}", "~/x", "@a", "x*", "a?", 'a"b', "<a>", "a|b",
]  # fmt: skip


@pytest.mark.parametrize("path", HOSTILE_PATHS)
def test_hostile_path_is_refused(path: str) -> None:
    with pytest.raises(InvalidPath):
        values.check_path(path)


@pytest.mark.parametrize("path", PLAIN_PATHS)
def test_plain_path_is_let_in(path: str) -> None:
    assert values.check_path(path) == path


@given(st.text(max_size=40))
def test_any_text_is_let_in_whole_or_refused(text: str) -> None:
    try:
        assert values.check_path(text) == text
    except InvalidPath:
        return
    assert ".." not in text.split("/")
    assert text.isprintable() or " " in text or any(ord(c) > 127 for c in text)


@pytest.mark.parametrize(
    "name", ["a", "gpt2", "SmolLM2-135M", "a.b", "a_b", "0", "x" * 96, "Meta-Llama-3.1"]
)
def test_name_is_let_in(name: str) -> None:
    assert values.check_name(name) == name


@pytest.mark.parametrize(
    "name",
    ["", "-a", "a-", ".a", "a.", "a--b", "a..b", "a/b", "a b", "x" * 97, "x.git", "X.GIT", "ä",
     "a\n", "a\x00", "аdmin", "a%2fb", "..", "x.lock", "x.ipynb"],
)  # fmt: skip
def test_name_is_refused(name: str) -> None:
    with pytest.raises(InvalidName):
        values.check_name(name)


def test_names_that_look_alike_share_a_key() -> None:
    key = values.confusable_key
    assert key("Open-AI") == key("openai") == key("0pen_A1".replace("1", "l")) == key("OPEN.AI")
    assert key("modern") == key("modem")
    assert key("llama") == key("I1ama")
    assert key("qwen") != key("qwan")
    assert key("llama-3.1") == key("llama_3-l") == key("LLAMA-3.I") != key("llama-31")
    assert key("step-1.0") != key("step-10") == key("step1O")


@pytest.mark.parametrize("name", ["main", "v1.0", "feature/x", "pr-1", "été"])
def test_reference_name_is_let_in(name: str) -> None:
    assert values.check_reference_name(name) == name


@pytest.mark.parametrize(
    "name",
    ["", "-x", "a..b", "a b", "a~1", "a^", "a:b", "a?", "a*", "a[b", "a\\b", "@", "a@{1}", "/a",
     "a/", "a//b", ".a", "a/.b", "a.lock", "a.lock/b", "a.", "refs/pr/1", "refs/heads/x", "HEAD",
     "a" * 40, "a\nb", "a\x7f", "x" * 251, "a\u202eb"],
)  # fmt: skip
def test_reference_name_is_refused(name: str) -> None:
    with pytest.raises(InvalidName):
        values.check_reference_name(name)


def test_repo_id_wants_exactly_one_slash() -> None:
    repo_id = values.RepoId.parse(values.RepoKind.DATASET, "Ann/Cats")
    assert (repo_id.full_name, repo_id.url_path) == ("Ann/Cats", "datasets/Ann/Cats")
    for text in ("gpt2", "a/b/c", "/b", "a/", "a/../b"):
        with pytest.raises(InvalidName):
            values.RepoId.parse(values.RepoKind.MODEL, text)


@pytest.mark.parametrize("text", ["", "0" * 63, "0" * 65, "G" * 64, "A" * 64, "0" * 63 + "\n"])
def test_sha256_is_refused(text: str) -> None:
    with pytest.raises(BadRequest):
        values.check_sha256(text)
