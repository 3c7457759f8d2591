"""The card of a set of questions: what people and lists of repositories are told of it.

Knows the front matter that makes it a dataset with a table. Does not know results.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

import yaml

from groundswell.wire.questions import QUESTIONS, TAG, Item, Kind, SetManifest

CARD: Final = "README.md"
_START: Final = "<!-- questions -->"
_END: Final = "<!-- end of questions -->"
_WORDS: Final = {
    Kind.ROW: "the value of a table's row, or of a heading",
    Kind.LEAD: "what is described, by its first sentence",
    Kind.CLOZE: "a word left out of a sentence",
    Kind.HIDDEN: "not in the sources: the answer is not to answer",
    Kind.ALTERED: "a changed number: is what is written read, or something else remembered?",
    Kind.HUMAN: "asked by people",
}


def card_of(manifest: SetManifest, items: Sequence[Item]) -> str:
    """The card of a set without results."""
    front: dict[str, Any] = {
        "tags": [TAG],
        "task_categories": ["question-answering"],
        "configs": [{"config_name": "default", "data_files": QUESTIONS}],
    }
    if manifest.language:
        front["language"] = [manifest.language]
    if manifest.licence:
        front["license"] = manifest.licence.lower()
    lines = [
        f"---\n{yaml.safe_dump(front, allow_unicode=True, sort_keys=False)}---",
        f"# {' '.join(manifest.title.split()) or 'Questions'}",
        _counted(manifest, items),
    ]
    return "\n\n".join(lines) + "\n"


def with_counts(card: str, manifest: SetManifest, items: Sequence[Item]) -> str:
    """A card that people may have changed, with what it says of the questions brought up to date.

    Where they took that away, nothing is changed.
    """
    before, start, rest = card.partition(_START)
    _, end, after = rest.partition(_END)
    return f"{before}{_counted(manifest, items)}{after}" if start and end else card


def _counted(manifest: SetManifest, items: Sequence[Item]) -> str:
    counts = Counter(item.kind for item in items)
    questions = "question" if len(items) == 1 else "questions"
    lines = [_START, f"{len(items)} {questions} with the answers that are accepted."]
    if manifest.packs:
        names = ", ".join(f"`{each}`" for each in manifest.packs)
        lines.append(f"They can be answered from {names}.")
    rows = [f"| {_WORDS[kind]} | {count} |" for kind, count in sorted(counts.items())]
    lines.append("\n".join(["| kind | questions |", "|---|---|", *rows]))
    return "\n\n".join([*lines, _END])
