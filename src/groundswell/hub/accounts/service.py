"""Accounts as the rest of the hub knows them: every use case in one object.

``by`` is the principal who asks; None is the hub itself and its command line.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import sqlalchemy as sa

from groundswell.core.errors import BadRequest
from groundswell.core.values import Principal, TokenRole, fold_name, is_storable
from groundswell.hub.accounts import directory, importing, profile, tokens
from groundswell.hub.accounts.directory import Profile
from groundswell.hub.accounts.import_document import ImportDocument, parse
from groundswell.hub.accounts.importing import ImportCount
from groundswell.hub.accounts.issuing import Issuing
from groundswell.hub.accounts.registering import Registering
from groundswell.hub.accounts.secret_values import new_password
from groundswell.hub.accounts.signing_in import SigningIn
from groundswell.hub.accounts.values import Account, AccountKind, NewAccount, WhoAmI

WORDS_MAX: Final = 8


class Accounts(SigningIn, Registering, Issuing):
    """Users, organisations, tokens and sessions. ``clock`` gives microseconds since the epoch."""

    def whoami(self, principal: Principal) -> WhoAmI:
        """Everything of Hub API section 1.

        Raises:
            InvalidCredentials: nobody in particular asks.
        """
        return self._database.read(lambda conn: profile.whoami(conn, principal))

    def find_named(
        self, words: Sequence[str], limit: int, *, with_closed: bool = False
    ) -> tuple[Account, ...]:
        """Accounts whose name or full name holds all the words, at most ``limit``.

        Raises:
            BadRequest: a word that no name can hold, or too many.
        """
        if len(words) > WORDS_MAX or not all(is_storable(word) for word in words):
            raise BadRequest(f"At most {WORDS_MAX} words, of characters that names can hold.")
        return self._database.read(
            lambda conn: profile.named(conn, words, limit, with_closed=with_closed)
        )

    def ensure_first_admin(self) -> NewAccount | None:
        """On a hub that has no admin, make one named ``admin``, with secrets to print once."""
        if self._database.read(directory.has_admin):
            return None
        password = new_password()
        password_hash = self._passwords.hash(password)
        now = self._clock()

        def work(conn: sa.Connection) -> NewAccount | None:
            if directory.has_admin(conn):
                return None
            wanted = Profile(directory.FIRST_ADMIN, "Administrator", is_admin=True)
            account = directory.create(
                conn,
                now,
                AccountKind.USER,
                wanted,
                password_hash=password_hash,
                is_first_admin=True,
            )
            made = tokens.create(conn, now, account.id, "first start", TokenRole.WRITE)
            return NewAccount(account, password, made.value)

        return self._database.write(work)

    def import_accounts(
        self, text: bytes, progress: Callable[[int, int], None] = lambda _done, _all: None
    ) -> ImportCount:
        """Accounts from a JSON document (``accounts.importing``): all of it or nothing.

        Args:
            text: the document.
            progress: called with how many passwords are done, and of how many.

        Raises:
            Malformed, Conflict: with the place in the document; nothing was changed.
        """
        document = parse(text)
        kept = self._database.read(importing.password_hashes)
        users = []
        for done, user in enumerate(document.users):
            known = kept.get(fold_name(user.profile.name))
            password = user.password
            is_new = password is not None and not (
                known is not None and self._passwords.verify(known, password)
            )
            users.append(
                user.with_hash(self._passwords.hash(password) if is_new and password else None)
            )
            progress(done + 1, len(document.users))
        ready = ImportDocument(tuple(users), document.organisations)
        now = self._clock()
        return self._database.write(lambda conn: importing.write(conn, now, ready))
