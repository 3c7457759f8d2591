"""What is connected in packs: a picture, a table that says the same, and ways between entities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from groundswell.http.pages.views.asking import PackChoice
from groundswell.http.pages.views.frame import View


@dataclass(frozen=True, slots=True)
class EntityLink:
    """An article of a pack; ``url`` shows what is around it, ``article_url`` its text."""

    title: str
    pack: str
    url: str
    article_url: str


@dataclass(frozen=True, slots=True)
class EdgeRow:
    """An edge with the sentence that it stands in; ``quote_url`` shows that in its place.

    ``mark`` and ``note`` are what a person said of it. ``says`` are what the reader may say of it:
    (what a form sends, words, icon).
    """

    source: EntityLink
    target: EntityLink
    kind: str
    words: str
    label: str
    quote: str
    quote_url: str
    number: int = 0
    mark: str = ""
    note: str = ""
    says: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class AddingEdge:
    """The form for an edge that is missing, from or to the entity in the middle, as it was filled
    in.
    """

    pack: str
    article: str
    other: str = ""
    is_to_other: bool = True
    label: str = ""
    quote: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class DrawnBox:
    """An entity in the picture. ``pack`` is its pack's number from 1."""

    text: str
    url: str
    x: int
    y: int
    pack: int
    is_centre: bool = False


@dataclass(frozen=True, slots=True)
class DrawnEdge:
    """An edge in the picture; ``number`` is its row's."""

    line: str
    kind: str
    number: int


@dataclass(frozen=True, slots=True)
class GraphPicture:
    """Boxes and lines, in pixels."""

    width: int
    height: int
    box_width: int
    box_height: int
    boxes: tuple[DrawnBox, ...]
    edges: tuple[DrawnEdge, ...]


@dataclass(frozen=True, slots=True)
class GraphPage(View):
    """Around an entity, or from one to another.

    ``kinds`` are (what the form sends, words, whether chosen), ``hops`` the same. ``others`` are
    what the name may mean as well. ``way`` is None when none was asked for; ``no_way`` says that
    there is none. ``overlays`` are (what the form sends, words, whether chosen), ``heeded`` (name,
    address) of those that are; ``here`` is this page's address, for forms to come back to.
    """

    template: ClassVar[str] = "graph.html"
    entity: str = ""
    to: str = ""
    packs: tuple[PackChoice, ...] = ()
    kinds: tuple[tuple[str, str, bool], ...] = ()
    hops: tuple[tuple[str, str, bool], ...] = ()
    centre: EntityLink | None = None
    ask_url: str = ""
    others: tuple[EntityLink, ...] = ()
    legend: tuple[str, ...] = ()
    picture: GraphPicture | None = None
    rows: tuple[EdgeRow, ...] = ()
    left_out: bool = False
    rejected: tuple[EdgeRow, ...] = ()
    overlays: tuple[tuple[str, str, bool], ...] = ()
    heeded: tuple[tuple[str, str], ...] = ()
    adding: AddingEdge | None = None
    here: str = ""
    fault: str = ""
    target: EntityLink | None = None
    way: tuple[EdgeRow, ...] | None = None
    no_way: str = ""
    problem: str = ""
    is_installed: bool = True
    code: int = 200
