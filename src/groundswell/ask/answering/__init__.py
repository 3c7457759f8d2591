"""Answers: what was found is quoted first, with its place; or it is said that nothing was."""

from __future__ import annotations

from groundswell.ask.answering.service import (
    Abstain,
    Asking,
    Done,
    Event,
    Evidence,
    Extract,
    Plan,
    Quote,
    answer,
    as_json_event,
)

__all__ = [
    "Abstain",
    "Asking",
    "Done",
    "Event",
    "Evidence",
    "Extract",
    "Plan",
    "Quote",
    "answer",
    "as_json_event",
]
