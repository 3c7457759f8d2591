"""Who may do what to accounts: the checks that every use case of this room begins with.

``by`` is the principal who asks; None is the hub itself and its command line, which whoever can
write the data folder may use.
"""

from __future__ import annotations

from groundswell.core.errors import Forbidden, Unauthenticated
from groundswell.core.policy import may_manage_account, speaks_for_itself
from groundswell.core.values import Principal


def actor(by: Principal | None) -> int | None:
    """Whom an event names as the one who did it."""
    return None if by is None else by.account_id


def require_full_rights(by: Principal | None) -> None:
    """Refuse the anonymous and tokens that only read, or only reach some repositories."""
    if by is None:
        return
    if by.is_anonymous:
        raise Unauthenticated
    if not speaks_for_itself(by):
        msg = "This token does not have the right to do this."
        raise Forbidden(msg)


def require_admin(by: Principal | None) -> None:
    """Refuse everybody but an admin of the hub."""
    require_full_rights(by)
    if by is not None and not by.is_admin:
        raise Forbidden


def require_manages(by: Principal | None, account_id: int) -> None:
    """Refuse whoever does not manage that organisation."""
    require_full_rights(by)
    if by is not None and not may_manage_account(by, account_id):
        raise Forbidden


def require_session(by: Principal) -> int:
    """The user who asks. Tokens are refused: one that makes others would outlive itself."""
    if by.account_id is None:
        raise Unauthenticated
    if by.token_role is not None:
        msg = "This takes a person: sign in with a browser."
        raise Forbidden(msg)
    return by.account_id


def require_self(by: Principal | None, account_id: int) -> None:
    """Refuse everybody but that user, in a session, and an admin of the hub."""
    if by is None:
        return
    if require_session(by) != account_id and not by.is_admin:
        raise Forbidden
