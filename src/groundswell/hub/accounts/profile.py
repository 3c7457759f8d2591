"""What the hub tells an account of itself, and finding accounts by what they tell of themselves.

Knows the fields of the Hub API's whoami. Does not know how a door writes them.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from groundswell.core.errors import InvalidCredentials
from groundswell.core.values import Principal
from groundswell.hub.accounts import directory, tokens
from groundswell.hub.accounts.values import Account, WhoAmI, WhoAmIOrganisation
from groundswell.store.tables import accounts


def whoami(conn: sa.Connection, principal: Principal) -> WhoAmI:
    """Everything of Hub API section 1.

    Raises:
        InvalidCredentials: nobody in particular asks. Clients know this by its text.
    """
    if principal.account_id is None:
        raise InvalidCredentials
    account = directory.by_id(conn, principal.account_id)
    return WhoAmI(
        id=account.public_id,
        name=account.name,
        fullname=account.fullname or account.name,
        email=account.email,
        avatar_path=account.avatar_path,
        is_admin=account.is_admin,
        organisations=tuple(
            WhoAmIOrganisation(
                id=member.organisation.public_id,
                name=member.organisation.name,
                fullname=member.organisation.fullname or member.organisation.name,
                email=member.organisation.email,
                avatar_path=member.organisation.avatar_path,
                role_in_org=member.role,
            )
            for member in directory.members(conn, user=account)
        ),
        token=None if principal.token_id is None else tokens.by_id(conn, principal.token_id),
    )


def named(
    conn: sa.Connection, words: Sequence[str], limit: int, *, with_closed: bool
) -> tuple[Account, ...]:
    """Accounts whose name or full name holds all the words, those first that begin with the first.

    Words must be storable and few.
    """
    columns = (accounts.c.folded, accounts.c.fullname)
    held = [sa.or_(*(each.icontains(word, autoescape=True) for each in columns)) for word in words]
    begins = accounts.c.folded.istartswith(words[0] if words else "", autoescape=True)
    if not with_closed:
        held.append(accounts.c.disabled_at.is_(None))
    query = (
        sa.select(accounts)
        .where(*held)
        .order_by(sa.case((begins, 0), else_=1), accounts.c.folded)
        .limit(limit)
    )
    return tuple(directory.account_from(row) for row in conn.execute(query).mappings())
