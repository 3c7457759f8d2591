"""What is connected in packs, as a page: around an entity, and how two are connected.

Whole without scripts: the form is an address, the picture is drawn here, and a table says the same
as it does. What is found is `ask.graphs`'; nothing of it is kept. What becomes of corrections is
`correcting`'s.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from groundswell.core.errors import BadRequest, EntryNotFound
from groundswell.http.answers import apart
from groundswell.http.auth import principal_of
from groundswell.http.pages.asking import pack_choices
from groundswell.http.pages.connecting import EDGE_WORDS, MARKS, own_name, says_of, words_of
from groundswell.http.pages.door import DOOR, Asked, asked_of, respond, with_query
from groundswell.http.pages.graph_drawing import picture_of
from groundswell.http.pages.views import AddingEdge, EdgeRow, EntityLink, GraphPage
from groundswell.http.pages.wording import seen
from groundswell.http.places import article_url
from groundswell.http.routing import Route
from groundswell.wire.hub_api.text import parse_query

if TYPE_CHECKING:
    from groundswell.ask.graphs import replies
    from groundswell.ask.graphs.replies import Explored
    from groundswell.ask.graphs.values import Node, ShownEdge
    from groundswell.ask.library import Library

NAME_CHARACTERS_MAX: Final = 300
OVERLAYS_MAX: Final = 4
OVERLAYS_SHOWN: Final = 12
# More boxes are no picture any more.
NODES_SHOWN: Final = {"1": 30, "2": 60}
_HOPS: Final = (("1", "one hop"), ("2", "two hops"))


@dataclass(frozen=True, slots=True)
class GraphForm:
    """What the address asks; without overlays, the reader's own is heeded."""

    entity: str
    to: str
    packs: tuple[str, ...]
    kinds: tuple[str, ...]
    hops: str
    overlays: tuple[str, ...] | None = None

    def url(self, **changed: Any) -> str:  # noqa: ANN401
        """An address that asks the same but for what is changed."""
        form = replace(self, **changed)
        fields = [("entity", form.entity), ("to", form.to)]
        fields += [("pack", each) for each in form.packs]
        fields += [("kind", each) for each in form.kinds]
        fields += [("hops", form.hops if form.hops != "1" else "")]
        fields = [field for field in fields if field[1]]
        if form.overlays is not None:
            fields += [("overlay", each) for each in form.overlays or ("",)]
        return f"/graph?{urlencode(fields)}"

    def wish(self) -> replies.Asked:
        """What is asked of graphs."""
        from groundswell.ask.graphs import replies

        return replies.Asked(self.packs, self.kinds, self.overlays)


def form_of(query: Sequence[tuple[str, str]]) -> GraphForm:
    """What an address asks; what is not understood in it is not asked."""
    fields = dict(query)
    packs = tuple(dict.fromkeys(value for name, value in query if name == "pack" and value))
    sent = {value for name, value in query if name == "kind"}
    kinds = tuple(kind for kind in EDGE_WORDS if kind in sent)
    hops = fields.get("hops", "1")
    overlays = None
    if "overlay" in fields:
        named = [value for name, value in query if name == "overlay" and value]
        overlays = tuple(dict.fromkeys(named))[:OVERLAYS_MAX]
    return GraphForm(
        seen(fields.get("entity", ""))[:NAME_CHARACTERS_MAX],
        seen(fields.get("to", ""))[:NAME_CHARACTERS_MAX],
        packs,
        kinds if len(kinds) < len(EDGE_WORDS) else (),
        hops if hops in NODES_SHOWN else "1",
        overlays,
    )


def graph_page(asked: Asked, form: GraphForm) -> GraphPage:
    """The page of what an address asks."""
    page = GraphPage(
        entity=form.entity,
        to=form.to,
        kinds=tuple((kind, words, kind in form.kinds) for kind, words in EDGE_WORDS.items()),
        hops=tuple((value, words, value == form.hops) for value, words in _HOPS),
        here=form.url(),
    )
    library = asked.hub.library
    if library is None:
        return replace(page, is_installed=False)
    try:
        choices, _, _ = pack_choices(library, asked, form.packs)
        page = replace(page, packs=choices, overlays=_overlays(library, asked, form))
        if not form.entity or not choices:
            return page
        page = _around(page, library, asked, form)
        return _way(page, library, asked, form) if form.to else page
    except EntryNotFound:
        return replace(page, problem=_unknown(form), code=404)
    except BadRequest as error:
        return replace(page, problem=error.message, code=error.status)


