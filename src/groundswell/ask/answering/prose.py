"""Prose from picked sentences: a model writes, its citations are forced, what it says is checked.

The model sees numbered sentences and the question, nothing else; a grammar leaves it no citation
but theirs, or to say that they do not answer. What it writes beyond them is dropped by `grounding`.
Does not know which sentences are good: they were picked before it was asked.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Final, Protocol

from groundswell.ask.answering.grounding import (
    Analyse,
    Grounding,
    Support,
    ground_sentence,
    is_value,
)
from groundswell.ask.answering.quotes import Quote
from groundswell.ask.sentences import sentences

SENTENCES_MAX: Final = 4
SOURCES_MAX: Final = 4
SOURCE_CHARACTERS_MAX: Final = 600
TOKENS_MAX: Final = 160
LONGER_TOKENS_MAX: Final = 480
LONGER_SENTENCES_MAX: Final = 10
NOT_THERE: Final = "NOT-IN-SOURCES"

_LINE: Final = re.compile(r"\s*(?P<text>.*?)\s*(?P<cites>(?:\[S\d{1,2}\]\s*)+)$", re.DOTALL)
_CITE: Final = re.compile(r"\[(S\d{1,2})\]")
_SYSTEM: Final = (
    "You answer questions from numbered sentences. Use only what they say. Write one or two short"
    " sentences, each followed by the number of the sentence it is from, like [S1]. If they do not"
    f" answer the question, write {NOT_THERE}."
)


class Piece(Protocol):
    """A piece of what a model writes."""

    @property
    def text(self) -> str:
        """Its characters."""
        ...


# Messages, a grammar and a number of tokens to the pieces that a model writes.
Write = Callable[[Sequence[dict[str, str]], str, int], Generator[Piece, None, None]]


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of prose that was checked.

    Attributes:
        text: what was written, without marks.
        cites: ids of the quotes that it is from.
        grounding: how far it stands in them.
    """

    text: str
    cites: tuple[str, ...]
    grounding: Grounding

    @property
    def is_shown(self) -> bool:
        """Dropped ones are counted and not shown."""
        return self.grounding.support is not Support.DROPPED

    def as_json(self) -> dict[str, Any]:
        """For answers and receipts."""
        return {
            "text": self.text,
            "cites": list(self.cites),
            "support": self.grounding.support.value,
            "missing": list(self.grounding.missing),
        }


@dataclass(frozen=True, slots=True)
class Prompt:
    """All that a model is told, what it may write, and how much.

    Attributes:
        messages: in OpenAI's form.
        grammar: in GBNF.
        tokens_max: how long it may write.
        sources: the quotes that it may use, by their ids.
    """

    messages: list[dict[str, str]]
    grammar: str
    tokens_max: int
    sources: dict[str, Quote]

    @property
    def sha256(self) -> str:
        """Of messages and grammar: whoever has the packs can make both again."""
        told = json.dumps([self.messages, self.grammar], ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()


def prompt_of(question: str, quotes: Sequence[Quote], *, longer: bool = False) -> Prompt:
    """What a model is asked.

    Args:
        question: as it was asked.
        quotes: that it may use, the best first; at most SOURCES_MAX are.
        longer: whether it may go on.
    """
    sources = {quote.id: quote for quote in quotes[:SOURCES_MAX]}
    limits = (LONGER_SENTENCES_MAX, LONGER_TOKENS_MAX) if longer else (SENTENCES_MAX, TOKENS_MAX)
    told = messages_of(question, sources)
    return Prompt(told, grammar_of(sources, limits[0]), limits[1], sources)


def write_prose(prompt: Prompt, write: Write, analyse: Analyse) -> Generator[Sentence, None, None]:
    """Checked sentences, each as soon as it is written; nothing when the model says that the quotes
    do not answer.

    Args:
        prompt: what the model is asked.
        write: asks it.
        analyse: the words of a text as the index holds them.
    """
    written = write(prompt.messages, prompt.grammar, prompt.tokens_max)
    with closing(written):  # whoever leaves here stops the model
        yield from _grounded(_lines(written), prompt.sources, analyse)


def _grounded(
    lines: Iterator[str], sources: dict[str, Quote], analyse: Analyse
) -> Iterator[Sentence]:
    seen: set[str] = set()
    for line in lines:
        found = _LINE.fullmatch(line)
        if found is None or not found["text"]:
            continue  # "not in sources", or what the length cut off
        cites = tuple(dict.fromkeys(_CITE.findall(found["cites"])))
        quotes = [sources[each] for each in cites if each in sources]
        cited = [_as_source(quote) for quote in quotes]
        quoted = [quote.text for quote in quotes]
        labels = _labels(quotes)
        # Small models copy how their sources are listed; a value says nothing without its label.
        said = found["text"] if labels else _without_about(found["text"], quotes)
        for start, stop in sentences(said):
            text = said[start:stop]
            if text.casefold() not in seen:  # small models say things twice
                seen.add(text.casefold())
                yield Sentence(text, cites, ground_sentence(text, cited, analyse, quoted, labels))


def _labels(quotes: Sequence[Quote]) -> list[str]:
    """What the quotes are values of, where they are nothing but values under headings."""
    are_values = all(quote.headings and is_value(quote.text) for quote in quotes)
    return [quote.headings[-1] for quote in quotes] if are_values else []


def messages_of(question: str, sources: dict[str, Quote]) -> list[dict[str, str]]:
    """What a model is told. What is the same for every question stands first."""
    listed = "\n".join(f"[{key}] {_as_source(quote)}" for key, quote in sources.items())
    return [
        {"role": "system", "content": _SYSTEM},
        {"role": "user", "content": f"{listed}\n\nQuestion: {question}"},
    ]


def grammar_of(sources: dict[str, Quote], sentences_max: int) -> str:
    """GBNF: lines that end with citations of these sources, or NOT-IN-SOURCES."""
    cites = " | ".join(f'"[{key}]"' for key in sources)
    return (
        f'root ::= "{NOT_THERE}" | line{{1,{sentences_max}}}\n'
        'line ::= text " " cite{1,2} "\\n"\n'
        # Not "S2: …": small models copy how their sources are listed.
        'text ::= ([A-RT-Z0-9"\'(] | "S" [^0-9\\n\\[\\]]) [^\\n\\[\\]]{2,300} [.!?]\n'
        f"cite ::= {cites}\n"
    )


def _about(quote: Quote) -> str:
    return " - ".join(dict.fromkeys((quote.title, *quote.headings[-2:]))) + ": "


def _without_about(text: str, quotes: Sequence[Quote]) -> str:
    return next(
        (text.removeprefix(each) for each in map(_about, quotes) if text.startswith(each)), text
    )


def _as_source(quote: Quote) -> str:
    """A quote with what it is about: without its title a fact says nothing."""
    text = " ".join(quote.text.split())[:SOURCE_CHARACTERS_MAX]
    return text if quote.title.casefold() in text.casefold() else f"{_about(quote)}{text}"


def _lines(pieces: Iterator[Piece]) -> Iterator[str]:
    left = ""
    for piece in pieces:
        left += piece.text
        *whole, left = left.split("\n")
        yield from whole
    yield left
