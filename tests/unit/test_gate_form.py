"""The form of a gate: what cards say, what becomes of it, and which answers fit."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundswell.core.errors import BadRequest, Malformed
from groundswell.wire.cards import (
    GateForm,
    QuestionKind,
    check_answers,
    read_card,
    read_gate_form,
    validate_card,
)

CARD = """---
extra_gated_heading: "Agree, then read"
extra_gated_prompt: |
  You **agree** to be careful.
extra_gated_description: It takes two days.
extra_gated_button_content: I agree
extra_gated_fields:
  Company: text
  Country: country
  Specific date: date_picker
  I want to use this for:
    type: select
    options:
      - Research
      - 2026
      - label: Something else
        value: other
  Where from: ip_location
  Note:
    type: text
    required: false
  I will not harm: checkbox
  Colour: a-kind-that-is-not-known
---
"""


@pytest.fixture
def form() -> GateForm:
    return read_gate_form(read_card(CARD).metadata)


def test_a_card_with_everything(form: GateForm) -> None:
    assert (form.heading, form.button) == ("Agree, then read", "I agree")
    assert form.prompt == "You **agree** to be careful."
    kinds = [question.kind for question in form.questions]
    assert kinds == [
        QuestionKind.TEXT,
        QuestionKind.COUNTRY,
        QuestionKind.DATE,
        QuestionKind.SELECT,
        QuestionKind.ADDRESS,
        QuestionKind.TEXT,
        QuestionKind.CHECKBOX,
        QuestionKind.TEXT,
    ]
    assert form.questions[3].options == (
        ("Research", "Research"),
        ("2026", "2026"),
        ("other", "Something else"),
    )
    assert [question.is_required for question in form.questions].count(False) == 1


def test_a_card_without_a_form() -> None:
    for card in (None, {}, {"license": "mit"}, {"extra_gated_fields": None}):
        assert read_gate_form(card) == GateForm()


@pytest.mark.parametrize(
    "card",
    [
        {"extra_gated_fields": ["a"]},
        {"extra_gated_fields": "text"},
        {"extra_gated_fields": {f"q{n}": "text" for n in range(31)}},
        {"extra_gated_fields": {"q" * 301: "text"}},
        {"extra_gated_fields": {"": "text"}},
        {"extra_gated_fields": {"q": {"type": "select"}}},
        {"extra_gated_fields": {"q": {"type": "select", "options": []}}},
        {"extra_gated_fields": {"q": {"type": "select", "options": "abc"}}},
        {"extra_gated_fields": {"q": {"type": "select", "options": ["a", "a"]}}},
        {"extra_gated_fields": {"q": {"type": "select", "options": [["a"]]}}},
        {"extra_gated_fields": {"q": {"type": "select", "options": [str(n) for n in range(201)]}}},
        {"extra_gated_prompt": ["a"]},
        {"extra_gated_prompt": "x" * 50_001},
        {"extra_gated_button_content": "x" * 101},
    ],
)
def test_what_is_no_form(card: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        read_gate_form(card)


def test_who_writes_such_a_card_is_told() -> None:
    report = validate_card("---\nlicense: mit\nextra_gated_fields: [a]\n---\n")
    assert report.errors == ()
    assert [each for each in report.warnings if "ask for access" in each]
    assert validate_card(CARD.replace("---\n", "---\nlicense: mit\n", 1)).warnings == ()


FITTING = {0: " The Fleet ", 1: "FR", 2: "2026-02-28", 3: "other", 6: "on", 7: "blue"}


def test_answers_are_kept_by_question(form: GateForm) -> None:
    assert check_answers(form, FITTING, "192.0.2.7") == {
        "Company": "The Fleet",
        "Country": "FR",
        "Specific date": "2026-02-28",
        "I want to use this for": "other",
        "Where from": "192.0.2.7",
        "I will not harm": True,
        "Colour": "blue",
    }


@pytest.mark.parametrize(
    ("place", "text", "question"),
    [
        (0, "", "Company"),
        (0, "   ", "Company"),
        (0, "x" * 1001, "Company"),
        (0, "a\0b", "Company"),
        (0, "half \ud800", "Company"),
        (1, "XX", "Country"),
        (1, "France", "Country"),
        (2, "2026-02-30", "Specific date"),
        (2, "tomorrow", "Specific date"),
        (2, "20260228", "Specific date"),
        (3, "Something else", "I want to use this for"),
        (6, "", "I will not harm"),
    ],
)
def test_answers_that_do_not_fit(form: GateForm, place: int, text: str, question: str) -> None:
    with pytest.raises(BadRequest, match=question):
        check_answers(form, {**FITTING, place: text}, "")


def test_answers_are_bounded_together() -> None:
    asked = {f"question {n}": "text" for n in range(30)}
    form = read_gate_form({"extra_gated_fields": asked})
    with pytest.raises(BadRequest, match="together"):
        check_answers(form, dict.fromkeys(range(30), "x" * 1000), "")


def test_another_form_has_another_digest(form: GateForm) -> None:
    texts = [CARD.replace(*pair) for pair in (("careful", "bold"), ("2026", "2027"), ("Note", "N"))]
    digests = {read_gate_form(read_card(text).metadata).digest for text in texts}
    assert len(digests | {form.digest}) == 4


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text("ab é\0\ud800", max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abtype", max_size=8), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip
_KEYS = ("heading", "prompt", "description", "button_content", "fields")


@given(st.fixed_dictionaries({}, optional={f"extra_gated_{key}": _json for key in _KEYS}))
def test_no_card_breaks_the_reader(card: dict[str, Any]) -> None:
    try:
        form = read_gate_form(card)
    except Malformed:
        return
    try:
        kept = check_answers(form, {}, "::1")
    except BadRequest:
        return
    assert all(
        not question.is_required for question in form.questions if question.label not in kept
    )
