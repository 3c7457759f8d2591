"""What a question takes over from the one before it: its subject, by rules and no model.

Does not know packs: the subject is the title of what the question before was answered from.
"""

from __future__ import annotations

import re
from typing import Final

CONTEXT_CHARACTERS_MAX: Final = 200

_BACK: Final = re.compile(
    r"\b(?:it|its|he|she|they|them|his|her|their|er|sie|es|il|elle)\b"
    # Words that point: "how old is that?", and not "a river that flows".
    r"|(?<=\b(?:is|of|in|on|at|to|by|do)\s)(?:this|that|these|those|there)\b"
    r"|(?<=\b(?:are|was|did|for)\s)(?:this|that|these|those)\b"
    r"|(?<=\b(?:were|does|from|with)\s)(?:this|that|these|those)\b"
    r"|\bthere(?=\s*\??$)",
    re.IGNORECASE,
)
_FURTHER_QUESTION: Final = re.compile(
    r"\s*(?:and|what about|how about|und|et|y)\b[\s,]*(?P<rest>.*)", re.IGNORECASE
)
# German writes every noun as a name.
_GERMAN: Final = frozenset({"er", "sie", "es"})
# A name in the middle of a question; its first word has a capital whatever it is.
_NAME: Final = re.compile(r"(?<=[\w,] )[A-ZÀ-ÖØ-Þ][\w'’-]+")  # noqa: RUF001


def with_context(question: str, about: str) -> str:
    """A question with what it leaves out: the subject of the one before it.

    A pronoun stands for the subject, unless the question names something of its own before it; "and
    the area?" asks it of the same. Else the question stands as it is.
    """
    if not about:
        return question
    further = _FURTHER_QUESTION.fullmatch(question)
    text = further["rest"] if further else question
    about = about[:CONTEXT_CHARACTERS_MAX]
    if about.casefold() in text.casefold():
        return question
    back = _BACK.search(text)
    if back is not None:
        if back[0].casefold() not in _GERMAN and _NAME.search(text, 0, back.start()):
            return question
        place = f"in {about}" if back[0].casefold() == "there" else about
        return f"{text[: back.start()]}{place}{text[back.end() :]}"
    if further and not re.search(r"\b[A-ZÀ-Þ0-9]", text):
        return f"{text.rstrip(' ?')} of {about}?"
    return question
