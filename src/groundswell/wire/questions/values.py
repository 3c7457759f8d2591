"""One question of a set: what is asked, and what is accepted as its answer.

Knows what a question may be; everything is checked when it is made. Does not know how sets are
written down, nor how an answer is judged.
"""

from __future__ import annotations

import enum
import hashlib
import re
from dataclasses import dataclass
from typing import Any, Final

from groundswell.core.errors import Malformed

QUESTION_CHARACTERS_MAX: Final = 2_000
ANSWERS_MAX: Final = 32
ANSWER_CHARACTERS_MAX: Final = 500
CONTEXT_CHARACTERS_MAX: Final = 4_000
NAME_CHARACTERS_MAX: Final = 1_000
OFFSET_MAX: Final = 1 << 31

_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)


class Kind(enum.StrEnum):
    """Where a question comes from."""

    ROW = "row"  # a row of a table, or a few words under a heading
    LEAD = "lead"  # the first sentence of an article, without its name
    CLOZE = "cloze"  # a sentence whose link is left out
    HIDDEN = "hidden"  # one of these, with its article kept back: nothing answers
    ALTERED = "altered"  # a row with another number in it: is it read, or remembered?
    HUMAN = "human"  # somebody asked it


@dataclass(frozen=True, slots=True)
class Item:
    """A question with its answers.

    Attributes:
        id: names it in its set, for ever.
        question: as it is asked.
        answers: each is accepted; none for a question that nothing answers.
        kind: where it comes from.
        unanswerable: whether saying that one does not know is the right answer.
        pack: ``namespace/name@commit`` that it was made from; "" when from none.
        article: path of the one that answers; "" when unknown.
        start: of the answering characters in that article.
        stop: the one after the last; 0 when unknown.
        context: what is shown instead of what is found: an altered row.
        before: what stood there before it was altered: said by who remembers.

    Raises:
        Malformed: a part is too long, or does not fit the others.
    """

    id: str
    question: str
    answers: tuple[str, ...]
    kind: Kind
    unanswerable: bool = False
    pack: str = ""
    article: str = ""
    start: int = 0
    stop: int = 0
    context: str = ""
    before: str = ""

    def __post_init__(self) -> None:
        if not _ID.fullmatch(self.id):
            raise Malformed("question", f"{self.id[:80]!r} is no id")
        where = f"question {self.id}"
        if not self.question.strip() or len(self.question) > QUESTION_CHARACTERS_MAX:
            raise Malformed(where, f"it has to have 1 to {QUESTION_CHARACTERS_MAX} characters")
        if bool(self.answers) == self.unanswerable:
            raise Malformed(where, "it has answers, or is unanswerable: one of the two")
        if len(self.answers) > ANSWERS_MAX:
            raise Malformed(where, f"it has more than {ANSWERS_MAX} answers")
        if not all(0 < len(each.strip()) <= ANSWER_CHARACTERS_MAX for each in self.answers):
            raise Malformed(where, f"an answer has 1 to {ANSWER_CHARACTERS_MAX} characters")
        if max(len(self.pack), len(self.article), len(self.before)) > NAME_CHARACTERS_MAX:
            raise Malformed(where, "a name in it is too long")
        if len(self.context) > CONTEXT_CHARACTERS_MAX:
            raise Malformed(where, f"its context has more than {CONTEXT_CHARACTERS_MAX} characters")
        if not 0 <= self.start <= self.stop <= OFFSET_MAX:
            raise Malformed(where, "its characters are none that an article has")

    def as_json(self) -> dict[str, Any]:
        """As a line of a set: always the same columns, so that it reads as a table."""
        return {
            "id": self.id,
            "question": self.question,
            "answers": list(self.answers),
            "kind": self.kind.value,
            "unanswerable": self.unanswerable,
            "pack": self.pack,
            "article": self.article,
            "start": self.start,
            "stop": self.stop,
            "context": self.context,
            "before": self.before,
        }


def new_id(question: str, context: str = "") -> str:
    """An id made of what is asked: the same question has the same one in every set."""
    return hashlib.sha256(f"{question}\0{context}".encode()).hexdigest()[:12]
