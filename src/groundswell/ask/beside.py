"""What a dataset has of its own stays beside a pack: its card, and its attributes.

Knows both as text. A card gets the tag by which packs are found, and keeps every word. Does not
know repositories.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from groundswell.ask.making import ATTRIBUTES, CARD
from groundswell.core.errors import BadRequest, Malformed
from groundswell.wire import packs
from groundswell.wire.cards import read_card, write_card

OWN_BYTES_MAX: Final = 1 << 20
# The sentence that every card has which was made for a pack, and no other.
_OWN_CARD = re.compile(r"^A knowledge pack of [\d,]+ articles and [\d,]+ passages\.$", re.MULTILINE)


def is_card_of_a_pack(data: bytes) -> bool:
    """Whether a card is one that was made for a pack: then it is no document of it."""
    return bool(_OWN_CARD.search(data.decode("utf-8", "replace")))


def with_tag(own: bytes, made: bytes) -> bytes:
    """The card of a dataset that becomes a pack: its own words where it has some.

    Raises:
        BadRequest: it cannot be read, so that nothing can be added to it.
    """
    if not own.strip():
        return made
    try:
        card = read_card(own.decode("utf-8"))
    except (UnicodeDecodeError, Malformed) as error:
        why = error.why if isinstance(error, Malformed) else "it is no text"
        msg = f"The dataset has a {CARD} of its own that cannot be read: {why}. Mend it first."
        raise BadRequest(msg) from error
    metadata = dict(card.metadata or {})
    if not card.body.strip():  # front matter alone, as a new dataset has it
        ours = read_card(made.decode())
        metadata, body = {**(ours.metadata or {}), **metadata}, ours.body
    else:
        body = card.body
    tags = metadata.get("tags")
    kept = tags if isinstance(tags, list) else [tags] if isinstance(tags, str) and tags else []
    if packs.TAG in kept and card.body.strip():
        return own
    metadata["tags"] = [*(tag for tag in kept if tag != packs.TAG), packs.TAG]
    return write_card(metadata, body.lstrip("\n")).encode()


def with_attributes(own: bytes, folder: Path) -> bytes:
    """The attributes of a dataset with those of the pack in a folder, which come last."""
    lines, ours = own.splitlines(), (folder / ATTRIBUTES).read_bytes().splitlines()
    missing = [line for line in ours if line not in lines]
    return b"".join(line + b"\n" for line in (*lines, *missing))
