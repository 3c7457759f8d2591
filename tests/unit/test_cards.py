"""Cards: front matter, and the rules that clients are told of (docs/formats/card.md)."""

from __future__ import annotations

from typing import Any

import pytest

from groundswell.core.errors import Malformed
from groundswell.core.values import RepoKind
from groundswell.wire.cards import Card, read_card, validate_card, write_card


@pytest.mark.parametrize(
    ("text", "metadata", "body"),
    [
        ("", None, ""),
        ("# Title\n", None, "# Title\n"),
        ("---\nlicense: mit\n---\n# Title\n", {"license": "mit"}, "# Title\n"),
        ("---\r\nlicense: mit\r\n---\r\nbody", {"license": "mit"}, "body"),
        ("\ufeff---\nlicense: mit\n---", {"license": "mit"}, ""),
        ("\n\n---\nlicense: mit\n---\n", {"license": "mit"}, ""),
        ("---\n---\nbody", None, "body"),
        ("---\n# nothing but a comment\n---\n", None, ""),
        ("text\n---\na: b\n---\n", None, "text\n---\na: b\n---\n"),
        ("---", None, "---"),
        ("---\na: |\n  ---- not the end\n---\n", {"a": "---- not the end\n"}, ""),
    ],
)
def test_front_matter_is_split_from_the_body(text: Any, metadata: Any, body: Any) -> None:
    assert read_card(text) == Card(metadata, body)


@pytest.mark.parametrize(
    ("yaml", "value"),
    [
        ("no", "no"),
        ("yes", "yes"),
        ("on", "on"),
        ("true", True),
        ("False", False),
        ("'true'", "true"),
        ("~", None),
        ("", None),
        ("null", None),
        ("1", 1),
        ("-7", -7),
        ("007", 7),
        ("0x1F", 31),
        ("0o17", 15),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("1_000", "1_000"),
        ("12:30:45", "12:30:45"),
        ("2024-01-31", "2024-01-31"),
        ("2024-01-31T00:00:00Z", "2024-01-31T00:00:00Z"),
        (".inf", ".inf"),
        (".nan", ".nan"),
        ("1e999", "1e999"),
        ("9" * 30, "9" * 30),
        ("=", "="),
        ('"a\\0b"', "a\ufffdb"),
        ("[a, 1, {b: c}]", ["a", 1, {"b": "c"}]),
        ("{}", {}),
        ("!!str 5", "5"),
    ],
)
def test_plain_words_follow_the_core_schema(yaml: Any, value: Any) -> None:
    metadata = read_card(f"---\nkey: {yaml}\n---\n").metadata
    assert metadata == {"key": value}
    assert type(metadata["key"]) is type(value)


def test_keys_are_text() -> None:
    assert read_card("---\n1: a\ntrue: b\n~: c\n---\n").metadata == {
        "1": "a",
        "true": "b",
        "~": "c",
    }


def test_faults_name_their_line() -> None:
    with pytest.raises(Malformed, match="line 2"):
        read_card("---\na: b\nc: d: e\n---\n")


def test_what_is_written_is_read_back() -> None:
    metadata = {
        "title": "A: b # c",
        "license": "mit",
        "sdk": "gradio",
        "language": "no",
        "word": "true",
        "number": "1.0",
        "pinned": False,
        "tags": ["a", "ö", "x: y"],
        "nothing": None,
    }
    card = read_card(write_card(metadata, "# Title\n"))
    assert card.metadata == metadata
    assert card.body == "\n# Title\n"


# --- what clients are told ----------------------------------------------------------------------


def report(yaml: Any, kind: Any = RepoKind.MODEL) -> Any:
    return validate_card(f"---\n{yaml}\n---\n# Title\n", kind)


@pytest.mark.parametrize("text", ["", "# Title", "---\n---\n", "---\n{}\n---\n"])
def test_a_readme_without_metadata_gets_a_warning(text: Any) -> None:
    found = validate_card(text)
    assert found.warnings == ("empty or missing yaml metadata in repo card",)
    assert found.errors == ()
    assert found.metadata is None


def test_an_unknown_license_is_an_error_that_lists_the_known() -> None:
    (error,) = report("license: foo").errors
    assert error.startswith('"license" must be one of [apache-2.0, mit, ')


def test_a_good_card_passes() -> None:
    found = report(
        "license: apache-2.0\nlanguage: [en, no, code]\ntags: [a]\npipeline_tag: text-generation\n"
        "base_model: org/base\ndatasets: [squad, org/data]\nlibrary_name: transformers\n"
        "model-index:\n- name: m\n  results:\n  - task: {type: text-generation}\n"
        "    dataset: {name: D, type: d}\n    metrics: [{type: acc, value: 0.5}]"
    )
    assert (found.warnings, found.errors) == ((), ())
    assert found.metadata["language"] == ["en", "no", "code"]


@pytest.mark.parametrize(
    ("yaml", "kind", "error"),
    [
        ("a: [", "model", "Invalid YAML metadata"),
        ("license: 5", "model", '"license" must be a string or an array of strings'),
        ("license: [mit, foo]", "model", '"license[1]" must be one of'),
        ("language: English", "model", '"language" must only contain lowercase characters'),
        ("language: [en, 5]", "model", '"language[1]" must be a string'),
        ("tags: a", "model", '"tags" must be an array'),
        ("tags: [1]", "model", '"tags[0]" must be a string'),
        ("library_name: [a]", "model", '"library_name" must be a string'),
        ("model-index: {}", "model", '"model-index" must be an array'),
        ("model-index: [1]", "model", '"model-index[0]" must be of type object'),
        ("model-index: [{results: []}]", "model", '"model-index[0].name" is required'),
        ("model-index: [{name: a}]", "model", '"model-index[0].results" is required'),
        (
            "model-index: [{name: a, results: [{dataset: {name: a}, metrics: []}]}]",
            "model",
            '"model-index[0].results[0].task" is required',
        ),
        (
            "model-index: [{name: a, results: [{task: {type: t}, metrics: [{type: a}]}]}]",
            "model",
            '"model-index[0].results[0].metrics[0].value" is required',
        ),
        ("configs: [{a: b}]", "dataset", '"configs[0].config_name" is required'),
        ("pretty_name: 5", "dataset", '"pretty_name" must be a string'),
        ("sdk: fortran", "space", '"sdk" must be one of [gradio'),
        ("colorFrom: mauve", "space", '"colorFrom" must be one of [red'),
        ("short_description: " + "x" * 61, "space", '"short_description" length must be'),
    ],
)
def test_errors_name_the_key(yaml: Any, kind: Any, error: Any) -> None:
    assert any(text.startswith(error) for text in report(yaml, RepoKind(kind)).errors)


@pytest.mark.parametrize(
    ("yaml", "kind", "warning"),
    [
        ("pipeline_tag: dream", "model", '"pipeline_tag" must be one of'),
        ("language: klingon", "model", '"language" with value "klingon" is not valid'),
        ("base_model: a b", "model", '"base_model" with value "a b" is not valid'),
        ("task_categories: [dream]", "dataset", '"task_categories[0]" must be one of'),
    ],
)
def test_warnings_do_not_refuse(yaml: Any, kind: Any, warning: Any) -> None:
    found = report(yaml, RepoKind(kind))
    assert any(text.startswith(warning) for text in found.warnings)
    assert found.errors == ()


def test_the_number_of_sentences_is_bounded() -> None:
    found = report("tags: [" + "1," * 1000 + "1]")
    assert len(found.errors) == 50
