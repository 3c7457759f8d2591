"""The form of a gate: what a card asks of those who want access, and whether answers fit it.

Knows the card's ``extra_gated_*`` fields (docs/formats/card.md). Does not know who asks, keeps
nothing and renders nothing. A form that cannot be read whole is not read at all: nobody is to agree
to a part of what an author wrote.
"""

from __future__ import annotations

import enum
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, NoReturn

from groundswell.core.errors import BadRequest, Malformed
from groundswell.core.values import is_storable
from groundswell.wire.cards.countries import COUNTRIES

QUESTIONS_MAX: Final = 30
LABEL_CHARACTERS_MAX: Final = 300
OPTIONS_MAX: Final = 200
PROMPT_CHARACTERS_MAX: Final = 50_000
LINE_CHARACTERS_MAX: Final = 1_000
BUTTON_CHARACTERS_MAX: Final = 100
ANSWER_CHARACTERS_MAX: Final = 1_000
# Questions and answers of one request together, as they are kept.
ANSWERS_BYTES_MAX: Final = 16 * 1024

_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


class QuestionKind(enum.StrEnum):
    """How a question is answered. The value is the card's word; other words mean text."""

    TEXT = "text"
    CHECKBOX = "checkbox"
    DATE = "date_picker"
    COUNTRY = "country"
    SELECT = "select"
    ADDRESS = "ip_location"


@dataclass(frozen=True, slots=True)
class Question:
    """One question. ``options`` are those of a choice: what is kept, and what is read."""

    label: str
    kind: QuestionKind
    options: tuple[tuple[str, str], ...] = ()
    is_required: bool = True


@dataclass(frozen=True, slots=True)
class GateForm:
    """What stands at the gate. Empty texts mean the hub's own words; ``prompt`` is Markdown."""

    heading: str = ""
    prompt: str = ""
    description: str = ""
    button: str = ""
    questions: tuple[Question, ...] = ()

    @property
    def digest(self) -> str:
        """Names the form: answers to another one are not answers to this."""
        asked = [[q.label, q.kind, q.options, q.is_required] for q in self.questions]
        text = json.dumps([self.prompt, asked], ensure_ascii=True)
        return hashlib.sha256(text.encode()).hexdigest()[:32]


def _bad(why: str) -> NoReturn:
    where = "form of the gate"
    raise Malformed(where, why)


def _line(card: Mapping[str, Any], key: str, characters_max: int) -> str:
    value = card.get(key)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > characters_max:
        _bad(f'"{key}" must be a text of at most {characters_max} characters')
    return value.strip()


def _word(value: object, what: str) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        _bad(f"{what} must be a text")
    text = str(value).strip()
    if not text or len(text) > LABEL_CHARACTERS_MAX:
        _bad(f"{what} must have 1 to {LABEL_CHARACTERS_MAX} characters")
    return text


def _option(value: object, label: str) -> tuple[str, str]:
    what = f"an option of {label[:60]!r}"
    if isinstance(value, Mapping):
        shown = _word(value.get("label", value.get("value")), what)
        return _word(value.get("value", shown), what), shown
    text = _word(value, what)
    return text, text


def _options(value: object, label: str) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, Sequence) or isinstance(value, str) or not value:
        _bad(f"{label[:60]!r} is a select without options")
    if len(value) > OPTIONS_MAX:
        _bad(f"{label[:60]!r} has more than {OPTIONS_MAX} options")
    found = tuple(_option(each, label) for each in value)
    if len({kept for kept, _ in found}) < len(found):
        _bad(f"{label[:60]!r} has an option twice")
    return found


def _question(label: str, told: object) -> Question:
    label = _word(label, "a question")
    facts: Mapping[str, Any] = told if isinstance(told, Mapping) else {"type": told}
    name = facts.get("type")
    kind = QuestionKind.TEXT
    if isinstance(name, str) and name in set(QuestionKind):
        kind = QuestionKind(name)
    options: tuple[tuple[str, str], ...] = ()
    if kind is QuestionKind.SELECT:
        options = _options(facts.get("options"), label)
    elif kind is QuestionKind.COUNTRY:
        options = COUNTRIES
    required = facts.get("required", True)
    return Question(label, kind, options, is_required=required is not False)


def read_gate_form(card: Mapping[str, Any] | None) -> GateForm:
    """The form that a card's metadata describes; without any word of it, an empty one.

    Raises:
        Malformed: it cannot be read, or is larger than its bounds.
    """
    card = card or {}
    asked = card.get("extra_gated_fields")
    if asked is None:
        asked = {}
    if not isinstance(asked, Mapping):
        _bad('"extra_gated_fields" must be a mapping of questions to kinds')
    if len(asked) > QUESTIONS_MAX:
        _bad(f"it has more than {QUESTIONS_MAX} questions")
    return GateForm(
        heading=_line(card, "extra_gated_heading", LINE_CHARACTERS_MAX),
        prompt=_line(card, "extra_gated_prompt", PROMPT_CHARACTERS_MAX),
        description=_line(card, "extra_gated_description", LINE_CHARACTERS_MAX),
        button=_line(card, "extra_gated_button_content", BUTTON_CHARACTERS_MAX),
        questions=tuple(_question(label, told) for label, told in asked.items()),
    )


def _answer(question: Question, text: str, address: str) -> str | bool | None:
    """What is kept of an answer; None when there is none.

    Raises:
        BadRequest: it does not fit the question.
    """
    text = text.strip()
    match question.kind:
        case QuestionKind.ADDRESS:
            return address
        case QuestionKind.CHECKBOX:
            # To agree is to tick: an empty box is no answer.
            return bool(text) or (None if question.is_required else False)
    if not text:
        return None
    if len(text) > ANSWER_CHARACTERS_MAX or not is_storable(text):
        raise BadRequest(
            f"“{question.label}” is answered with at most {ANSWER_CHARACTERS_MAX} characters."
        )
    if question.options and text not in {kept for kept, _ in question.options}:
        raise BadRequest(f"“{question.label}” is answered with one of its choices.")
    if question.kind is QuestionKind.DATE and not _is_date(text):
        raise BadRequest(f"“{question.label}” is answered with a day, as 2026-01-31.")
    return text


def _is_date(text: str) -> bool:
    if not _DATE.fullmatch(text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def check_answers(form: GateForm, given: Mapping[int, str], address: str) -> dict[str, str | bool]:
    """The answers by question, as they are kept.

    Args:
        form: what was asked.
        given: what was sent, by the question's place in the form.
        address: the network address that it was sent from, for the question that asks for it.

    Raises:
        BadRequest: one is missing, or does not fit; the message names the question.
    """
    kept: dict[str, str | bool] = {}
    for place, question in enumerate(form.questions):
        answer = _answer(question, given.get(place, ""), address)
        if answer is not None:
            kept[question.label] = answer
        elif question.is_required:
            raise BadRequest(f"“{question.label}” has to be answered.")
    size_bytes = len(json.dumps(kept, ensure_ascii=False).encode())
    if size_bytes > ANSWERS_BYTES_MAX:
        raise BadRequest(f"The answers are longer than {ANSWERS_BYTES_MAX} bytes together.")
    return kept
