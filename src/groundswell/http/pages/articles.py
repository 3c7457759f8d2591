"""An article of a pack, by its blocks, with the characters that a citation names marked.

Long articles are shown around what is quoted. Everything in them was written by somebody: it is
text, and nothing of it is markup here.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import groupby, pairwise
from typing import TYPE_CHECKING, Final

from starlette.requests import Request
from starlette.responses import Response

from groundswell.core.errors import NotServed
from groundswell.core.policy import Action
from groundswell.http.answers import apart
from groundswell.http.auth import principal_of
from groundswell.http.pages.asking import NOT_INSTALLED
from groundswell.http.pages.door import DOOR, Asked, asked_of, respond, with_query
from groundswell.http.pages.repositories import find, head_of
from groundswell.http.pages.views import (
    ArticleBlock,
    ArticlePage,
    ArticleStretch,
    RepoHead,
    TextPiece,
)
from groundswell.http.places import article_url
from groundswell.http.routing import Route

if TYPE_CHECKING:
    from groundswell.ask.packs.opened import OpenPack
    from groundswell.wire.documents import Article, Block, DocumentLink

# Three bytes a character at most, but for the rarest: 300 kB.
SHOWN_CHARACTERS_MAX: Final = 100_000
BLOCKS_MAX: Final = 5_000
LINKS_MAX: Final = 1_000
_DIGITS_MAX: Final = 9


@dataclass(frozen=True, slots=True)
class _Window:
    """Characters [start, stop) are shown, and [first, last) of them marked."""

    start: int
    stop: int
    first: int
    last: int

    def clip(self, start: int, stop: int) -> tuple[int, int]:
        return max(start, self.start), min(stop, self.stop)


def _quoted(asked: Asked, length: int) -> tuple[int, int]:
    """The characters that the address names; (0, 0) when it names none that the article has."""
    texts = [asked.query.get(name, "") for name in ("start", "stop")]
    if not all(text.isascii() and text.isdigit() and len(text) <= _DIGITS_MAX for text in texts):
        return 0, 0
    first, last = int(texts[0]), min(int(texts[1]), length)
    return (first, last) if first < last else (0, 0)


def _window(asked: Asked, length: int) -> _Window:
    first, last = _quoted(asked, length)
    last = min(last, first + SHOWN_CHARACTERS_MAX)
    room = (SHOWN_CHARACTERS_MAX - (last - first)) // 2
    start = max(0, min(first - room, length - SHOWN_CHARACTERS_MAX))
    return _Window(start, min(length, start + SHOWN_CHARACTERS_MAX), first, last)


def _shown_blocks(article: Article, window: _Window) -> list[Block]:
    """The blocks of the window, the quoted ones among them when they are too many."""
    shown = [b for b in article.blocks if b.stop > window.start and b.start < window.stop]
    if len(shown) <= BLOCKS_MAX:
        return shown
    at = bisect_left([block.stop for block in shown], window.first)
    begin = max(0, min(at - BLOCKS_MAX // 2, len(shown) - BLOCKS_MAX))
    return shown[begin : begin + BLOCKS_MAX]


def _links(article: Article, window: _Window) -> list[DocumentLink]:
    """Links of the window, none of them within another."""
    found: list[DocumentLink] = []
    for link in sorted(article.links, key=lambda each: each.start):
        is_seen = link.start < link.stop <= window.stop and link.start >= window.start
        if is_seen and (not found or found[-1].stop <= link.start):
            found.append(link)
        if len(found) == LINKS_MAX:
            break
    return found


def _pieces(
    article: Article, block: Block, window: _Window, links: list[tuple[int, int, str]]
) -> Iterator[TextPiece]:
    """A block, cut where a link or the quote begins or ends."""
    start, stop = window.clip(block.start, block.stop)
    at = bisect_left(links, (start, 0, ""))
    inside = []
    for link in links[max(0, at - 1) :]:
        if link[0] >= stop:
            break
        if link[1] > start:
            inside.append(link)
    cuts = {start, stop, window.first, window.last, *(edge for link in inside for edge in link[:2])}
    edges = sorted(cut for cut in cuts if start <= cut <= stop)
    for begin, end in pairwise(edges):
        url = next((link[2] for link in inside if link[0] <= begin < link[1]), "")
        quoted = ""
        if window.first <= begin < window.last:
            quoted = "first" if begin == window.first else "more"
        yield TextPiece(article.text[begin:end], url, quoted)


def _stretches(
    article: Article, blocks: list[Block], window: _Window, urls: Mapping[str, str]
) -> tuple[ArticleStretch, ...]:
    links = [(link.start, link.stop, urls.get(link.target, "")) for link in _links(article, window)]
    links = [link for link in links if link[2]]
    return tuple(
        ArticleStretch(
            kind.value,
            tuple(
                ArticleBlock(tuple(_pieces(article, block, window, links)), block.level)
                for block in same
            ),
        )
        for kind, same in groupby(blocks, key=lambda block: block.kind)
    )


def _article(asked: Asked) -> ArticlePage:
    from groundswell.ask.replies import opened_article

    if asked.hub.library is None:
        raise NotServed(NOT_INSTALLED)
    repository = find(asked, Action.READ)
    name, path = repository.full_name, asked.parameters["path"]
    pinned = f"{name}@{asked.parameters['rev']}"
    with opened_article(asked.hub.library, asked.principal, pinned, path) as (pack, article):
        return _page(asked, head_of(asked, repository), pack, article)


def _page(asked: Asked, head: RepoHead, pack: OpenPack, article: Article) -> ArticlePage:
    from groundswell.ask.replies import places_of

    length = len(article.text)
    window = _window(asked, length)
    blocks = _shown_blocks(article, window)
    targets = (link.target for link in _links(article, window))
    places = places_of(pack, article.path, targets)
    urls = {
        target: article_url(pack.name, pack.revision, place) for target, place in places.items()
    }
    shown = sum(stop - start for start, stop in (window.clip(b.start, b.stop) for b in blocks))
    is_whole = len(blocks) == len(article.blocks) and window.stop - window.start == length
    told = f"{shown:,} of its {length:,} characters are shown here, around what is quoted."
    is_web = article.address.lower().startswith(("https://", "http://"))
    return ArticlePage(
        repo=head,
        title=article.title or article.path,
        path=article.path,
        revision=pack.revision,
        stretches=_stretches(article, blocks, window, urls),
        has_quote=window.last > window.first,
        left_out="" if is_whole else told,
        licence=(article.licence or pack.manifest.licence)[:200],
        attribution=pack.manifest.attribution[:1000],
        source_revision=article.revision[:200],
        address=article.address[:2000],
        address_url=article.address if is_web and len(article.address) <= 2000 else "",
        ask_url=with_query("/ask", pack=pack.name, about=article.title[:200]),
        graph_url=with_query("/graph", pack=pack.name, entity=article.path[:300]),
    )


def _endpoint(work: Callable[[Asked], ArticlePage]) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        asked = replace(asked_of(request), principal=await principal_of(request))
        return await apart(lambda: respond(request, asked, work(asked)))

    return endpoint


def routes() -> list[Route]:
    """Addresses of this part. Only datasets are packs."""
    pattern = "/{kind:datasets}/{ns}/{name}/article/{rev}/{path*}"
    return [Route(("GET",), pattern, _endpoint(_article), DOOR, "page article")]
