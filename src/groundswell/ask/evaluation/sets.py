"""Sets of questions for models, made from a pack: each with an answer that can be judged by rules.

Five kinds. *Row*: a value of a table, or a few words under a heading. *Lead*: the first sentence of
an article without its name; what is it of? *Cloze*: a sentence whose link is left out. *Hidden*:
one of these, to be asked with its article kept back. *Altered*: a row with another number in it,
shown as if it stood in the pack: whoever answers by what is written says the new one. The same pack
and the same seed give the same set. Does not ask.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

from groundswell.ask.evaluation import making
from groundswell.ask.packs.opened import FoundPassage, OpenPack
from groundswell.ask.sentences import sentences
from groundswell.core.errors import Malformed
from groundswell.wire.documents import Article, BlockKind
from groundswell.wire.questions import Item, Kind, new_id

COUNT: Final = 120
COUNT_MAX: Final = 5_000
# Of a set, as far as a pack has them.
_SHARES: Final = {
    Kind.ROW: 0.35,
    Kind.LEAD: 0.15,
    Kind.CLOZE: 0.15,
    Kind.HIDDEN: 0.2,
    Kind.ALTERED: 0.15,
}
_TRIES: Final = 60
_ANSWER_WORDS_MAX: Final = 12
_CLOZE_WORDS: Final = (8, 40)
GAP: Final = "_____"
# Written where there is nothing to say.
_NOTHING: Final = frozenset({"na", "n/a", "none", "-", "unknown"})

_NUMBER: Final = re.compile(r"\d[\d,.]*\d|\d")
_ASIDE: Final = re.compile(r"\s*[(\[][^()\[\]]{0,80}[)\]]")
_ROW: Final = re.compile(r".{1,200}? — [^:]{1,80}: (?P<value>.+)", re.DOTALL)

Make = Callable[[FoundPassage, random.Random], Iterator[Item]]


def make_items(pack: OpenPack, count: int = COUNT, seed: int = 0) -> list[Item]:
    """Questions from all over a pack.

    Args:
        pack: what they are made from.
        count: how many are wanted, at most COUNT_MAX; fewer come of a pack that has not as many.
        seed: another one gives other questions.
    """
    count = min(count, COUNT_MAX)
    making_of = _Making(pack, seed)
    making_of.take({kind: max(1, round(count * share)) for kind, share in _SHARES.items()})
    # What a pack has none of is made up for by what it has.
    kinds = {item.kind for item in making_of.found.values()}
    short = count - len(making_of.found)
    if kinds and short > 0:
        making_of.take(dict.fromkeys(sorted(kinds), -(-short // len(kinds))))
    return list(making_of.found.values())[:count]


class _Making:
    """Questions of a pack, as they are found."""

    def __init__(self, pack: OpenPack, seed: int) -> None:
        self._pack = pack
        self._chooser = random.Random(seed)  # noqa: S311 (a sample, not a secret)
        self._asked = set[str]()
        self.found: dict[str, Item] = {}

    def take(self, wanted: dict[Kind, int]) -> None:
        """So many of each kind, as far as they are found in bounded time."""
        tries = min(sum(wanted.values()) * _TRIES, 8 * self._pack.passages)
        for _ in range(tries):
            if not any(wanted.values()):
                return
            passage = self._pack.passage(self._chooser.randrange(self._pack.passages))
            for kind in sorted(wanted, key=lambda each: -wanted[each]):
                if wanted[kind] and self._add(next(_MAKERS[kind](passage, self._chooser), None)):
                    wanted[kind] -= 1
                    break

    def _add(self, item: Item | None) -> bool:
        # A question that was asked already, or whose id is taken, is not asked again.
        if item is None or item.question in self._asked or item.id in self.found:
            return False
        self.found[item.id] = item
        self._asked.add(item.question)
        return True


def _rows(passage: FoundPassage, chooser: random.Random) -> Iterator[Item]:
    for made in making.items_of(passage, chooser):
        if made.kind is making.Kind.FACT:
            row = _ROW.fullmatch(made.answer)
            value = (row["value"] if row else made.answer).strip()
            yield from _checked(passage, made, made.question, accepted(value), Kind.ROW)


def _leads(passage: FoundPassage, chooser: random.Random) -> Iterator[Item]:
    for made in making.items_of(passage, chooser):
        if made.kind is making.Kind.DESCRIPTION:
            article = passage.article
            asked = f"What is it: {made.question.removeprefix('What is ').rstrip('?')}?"
            names = (article.title, *article.aliases)
            yield from _checked(passage, made, asked, names, Kind.LEAD)


def _clozes(passage: FoundPassage, chooser: random.Random) -> Iterator[Item]:
    """A sentence whose link is left out: what was linked is what is asked for."""
    article = passage.article
    links = [each for each in article.links if passage.start <= each.start < passage.stop]
    chooser.shuffle(links)
    for link in links[:8]:
        name = article.text[link.start : link.stop]
        start, stop = _sentence_at(article, link.start)
        least, most = _CLOZE_WORDS
        text = f"{article.text[start : link.start]}{GAP}{article.text[link.stop : stop]}"
        # The word may stand in the rest of it.
        if name.casefold() in text.casefold() or not least <= len(text.split()) <= most:
            continue
        asked = f"Fill in the gap, about {article.title}: {text}"
        made = making.Item(
            asked, making.Kind.FACT, article.path, start, stop, article.text[start:stop]
        )
        yield from _checked(passage, made, asked, (name,), Kind.CLOZE)


def _sentence_at(article: Article, at: int) -> tuple[int, int]:
    for block in article.blocks:
        if block.start <= at < block.stop and block.kind is not BlockKind.CODE:
            for start, stop in sentences(article.text[block.start : block.stop]):
                if block.start + start <= at < block.start + stop:
                    return block.start + start, block.start + stop
    return at, at


def _hidden(passage: FoundPassage, chooser: random.Random) -> Iterator[Item]:
    for item in (*_rows(passage, chooser), *_leads(passage, chooser)):
        # By an id of its own: the same question may stand in the set with its source.
        told = new_id(item.question, "hidden")
        yield replace(item, id=told, answers=(), kind=Kind.HIDDEN, unanswerable=True)


def _altered(passage: FoundPassage, chooser: random.Random) -> Iterator[Item]:
    """A row with another number: as many digits, and none of them the first one's own."""
    for item in _rows(passage, chooser):
        value = item.answers[-1]
        number = _NUMBER.search(value)
        if number is None or number.start():
            continue
        other = _other_number(number[0], chooser)
        text = passage.article.text[item.start : item.stop]
        if text.count(number[0]) != 1:
            continue
        path = " > ".join(dict.fromkeys((passage.article.title, *passage.headings)))
        context = f"{path}: {text.replace(number[0], other)}"
        answer = value.replace(number[0], other)
        told = new_id(item.question, context)
        yield from _made(
            replace, item, id=told, answers=(answer,), kind=Kind.ALTERED, context=context,
            before=value,
        )  # fmt: skip


