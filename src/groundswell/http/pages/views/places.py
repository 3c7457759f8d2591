"""Pages that lead to repositories: home, lists, accounts, the form for a new one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from groundswell.http.pages.views.activity import ActivityRow
from groundswell.http.pages.views.buckets import BucketRow
from groundswell.http.pages.views.collections import CollectionRow, PersonRow
from groundswell.http.pages.views.frame import Fact, MemberRow, RepoRow, View


@dataclass(frozen=True, slots=True)
class Home(View):
    """What this hub is, and what is new on it."""

    template: ClassVar[str] = "home.html"
    models: tuple[RepoRow, ...] = ()
    datasets: tuple[RepoRow, ...] = ()
    spaces: tuple[RepoRow, ...] = ()

    @property
    def is_empty(self) -> bool:
        return not (self.models or self.datasets or self.spaces)


@dataclass(frozen=True, slots=True)
class ListForm:
    """The filters of a list as the visitor set them."""

    search: str = ""
    author: str = ""
    pipeline_tag: str = ""
    library: str = ""
    license: str = ""
    sort: str = "modified"
    tag: str = ""

    @property
    def is_blank(self) -> bool:
        words = (self.search, self.author, self.pipeline_tag, self.library, self.license)
        return not any(words) and not self.tag


@dataclass(frozen=True, slots=True)
class FacetOption:
    """A value, how many have it, and the list of those."""

    text: str
    count: int
    url: str


@dataclass(frozen=True, slots=True)
class FacetGroup:
    """The values of one field of the form."""

    heading: str
    field: str
    options: tuple[FacetOption, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """Repositories of one kind that match; ``more_url`` lists all of them."""

    kind: str
    rows: tuple[RepoRow, ...]
    more_url: str | None


@dataclass(frozen=True, slots=True)
class SearchPage(View):
    """Everything that matches, a few of each kind."""

    template: ClassVar[str] = "search.html"
    text: str
    found: tuple[Found, ...]
    collections: tuple[CollectionRow, ...]
    people: tuple[PersonRow, ...]


@dataclass(frozen=True, slots=True)
class RepoList(View):
    """Repositories of one kind, filtered and sorted, a page at a time."""

    template: ClassVar[str] = "list.html"
    kind: str
    form: ListForm
    rows: tuple[RepoRow, ...]
    total: int | None
    next_url: str | None
    first_url: str | None
    facets: tuple[FacetGroup, ...] = ()
    counted: int = 0  # how many of the list's first ones the facets count


@dataclass(frozen=True, slots=True)
class AccountPage(View):
    """A user's or organisation's repositories and people; on other tabs what it likes, collects and
    follows. ``tabs``: key, text and count of each.
    """

    template: ClassVar[str] = "account.html"
    name: str
    fullname: str
    kind: str
    created_at: int | None
    members: tuple[MemberRow, ...]
    models: tuple[RepoRow, ...]
    datasets: tuple[RepoRow, ...]
    spaces: tuple[RepoRow, ...]
    may_create: bool = False
    is_self: bool = False
    storage: tuple[Fact, ...] = ()
    tab: str = "repositories"
    tabs: tuple[tuple[str, str, int], ...] = ()
    url: str = ""
    likes: tuple[RepoRow, ...] = ()
    collections: tuple[CollectionRow, ...] = ()
    buckets: tuple[BucketRow, ...] = ()
    people: tuple[PersonRow, ...] = ()
    activities: tuple[ActivityRow, ...] = ()
    next_url: str | None = None
    first_url: str | None = None
    is_followed: bool = False


@dataclass(frozen=True, slots=True)
class NewRepoPage(View):
    """The form for a new repository."""

    template: ClassVar[str] = "new.html"
    kinds: tuple[str, ...]
    owners: tuple[str, ...]
    kind: str
    owner: str
    name: str = ""
    visibility: str = ""
    license: str = ""
    sdk: str = "static"
    licenses: tuple[str, ...] = ()
    error: str = ""
