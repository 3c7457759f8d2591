"""Answers: what was found is quoted first, with its place; or it is said that nothing was."""

from __future__ import annotations

from groundswell.ask.answering.prose import Sentence, Write
from groundswell.ask.answering.quotes import Quote
from groundswell.ask.answering.service import (
    Abstain,
    Asking,
    Connections,
    Done,
    Event,
    Evidence,
    Extract,
    Plan,
    Writer,
    answer,
    as_json_event,
)

__all__ = [
    "Abstain",
    "Asking",
    "Connections",
    "Done",
    "Event",
    "Evidence",
    "Extract",
    "Plan",
    "Quote",
    "Sentence",
    "Write",
    "Writer",
    "answer",
    "as_json_event",
]
