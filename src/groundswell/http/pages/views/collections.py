"""Pages of collections, and of the people who like something."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from groundswell.http.pages.views.frame import View
from groundswell.http.pages.views.repository import RepoHead


@dataclass(frozen=True, slots=True)
class PersonRow:
    """An account in a list of people."""

    name: str
    fullname: str
    is_organisation: bool = False


@dataclass(frozen=True, slots=True)
class LikersPage(View):
    """Who likes a repository."""

    template: ClassVar[str] = "repository/likers.html"
    repo: RepoHead
    rows: tuple[PersonRow, ...]
    is_liked: bool = False
    next_url: str | None = None
    first_url: str | None = None


@dataclass(frozen=True, slots=True)
class CollectionRow:
    """A collection in a list. ``items`` are the first of them, by name."""

    title: str
    url: str
    owner: str
    description: str
    theme: str
    is_private: bool
    upvotes: int
    item_count: int
    updated_at: int
    items: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CollectionsPage(View):
    """Collections of everybody, a page at a time."""

    template: ClassVar[str] = "collections/list.html"
    rows: tuple[CollectionRow, ...]
    search: str = ""
    sort: str = "upvotes"
    next_url: str | None = None
    first_url: str | None = None


@dataclass(frozen=True, slots=True)
class ItemRow:
    """An item of a collection. ``url`` is None where the hub has no page of it."""

    public_id: str
    kind: str
    name: str
    url: str | None
    note: str
    detail: str = ""
    is_private: bool = False


@dataclass(frozen=True, slots=True)
class CollectionPage(View):
    """One collection with everything that the visitor sees of it."""

    template: ClassVar[str] = "collections/collection.html"
    row: CollectionRow
    items: tuple[ItemRow, ...]
    is_upvoted: bool = False
    may_change: bool = False


@dataclass(frozen=True, slots=True)
class NewCollectionPage(View):
    """The form for a new collection. ``item`` goes into it, when it is not empty."""

    template: ClassVar[str] = "collections/new.html"
    owners: tuple[str, ...]
    owner: str
    title: str = ""
    description: str = ""
    is_private: bool = False
    item: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class CollectionEditPage(View):
    """Title, text and colour of a collection; its items, one after the other; its end."""

    template: ClassVar[str] = "collections/edit.html"
    row: CollectionRow
    items: tuple[ItemRow, ...]
    themes: tuple[str, ...]
    kinds: tuple[str, ...]
    error: str = ""
    error_in: str = ""
