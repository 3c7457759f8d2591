"""What the use cases of accounts work with: the database, the clock, passwords and patience."""

from __future__ import annotations

from collections.abc import Callable

from groundswell.core.errors import InvalidCredentials
from groundswell.core.values import fold_name
from groundswell.hub.accounts import directory
from groundswell.hub.accounts.passwords import Passwords, Patience
from groundswell.store.database import Database

Clock = Callable[[], int]


class AccountsBase:
    """The common ground of the classes that ``Accounts`` is put together from."""

    def __init__(
        self, database: Database, clock: Clock, *, passwords: Passwords | None = None
    ) -> None:
        self._database = database
        self._clock = clock
        self._passwords = passwords or Passwords()
        self._patience = Patience()

    def _check_password(self, name: str, password: str, peer: str) -> int:
        with self._patience.attempt(fold_name(name[:200]), peer):
            kept = self._database.read(lambda conn: directory.password_of(conn, name))
            account_id, password_hash = kept or (None, None)
            if not self._passwords.verify(password_hash, password) or account_id is None:
                raise InvalidCredentials
        if password_hash is not None and self._passwords.is_outdated(password_hash):
            newer = self._passwords.hash(password)
            self._database.write(
                lambda conn: directory.replace_password(conn, account_id, password_hash, newer)
            )
        return account_id
