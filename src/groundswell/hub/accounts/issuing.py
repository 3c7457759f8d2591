"""Tokens: made by their owner, or for a device whose sign-in a person approved (RFC 8628)."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from groundswell.core.errors import DevicePending
from groundswell.core.values import Principal, RepoGrant, RepoId, TokenRole
from groundswell.hub.accounts import devices, directory, rights, tokens
from groundswell.hub.accounts.base import AccountsBase
from groundswell.hub.accounts.values import (
    AccountKind,
    DeviceGrant,
    DeviceRequest,
    NewToken,
    Token,
)


class Issuing(AccountsBase):
    """The part of ``Accounts`` that hands out tokens and takes them back."""

    def create_token(
        self,
        account_id: int,
        name: str,
        role: TokenRole,
        grants: Sequence[RepoGrant] = (),
        expires_at: int | None = None,
        *,
        by: Principal | None,
    ) -> NewToken:
        """Make a token for a user. Its value is known only now.

        Raises:
            BadRequest: a name, expiry or list of repositories that is refused.
            AccountNotFound: no such user.
            Forbidden: not one's own, or asked for with a token.
        """
        rights.require_self(by, account_id)
        now, actor_id = self._clock(), rights.actor(by)

        def work(conn: sa.Connection) -> NewToken:
            account = directory.by_id(conn, account_id)
            directory.find(conn, account.name, AccountKind.USER)
            return tokens.create(
                conn,
                now,
                account_id,
                name,
                role,
                grants=grants,
                expires_at=expires_at,
                actor_id=actor_id,
            )

        return self._database.write(work)

    def grants_for(self, repo_ids: Sequence[RepoId], *, write: bool) -> tuple[RepoGrant, ...]:
        """Grants by name, for the command line: whoever asks must be allowed to see all of them.

        Raises:
            RepoNotFound: naming the one that is missing.
        """
        numbers = self._database.read(lambda conn: tokens.repository_ids(conn, repo_ids))
        return tuple(RepoGrant(number, write) for number in numbers)

    def names_of_repositories(self, repository_ids: Sequence[int]) -> dict[int, str]:
        """What the repositories of one's own grants are called now; deleted ones are left out."""
        return self._database.read(lambda conn: tokens.repository_full_names(conn, repository_ids))

    def list_tokens(self, account_id: int) -> tuple[Token, ...]:
        """Every token of a user, newest first; revoked and expired ones too."""
        return self._database.read(lambda conn: tokens.listed(conn, account_id))

    def revoke_token(self, account_id: int, token_id: int, *, by: Principal | None) -> Token:
        """Revoke a user's token, at once and for good.

        Raises:
            NotFound: the user has no such token.
            Forbidden: not one's own, or asked for with another token.
        """
        if by is None or by.token_id != token_id or by.account_id != account_id:
            rights.require_self(by, account_id)
        now, actor_id = self._clock(), rights.actor(by)
        return self._database.write(
            lambda conn: tokens.revoke(conn, now, account_id, token_id, actor_id=actor_id)
        )

    def start_device(self, client_id: str, scope: str = "") -> DeviceGrant:
        """Codes for a device that wants a token.

        Raises:
            BadRequest: no client id, or texts that are too long.
            TooManyRequests: too many sign-ins wait to be decided.
        """
        now = self._clock()
        return self._database.write(lambda conn: devices.start(conn, now, client_id, scope))

    def find_device(self, principal: Principal, user_code: str) -> DeviceRequest:
        """What waits under a user code, for the page where somebody decides.

        Raises:
            NotFound: no sign-in waits under that code.
            TooManyRequests: too many wrong codes before.
            Unauthenticated, Forbidden: nobody, or a token, which may not decide.
        """
        account_id = rights.require_session(principal)
        now = self._clock()
        with self._patience.attempt(f"device {account_id}", ""):
            return self._database.read(lambda conn: devices.find(conn, now, user_code))

    def approve_device(self, principal: Principal, user_code: str, *, allow: bool) -> None:
        """Decide about a device, once.

        Raises:
            NotFound, TooManyRequests, Unauthenticated, Forbidden: as ``find_device``.
        """
        account_id = rights.require_session(principal)
        now = self._clock()
        with self._patience.attempt(f"device {account_id}", ""):
            self._database.write(
                lambda conn: devices.decide(conn, now, account_id, user_code, allow=allow)
            )

    def poll_device(self, device_code: str) -> NewToken:
        """The token of an approved device: made now, given once.

        Raises:
            DevicePending, DeviceSlowDown, DeviceExpired, DeviceDenied, DeviceCodeInvalid: whose
                ``code`` is the error code of RFC 8628.
        """
        now = self._clock()
        found = self._database.write(lambda conn: devices.poll(conn, now, device_code))
        if isinstance(found, NewToken):
            return found
        raise DevicePending
