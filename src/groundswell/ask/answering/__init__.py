"""Answers: what was found is quoted first, with its place; or it is said that nothing was."""

from __future__ import annotations

from groundswell.ask.answering.conflicts import Conflict, Side
from groundswell.ask.answering.events import (
    Abstain,
    Connections,
    Done,
    Event,
    Evidence,
    Extract,
    Plan,
    Unfinished,
    Writing,
    as_json_event,
    told,
)
from groundswell.ask.answering.prose import Sentence, Write
from groundswell.ask.answering.quotes import Quote
from groundswell.ask.answering.service import Asking, Writer, answer

__all__ = [
    "Abstain",
    "Asking",
    "Conflict",
    "Connections",
    "Done",
    "Event",
    "Evidence",
    "Extract",
    "Plan",
    "Quote",
    "Sentence",
    "Side",
    "Unfinished",
    "Write",
    "Writer",
    "Writing",
    "answer",
    "as_json_event",
    "told",
]
