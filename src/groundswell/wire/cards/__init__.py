"""The card: a README whose front matter says what a repository is (docs/formats/card.md).

Knows where front matter begins and ends, reads a safe part of YAML, and checks the rules that
clients are told of. Does not know repositories, and renders nothing.
"""

from __future__ import annotations

from groundswell.wire.cards.front_matter import CARD_BYTES_MAX, Card, read_card, write_card
from groundswell.wire.cards.gate_form import (
    GateForm,
    Question,
    QuestionKind,
    check_answers,
    read_gate_form,
)
from groundswell.wire.cards.rules import CardReport, validate_card

__all__ = [
    "CARD_BYTES_MAX",
    "Card",
    "CardReport",
    "GateForm",
    "Question",
    "QuestionKind",
    "check_answers",
    "read_card",
    "read_gate_form",
    "validate_card",
    "write_card",
]
