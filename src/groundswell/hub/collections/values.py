"""What the collections room takes and gives back, and the bounds of it.

Times are microseconds since the epoch.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from typing import Final

from groundswell.core.errors import BadRequest
from groundswell.core.values import is_storable
from groundswell.hub.accounts import Account
from groundswell.hub.repos import Repository

TITLE_CHARACTERS_MAX: Final = 100
DESCRIPTION_CHARACTERS_MAX: Final = 500
NOTE_CHARACTERS_MAX: Final = 500
COLLECTIONS_MAX: Final = 500  # of one namespace
ITEMS_MAX: Final = 500
LISTED_ITEMS: Final = 4
FILTERS_MAX: Final = 20
PAGE_COLLECTIONS_MAX: Final = 100
POSITION_MAX: Final = 1_000_000
THEMES: Final = ("blue", "green", "indigo", "orange", "pink", "purple")


class ItemType(enum.StrEnum):
    """What may stand in a collection. The value is the word of the Hub API."""

    MODEL = "model"
    DATASET = "dataset"
    SPACE = "space"
    PAPER = "paper"
    COLLECTION = "collection"
    BUCKET = "bucket"


@dataclass(frozen=True, slots=True)
class ItemName:
    """What an item is, as somebody names it: ``model``, ``namespace/name``."""

    type: ItemType
    id: str

    @classmethod
    def parse(cls, text: str) -> ItemName:
        """From ``models/namespace/name`` or the like (Hub API 13).

        Raises:
            BadRequest: nothing that can be an item.
        """
        word, _, rest = text.partition("/")
        kinds = {f"{each.value}s": each for each in ItemType}
        if word not in kinds or not rest:
            options = "|".join(f'"{each}/…"' for each in kinds)
            msg = f"Invalid item: expected one of {options}"
            raise BadRequest(msg)
        return cls(kinds[word], rest)


@dataclass(frozen=True, slots=True)
class Item:
    """One item as the asker meets it.

    ``position`` counts the items that the asker sees, from 0. ``repository`` (without card and
    facts) and ``collection`` (without items) are what it is, when it is one.
    """

    public_id: str
    type: ItemType
    id: str
    note: str
    position: int
    repository: Repository | None = None
    collection: Collection | None = None


@dataclass(frozen=True, slots=True)
class Collection:
    """One collection as the asker meets it.

    ``item_count`` counts the items that the asker sees; ``items`` may be the first few of them.
    ``position`` is its place among those of its owner that the asker sees.
    """

    id: int
    public_id: str
    owner: Account
    creator_id: int | None
    title: str
    description: str
    theme: str
    is_private: bool
    upvotes: int
    created_at: int
    updated_at: int
    items: tuple[Item, ...] = ()
    item_count: int = 0
    position: int = 0
    is_upvoted: bool = False

    @property
    def slug(self) -> str:
        """``namespace/title-in-short-id``: only namespace and id find it again."""
        return slug_of(self.owner.name, self.title, self.public_id)


@dataclass(frozen=True, slots=True)
class CollectionChanges:
    """What to change; None leaves it as it is."""

    title: str | None = None
    description: str | None = None
    is_private: bool | None = None
    theme: str | None = None
    position: int | None = None


class CollectionSort(enum.Enum):
    """The orders of a list; the values are the words of the Hub API."""

    LAST_MODIFIED = "lastModified"
    TRENDING = "trending"
    UPVOTES = "upvotes"


@dataclass(frozen=True, slots=True)
class CollectionQuery:
    """What a list shall hold: collections of any of the owners, with all of the items, and all of
    the words in title or description.
    """

    owners: tuple[str, ...] = ()
    items: tuple[ItemName, ...] = ()
    words: tuple[str, ...] = ()
    sort: CollectionSort = CollectionSort.TRENDING
    limit: int = PAGE_COLLECTIONS_MAX
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class CollectionPage:
    """A page, each with its first items; ``next_cursor`` None on the last one."""

    collections: tuple[Collection, ...]
    next_cursor: str | None


_SLUG: Final = re.compile(r"(?:.*-)?([0-9a-f]{24})", re.ASCII | re.DOTALL)
_SLUG_CHARACTERS_MAX: Final = 300
_NO_LETTERS: Final = re.compile(r"[^a-z0-9]+", re.ASCII)


def slug_of(namespace: str, title: str, public_id: str) -> str:
    """The slug of a collection of that title."""
    words = _NO_LETTERS.sub("-", title.lower()).strip("-") or "collection"
    return f"{namespace}/{words}-{public_id}"


def parse_slug(slug: str) -> tuple[str, str] | None:
    """Namespace and public id of a slug; whatever title it was made of does not count."""
    namespace, _, rest = slug[:_SLUG_CHARACTERS_MAX].partition("/")
    found = _SLUG.fullmatch(rest)
    return None if found is None or not is_storable(namespace) else (namespace, found[1])


def folded_title(title: str) -> str:
    """The key under which two titles are the same: case and spaces do not count."""
    return " ".join(title.split()).casefold()[:200]


def check_title(title: str) -> str:
    """The title on one line.

    Raises:
        BadRequest: none, too long, or of characters that cannot be shown.
    """
    title = " ".join(title.split())
    if not title or len(title) > TITLE_CHARACTERS_MAX or not title.isprintable():
        msg = f"A title has 1 to {TITLE_CHARACTERS_MAX} characters, all of which can be shown."
        raise BadRequest(msg)
    return title


def check_text(text: str, what: str, characters_max: int) -> str:
    """The text without spaces around it.

    Raises:
        BadRequest: too long, or with a character that cannot be kept.
    """
    text = text.strip()
    if len(text) > characters_max or not is_storable(text):
        msg = f"A {what} has at most {characters_max} characters, none of them zero."
        raise BadRequest(msg)
    return text


def check_theme(theme: str) -> str:
    """The same theme.

    Raises:
        BadRequest: none that there is.
    """
    if theme not in THEMES:
        options = "|".join(f'"{each}"' for each in THEMES)
        msg = f"Invalid theme: expected one of {options}"
        raise BadRequest(msg)
    return theme
