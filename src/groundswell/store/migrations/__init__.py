"""How the schema changes from release to release: one alembic revision for each change.

A revision file is named ``<number>_<what>.py`` and its revision id is the number. ``HEAD`` is the
newest; a test holds that the revisions build exactly ``store.tables.metadata``.
"""

from typing import Final

HEAD: Final = "0016"
