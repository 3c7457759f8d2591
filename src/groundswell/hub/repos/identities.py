"""The copy of a repository's name, owner and visibility that lies inside its folder.

Knows which columns it is made of. The row decides: the copy follows it, and is read only when the
database is lost (``swell fsck --rebuild``).
"""

from __future__ import annotations

import logging

import sqlalchemy as sa

from groundswell.core.errors import GroundswellError
from groundswell.store import tables
from groundswell.store.database import Database
from groundswell.store.git import GitStore
from groundswell.store.git.identity import Identity, keep_identity

_log = logging.getLogger(__name__)

_repositories = tables.repositories
_accounts = tables.accounts


def identity_of(conn: sa.Connection, repository_id: int) -> Identity | None:
    """What the tables say, or None for a repository that is missing or deleted."""
    query = (
        sa.select(_repositories, _accounts.c.kind.label("owner_kind"))
        .join_from(_repositories, _accounts, _repositories.c.owner_id == _accounts.c.id)
        .where(_repositories.c.id == repository_id, _repositories.c.deleted_at.is_(None))
    )
    row = conn.execute(query).mappings().one_or_none()
    if row is None:
        return None
    return Identity(
        kind=row["kind"],
        namespace=row["namespace"],
        name=row["name"],
        owner_kind=row["owner_kind"],
        visibility=row["visibility"],
        gate=row["gate"],
        disabled=row["disabled"],
        public_id=row["public_id"],
        created_at=row["created_at"],
    )


def note_identity(database: Database, git: GitStore, repository_id: int) -> bool:
    """Let the folder say what the row says, durably. Whether it said something else before.

    The change that led here is done already: a disk that refuses the copy is reported, and the
    hub writes the copy again later.
    """
    if not git.exists(repository_id):
        return False
    try:
        return keep_identity(
            git.path(repository_id),
            lambda: database.read(lambda conn: identity_of(conn, repository_id)),
        )
    except GroundswellError as error:
        _log.error("repository %d: its identity is not written (%s)", repository_id, error.message)
        return False
