"""What keeps xorbs from being collected, against what it was made from: rows of ``xorb_uses``
against recipes, rows of cold xorbs against their files.

The collector believes these rows when it removes bytes, so that one which is lost costs content
after a grace. Recipes and files are the truth. Knows nothing of bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import sqlalchemy as sa

from groundswell.core.errors import Corrupt
from groundswell.hub.blobs import marks as rules
from groundswell.hub.upkeep.cooling import rows as cold_rows
from groundswell.hub.upkeep.cooling import settle
from groundswell.hub.upkeep.findings import Code, Report
from groundswell.hub.upkeep.premises import Premises
from groundswell.store.ports import ColdBlobs, Kind
from groundswell.store.tables import reconstructions, xorb_uses

# Contents compared in one transaction: their recipes are held in memory.
_CONTENTS_AT_ONCE: Final = 200


def report_uses(premises: Premises, report: Report) -> None:
    """Write down every row that is missing or too many. Beside a hub at work: rows are written
    with recipes, and read with them here.
    """
    for some in _contents(premises):
        wrong = premises.database.read(lambda conn: rules.wrong_uses(conn, some))  # noqa: B023 - at once
        for sha256, (missing, extra) in wrong.items():
            for key in sorted(missing):
                what = f"Nothing keeps xorb {key} of this content from being collected."
                report.add(Code.USE_MISSING, sha256, what)
            for key in sorted(extra):
                what = f"A row says that this content uses xorb {key}: no recipe does."
                report.add(Code.USE_EXTRA, sha256, what)
    for key in wrong_cold_rows(premises):
        what = "The rows of this cold xorb name other bases than its file: they may be collected."
        report.add(Code.USE_MISSING, f"cold/{key}", what)


def repair_uses(premises: Premises) -> int:
    """Let the rows say what recipes name; of how many contents they did not. Beside a hub at work:
    rows are compared again in the transaction that repairs them.
    """
    count = 0
    for some in _contents(premises):
        if premises.database.read(lambda conn: rules.wrong_uses(conn, some)):  # noqa: B023 - at once
            count += premises.database.write(lambda conn: rules.renew_uses(conn, some))  # noqa: B023 - at once
    return count


def _contents(premises: Premises) -> Iterator[list[str]]:
    """All contents that have a recipe or a row, some at a time, by sha256."""

    def work(conn: sa.Connection) -> list[str]:
        found: set[str] = set()
        for column in (reconstructions.c.sha256, xorb_uses.c.sha256):
            query = sa.select(column).where(column > after).distinct().order_by(column)
            found.update(conn.execute(query.limit(_CONTENTS_AT_ONCE)).scalars())
        return sorted(found)[:_CONTENTS_AT_ONCE]

    after = ""
    while some := premises.database.read(work):
        yield some
        after = some[-1]


def wrong_cold_rows(premises: Premises) -> Iterator[str]:
    """Cold xorbs whose rows name other bases than their files. What lies plain as well is between
    two steps of ``cooling``, and passed over.
    """
    store = premises.store
    if not isinstance(store, ColdBlobs):
        return
    for key in store.list_keys(Kind.COLD):
        noted = premises.database.read(lambda conn: cold_rows.bases_of(conn, [key]))  # noqa: B023 - at once
        is_noted = premises.database.read(lambda conn: cold_rows.is_noted(conn, key))  # noqa: B023 - at once
        try:
            bases = set(store.cold(key).bases)
        except (Corrupt, FileNotFoundError):
            continue  # told as a broken xorb
        if (noted != bases or not is_noted) and store.plain_bytes(key) is None:
            yield key


def repair_cold_rows(premises: Premises) -> None:
    """Make the rows of cold xorbs again where they are wrong. No hub may be at work."""
    for key in list(wrong_cold_rows(premises)):
        premises.database.write(lambda conn: cold_rows.forget(conn, key))  # noqa: B023 - at once
    settle(premises)
