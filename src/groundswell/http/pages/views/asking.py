"""Asking packs, and an article of a pack with what was quoted from it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import ClassVar

from groundswell.http.pages.views.frame import View
from groundswell.http.pages.views.repository import RepoHead


@dataclass(frozen=True, slots=True)
class PackChoice:
    """A pack that may be asked. ``name`` is what a form sends."""

    name: str
    title: str
    size: str
    url: str
    is_chosen: bool = False


@dataclass(frozen=True, slots=True)
class QuoteRow:
    """Words of an article, letter for letter; ``url`` shows them where they stand."""

    text: str
    title: str
    headings: tuple[str, ...]
    url: str
    pack: str


@dataclass(frozen=True, slots=True)
class ConnectionRow:
    """An edge beside an answer: what is connected how, and the sentence that says so."""

    source: str
    source_url: str
    words: str
    target: str
    target_url: str
    quote: str
    quote_url: str


@dataclass(frozen=True, slots=True)
class SideRow:
    """What one of several packs says that contradict one another."""

    said: tuple[str, ...]
    quote: QuoteRow


@dataclass(frozen=True, slots=True)
class SentenceRow:
    """A sentence that a model wrote. ``support`` is quoted, supported or weak."""

    text: str
    support: str
    sources: tuple[QuoteRow, ...]


@dataclass(frozen=True, slots=True)
class ReplyEnd:
    """What is known at the end: ``figures`` say how long it took and how sure it is; ``told`` how
    many sentences are supported, and ``problem`` why the model stopped; ``longer_url`` leads to
    more. ``has_receipt_in_url``: the receipt's address holds the receipt.
    """

    figures: str
    receipt: str
    receipt_url: str
    told: str = ""
    problem: str = ""
    longer_url: str = ""
    has_receipt_in_url: bool = False


@dataclass(frozen=True, slots=True)
class KeepForm:
    """A question with what is needed to keep it in a set, and what was filled in.

    ``packs`` are names with commits, apart by spaces; ``pack``, ``article``, ``start`` and ``stop``
    where the answer stands, "" where nothing answers. ``taken`` tells what is accepted when nothing
    is filled in. ``here`` is the address that asks.
    """

    question: str
    packs: str
    here: str
    into: str
    pack: str = ""
    article: str = ""
    start: str = ""
    stop: str = ""
    answers: str = ""
    taken: str = ""


@dataclass(frozen=True, slots=True)
class KeepPage(View):
    """After a question was kept: its set, and the way back; or the form with what was wrong.

    ``url`` is the set's, "" as long as there is none; ``back_url`` asks the question again.
    """

    template: ClassVar[str] = "keep.html"
    name: str
    url: str = ""
    back_url: str = ""
    form: KeepForm | None = None
    fault: str = ""
    code: int = 200


@dataclass(frozen=True, slots=True)
class ReplyBox:
    """What came of a question: quotes that answer, or why there is none with the nearest passages.

    ``sentences`` may come while the page is sent; ``end`` is called behind them. ``about`` is what
    the answer was of, for the next question; ``carried`` what this one took over from the one
    before, so that it was read as ``taken_as``; ``as_written_url`` asks it without.
    ``words`` are what is said aloud; ``keep`` is for whoever is signed in.
    """

    quotes: tuple[QuoteRow, ...]
    why: str
    nearest: tuple[QuoteRow, ...]
    searched: str
    end: Callable[[], ReplyEnd]
    differs: str = ""
    sides: tuple[SideRow, ...] = ()
    model: str = ""
    sentences: Iterable[SentenceRow] = ()
    about: str = ""
    connections: tuple[ConnectionRow, ...] = ()
    carried: str = ""
    taken_as: str = ""
    as_written_url: str = ""
    words: str = ""
    keep: KeepForm | None = None


@dataclass(frozen=True, slots=True)
class AskPage(View):
    """A question, the packs to ask, how daring an answer may be, who writes, and the answer.

    ``risks`` and ``models`` are (what the form sends, its words, whether it is chosen).
    ``without_about_url`` takes away what the question before was about. ``problem`` tells why
    nothing was answered. ``ear`` names the model that the page listens with, and ``speech_url``
    is how the answer sounds, where the hub has a voice. ``keeps_in`` is where questions are kept.
    """

    template: ClassVar[str] = "ask.html"
    question: str = ""
    about: str = ""
    without_about_url: str = ""
    risks: tuple[tuple[str, str, bool], ...] = ()
    models: tuple[tuple[str, str, bool], ...] = ()
    packs: tuple[PackChoice, ...] = ()
    packs_left_out: bool = False
    reply: ReplyBox | None = None
    problem: str = ""
    ear: str = ""
    speech_url: str = ""
    keeps_in: str = ""
    is_installed: bool = True
    namesake_url: str = ""  # of an account that is called as this page is
    code: int = 200


@dataclass(frozen=True, slots=True)
class TextPiece:
    """Characters of a block. ``quoted``: "first" or "more" for those that were asked for."""

    text: str
    url: str = ""
    quoted: str = ""


@dataclass(frozen=True, slots=True)
class ArticleBlock:
    """One block of an article. ``level`` is a heading's."""

    pieces: tuple[TextPiece, ...]
    level: int = 0


@dataclass(frozen=True, slots=True)
class ArticleStretch:
    """Blocks of one kind after one another: items of a list are one list."""

    kind: str
    blocks: tuple[ArticleBlock, ...]


@dataclass(frozen=True, slots=True)
class ArticlePage(View):
    """An article of a pack at a revision. ``left_out`` tells of what is not shown; ``address`` is
    where it was on the web, and ``address_url`` the same when it may be a link.
    """

    template: ClassVar[str] = "repository/article.html"
    repo: RepoHead
    title: str
    path: str
    revision: str
    stretches: tuple[ArticleStretch, ...]
    has_quote: bool = False
    left_out: str = ""
    licence: str = ""
    attribution: str = ""
    source_revision: str = ""
    address: str = ""
    address_url: str = ""
    ask_url: str = ""
    graph_url: str = ""
