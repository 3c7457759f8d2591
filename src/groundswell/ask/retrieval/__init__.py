"""What stands in packs about a question: passages found, ranked, and what is known of the rank."""

from __future__ import annotations

from groundswell.ask.retrieval.question import AnswerKind, Question, read_question

__all__ = ["AnswerKind", "Question", "read_question"]
