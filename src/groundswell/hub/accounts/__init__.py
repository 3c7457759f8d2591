"""Who there is: users, organisations, and the credentials by which they are known.

One authenticator serves every door. Rights are never cached from one request to the next, so a
revoked token, a changed role and a disabled user take effect at once.
"""

from groundswell.hub.accounts.importing import ImportCount
from groundswell.hub.accounts.passwords import Passwords
from groundswell.hub.accounts.service import Accounts
from groundswell.hub.accounts.values import (
    Account,
    AccountKind,
    DeviceGrant,
    DeviceRequest,
    Member,
    NewAccount,
    NewToken,
    Token,
    WhoAmI,
    WhoAmIOrganisation,
)

__all__ = [
    "Account",
    "AccountKind",
    "Accounts",
    "DeviceGrant",
    "DeviceRequest",
    "ImportCount",
    "Member",
    "NewAccount",
    "NewToken",
    "Passwords",
    "Token",
    "WhoAmI",
    "WhoAmIOrganisation",
]
