"""What came of asking models the questions of a set: all comparisons, and one with its answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from groundswell.http.pages.views.frame import View
from groundswell.http.pages.views.repository import RepoHead


@dataclass(frozen=True, slots=True)
class ComparisonRow:
    """A comparison in the list; ``fault`` says why its file cannot be read."""

    id: str
    url: str
    sentences: tuple[str, ...]
    models: tuple[str, ...]
    asked: int
    committed_at: int | None
    fault: str = ""


@dataclass(frozen=True, slots=True)
class ComparisonsPage(View):
    """The comparisons beside a set, newest first."""

    template: ClassVar[str] = "repository/comparisons.html"
    repo: RepoHead
    rows: tuple[ComparisonRow, ...] = ()
    left_out: bool = False
    newer_url: str = ""
    older_url: str = ""


@dataclass(frozen=True, slots=True)
class IntervalRow:
    """How far the second of two is ahead: ends and middle in hundredths of the picture's width, and
    the same in words.
    """

    first: str
    second: str
    low: int
    middle: int
    high: int
    words: str


@dataclass(frozen=True, slots=True)
class ModelRow:
    """A model with its figures as they read; ``kinds`` are right answers by kind, in the order of
    the page's.
    """

    label: str
    name: str
    right: str
    seconds: str
    first_word: str
    rate: str
    memory: str
    kinds: tuple[str, ...] = ()
    failures: str = ""


@dataclass(frozen=True, slots=True)
class GivenCell:
    """An answer of one model; ``grade`` is right, wrong, abstained, memory or failed."""

    text: str
    grade: str


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """A question with what is accepted, and what each model said, in the order of the columns."""

    question: str
    accepted: str
    kind: str
    shown: str
    given: tuple[GivenCell, ...]


@dataclass(frozen=True, slots=True)
class ComparisonPage(View):
    """One comparison.

    ``sentences`` are its verdicts, ``ends`` what the ends of the picture mean. ``check`` is passed,
    failed or skipped, with ``check_words``. ``columns`` are the models in the order of the answers.
    ``filters`` are (words, address, whether chosen). ``fault``: the file cannot be read.
    """

    template: ClassVar[str] = "repository/comparison.html"
    repo: RepoHead
    id: str
    file_url: str
    list_url: str
    fault: str = ""
    sentences: tuple[str, ...] = ()
    how: str = ""
    check: str = ""
    check_words: tuple[str, ...] = ()
    intervals: tuple[IntervalRow, ...] = ()
    ends: str = ""
    models: tuple[ModelRow, ...] = ()
    kinds: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    answers: tuple[AnswerRow, ...] = ()
    found: str = ""
    filters: tuple[tuple[str, str, bool], ...] = ()
    newer_url: str = ""
    older_url: str = ""