def _other_number(written: str, chooser: random.Random) -> str:
    """Digits that differ in each place but the last groups of noughts, so that it looks alike."""
    first = next(at for at, sign in enumerate(written) if sign.isdigit())
    digits = list(written)
    for at, sign in enumerate(digits):
        if sign.isdigit() and (at == first or sign != "0"):
            digits[at] = chooser.choice([each for each in "123456789" if each != sign])
    return "".join(digits)


def accepted(value: str) -> tuple[str, ...]:
    """What is accepted where a pack says this: all of it, and it without what stands in brackets.

    Nothing where it is too long to be judged by its words.
    """
    value = " ".join(value.split()).rstrip(".;,")
    short = _ASIDE.sub("", value).strip(" .;,")
    found = dict.fromkeys(each for each in (value, short) if each)
    is_said = short and short.casefold() not in _NOTHING
    if not is_said or len(short.split()) > _ANSWER_WORDS_MAX:
        return ()
    return tuple(found)


def _checked(
    passage: FoundPassage, made: making.Item, asked: str, answers: tuple[str, ...], kind: Kind
) -> Iterator[Item]:
    pack = passage.pack
    if answers:
        yield from _made(
            Item,
            id=new_id(asked),
            question=asked,
            answers=answers[:32],
            kind=kind,
            pack=f"{pack.name}@{pack.revision}",
            article=made.article,
            start=made.start,
            stop=made.stop,
        )


def _made(make: Callable[..., Item], *given: object, **said: object) -> Iterator[Item]:
    """One that fits the bounds of a set; nothing of a passage that does not."""
    try:
        yield make(*given, **said)
    except Malformed:
        return


_MAKERS: Final[dict[Kind, Make]] = {
    Kind.ROW: _rows,
    Kind.LEAD: _leads,
    Kind.CLOZE: _clozes,
    Kind.HIDDEN: _hidden,
    Kind.ALTERED: _altered,
}
