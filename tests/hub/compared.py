"""Results of comparisons, made by the program's own rules from answers that a test thinks up."""

from __future__ import annotations

from typing import Any

from groundswell.ask.comparing.asking import Answered, Asked, order_of
from groundswell.ask.comparing.results import Model, Setting, pack_result, result_of
from groundswell.ask.evaluation.keeping import files_with
from groundswell.wire.questions import Item, Kind, SetManifest, new_id

PACK = "ann/lakes@" + "c" * 40


def items(count: int = 60) -> list[Item]:
    """Questions of several kinds, one of them with markup in it."""
    made = [
        Item(new_id(f"What is {n}?"), f"What is {n}?", (f"word{n}", f"thing{n}"), Kind.ROW)
        for n in range(count - 2)
    ]
    odd = "Is <script>alert(1)</script> a <b>lake</b>?"
    nobody = Item(new_id("Who owns it?"), "Who owns it?", (), Kind.HUMAN, unanswerable=True)
    return [*made, Item(new_id(odd), odd, ("<i>yes</i>",), Kind.HUMAN), nobody]


def set_files(questions: list[Item]) -> dict[str, bytes]:
    """The files of a set."""
    return files_with(lambda _name, _most: None, SetManifest("Lakes"), lambda _known: questions)


def result(questions: list[Item], commit: str = "", labels: tuple[str, ...] = ()) -> dict[str, Any]:
    """Two models (or those of the labels), the first of which is right three times as often."""
    labels = labels or ("ann/good", "ann/<b>bad</b>")
    asked = order_of(questions, is_open=False)
    answers = []
    for number, _ in enumerate(labels):
        said = []
        for at, item in enumerate(asked):
            is_right = at % 10 < (9 - 6 * number)
            right = item.answers[0] if item.answers else "I do not know."
            said.append(Answered(right if is_right else "<u>Oslo</u>", "", 0.5 + number, 0.1, 40.0))
        said[-1] = Answered("", "The process <em>ended</em>.", 0.1)
        answers.append(tuple(said))
    setting = Setting("ann/questions", commit, (), 64, 0.0, 0, stops_early=False)
    models = [
        Model(label, f"{label}@{'d' * 40}", (f"{n:064x}",), 1 << 20, 1 << 28)
        for n, label in enumerate(labels)
    ]
    return result_of(setting, models, questions, Asked(asked, tuple(answers), len(asked), "all"))


def file_of(told: dict[str, Any]) -> dict[str, bytes]:
    """The file of a result, under its name."""
    return {f"results/{told['id']}.json": pack_result(told)}
