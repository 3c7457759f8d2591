"""Where the next page of a list begins, as text that a client gives back.

Knows lists in the order of a whole number and, where it is the same, of the row's number, both
from the highest down. Does not know what is listed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from groundswell.core.errors import BadRequest

PAGE_ROWS: Final = 100
PAGE_ROWS_MAX: Final = 1_000

_TEXT: Final = re.compile(r"(\d{1,18})-(\d{1,18})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Order:
    """The two columns that a list is ordered by."""

    value: sa.ColumnElement[int]
    number: sa.ColumnElement[int]

    def page(self, query: sa.Select[Any], cursor: str | None, limit: int) -> sa.Select[Any]:
        """The query's rows after the cursor, one more than ``limit``.

        Raises:
            BadRequest: a cursor that no page gave, or a limit that cannot be.
        """
        if not 1 <= limit <= PAGE_ROWS_MAX:
            raise BadRequest(f"limit must be between 1 and {PAGE_ROWS_MAX}.")
        if cursor is not None:
            found = _TEXT.fullmatch(cursor)
            if found is None:
                raise BadRequest("The cursor is not one of this hub's.")
            after = sa.tuple_(sa.literal(int(found[1])), sa.literal(int(found[2])))
            query = query.where(sa.tuple_(self.value, self.number) < after)
        return query.order_by(self.value.desc(), self.number.desc()).limit(limit + 1)


def next_cursor(rows: Sequence[sa.RowMapping], limit: int, value: str, number: str) -> str | None:
    """The cursor after the first ``limit`` rows, None when there are no more.

    ``value`` and ``number`` are the names of the order's columns in the rows.
    """
    if len(rows) <= limit:
        return None
    last = rows[limit - 1]
    return f"{last[value]}-{last[number]}"
