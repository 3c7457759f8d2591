"""The schema's version: created whole when new, brought up to date by migrations when old.

An up-to-date database is recognised by one SELECT; alembic, which takes a moment to load, is
imported only when there is something to migrate.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from groundswell.core.errors import DataTooNew
from groundswell.store import migrations
from groundswell.store.tables import metadata

# As alembic itself would make it.
_VERSION: Final = sa.Table(
    "alembic_version",
    sa.MetaData(),
    sa.Column("version_num", sa.String(32), nullable=False),
    sa.PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)


def version(connection: sa.Connection) -> str | None:
    """The revision that the schema is at, or None when there is no schema yet."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(sa.select(_VERSION.c.version_num)).scalar_one_or_none()
    return None if found is None else str(found)


def is_up_to_date(connection: sa.Connection) -> bool:
    """Whether there is nothing to migrate. Ends the transaction it looked in."""
    with connection.begin():
        return version(connection) == migrations.HEAD


def bring_up_to_date(connection: sa.Connection) -> None:
    """Create or migrate, all in one transaction: a crash leaves the old schema whole.

    Raises:
        DataTooNew: the schema's revision is not one that this Groundswell knows.
    """
    with connection.begin():
        found = version(connection)
        if found is None:
            _create(connection)
        elif found != migrations.HEAD:
            if found not in _known_revisions():
                raise DataTooNew
            migrate(connection)


def migrate(connection: sa.Connection, revision: str = migrations.HEAD) -> None:
    """Run alembic's revisions on a connection whose transaction is open."""
    from alembic import command  # noqa: PLC0415 - see the module's docstring
    from alembic.config import Config  # noqa: PLC0415 - the same

    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def _create(connection: sa.Connection) -> None:
    metadata.create_all(connection)
    _VERSION.create(connection, checkfirst=True)
    connection.execute(sa.insert(_VERSION).values(version_num=migrations.HEAD))


def _known_revisions() -> frozenset[str]:
    names = (path.name for path in (Path(migrations.__file__).parent / "versions").glob("*.py"))
    return frozenset(match[1] for name in names if (match := re.match(r"([0-9]{4})_", name)))
