"""What came of a comparison, as a file that says everything it takes to check it again.

Knows the form of `results/ID.json`: which models, down to their bytes, which set at which commit,
how they were asked, every answer with its grade, and the verdicts. Grades and verdicts follow from
questions and answers alone: `differences` makes them again. Does not ask.
"""

from __future__ import annotations

import hashlib
import json
import statistics as middle
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from groundswell.ask.comparing import asking, grading, verdicts
from groundswell.ask.comparing.asking import Answered, Asked
from groundswell.ask.comparing.grading import Grade
from groundswell.ask.comparing.verdicts import Verdict
from groundswell.core.errors import BadRequest, Malformed
from groundswell.wire.questions import Item, questions_sha256

FORMAT: Final = "groundswell-results/1"
FOLDER: Final = "results"
RESULTS_BYTES_MAX: Final = 64 << 20
_REASONS_MAX: Final = 3
_DIGITS: Final = 4

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Setting:
    """How models were asked.

    Attributes:
        set_name: the repository or folder of the questions.
        set_commit: its commit; "" for a folder.
        packs: ``name@commit`` that sources were found in; none without sources.
        max_tokens: the longest answer.
        temperature: 0 takes the likeliest word each time.
        seed: of the choices, where there are any.
        stops_early: whether asking may end before everything is asked.
        questions: how many are asked at most; 0 for all.
    """

    set_name: str
    set_commit: str
    packs: tuple[str, ...]
    max_tokens: int
    temperature: float
    seed: int
    stops_early: bool
    questions: int = 0

    def as_json(self) -> Json:
        """Without what the set is: that is told by its content."""
        return {
            "sources": list(self.packs),
            "max_tokens": self.max_tokens,
            "temperature": self.temperature,
            "seed": self.seed,
            "stops_early": self.stops_early,
            "questions": self.questions,
            "rules": [asking.RULE, grading.RULE],
        }


@dataclass(frozen=True, slots=True)
class Model:
    """A model that was asked: its label, what it is down to its bytes, and what it took."""

    label: str
    name: str
    sha256: tuple[str, ...]
    size_bytes: int
    peak_bytes: int = 0
    adapters: tuple[str, ...] = ()


def check_distinct(models: Sequence[Model]) -> None:
    """Refuse to compare a model with itself: its second answer would come out of the memory of the
    first, and what differs would be chance. What is not known down to its bytes is let pass.

    Raises:
        BadRequest: two of them are the same files with the same adapters.
    """
    known: dict[tuple[tuple[str, ...], tuple[str, ...]], str] = {}
    for model in models:
        first = known.setdefault((model.sha256, model.adapters), model.label)
        if model.sha256 and first != model.label:
            raise BadRequest(f"{first} and {model.label} are the same files: name other models.")


def result_id(setting: Setting, models: Sequence[Model], items: Sequence[Item]) -> str:
    """Names a comparison by what is compared: the same one again has the same name."""
    what = {
        "set": questions_sha256(items),
        "settings": setting.as_json(),
        "models": [[model.name, list(model.sha256), list(model.adapters)] for model in models],
    }
    return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()[:16]


def result_of(
    setting: Setting, models: Sequence[Model], items: Sequence[Item], asked: Asked
) -> Json:
    """The whole result.

    Args:
        setting: how they were asked.
        models: in the order of the answers.
        items: all questions of the set.
        asked: what they said.
    """
    found = [asking.grades(asked.items, each) for each in asked.answers]
    named = zip(models, asked.answers, found, strict=True)
    seconds = [_mean(each) for each in asked.answers]
    return {
        "format": FORMAT,
        "id": result_id(setting, models, items),
        "set": {
            "name": setting.set_name,
            "commit": setting.set_commit,
            "sha256": questions_sha256(items),
            "questions": len(items),
        },
        "settings": setting.as_json(),
        "planned": asked.planned,
        "asked": len(asked.items),
        "stopped": asked.stopped,
        "models": [_model(*each, asked.items) for each in named],
        "pairs": _pairs(found, asked.planned, [each.label for each in models], seconds),
        "answers": [
            {
                "id": item.id,
                "given": [_given(a[at], g[at]) for a, g in zip(asked.answers, found, strict=True)],
            }
            for at, item in enumerate(asked.items)
        ],
    }


def differences(result: Json, items: Sequence[Item]) -> list[str]:
    """What a result says and its questions and answers do not: nothing of a good one.

    Raises:
        Malformed: it is no result.
    """
    try:
        return list(_differences(result, {item.id: item for item in items}, items))
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise Malformed("result", "a part of it is missing or of another type") from error


def unpack_result(data: bytes) -> Json:
    """A result of a file. Raises Malformed."""
    if len(data) > RESULTS_BYTES_MAX:
        raise Malformed("result", f"it is larger than {RESULTS_BYTES_MAX} bytes")
    try:
        told = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise Malformed("result", "it is no JSON") from error
    if not isinstance(told, dict) or told.get("format") != FORMAT:
        raise Malformed("result", f"its format is not {FORMAT}")
    return told


