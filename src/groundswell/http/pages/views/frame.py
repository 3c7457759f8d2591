"""The frame around every page, and the pieces that several pages share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks at the page."""

    name: str
    is_admin: bool = False


@dataclass(frozen=True, slots=True)
class Shell:
    """What the frame around every page needs. ``csrf`` goes into every form; ``unread`` are
    threads in the viewer's inbox, of many 100. ``theme`` is light or dark, "" as the system has it.
    """

    viewer: Viewer | None
    csrf: str
    base_url: str
    path: str
    now: int
    target: str = "/"
    note: str = ""
    search: str = ""
    request_id: str = ""
    unread: int = 0
    theme: str = ""


@dataclass(frozen=True, slots=True)
class View:
    """A page: its template and title."""

    template: ClassVar[str]


@dataclass(frozen=True, slots=True)
class RepoRow:
    """A repository in a list."""

    kind: str
    name: str
    url: str
    modified_at: int
    downloads: int
    likes: int
    used_bytes: int
    is_private: bool
    is_gated: bool
    pipeline_tag: str | None = None
    library_name: str | None = None
    license: str | None = None
    parameter_count: int | None = None
    description: str = ""


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of the sidebar; ``url`` makes it a link, ``note`` explains it."""

    label: str
    value: str
    url: str | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag and the list it leads to."""

    text: str
    url: str


@dataclass(frozen=True, slots=True)
class Collecting:
    """What the page of a repository says of collections: those it is in, those it may go into."""

    held_in: tuple[Tag, ...] = ()
    choices: tuple[tuple[str, str], ...] = ()
    item: str = ""


@dataclass(frozen=True, slots=True)
class Snippet:
    """Lines to paste, ready for this hub's address."""

    name: str
    language: str
    text: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Crumb:
    """One step of the way to a path."""

    text: str
    url: str


@dataclass(frozen=True, slots=True)
class MemberRow:
    """A member of an organisation, or an organisation of a member."""

    name: str
    fullname: str
    role: str


@dataclass(frozen=True, slots=True)
class ErrorPage(View):
    """What went wrong and what one can do."""

    template: ClassVar[str] = "error.html"
    code: int
    heading: str
    message: str
    hint: str = ""
    links: tuple[Tag, ...] = ()
