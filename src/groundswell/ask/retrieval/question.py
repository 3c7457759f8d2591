"""A question, read: what it asks for, by which words, and which of them are names.

Rules and short lists for a few languages; no model. Does not know packs.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from groundswell.core.errors import BadRequest

QUESTION_CHARACTERS_MAX: Final = 2_000
WORDS_MAX: Final = 64
# So few words without a question mark may be a name alone.
BARE_WORDS_MAX: Final = 6


class AnswerKind(enum.StrEnum):
    """What an answer has to hold."""

    PERSON = "person"
    NUMBER = "number"
    DATE = "date"
    PLACE = "place"
    MEANING = "meaning"  # of a word or name: its article's first sentence says it
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Question:
    """A question, read.

    Attributes:
        text: as it was asked, its white space single spaces.
        kind: what an answer has to hold.
        words: that it is about, as an index holds them, each once.
        names: runs of it that are written as names, numbers or in quotes, as it has them.
        about: the word or name whose meaning is asked for; "" when it asks for something else.
    """

    text: str
    kind: AnswerKind
    words: tuple[str, ...]
    names: tuple[str, ...]
    about: str = ""


# Words that questions are made with, and that say nothing of what is asked.
_FUNCTION_LISTED: Final = (
    # English
    "a an the this that these those of in on at to for from by with about into over under as "
    "is are was were be been being am do does did done have has had having will would shall "
    "should can could may might must what which who whom whose when where why how it its "
    "they them their he him his she her we us our you your i me my and or not no so if than "
    "then there here any some all tell say explain describe define name give please "
    "mean means meant meaning stand stands called many much "
    # German
    "der die das den dem des ein eine einen einem einer eines und oder nicht ist sind war "
    "waren wird werden wurde wurden hat haben hatte was wer wen wem wessen wann wo warum "
    "wieso wie viel viele welche welcher welches von vom zu zum zur mit auf für über unter "
    "an am im aus bei nach es sie er wir ihr ich man bitte heißt bedeutet "
    # French
    "le la les un une des du de et ou ne pas est sont était étaient quel quelle quels quelles "
    "qui que quoi quand où pourquoi comment combien dans sur sous par pour avec aux au ce "
    "cette ces il elle ils elles on nous vous signifie "
    # Spanish
    "el los las una unos unas del y o es son fue fueron era cuál cuáles qué quién quiénes "
    "cuándo dónde cómo cuánto cuántos cuántas cuánta en con por para su sus se lo significa"
)
_FUNCTION: Final = frozenset(_FUNCTION_LISTED.split())
# What people begin with who ask politely. What they ask begins behind it.
_OPENINGS: Final = re.compile(
    r"(?:(?:hi|hello|hey|please|bitte)[,!.]? +"
    r"|i(?: would|['’]d)? (?:like|love|want|need|wish) to (?:know|learn|hear|find out|ask)"  # noqa: RUF001
    r"(?: about)?,? +"
    r"|i(?: am|['’]m| was)? (?:wonder|wondering|curious|looking for|interested in|asking),? +"  # noqa: RUF001
    r"|(?:(?:can|could|would|will) you )?(?:please )?(?:let me know|(?:tell|show|give) (?:me|us))"
    r"(?: please)?(?: about)?,? +"
    r"|(?:do|does|would) (?:you|anyone|anybody|someone) (?:happen to )?know,? +"
    r"|ich (?:möchte|würde|will|wüsste)(?: gerne?)? (?:wissen, +|(?=wie|was|wer|wo|wann))"
    r"|(?:kannst du|können sie) mir (?:bitte )?sagen,? +"
    r"|je (?:voudrais|veux|souhaite) savoir +|(?:quiero|quisiera|me gustaría) saber +)+",
    re.IGNORECASE,
)
_KINDS: Final = (
    (AnswerKind.PERSON, r"who|whom|whose|wer|wen|wem|wessen|qui|quién|quiénes"),
    (AnswerKind.DATE, r"when|(?:in )?(?:what|which) (?:year|date|month|day|century|decade)"),
    (AnswerKind.DATE, r"wann|quand|cuándo|(?:en )?quelle année|in welchem jahr"),
    (
        AnswerKind.NUMBER,
        r"how (?:many|much|old|tall|high|long|far|large|big|deep|wide|heavy|fast|often)",
    ),
    (AnswerKind.NUMBER, r"wie ?viele?|combien|cuánt[oa]s?"),
    (
        AnswerKind.PLACE,
        r"where|(?:in )?(?:what|which) (?:country|city|place|continent)|wo|où|dónde",
    ),
)
_KIND: Final = [(kind, re.compile(rf"(?:{form})\b", re.IGNORECASE)) for kind, form in _KINDS]
_MEANING: Final = re.compile(
    r"(?:what|who)(?: is| are| was| were|'s|’s)(?: an?| the)? (?P<a>[^?]{1,80})\??"  # noqa: RUF001
    r"|what (?:does|do|did)(?: an?| the)? (?P<b>[^?]{1,80}?) (?:mean|stand for|do)\??"
    r"|(?:define|explain)(?: an?| the)? (?P<c>[^?]{1,80})\??"
    r"|(?:was|wer) (?:ist|sind|war)(?: ein| eine| der| die| das)? (?P<d>[^?]{1,80})\??",
    re.IGNORECASE,
)
# Words that ask for one thing of another: "the capital of France" is no name.
_RELATION: Final = re.compile(
    r"\b(?:of|in|from|by|for|with|de|du|des|del|von|vom)\b", re.IGNORECASE
)
_NAME: Final = re.compile(
    r"[\"“„«](?P<quoted>[^\"”“»]{1,80})[\"”“»]"
    r"|(?P<name>(?:[A-ZÀ-ÖØ-Þ0-9][\w'’.+#-]*)(?:[ -](?:of |the |de |von |van )?"  # noqa: RUF001
    r"[A-ZÀ-ÖØ-Þ0-9][\w'’.+#-]*)*)",  # noqa: RUF001
)
_WORD: Final = re.compile(r"[\w'’+#.-]*\w[+#]*")  # noqa: RUF001


def read_question(text: str, analyse: Callable[[str], list[str]]) -> Question:
    """Read a question.

    Args:
        text: as it was asked.
        analyse: the words of a text as the index holds them.

    Raises:
        BadRequest: it is empty, or longer than QUESTION_CHARACTERS_MAX.
    """
    text = " ".join(text.split())
    if not text:
        raise BadRequest("There is no question.")
    if len(text) > QUESTION_CHARACTERS_MAX:
        msg = f"A question may have {QUESTION_CHARACTERS_MAX} characters, and this has {len(text)}."
        raise BadRequest(msg)
    asked = _beginning(text)
    words = analyse(" ".join(content_words(text))) or analyse(text)
    kind, about = _kind(asked, is_bare=asked is text)
    return Question(text, kind, tuple(dict.fromkeys(words))[:WORDS_MAX], names_in(text), about)


def content_words(text: str) -> list[str]:
    """The words of a question but those that questions are made with."""
    return [word for word in _WORD.findall(_beginning(text)) if word.lower() not in _FUNCTION]


def _beginning(text: str) -> str:
    """The question from where it begins to ask; the same text where nothing polite is before it."""
    opening = _OPENINGS.match(text)
    return text[opening.end() :] if opening and opening.end() < len(text) else text


def _kind(text: str, *, is_bare: bool) -> tuple[AnswerKind, str]:
    """What is asked for, and of what a meaning is; ``is_bare`` when nothing leads to it."""
    meaning = _MEANING.fullmatch(text)
    if meaning is not None:
        about = next(filter(None, meaning.groups()))
        if not _RELATION.search(about):
            return AnswerKind.MEANING, about.strip(" '\"“”")
    for kind, form in _KIND:
        if form.match(text):
            return kind, ""
    is_word = is_bare or not _RELATION.search(text)
    if is_word and not text.endswith("?") and len(text.split()) <= BARE_WORDS_MAX:
        return AnswerKind.MEANING, text
    # "The capital of which country …" asks for it in the middle.
    for kind, form in _KIND:
        if kind in {AnswerKind.NUMBER, AnswerKind.DATE} and form.search(text):
            return kind, ""
    return AnswerKind.OTHER, ""


def names_in(text: str) -> tuple[str, ...]:
    """Runs of a text that are written as names, numbers or in quotes, each once."""
    names = []
    for found in _NAME.finditer(text):
        name = (found["quoted"] or found["name"]).strip(" .'’")  # noqa: RUF001
        # The first word of a question begins with a capital whatever it is.
        if found.start() == 0 and name.partition(" ")[0].lower() in _FUNCTION:
            name = name.partition(" ")[2]
        if name and name.lower() not in _FUNCTION:
            names.append(name)
    return tuple(dict.fromkeys(names))
