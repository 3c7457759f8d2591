"""What the page of a lineage shows, and the box that leads to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from groundswell.http.pages.views.frame import View
from groundswell.http.pages.views.repository import RepoHead


@dataclass(frozen=True, slots=True)
class Origin:
    """How one came of another: ``words`` go before the other's name, ``url`` is empty when that
    leads nowhere here.
    """

    bond: str
    words: str
    name: str
    url: str
    is_declared: bool


@dataclass(frozen=True, slots=True)
class LineageRow:
    """A relative in the list; ``url`` is empty for a name that leads nowhere here."""

    name: str
    kind: str
    url: str
    is_private: bool
    is_here: bool
    origins: tuple[Origin, ...] = ()


@dataclass(frozen=True, slots=True)
class DrawnRelative:
    """A box of the picture, in CSS pixels."""

    text: str
    x: int
    y: int
    width: int
    height: int
    layer: int


@dataclass(frozen=True, slots=True)
class DrawnRelation:
    """A line of the picture, its arrow, and where its word stands."""

    path: str
    head: str
    word_x: int
    word_y: int


@dataclass(frozen=True, slots=True)
class LineageDrawing:
    """The picture. Boxes and lines come in the order of the relatives and relations."""

    width: int
    height: int
    boxes: tuple[DrawnRelative, ...]
    lines: tuple[DrawnRelation, ...]


@dataclass(frozen=True, slots=True)
class LineagePage(View):
    """What a repository comes from and what came of it. ``drawn`` are the rows of the boxes,
    ``lines`` what bond each line is and its word, ``legend`` each bond that there is, in words.
    """

    template: ClassVar[str] = "repository/lineage.html"
    repo: RepoHead
    rows: tuple[LineageRow, ...]
    drawn: tuple[LineageRow, ...]
    lines: tuple[tuple[str, str], ...]
    legend: tuple[tuple[str, str], ...]
    drawing: LineageDrawing | None
    is_whole: bool
    counts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LineageBox:
    """The nearest relations, beside a card."""

    origins: tuple[Origin, ...]
    counts: tuple[str, ...]
    url: str
