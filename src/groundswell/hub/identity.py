"""Which hub this is: its database and its data folder have to say the same.

Rows and git folders of two hubs would overwrite one another. So a hub takes an identity at its
first start; whoever opens its database with another data folder is refused, and the other way
round. Knows how the two come to agree, also when a start breaks off or several workers begin at
once. Does not know buckets: whoever opens one compares what it says.

The order is: an offer in the folder, the row, the file. An offer that the row repeats is as good
as the file.
"""

from __future__ import annotations

from typing import Final, Literal

import sqlalchemy as sa

from groundswell.core.errors import ForeignData
from groundswell.store.database import Database, upsert
from groundswell.store.identity import FolderIdentity, new_identity
from groundswell.store.layout import DataFolder
from groundswell.store.tables import hub_facts

_FACT: Final = "identity"

Rows = Literal["kept", "lost", "restored"]
"""What became of a hub's rows. Lost: they will be made again from the folder, whose identity a new
database may take. Restored: put here from a backup, together with the folder; the two are a hub of
their own from now on, which the hub that was backed up is not to be confused with.
"""


def open_database(
    url: str, folder: DataFolder, *, serves: bool = False, rows: Rows = "kept"
) -> tuple[Database, str]:
    """Open the database of a data folder; and the identity of the hub, new when it has none.

    Args:
        url: as ``Database.open`` takes it.
        folder: it exists.
        serves: see ``Database.open``.
        rows: what became of them.

    Raises:
        ForeignData: the two belong to different hubs.
        BadRequest, DataTooNew, Unavailable: as ``Database.open``.
    """
    database = Database.open(url, serves=serves)
    done = False
    try:
        if rows == "restored":
            identity = renew(database, folder)
        else:
            place = FolderIdentity(folder.root)
            is_inside = url == folder.database_url
            identity = _agree(database, place, is_inside=is_inside, is_lost=rows == "lost")
        done = True
    finally:
        if not done:
            database.close()
    return database, identity


def renew(database: Database, folder: DataFolder) -> str:
    """Give a database and a data folder, whosever they were, one new identity.

    Whatever else belonged to one of them is refused from its next start.
    """
    place = FolderIdentity(folder.root)
    identity = new_identity()
    place.change_offer(identity)
    row = {"name": _FACT, "value": identity}
    database.write(lambda conn: upsert(conn, hub_facts, row, update=["value"]))
    place.settle(identity)
    return identity


def _agree(database: Database, place: FolderIdentity, *, is_inside: bool, is_lost: bool) -> str:
    # The folder first: whoever settles the file has written the row before.
    said = place.settled()
    row = database.read(_row)
    if row is None and (said is None or is_lost):
        wanted = said or place.offer(new_identity())
        row = database.write(lambda conn: _claim(conn, wanted))
    if row is not None and said != row:
        # A database that lies in the folder came with it.
        if row == place.offered() or (is_inside and said is None):
            place.settle(row)
            return row
        said = place.settled()  # another worker on this folder may have settled it meanwhile
    if row is None or said != row:
        raise ForeignData(_difference(place, said, row))
    return row


def _row(conn: sa.Connection) -> str | None:
    found = conn.execute(sa.select(hub_facts.c.value).where(hub_facts.c.name == _FACT)).scalar()
    return None if found is None else str(found)


def _claim(conn: sa.Connection, identity: str) -> str:
    """Write the row unless another was first; what it says now."""
    found = _row(conn)
    if found is None:
        conn.execute(sa.insert(hub_facts).values(name=_FACT, value=identity))
    return found or identity


def _difference(place: FolderIdentity, said: str | None, row: str | None) -> str:
    if row is None:
        return (
            f"The data folder {place.root} belongs to hub {said}, and the database to none. Does "
            "database_url name the right one? If it was lost, restore a backup, or make its rows "
            "again with `swell fsck --rebuild`."
        )
    if said is None:
        return (
            f"The database belongs to hub {row}, and the data folder {place.root} to none. Is a "
            "file system not mounted, or the wrong folder named? The right one holds a file "
            "`identity` that says so."
        )
    return (
        f"The data folder {place.root} belongs to hub {said}, and the database to hub {row}. "
        "Name the folder and the database_url of one hub."
    )
