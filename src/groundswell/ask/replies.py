"""What the hub's doors ask of packs: with the reader's rights of this very question.

Knows the order: rights, then files, then words. Does not know protocols or pages.
"""

from __future__ import annotations

import contextlib
import posixpath
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol, Self

from groundswell.ask.answering import Asking, Event, Writer, answer
from groundswell.ask.library import Library, PackRef, whole
from groundswell.ask.packs.opened import OpenPack
from groundswell.ask.retrieval.question import QUESTION_CHARACTERS_MAX
from groundswell.ask.runtime import ModelRef, Piece, Runtime, Timing
from groundswell.core.errors import BadRequest, EntryNotFound, NotServed
from groundswell.core.values import Principal
from groundswell.wire.documents import Article

ABOUT_CHARACTERS_MAX: Final = 1_000
LOOKED_UP_MAX: Final = 40


class Closable(Protocol):
    """Something that any thread may end."""

    def close(self) -> None:
        """End it."""
        ...


class Reply:
    """The events of an answer as they come: an iterator that any thread may ``close``, which stops
    the model. ``model`` is what that is, down to its bytes, "" for none; ``packs`` are those that
    are asked, with their commits; ``timing`` is the model's, once it has ended.
    """

    def __init__(
        self,
        work: Callable[[Reply], Generator[Event, None, None]],
        packs: tuple[str, ...],
        model: str,
    ) -> None:
        self.packs = packs
        self.model = model
        self.timing: Timing | None = None
        self._is_closed = False
        self._asked: Closable | None = None
        self._events = work(self)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Event:
        event = None if self._is_closed else next(self._events)
        if event is None or self._is_closed:
            self._events.close()
            raise StopIteration
        return event

    def hold(self, asked: Closable) -> None:
        """Let ``close`` end this too."""
        self._asked = asked
        if self._is_closed:
            asked.close()

    def close(self) -> None:
        """End the answer. From any thread, and more than once."""
        self._is_closed = True
        asked = self._asked
        if asked is not None:
            asked.close()
        with contextlib.suppress(ValueError):  # another thread waits for its next event, and ends
            self._events.close()


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody asks of a hub.

    Attributes:
        asking: the question.
        packs: their names, perhaps with revisions; none for all that the asker may read.
        model: the name of one that may write after what was quoted; "" for none.
        longer: whether it may go on.
    """

    asking: Asking
    packs: tuple[str, ...] = ()
    model: str = ""
    longer: bool = False


def begin(library: Library, runtime: Runtime, principal: Principal, wish: Wish) -> Reply:
    """The reply to a wish; rights are decided here, and its events come as they are taken.

    Raises:
        RepoNotFound, RevisionNotFound, GatedRepo, DisabledRepo, Unauthenticated: as for a file; of
            a pack or of the model.
        BadRequest: the question is too long; there is no pack; what is named is none, or no model
            that writes.
        NotServed, Unavailable: no model runs here, or not this one now.
        Others come out of the iterator: as of `replied`.
    """
    check_asking(wish.asking)
    refs = library.find_all(principal, wish.packs)
    asking = replace(wish.asking, corrections=library.corrections(principal))
    model = _model(runtime, principal, wish.model) if wish.model else None

    def work(reply: Reply) -> Generator[Event, None, None]:
        writer = None
        if model is not None:
            writer = writer_of(runtime, model, longer=wish.longer, reply=reply)
        return _events(library, refs, asking, writer)

    packs = tuple(f"{ref.name}@{ref.commit}" for ref in refs)
    return Reply(work, packs, "" if model is None else model.name)


def _model(runtime: Runtime, principal: Principal, name: str) -> ModelRef:
    model = runtime.models.find(principal, name)
    if not model.facts.writes_text:
        raise BadRequest(f"{name} reads texts and writes none.")
    if model.remote is None and not runtime.is_installed:
        raise NotServed("Running models needs some packages more: pip install 'groundswell[ask]'")
    return model


def _events(
    library: Library, refs: Sequence[PackRef], asking: Asking, writer: Writer | None
) -> Generator[Event, None, None]:
    named = ", ".join(ref.name for ref in refs)
    with library.shelf(refs) as (shelf, calibrations), whole(named):
        yield from answer(shelf, calibrations, asking, writer)


def writer_of(
    runtime: Runtime, model: ModelRef, *, longer: bool, reply: Reply | None = None
) -> Writer:
    """A model that writes, and stops when the reply that it writes for is closed."""

    def write(
        messages: Sequence[dict[str, str]], grammar: str, tokens: int
    ) -> Generator[Piece, None, None]:
        with runtime.complete(model, messages, grammar=grammar, max_tokens=tokens) as pieces:
            if reply is not None:
                reply.hold(pieces)
            for piece in pieces:
                if reply is not None:
                    reply.timing = piece.timing
                yield piece

    engine = runtime.engine if model.remote is None else "another server"
    settings = {"temperature": 0.0, "context_tokens": model.context_tokens}
    return Writer(model.name, write, longer, model.content, engine, settings)


def check_asking(asking: Asking) -> None:
    """Refuse what no question is.

    Raises:
        BadRequest: it is empty or too long, or its subject is.
    """
    if not asking.question.strip():
        raise BadRequest("There is no question.")
    if len(asking.question) > QUESTION_CHARACTERS_MAX:
        count = len(asking.question)
        msg = f"A question may have {QUESTION_CHARACTERS_MAX} characters, and this has {count}."
        raise BadRequest(msg)
    if len(asking.about) > ABOUT_CHARACTERS_MAX:
        raise BadRequest(f"What it is about may have {ABOUT_CHARACTERS_MAX} characters.")


def replied(
    library: Library, principal: Principal, names: Sequence[str], asking: Asking
) -> list[Event]:
    """All events of an answer without a model.

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
    check_asking(asking)
    refs = library.find_all(principal, names)
    asking = replace(asking, corrections=library.corrections(principal))
    return list(_events(library, refs, asking, None))


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
