"""Collections: lists of repositories, papers and other collections that people put together.

Knows how they are named, who may see, change and order what, and that an item which the asker may
not see is in no list, place or count. Does not know how a door writes them.
"""

from __future__ import annotations

from groundswell.hub.collections.service import Collections
from groundswell.hub.collections.values import (
    Collection,
    CollectionChanges,
    CollectionPage,
    CollectionQuery,
    CollectionSort,
    Item,
    ItemName,
    ItemType,
)

__all__ = [
    "Collection",
    "CollectionChanges",
    "CollectionPage",
    "CollectionQuery",
    "CollectionSort",
    "Collections",
    "Item",
    "ItemName",
    "ItemType",
]
