"""What a crash between two steps left: every cold file ends with a row, or without its file.

Runs alone: ``Cooling`` holds the lock, and a rebuild has no hub beside it.
"""

from __future__ import annotations

import logging

from groundswell.core.errors import Corrupt, Malformed
from groundswell.hub.upkeep.cooling import rows
from groundswell.hub.upkeep.premises import Premises
from groundswell.store.ports import ColdBlobs, Kind
from groundswell.wire.hashing import hash_from_hex
from groundswell.wire.xorb import XorbScanner

_log = logging.getLogger(__name__)
_PIECE_BYTES = 1024 * 1024


def settle(premises: Premises) -> int:
    """Finish or undo what was broken off; how many xorbs that were.

    ===== ===== ===================================================================
    plain  row   then
    ===== ===== ===================================================================
    yes    yes   the cold form is read and checked, and the plain one goes
    yes    no    the cold form goes
    no     yes   that is how it should be
    no     no    the row is made again from the file (a rebuilt or restored database)
    ===== ===== ===================================================================
    """
    store = premises.store
    if not isinstance(store, ColdBlobs):
        return 0
    count = 0
    for key in store.list_keys(Kind.COLD):
        is_noted = premises.database.read(lambda conn: rows.is_noted(conn, key))  # noqa: B023 - at once
        is_plain = store.plain_bytes(key) is not None
        if is_plain:
            if is_noted and is_whole(store, key):
                store.drop_plain(key)
            else:
                premises.database.write(lambda conn: rows.forget(conn, key))  # noqa: B023 - at once
                store.delete(Kind.COLD, key)
            premises.indexes.forget(key)
        elif not is_noted:
            _note(premises, store, key)
        count += is_plain or not is_noted
    return count


def is_whole(store: ColdBlobs, key: str) -> bool:
    """Whether the cold form, read to its end, is the xorb of that hash: every chunk is hashed."""
    try:
        with store.open_cold(key) as reader:
            scanner = XorbScanner()
            for start in range(0, reader.size_bytes, _PIECE_BYTES):
                size = min(_PIECE_BYTES, reader.size_bytes - start)
                scanner.feed(reader.read_at(start, size))
            scanner.finish(hash_from_hex(key))
    except (Corrupt, Malformed, FileNotFoundError) as error:
        _log.warning("the cold form of xorb %s is not whole: %s", key, error)
        return False
    return True


def _note(premises: Premises, store: ColdBlobs, key: str) -> None:
    try:
        bases = store.cold(key).bases
    except (Corrupt, FileNotFoundError):
        return  # fsck tells of it
    size_bytes = store.size_bytes(Kind.COLD, key) or 0
    now = premises.clock()
    if not premises.database.write(lambda conn: rows.note_cold(conn, key, size_bytes, bases, now)):
        _log.warning("cold xorb %s needs what is not there, or has no row itself", key)
