"""What comes of a question, one thing after the other: values, and their form as JSON.

Knows no order and makes none of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from groundswell.ask.answering.conflicts import Conflict
from groundswell.ask.answering.prose import Sentence
from groundswell.ask.answering.quotes import Quote
from groundswell.ask.graphs.values import ShownEdge


@dataclass(frozen=True, slots=True)
class Plan:
    """What was understood, and where it is looked for. ``carried`` is the subject that the question
    took over from the one before it, "" when it stands alone.
    """

    asked: str
    kind: str
    words: tuple[str, ...]
    packs: tuple[str, ...]
    passages: int
    carried: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """The best sentences, whether or not they are good enough."""

    quotes: tuple[Quote, ...]


@dataclass(frozen=True, slots=True)
class Extract:
    """A sentence that answers."""

    quote: Quote


@dataclass(frozen=True, slots=True)
class Abstain:
    """The packs do not say it, as far as can be told.

    Attributes:
        why: in words for people.
        nearest: what comes next to it.
        probability: that the first of them answers all the same.
        threshold: what it would have had to be.
    """

    why: str
    nearest: tuple[Quote, ...]
    probability: float
    threshold: float


@dataclass(frozen=True, slots=True)
class Connections:
    """What connects the answer's article with others: edges, each with its sentence."""

    edges: tuple[ShownEdge, ...]

    def as_json(self) -> dict[str, Any]:
        """For answers."""
        return {"edges": [edge.as_json() for edge in self.edges]}


@dataclass(frozen=True, slots=True)
class Writing:
    """A model is asked now. All that needs none was told before."""

    model: str


@dataclass(frozen=True, slots=True)
class Unfinished:
    """The model ended before its prose did. What was shown by then stays true.

    Attributes:
        why: in words for people.
        code: of the error, as the registry has it.
    """

    why: str
    code: str


@dataclass(frozen=True, slots=True)
class Done:
    """The end, with a receipt: all that it takes to check the answer without trust.

    ``sentences`` counts those that a model wrote by their support; None when none was asked.
    """

    receipt: dict[str, Any] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    sentences: dict[str, int] | None = None


Event = (
    Plan
    | Evidence
    | Extract
    | Connections
    | Conflict
    | Writing
    | Sentence
    | Unfinished
    | Abstain
    | Done
)


def told(sentences: Mapping[str, int]) -> str:
    """How many of a model's sentences are held by what they cite, in words."""
    count = sum(sentences.values())
    if not count:
        return "The model wrote no sentence of the quotes"
    held = sentences["quoted"] + sentences["supported"]
    words = f"{held} of {count} sentences supported"
    dropped = sentences["dropped"]
    if dropped == count:
        return "Nothing that the model wrote stands in the quotes, so none of it is shown"
    return f"{words}; {dropped} not shown" if dropped else words


def as_json_event(event: Event) -> dict[str, Any]:
    """An event as a line of JSON, or of a stream: ``event`` says which."""
    return {"event": type(event).__name__.lower(), **_fields(event)}


def _fields(event: Event) -> dict[str, Any]:
    match event:
        case Plan():
            value = {"asked": event.asked, "carried": event.carried, "kind": event.kind}
            return {**value, "packs": list(event.packs), "passages": event.passages}
        case Evidence():
            return {"quotes": [each.as_json() for each in event.quotes]}
        case Extract():
            return event.quote.as_json()
        case Sentence() | Conflict() | Connections():
            return event.as_json()
        case Writing():
            return {"model": event.model}
        case Unfinished():
            return {"why": event.why, "code": event.code}
        case Abstain():
            nearest = [each.as_json() for each in event.nearest]
            sure = {"p": round(event.probability, 3), "threshold": event.threshold}
            return {"why": event.why, "nearest": nearest, **sure}
        case Done():
            milliseconds = {name: round(1e3 * each, 1) for name, each in event.seconds.items()}
            counted = {"sentences": event.sentences, "milliseconds": milliseconds}
            return {"receipt": event.receipt, **counted}
