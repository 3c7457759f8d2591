"""What the hub's doors ask of packs: with the reader's rights of this very question.

Knows the order: rights, then files, then words. Does not know protocols or pages.
"""

from __future__ import annotations

import contextlib
import posixpath
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from groundswell.ask.answering import Asking, Event, answer
from groundswell.ask.library import Library, whole
from groundswell.ask.packs.opened import OpenPack
from groundswell.ask.retrieval.question import QUESTION_CHARACTERS_MAX
from groundswell.core.errors import BadRequest, EntryNotFound
from groundswell.core.values import Principal
from groundswell.wire.documents import Article

ABOUT_CHARACTERS_MAX: Final = 1_000
LOOKED_UP_MAX: Final = 40


def replied(
    library: Library, principal: Principal, names: Sequence[str], asking: Asking
) -> list[Event]:
    """All events of an answer.

    Args:
        library: the hub's packs.
        principal: who asks; each pack is looked up for them.
        names: of packs, perhaps with revisions; none for all that they may read.
        asking: the question.

    Raises:
        RepoNotFound, RevisionNotFound, GatedRepo, DisabledRepo, Unauthenticated: as for a file.
        BadRequest: the question is none, or too long; a repository is no pack, or a broken one;
            there is none.
    """
    if len(asking.question) > QUESTION_CHARACTERS_MAX:
        count = len(asking.question)
        msg = f"A question may have {QUESTION_CHARACTERS_MAX} characters, and this has {count}."
        raise BadRequest(msg)
    if len(asking.about) > ABOUT_CHARACTERS_MAX:
        raise BadRequest(f"What it is about may have {ABOUT_CHARACTERS_MAX} characters.")
    refs = library.find_all(principal, names)
    named = ", ".join(ref.name for ref in refs)
    with library.shelf(refs) as (shelf, calibrations), whole(named):
        return list(answer(shelf, calibrations, asking))


@contextlib.contextmanager
def opened_article(
    library: Library, principal: Principal, name: str, path: str
) -> Iterator[tuple[OpenPack, Article]]:
    """An article for a reader, with its pack.

    Raises:
        EntryNotFound: the pack has none of this path. Others as for `replied`.
    """
    ref = library.find(principal, name)
    with library.opened(ref) as pack, whole(ref.name):
        yield pack, pack.article(path)


def places_of(pack: OpenPack, path: str, targets: Iterable[str]) -> dict[str, str]:
    """Which articles of the pack the targets of an article's links are, as far as it has them.

    Looks at LOOKED_UP_MAX of them at most: each may cost a piece of the pack's text.
    """
    found: dict[str, str] = {}
    for target in list(dict.fromkeys(targets))[:LOOKED_UP_MAX]:
        place = posixpath.normpath(posixpath.join("/", posixpath.dirname(path), target)).lstrip("/")
        if "://" in target or not place:
            continue
        for each in (place, f"{place}.md"):  # notes name one another without the ending
            with contextlib.suppress(EntryNotFound):
                pack.article(each)
                found[target] = each
                break
    return found
