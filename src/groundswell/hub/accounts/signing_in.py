"""Who asks: from tokens, passwords and cookies to principals. One authenticator for every door.

Does not decide what a principal may do (``core.policy``).
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from groundswell.core.errors import InvalidCredentials, StorageFull, Unavailable
from groundswell.core.values import Principal
from groundswell.hub.accounts import credentials, tokens
from groundswell.hub.accounts.base import AccountsBase
from groundswell.hub.accounts.secret_values import digest, looks_like_token, new_cookie
from groundswell.hub.accounts.sessions import SESSION_SECONDS, end_one, start


class SigningIn(AccountsBase):
    """The part of ``Accounts`` that knows people by their credentials."""

    session_seconds: Final = SESSION_SECONDS

    def authenticate_token(self, value: str) -> Principal:
        """The principal of a token.

        Raises:
            InvalidCredentials: unknown, revoked, expired, or its user is disabled.
        """
        found = self._by_token(value)
        if found is None:
            raise InvalidCredentials
        return found

    def _by_token(self, value: str) -> Principal | None:
        now, key = self._clock(), digest(value)
        found = self._database.read(lambda conn: credentials.by_token(conn, key, now))
        if found is None:
            return None
        principal, is_stale = found
        if is_stale:
            self._touch(principal, now)
        return principal

    def _touch(self, principal: Principal, now: int) -> None:
        token_id = principal.token_id
        assert token_id is not None
        try:
            self._database.write(lambda conn: tokens.touch(conn, now, token_id))
        except (StorageFull, Unavailable):
            return  # a full disk must not lock readers out

    def authenticate_basic(self, name: str, secret: str, peer: str = "") -> Principal:
        """The principal of a Basic header: a token beside any name, else that user's password.

        Raises:
            InvalidCredentials: neither.
            TooManyRequests: too many wrong passwords before; nothing was checked.
        """
        found = self._by_token(secret)
        if found is not None:
            return found
        # An old token, sent again and again by a program, is no guess at its owner's password.
        if not name or looks_like_token(secret):
            raise InvalidCredentials
        account_id = self._check_password(name, secret, peer)
        return self._database.read(lambda conn: credentials.by_account(conn, account_id))

    def authenticate_session(self, cookie: str) -> Principal:
        """The principal of a browser's cookie.

        Raises:
            InvalidCredentials: unknown, ended, expired, or its user is disabled.
        """
        now, key = self._clock(), digest(cookie)
        return self._database.read(lambda conn: credentials.by_session(conn, key, now))

    def refresh(
        self, account_id: int, token_id: int | None = None, session_id: int | None = None
    ) -> Principal:
        """The rights that a credential seen before carries now: for signed URLs and Xet tokens.

        Raises:
            InvalidCredentials: it carries none any more.
        """
        now = self._clock()
        return self._database.read(
            lambda conn: credentials.again(conn, account_id, token_id, session_id, now)
        )

    def sign_in(self, name: str, password: str, peer: str = "") -> tuple[str, Principal]:
        """Begin a session; the text is the cookie's value, which nobody sees again.

        Raises:
            InvalidCredentials: wrong name or password, or disabled: not said which.
            TooManyRequests: too many wrong passwords before; nothing was checked.
        """
        account_id = self._check_password(name, password, peer)
        cookie = new_cookie()
        now = self._clock()

        def work(conn: sa.Connection) -> Principal:
            session_id = start(conn, now, account_id, digest(cookie))
            return credentials.by_account(conn, account_id, session_id=session_id)

        return cookie, self._database.write(work)

    def sign_out(self, principal: Principal) -> None:
        """End the session of this principal; without one, nothing happens."""
        account_id, session_id, now = principal.account_id, principal.session_id, self._clock()
        if account_id is not None and session_id is not None:
            self._database.write(lambda conn: end_one(conn, now, account_id, session_id))
