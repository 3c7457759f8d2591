"""The page on which a model is tried."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from groundswell.http.pages.views.frame import View
from groundswell.http.pages.views.repository import RepoHead


@dataclass(frozen=True, slots=True)
class AnswerBox:
    """What one model answered, or why it did not."""

    name: str
    text: str = ""
    figures: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class PlaygroundPage(View):
    """A question, how words are chosen, and the answers of one model or two side by side.

    ``problem`` tells why nothing runs; ``variants`` are (what a form sends, what people read).
    """

    template: ClassVar[str] = "repository/playground.html"
    repo: RepoHead
    explanation: str = ""
    notes: tuple[str, ...] = ()
    problem: str = ""
    sign_in_url: str = ""
    variants: tuple[tuple[str, str], ...] = ()
    variant: str = ""
    second: str = ""
    prompt: str = ""
    system: str = ""
    temperature: str = "0.7"
    max_tokens: str = "256"
    answers: tuple[AnswerBox, ...] = ()
