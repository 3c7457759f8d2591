"""How high, how heavy, how far: what is asked by a word that an answer seldom holds.

"How high is Mount Kenya?" is answered by "It rises 5,199 metres above the sea", in which nothing is
high. Knows such words of English, and the units in which they are told. Does not search.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_METRES: Final = r"m|met(?:re|er)s?|ft|f(?:oo|ee)t"
_SMALL: Final = r"cm|mm|centimet(?:re|er)s?|millimet(?:re|er)s?|in|inch(?:es)?"
_WAYS: Final = r"km|kilomet(?:re|er)s?|mi|miles?|nmi|nautical miles?|light[- ]years?"
_WEIGHTS: Final = (
    r"t|kg|g|mg|kilograms?|kilos?|grams?|milligrams?|tons?|tonnes?|lbs?|pounds?|ounces?"
)
_SPEEDS: Final = (
    r"km/h|kph|mph|m/s|knots?|(?:kilomet(?:re|er)s?|met(?:re|er)s?|miles?|feet) (?:per|an|a) "
    r"(?:hour|second|minute)"
)
_TIMES: Final = r"s|h|seconds?|minutes?|hours?|days?|weeks?|months?|years?|centur(?:y|ies)"
_HEAT: Final = r"°(?: ?[CF])?|K|degrees?|kelvins?"
# By the word that asks: the units, and the words one of which tells that it is this measure.
_ASKED: Final = {
    "high": (_METRES, r"ris(?:es?|ing)|tall|height|elevation|altitude|above|stands?|peak|summit"),
    "tall": (f"{_METRES}|{_SMALL}", r"ris(?:es?|ing)|high|height|stands?|grows?|above"),
    "deep": (f"{_METRES}|{_SMALL}", r"depths?|below|beneath|bottom|down"),
    "wide": (f"{_METRES}|{_SMALL}|{_WAYS}", r"widths?|breadth|broad|across|diameter"),
    "thick": (f"{_METRES}|{_SMALL}", r"thickness|diameter"),
    "long": (
        f"{_METRES}|{_SMALL}|{_WAYS}|{_TIMES}",
        r"lengths?|lasts?|lasted|takes?|took|stretch(?:es|ed)?|runs?|flows?|duration|for",
    ),
    "far": (f"{_WAYS}|{_METRES}", r"distances?|away|from|off"),
    "heavy": (_WEIGHTS, r"weigh(?:s|ed|t|ts|ing)?|mass"),
    "fast": (_SPEEDS, r"speeds?|velocity|runs?|flies|swims?|moves?|travels?|reach(?:es)?|at"),
    "hot": (_HEAT, r"temperatures?|heat|melts?|boils?|reach(?:es)?"),
    "cold": (_HEAT, r"temperatures?|freez(?:es|ing)|reach(?:es)?|falls?|below"),
}
_HOW: Final = re.compile(rf"\bhow ({'|'.join(_ASKED)})\b", re.IGNORECASE)
_TOLD: Final = {
    word: re.compile(rf"\d\s?-?(?:{units})(?!\w)", re.IGNORECASE)
    for word, (units, _) in _ASKED.items()
}
_SIGNS: Final = {
    word: re.compile(rf"\b(?:{signs})\b", re.IGNORECASE) for word, (_, signs) in _ASKED.items()
}
# A row of a table says it in its key, with or without the unit: "depth in metres: 21".
_ROWS: Final = {
    word: re.compile(rf"\b(?:{signs})\b[^:.]{{0,40}}: ?\d", re.IGNORECASE)
    for word, (_, signs) in _ASKED.items()
}


@dataclass(frozen=True, slots=True)
class Measure:
    """What is asked for, by the word that asks for it."""

    word: str

    def is_in(self, text: str) -> bool:
        """Whether the text holds a number in one of its units and a word of that measure, or is a
        row of it.
        """
        text = text.replace("_", " ")  # as columns are named
        told = _TOLD[self.word].search(text) and _SIGNS[self.word].search(text)
        return bool(told or _ROWS[self.word].search(text))


def measure_of(question: str) -> Measure | None:
    """The measure that a question asks for."""
    found = _HOW.search(question)
    return None if found is None else Measure(found[1].lower())
