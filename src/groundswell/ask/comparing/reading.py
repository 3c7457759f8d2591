"""A result as a value: its file, which anybody may have written, read within bounds.

Knows the parts of `results/ID.json` and how much of each there may be. Does not know whether what
it says follows from its answers: `results.differences` does.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from groundswell.ask.comparing.asking import MODELS_MAX, TEXT_CHARACTERS_MAX
from groundswell.ask.comparing.grading import Grade
from groundswell.ask.comparing.results import unpack_result
from groundswell.ask.comparing.verdicts import Outcome
from groundswell.core.errors import Malformed
from groundswell.wire.questions.lines import ITEMS_MAX
from groundswell.wire.questions.manifest import PACKS_MAX
from groundswell.wire.questions.values import NAME_CHARACTERS_MAX

LABEL_CHARACTERS_MAX: Final = 1_000
SENTENCE_CHARACTERS_MAX: Final = 4_000
COUNT_MAX: Final = 1 << 53
_FAILURES_MAX: Final = 3
_KINDS_MAX: Final = 12
_STOPPED: Final = frozenset({"all", "early", "time"})
_ID: Final = re.compile(r"[0-9a-f]{16}", re.ASCII)
_COMMIT: Final = re.compile(r"(?:[0-9a-f]{40,64})?", re.ASCII)

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Measured:
    """A model that was asked, and what it took. ``by_kind`` is kind to (right, asked)."""

    label: str
    name: str
    adapters: tuple[str, ...]
    right: int
    by_kind: Mapping[str, tuple[int, int]]
    failed: int
    failures: tuple[str, ...]
    seconds_per_question: float
    first_token_seconds: float
    tokens_per_second: float
    peak_bytes: int


@dataclass(frozen=True, slots=True)
class Pair:
    """What is said of two models; ``low`` and ``high`` are of second minus first, as shares."""

    first: str
    second: str
    first_alone: int
    second_alone: int
    outcome: Outcome
    low: float
    high: float
    sentence: str


@dataclass(frozen=True, slots=True)
class Given:
    """An answer of one model, and how it is; ``failed`` says why there is none."""

    text: str
    grade: Grade
    failed: str


@dataclass(frozen=True, slots=True)
class Result:
    """All of a comparison. ``answers`` are (id of the question, one answer of each model)."""

    id: str
    set_name: str
    set_commit: str
    sources: tuple[str, ...]
    planned: int
    asked: int
    stopped: str
    models: tuple[Measured, ...]
    pairs: tuple[Pair, ...]
    answers: tuple[tuple[str, tuple[Given, ...]], ...]
    told: Mapping[str, Any]


def read_result(data: bytes) -> Result:
    """A result of a file.

    Raises:
        Malformed: it is none, or a part of it is missing, of another type or too much.
    """
    told = unpack_result(data)
    try:
        result = _result(told)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise _wrong("a part of it is missing or of another type") from error
    _check_fits(result)
    return result


# --- inside ---------------------------------------------------------------------------------------


def _wrong(why: str) -> Malformed:
    return Malformed("result", why)


def _result(told: Mapping[str, Any]) -> Result:
    given_set, settings = told["set"], told["settings"]
    _count(settings["questions"], COUNT_MAX)
    return Result(
        id=_matching(told["id"], _ID),
        set_name=_text(given_set["name"]),
        set_commit=_matching(given_set["commit"], _COMMIT),
        sources=_each(settings["sources"], PACKS_MAX, _text),
        planned=_count(told["planned"], ITEMS_MAX),
        asked=_count(told["asked"], ITEMS_MAX),
        stopped=_one_of(told["stopped"]),
        models=_each(told["models"], MODELS_MAX, _model),
        pairs=_each(told["pairs"], MODELS_MAX * (MODELS_MAX - 1) // 2, _pair),
        answers=_each(told["answers"], ITEMS_MAX, _answer),
        told=told,
    )


def _check_fits(result: Result) -> None:
    """Refuse numbers that contradict one another so that they cannot be shown together."""
    count = len(result.models)
    if not count:
        raise _wrong("it has no model")
    if result.asked != len(result.answers) or result.asked > result.planned:
        raise _wrong("it does not hold as many answers as it says")
    if any(len(given) != count for _, given in result.answers):
        raise _wrong("a question has not as many answers as there are models")
    labels = {model.label for model in result.models}
    if not all(pair.first in labels and pair.second in labels for pair in result.pairs):
        raise _wrong("it compares a model that it does not have")
    if any(model.right > result.asked for model in result.models):
        raise _wrong("a model has more right answers than there are questions")


def _model(told: Mapping[str, Any]) -> Measured:
    kinds = told["by_kind"]
    if len(kinds) > _KINDS_MAX:
        raise _wrong("it has more kinds of questions than there are")
    return Measured(
        label=_text(told["label"]),
        name=_text(told["name"]),
        adapters=_each(told["adapters"], MODELS_MAX, _text),
        right=_count(told["right"], ITEMS_MAX),
        by_kind={_text(name): _right_and_asked(each) for name, each in kinds.items()},
        failed=_count(told["grades"]["failed"], ITEMS_MAX),
        failures=_each(told["failures"], _FAILURES_MAX, _text),
        seconds_per_question=_number(told["seconds_per_question"]),
        first_token_seconds=_number(told["first_token_seconds"]),
        tokens_per_second=_number(told["tokens_per_second"]),
        peak_bytes=_count(told["peak_bytes"], COUNT_MAX),
    )


def _pair(told: Mapping[str, Any]) -> Pair:
    low, high = (_number(told[name], least=-1, most=1) for name in ("low", "high"))
    if low > high:
        raise _wrong("an interval ends before it begins")
    return Pair(
        first=_text(told["first"]),
        second=_text(told["second"]),
        first_alone=_count(told["first_alone"], ITEMS_MAX),
        second_alone=_count(told["second_alone"], ITEMS_MAX),
        outcome=Outcome(told["outcome"]),
        low=low,
        high=high,
        sentence=_text(told["sentence"], SENTENCE_CHARACTERS_MAX),
    )


def _answer(told: Mapping[str, Any]) -> tuple[str, tuple[Given, ...]]:
    return _text(told["id"], NAME_CHARACTERS_MAX), _each(told["given"], MODELS_MAX, _given)


def _given(told: Mapping[str, Any]) -> Given:
    text = _text(told["text"], TEXT_CHARACTERS_MAX)
    return Given(text, Grade(told["grade"]), _text(told["failed"]))


def _right_and_asked(told: object) -> tuple[int, int]:
    right, asked = _each(told, 2, lambda each: _count(each, ITEMS_MAX))
    return right, asked


def _each(told: object, most: int, read: Callable[[Any], _T]) -> tuple[_T, ...]:
    if not isinstance(told, list):
        raise _wrong("a part of it that is a list is none")
    if len(told) > most:
        raise _wrong(f"a part of it has more than {most:,} entries")
    return tuple(read(each) for each in told)


def _text(told: object, most: int = LABEL_CHARACTERS_MAX) -> str:
    if not isinstance(told, str):
        raise _wrong("a part of it that is a text is none")
    if len(told) > most:
        raise _wrong(f"a text of it has more than {most:,} characters")
    # Halves of characters can be written in JSON and on no page.
    return told.encode("utf-8", "replace").decode()


def _matching(told: object, form: re.Pattern[str]) -> str:
    if not isinstance(told, str) or not form.fullmatch(told):
        raise _wrong("its id, or the commit of its set, is none")
    return told


def _one_of(told: object) -> str:
    if not isinstance(told, str) or told not in _STOPPED:
        raise _wrong("why asking ended is not told")
    return told


def _count(told: object, most: int) -> int:
    if type(told) is not int or not 0 <= told <= most:
        raise _wrong("a count of it is none, or too large")
    return told


def _number(told: object, least: float = 0, most: float = 1e9) -> float:
    # Of bool, which is an int to Python, no number is made.
    if type(told) not in {int, float}:
        raise _wrong("a number of it is none")
    assert isinstance(told, (int, float)), "looked at above"
    if not math.isfinite(told) or not least <= told <= most:
        raise _wrong("a number of it is out of bounds")
    return float(told)
