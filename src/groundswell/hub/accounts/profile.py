"""What the hub tells of an account: to itself, and to anybody.

Knows the fields of the Hub API's whoami and overview. Does not know how a door writes them.
"""

from __future__ import annotations

import sqlalchemy as sa

from groundswell.core.errors import InvalidCredentials
from groundswell.core.values import Principal, RepoKind, Visibility
from groundswell.hub.accounts import directory, tokens
from groundswell.hub.accounts.values import Account, Overview, WhoAmI, WhoAmIOrganisation
from groundswell.store.tables import repositories


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


def overview(conn: sa.Connection, account: Account) -> Overview:
    """What anybody may know: only public repositories are counted."""
    members = (
        directory.members(conn, organisation=account)
        if account.is_organisation
        else directory.members(conn, user=account)
    )
    query = (
        sa.select(repositories.c.kind, sa.func.count().label("found"))
        .where(
            repositories.c.owner_id == account.id,
            repositories.c.visibility == Visibility.PUBLIC.value,
            repositories.c.deleted_at.is_(None),
        )
        .group_by(repositories.c.kind)
    )
    counts = {kind.value: 0 for kind in RepoKind}
    counts.update({row.kind: row.found for row in conn.execute(query)})
    return Overview(account=account, members=members, repository_counts=counts)
