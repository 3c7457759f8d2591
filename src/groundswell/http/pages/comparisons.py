"""Comparisons of models, which lie as files beside a set of questions: all of them, and one.

Files may be anybody's: what cannot be read is told, and everything of it is text. Draws nothing
itself but says where lines end. What a result holds is `ask.comparing`'s.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from groundswell.ask.comparing.reading import Measured, Pair, Result
from groundswell.ask.comparing.report import KINDS, STOPPED
from groundswell.ask.comparing.results import FOLDER
from groundswell.ask.comparing.shelved import Checked
from groundswell.core.errors import Malformed
from groundswell.core.policy import Action
from groundswell.core.values import size_text
from groundswell.http.pages.door import Asked, show, with_query
from groundswell.http.pages.repositories import find, head_of, place
from groundswell.http.pages.views.comparisons import (
    AnswerRow,
    ComparisonPage,
    ComparisonRow,
    ComparisonsPage,
    GivenCell,
    IntervalRow,
    ModelRow,
)
from groundswell.http.pages.wording import plural
from groundswell.http.routing import Route
from groundswell.hub.repos import Repository
from groundswell.wire.questions import Item

LISTED_A_PAGE: Final = 20
ANSWERS_A_PAGE: Final = 25
ACCEPTED_MAX: Final = 4
TEXT_CHARACTERS_MAX: Final = 600
_SENTENCES_LISTED_MAX: Final = 3
# A difference smaller than this would be drawn over the whole width.
_LEAST_SHARE: Final = 0.05
_FOLLOWS: Final = (
    "Checked by this hub: every answer is graded as the rules say, and what is said here follows.",
)
_STRANGE: Final = "What is said here does not follow from the answers. Do not rely on it."


def _page_number(asked: Asked, pages: int) -> int:
    """Of the address, from 0; the nearest that there is."""
    text = asked.query.get("page", "")
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= 6 else 1
    return max(0, min(number, pages) - 1)


def _neighbours(address: str, at: int, pages: int, **fields: str) -> tuple[str, str]:
    """Addresses of the page before and the one after."""
    before = with_query(address, page=str(at), **fields) if at else ""
    after = with_query(address, page=str(at + 2), **fields) if at + 1 < pages else ""
    return before, after


def _list(asked: Asked) -> ComparisonsPage:
    repository = find(asked, Action.READ)
    head = head_of(asked, repository)
    comparisons = asked.hub.comparisons
    found, is_more = comparisons.listed(repository)
    pages = max(1, -(-len(found) // LISTED_A_PAGE))
    at = _page_number(asked, pages)
    address = f"{head.url}/comparisons"
    rows = []
    for result_id, committed_at in found[at * LISTED_A_PAGE : (at + 1) * LISTED_A_PAGE]:
        outline = comparisons.outline(repository, result_id)
        rows.append(
            ComparisonRow(
                result_id,
                f"{address}/{result_id}",
                outline.sentences[:_SENTENCES_LISTED_MAX],
                outline.labels,
                outline.asked,
                committed_at,
                outline.fault,
            )
        )
    newer, older = _neighbours(address, at, pages)
    return ComparisonsPage(head, tuple(rows), is_more, newer, older)


def _one(asked: Asked) -> ComparisonPage:
    repository = find(asked, Action.READ)
    head = head_of(asked, repository)
    result_id = asked.parameters["result"]
    file_url = place(head, "blob", "main", f"{FOLDER}/{result_id}.json")
    page = ComparisonPage(head, result_id, file_url, f"{head.url}/comparisons")
    try:
        result, where = asked.hub.comparisons.one(repository, result_id)
    except Malformed as error:
        return replace(page, fault=f"This comparison cannot be shown: {error.why}.")
    items, questions, why_not = asked.hub.comparisons.questions(repository, result)
    checked = Checked(why_not=why_not)
    if questions is not None:
        checked = asked.hub.comparisons.checked(result, where, items, questions)
    check, words = _check_words(checked, repository, result.id)
    page = replace(page, check=check, check_words=words)
    return _with_answers(asked, _with_figures(page, result), result, items)


def _check_words(
    checked: Checked, repository: Repository, result_id: str
) -> tuple[str, tuple[str, ...]]:
    if checked.why_not:
        command = f"swell compare --check {result_id} --set {repository.full_name}"
        return "skipped", (f"Not checked here, as {checked.why_not}. In the terminal: {command}",)
    if checked.differences:
        return "failed", (_STRANGE, *checked.differences)
    return "passed", _FOLLOWS


# --- figures --------------------------------------------------------------------------------------


def _with_figures(page: ComparisonPage, result: Result) -> ComparisonPage:
    kinds = sorted({kind for model in result.models for kind in model.by_kind})
    kinds = kinds if len(kinds) > 1 else []
    ranked = sorted(result.models, key=lambda model: -model.right)
    most = max([_LEAST_SHARE, *(max(-each.low, each.high) for each in result.pairs)])
    said = tuple(pair.sentence for pair in result.pairs)
    return replace(
        page,
        sentences=said or ("One model was measured alone.",),
        how=_how(result),
        intervals=tuple(_interval(pair, result.asked, most) for pair in result.pairs),
        ends=f"{100 * most:.0f}",
        models=tuple(_model(model, result.asked, kinds) for model in ranked),
        kinds=tuple(KINDS.get(kind, kind) for kind in kinds),
        columns=tuple(model.label for model in result.models),
    )


def _how(result: Result) -> str:
    names = ", ".join(each.partition("@")[0] for each in result.sources)
    how = f"with passages of {names}" if names else "without sources"
    asked = f"{result.asked:,} of {plural(result.planned, 'question')}, {STOPPED[result.stopped]}"
    return f"Asked {how}: {asked}. Answers were judged by rules, not by a model."


def _interval(pair: Pair, asked: int, most: float) -> IntervalRow:
    middle = (pair.second_alone - pair.first_alone) / max(1, asked)
    middle = max(-1.0, min(1.0, middle))
    low, at, high = (_hundredths(each, most) for each in (pair.low, middle, pair.high))
    if pair.first_alone == pair.second_alone == 0:
        words = (
            "even: no question was answered rightly by one of the two alone; most likely between"
        )
    else:
        words = f"{_ahead(middle)} in 100 questions; most likely between"
    words = f"{words} {_ahead(pair.low)} and {_ahead(pair.high)}."
    return IntervalRow(pair.first, pair.second, low, at, high, words)


def _ahead(share: float) -> str:
    points = round(100 * share)
    if not points:
        return "even"
    return f"{abs(points)} {'ahead' if points > 0 else 'behind'}"


def _hundredths(share: float, most: float) -> int:
    return round(50 + 48 * max(-1.0, min(1.0, share / most)))


def _model(model: Measured, asked: int, kinds: Sequence[str]) -> ModelRow:
    failures = ""
    if model.failed:
        why = "; ".join(model.failures)[:300]
        failures = (
            f"{model.label} gave no answer to {model.failed} of them, which counts as wrong: {why}"
        )
    return ModelRow(
        label=model.label,
        name="+".join((model.name, *model.adapters)),
        right=f"{model.right:,} of {asked:,} ({100 * model.right / max(1, asked):.0f} %)",
        seconds=f"{model.seconds_per_question:,.2f} s",
        first_word=f"{model.first_token_seconds:,.2f} s",
        rate=f"{model.tokens_per_second:,.0f}",
        memory=size_text(model.peak_bytes) if model.peak_bytes else "not known",
        kinds=tuple(_of_kind(model.by_kind, kind) for kind in kinds),
        failures=failures,
    )


def _of_kind(by_kind: Mapping[str, tuple[int, int]], kind: str) -> str:
    right, asked = by_kind.get(kind, (0, 0))
    return f"{right:,} of {asked:,}"


# --- answers --------------------------------------------------------------------------------------


def _with_answers(
    asked: Asked, page: ComparisonPage, result: Result, items: Sequence[Item]
) -> ComparisonPage:
    by_id = {item.id: item for item in items}
    differing = [each for each in result.answers if len({g.grade for g in each[1]}) > 1]
    is_narrow = asked.query.get("show") == "differ" and len(result.models) > 1
    shown = differing if is_narrow else result.answers
    pages = max(1, -(-len(shown) // ANSWERS_A_PAGE))
    at = _page_number(asked, pages)
    rows = []
    for item_id, given in shown[at * ANSWERS_A_PAGE : (at + 1) * ANSWERS_A_PAGE]:
        cells = tuple(
            GivenCell((each.text or each.failed)[:TEXT_CHARACTERS_MAX], each.grade.value)
            for each in given
        )
        rows.append(_answer(item_id, by_id.get(item_id), cells))
    address = f"{page.list_url}/{page.id}"
    narrow = {"show": "differ"} if is_narrow else {}
    newer, older = _neighbours(address, at, pages, **narrow)
    filters: tuple[tuple[str, str, bool], ...] = ()
    if len(result.models) > 1:
        filters = (
            (f"All {len(result.answers):,}", f"{address}#answers", not is_narrow),
            (
                f"Where they differ: {len(differing):,}",
                f"{with_query(address, show='differ')}#answers",
                is_narrow,
            ),
        )
    return replace(
        page,
        answers=tuple(rows),
        found=f"Page {at + 1:,} of {pages:,}" if pages > 1 else "",
        filters=filters,
        newer_url=f"{newer}#answers" if newer else "",
        older_url=f"{older}#answers" if older else "",
    )


def _answer(item_id: str, item: Item | None, given: tuple[GivenCell, ...]) -> AnswerRow:
    if item is None:
        return AnswerRow(f"Question {item_id}", "It is not in the set.", "", "", given)
    accepted = "Nothing answers it: the right answer is to say so."
    if item.answers:
        more = len(item.answers) - ACCEPTED_MAX
        accepted = " or ".join(f"“{each}”" for each in item.answers[:ACCEPTED_MAX])
        accepted = f"{accepted}, or {more} more" if more > 0 else accepted
    kind = KINDS.get(item.kind.value, item.kind.value)
    return AnswerRow(item.question, accepted, kind, item.context[:TEXT_CHARACTERS_MAX], given)


def routes() -> list[Route]:
    """Addresses of this part. Only datasets are sets."""
    pattern = "/{kind:datasets}/{ns}/{name}/comparisons"
    return [show(pattern, _list, "comparisons"), show(f"{pattern}/{{result}}", _one, "comparison")]
