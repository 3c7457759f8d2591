"""Rows of attachments: what a comment names becomes its repository's, and goes with it.

Knows addresses in texts and who may bind what. A file that was brought belongs to nobody's
repository until a comment of who brought it names its address; from then on only comments of that
repository can use it. Does not know bytes.
"""

from __future__ import annotations

import re
from typing import Final

import sqlalchemy as sa

from groundswell.store import tables
from groundswell.store.database import insert_ignore

ATTACHED_MAX: Final = 50  # by one comment

_ADDRESS: Final = re.compile(r"/uploads/([0-9a-f]{32})\b", re.ASCII)
_attachments = tables.attachments
_uses = tables.attachment_uses


def bind(
    conn: sa.Connection, actor_id: int | None, repository_id: int, comment_id: int, text: str
) -> None:
    """Let a comment use the attachments that its text names, as far as its author may.

    What is somebody else's, or another repository's, is passed over without a word: an address
    that is known buys nothing.
    """
    named = list(dict.fromkeys(found[1] for found in _ADDRESS.finditer(text)))[:ATTACHED_MAX]
    if not named:
        return
    waiting = sa.and_(
        _attachments.c.repository_id.is_(None), _attachments.c.uploader_id == actor_id
    )
    mine = sa.and_(_attachments.c.public_id.in_(named), waiting)
    conn.execute(sa.update(_attachments).where(mine).values(repository_id=repository_id))
    here = sa.select(_attachments.c.id).where(
        _attachments.c.public_id.in_(named), _attachments.c.repository_id == repository_id
    )
    rows = [
        {"attachment_id": id_, "comment_id": comment_id} for id_ in conn.execute(here).scalars()
    ]
    if rows:
        insert_ignore(conn, _uses, rows)


def let_go(conn: sa.Connection, comment_id: int) -> None:
    """A comment says nothing any more: what only it used is nobody's but its uploader's again.

    It is swept like everything that no comment names. Until then it counts among what its uploader
    brought lately: nobody brings more by hiding what they brought.
    """
    query = sa.select(_uses.c.attachment_id).where(_uses.c.comment_id == comment_id)
    used = list(conn.execute(query).scalars())
    conn.execute(sa.delete(_uses).where(_uses.c.comment_id == comment_id))
    others = sa.select(_uses.c.comment_id).where(_uses.c.attachment_id == _attachments.c.id)
    gone = sa.and_(_attachments.c.id.in_(used), ~others.exists())
    conn.execute(sa.update(_attachments).where(gone).values(repository_id=None))
