"""Making a knowledge pack: of a folder, of a dataset, and how far it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from groundswell.http.pages.views.frame import View
from groundswell.http.pages.views.repository import RepoHead


@dataclass(frozen=True, slots=True)
class NewPackPage(View):
    """A name for the dataset that a folder goes to."""

    template: ClassVar[str] = "new_pack.html"
    owners: tuple[str, ...]
    owner: str
    name: str = ""
    is_public: bool = False
    is_installed: bool = True
    error: str = ""


@dataclass(frozen=True, slots=True)
class BuildBox:
    """A build: where it stands, in words; ``share`` is how much of the stage is done. ``target`` is
    the dataset that the pack stands in, for who may know of it; ``is_here``: that is this one.
    """

    stage: str
    words: str
    is_under_way: bool
    share: float | None
    figures: str
    why: str
    asked_at: int
    ended_at: int | None
    left_out: tuple[tuple[str, str], ...] = ()
    left_out_more: int = 0
    target: str = ""
    is_here: bool = True


@dataclass(frozen=True, slots=True)
class PackPage(View):
    """What to build of a dataset's files, and the last build. ``languages``: code and name."""

    template: ClassVar[str] = "repository/pack.html"
    repo: RepoHead
    page_url: str
    build: BuildBox | None = None
    title: str = ""
    language: str = "en"
    languages: tuple[tuple[str, str], ...] = ()
    licence: str = ""
    into: str = ""
    documents: str = ""
    has_documents: bool = True
    is_installed: bool = True
    error: str = ""
    code: int = 200