def pack_result(result: Json) -> bytes:
    """The bytes of a file."""
    return json.dumps(result, ensure_ascii=False, indent=1).encode() + b"\n"


# --- inside ---------------------------------------------------------------------------------------


def _differences(result: Json, by_id: dict[str, Item], items: Sequence[Item]) -> list[str]:
    if result["set"]["sha256"] != questions_sha256(items):
        return ["It is of other questions than these."]
    found: list[str] = []
    asked = [by_id[each["id"]] for each in result["answers"]]
    settings = result["settings"]
    planned = asking.order_of(
        items, is_open=bool(settings["sources"]), most=int(settings["questions"])
    )
    if list(planned[: len(asked)]) != asked or result["planned"] != len(planned):
        found.append("The questions were not asked in the order that the set gives.")
    count = len(result["models"])
    answers = [
        [Answered(each["given"][at]["text"], each["given"][at]["failed"])
         for each in result["answers"]]
        for at in range(count)
    ]  # fmt: skip
    again = [asking.grades(asked, each) for each in answers]
    for at, each in enumerate(result["answers"]):
        told = [given["grade"] for given in each["given"]]
        if told != [grades[at].value for grades in again]:
            found.append(f"The answers to {each['id']} are graded otherwise.")
    labels = [str(model["label"]) for model in result["models"]]
    seconds = [float(model["seconds_per_question"]) for model in result["models"]]
    if _pairs(again, int(result["planned"]), labels, seconds) != result["pairs"]:
        found.append("The verdicts are others.")
    rights = [sum(each is Grade.RIGHT for each in grades) for grades in again]
    if rights != [model["right"] for model in result["models"]]:
        found.append("The numbers of right answers are others.")
    return found


def _given(answered: Answered, given: Grade) -> Json:
    return {
        "text": answered.text,
        "grade": given.value,
        "failed": answered.failed,
        "seconds": round(answered.seconds, 3),
    }


def _model(
    model: Model, answers: Sequence[Answered], found: Sequence[Grade], items: Sequence[Item]
) -> Json:
    by_kind: dict[str, list[int]] = {}
    for item, each in zip(items, found, strict=True):
        counted = by_kind.setdefault(item.kind.value, [0, 0])
        counted[0] += each is Grade.RIGHT
        counted[1] += 1
    reasons = dict.fromkeys(each.failed for each in answers if each.failed)
    written = [each for each in answers if each.tokens_per_second]
    return {
        "label": model.label,
        "name": model.name,
        "adapters": list(model.adapters),
        "sha256": list(model.sha256),
        "size_bytes": model.size_bytes,
        "peak_bytes": model.peak_bytes,
        "right": sum(each is Grade.RIGHT for each in found),
        "grades": {grade.value: found.count(grade) for grade in Grade},
        "by_kind": dict(sorted(by_kind.items())),
        "seconds_per_question": _mean(answers),
        "first_token_seconds": _middle([each.first_token_seconds for each in written]),
        "tokens_per_second": _middle([each.tokens_per_second for each in written]),
        "failures": list(reasons)[:_REASONS_MAX],
    }


def _pairs(
    found: Sequence[Sequence[Grade]], planned: int, labels: Sequence[str], seconds: Sequence[float]
) -> list[Json]:
    right = [[each is Grade.RIGHT for each in grades] for grades in found]
    return [
        _pair(verdict, (labels[a], labels[b]), (seconds[a], seconds[b]))
        for (a, b), verdict in verdicts.all_judged(right, planned).items()
    ]


def _pair(verdict: Verdict, names: tuple[str, str], seconds: tuple[float, float]) -> Json:
    counts = verdict.counts
    return {
        "first": names[0],
        "second": names[1],
        "both_right": counts.both,
        "first_alone": counts.first,
        "second_alone": counts.second,
        "outcome": verdict.outcome.value,
        "is_early": verdict.is_early,
        "p": float(f"{verdict.p:.{_DIGITS}g}"),
        "evidence": float(f"{verdict.evidence:.{_DIGITS}g}"),
        "low": round(verdict.low, _DIGITS),
        "high": round(verdict.high, _DIGITS),
        "sentence": verdicts.sentence(verdict, names, seconds),
    }


def _mean(answers: Sequence[Answered]) -> float:
    """Seconds for a question that was answered, loading left out by the one that measures. How soon
    a model fails says nothing of how quick it is; 0 where it never answered.
    """
    took = [each.seconds for each in answers if not each.failed]
    return round(sum(took) / len(took), 3) if took else 0.0


def _middle(values: Sequence[float]) -> float:
    return round(middle.median(values), 3) if values else 0.0
