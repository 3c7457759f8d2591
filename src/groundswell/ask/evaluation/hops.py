"""Sets of questions that take two articles, made from a pack's link graph: what one article says
leads to another, which answers.

*fact*: "What is the area of the border countries of Portugal?", from a short passage that names one
to three others, and a fact of one of them. *meaning*: "Explain the thing that Gambit is a variant
of.", from the words before a link in a first sentence. In neither does the question name the
article that answers. The same pack and the same seed give the same set. Does not ask.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from typing import Final

from groundswell.ask.evaluation.making import Item, Kind
from groundswell.ask.packs.graphs import PackGraph
from groundswell.ask.packs.graphs.quoting import sentence_of
from groundswell.ask.packs.opened import FoundPassage, OpenPack
from groundswell.ask.retrieval.leads import first_sentence_of

TARGETS_MAX: Final = 3
PASSAGE_WORDS_MAX: Final = 40
_TRIES: Final = 40
_WORDS_BEFORE: Final = 6
_LABEL: Final = re.compile(r"<[^>]{1,80}>|\([^)]{1,80}\)|\[[^\]]{1,80}\]")
_PREPOSITION: Final = re.compile(r"\b(?:of|in|by|from|for|on|to|with|using|into|at)$")
_WORD: Final = re.compile(r"\w+")


def make_hop_set(pack: OpenPack, count: int, seed: int = 0) -> list[Item]:
    """Questions from all over a pack; fewer come of one that has not as many."""
    chooser = random.Random(seed)  # noqa: S311 (a sample, not a secret)
    found: dict[str, Item] = {}
    with pack.graph() as graph:
        for _ in range(count * _TRIES if graph.is_there and pack.passages else 0):
            if len(found) == count:
                break
            passage = pack.passage(chooser.randrange(pack.passages))
            items = [*_facts(pack, graph, passage, chooser), *_meanings(pack, graph, passage)]
            for item in items[:1]:
                found.setdefault(item.question, item)
    return list(found.values())


def _facts(
    pack: OpenPack, graph: PackGraph, passage: FoundPassage, chooser: random.Random
) -> Iterator[Item]:
    headings = passage.headings
    if len(headings) < 2 or len(_WORD.findall(passage.text)) > PASSAGE_WORDS_MAX:
        return
    edges = [each for each in graph.leaving(passage.article.path) if each.passage == passage.number]
    targets = sorted({edge.target for edge in edges})
    if not 0 < len(targets) <= TARGETS_MAX:
        return
    target = pack.article(chooser.choice(targets))
    numbers = pack.passages_of(target.path)
    answer = pack.passage(chooser.choice(numbers)) if numbers else passage
    keys = answer.headings
    is_short = len(_WORD.findall(answer.text)) <= PASSAGE_WORDS_MAX
    if len(keys) > 1 and is_short and _is_said(keys[-1]):
        label, about = headings[-1].lower(), passage.article.title
        asked = f"What is the {keys[-1].lower()} of the {label} of {about}?"
        yield _item(asked, target.path, answer.start, answer.stop, answer.text)


def _meanings(pack: OpenPack, graph: PackGraph, passage: FoundPassage) -> Iterator[Item]:
    article = passage.article
    lead = first_sentence_of(article)
    for edge in graph.leaving(article.path) if passage.start <= lead < passage.stop else ():
        start, _ = sentence_of(article, edge.start, edge.stop)
        said = _said_before(article.text[start : edge.start])
        target = pack.article(edge.target)
        names = (target.title, *target.aliases)
        if start != lead or not said or any(n.casefold() in said.casefold() for n in names):
            continue
        if target.title.casefold() in article.title.casefold() or first_sentence_of(target) < 0:
            continue
        asked = f"Explain the thing that {article.title} is {said}."
        first, last = sentence_of(target, first_sentence_of(target), first_sentence_of(target) + 1)
        yield _item(asked, target.path, first, last, target.text[first:last])
        return


def _said_before(text: str) -> str:
    """The words before a link, when they end as if something follows; "" otherwise."""
    bare = " ".join(_LABEL.sub(" ", text).split())
    words = bare.split()
    is_open = _PREPOSITION.search(bare) is not None and 2 < len(words) <= 3 * _WORDS_BEFORE
    return " ".join(words[-_WORDS_BEFORE:]).lower() if is_open else ""


def _is_said(key: str) -> bool:
    return 1 <= len(key) <= 80 and re.search(r"[^\W\d_]{3}", key) is not None


def _item(asked: str, path: str, start: int, stop: int, answer: str) -> Item:
    return Item(asked, Kind.DESCRIPTION, path, start, stop, answer)
