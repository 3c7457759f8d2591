"""The database: two verbs, ``read`` and ``write``, over SQLite or PostgreSQL.

Knows transactions, durability and how a database fails. Does not know what the tables mean.
SQLAlchemy Core is the port between the engines; there is no repository layer over it.
"""

from groundswell.store.database.base import Database
from groundswell.store.database.prepared import Prepared
from groundswell.store.database.statements import PORTION_ROWS, insert_ignore, portions, upsert

__all__ = ["PORTION_ROWS", "Database", "Prepared", "insert_ignore", "portions", "upsert"]