def _overlays(library: Library, asked: Asked, form: GraphForm) -> tuple[tuple[str, str, bool], ...]:
    """Whose corrections there are to be heeded: one's own first, and by default."""
    own = own_name(asked)
    names = [each.full_name for each in library.overlays(asked.principal)]
    chosen = (own,) if form.overlays is None else form.overlays
    ordered = sorted(dict.fromkeys((*names, *chosen)), key=lambda name: (name != own, name))
    return tuple(
        (name, f"yours, {name}" if name == own else name, name in chosen)
        for name in ordered
        if name in names or name in (form.overlays or ())
    )[:OVERLAYS_SHOWN]


def _unknown(form: GraphForm) -> str:
    names = " or ".join(f"“{each}”" for each in (form.entity, form.to) if each)
    return f"Nothing in these packs is called {names}."


def _around(page: GraphPage, library: Library, asked: Asked, form: GraphForm) -> GraphPage:
    from groundswell.ask.graphs import replies

    explored = replies.explore(
        library, asked.principal, form.wish(), form.entity, int(form.hops), NODES_SHOWN[form.hops]
    )
    around = explored.around
    assert around is not None, "it was asked for"
    entities = [(_entity(node, explored, form), hop) for node, hop in around.nodes]
    rows = tuple(_row(n, edge, explored, form) for n, edge in enumerate(around.edges, 1))
    rejected = tuple(_row(0, edge, explored, form) for edge in around.rejected)
    centre = _entity(around.centre, explored, form)
    names = [name for name, _, _ in explored.packs]
    return replace(
        page,
        entity=centre.title,
        centre=centre,
        ask_url=with_query("/ask", pack=centre.pack, about=centre.title[:200]),
        others=tuple(_entity(node, explored, form) for node in explored.found[1:]),
        legend=tuple(names) if len({entity.pack for entity, _ in entities}) > 1 else (),
        picture=picture_of(entities, rows, names),
        rows=_with_says(asked, rows, around.edges),
        left_out=around.left_out,
        rejected=_with_says(asked, rejected, around.rejected),
        heeded=_heeded(explored),
        adding=None
        if asked.principal.is_anonymous
        else AddingEdge(around.centre.pack_name, around.centre.path),
    )


def _way(page: GraphPage, library: Library, asked: Asked, form: GraphForm) -> GraphPage:
    from groundswell.ask.graphs import replies

    explored = replies.connect(library, asked.principal, form.wish(), form.entity, form.to)
    assert explored.ends is not None, "they were asked for"
    target = _entity(explored.ends[1], explored, form)
    if explored.way is None:
        told = "No connection was found, looking at the 300 nearest of each other."
        return replace(page, target=target, no_way=told)
    if not explored.way:
        return replace(page, target=target, no_way="That is the same article.")
    rows = tuple(_row(n, edge, explored, form) for n, edge in enumerate(explored.way, 1))
    return replace(page, target=target, way=rows)


def _entity(node: Node, explored: Explored, form: GraphForm) -> EntityLink:
    name, commit, _ = explored.packs[node.pack]
    return EntityLink(
        seen(node.title)[:NAME_CHARACTERS_MAX] or node.path,
        name,
        form.url(entity=node.path, to=""),
        article_url(name, commit, node.path),
    )


def _row(number: int, edge: ShownEdge, explored: Explored, form: GraphForm) -> EdgeRow:
    cited = edge.citation
    return EdgeRow(
        _entity(edge.source, explored, form),
        _entity(edge.target, explored, form),
        edge.kind,
        *words_of(edge),
        edge.quote,
        article_url(cited.pack, cited.revision, cited.article, cited.start, cited.stop),
        number,
        MARKS.get(edge.corrected.verdict.value, "") if edge.corrected else "",
        seen(edge.corrected.note) if edge.corrected else "",
    )


def _with_says(
    asked: Asked, rows: Sequence[EdgeRow], edges: Sequence[ShownEdge]
) -> tuple[EdgeRow, ...]:
    """The rows with what the reader may say of each."""
    if asked.principal.is_anonymous:
        return tuple(rows)
    own = own_name(asked)
    return tuple(
        replace(row, says=tuple(says_of(edge, own))) for row, edge in zip(rows, edges, strict=True)
    )


def _heeded(explored: Explored) -> tuple[tuple[str, str], ...]:
    names = [overlay.partition("@")[0] for overlay in explored.overlays]
    return tuple((name, f"/datasets/{name}") for name in names)


def _endpoint(
    work: Callable[[Asked, GraphForm], GraphPage],
) -> Callable[[Request], Awaitable[Response]]:
    """On the threads of answers: the first question to a pack brings its files."""

    async def endpoint(request: Request) -> Response:
        form = form_of(parse_query(request.scope.get("query_string", b"")))
        asked = replace(asked_of(request), principal=await principal_of(request))
        return await apart(lambda: respond(request, asked, work(asked, form)))

    return endpoint


def routes() -> list[Route]:
    """Addresses of this part."""
    return [Route(("GET",), "/graph", _endpoint(graph_page), DOOR, "page graph")]
