"""Users, organisations and their members: made, changed, closed and listed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa

from groundswell.core.values import Principal, Role
from groundswell.hub.accounts import directory, rights
from groundswell.hub.accounts.base import AccountsBase
from groundswell.hub.accounts.directory import Profile
from groundswell.hub.accounts.passwords import check_password
from groundswell.hub.accounts.sessions import end_all
from groundswell.hub.accounts.values import Account, AccountKind, Member

LIST_MAX: Final = 1_000


class Registering(AccountsBase):
    """The part of ``Accounts`` that keeps the register of who there is."""

    def find_account(self, name: str) -> Account:
        """The user or organisation of that name, in any spelling.

        Raises:
            AccountNotFound: there is none.
        """
        return self._database.read(lambda conn: directory.find(conn, name))

    def names_of(self, account_ids: Sequence[int]) -> dict[int, str]:
        """Account names by number."""
        return self._database.read(lambda conn: directory.names_of(conn, account_ids))

    def list_accounts(
        self, kind: AccountKind | None = None, *, after: str = "", limit: int = LIST_MAX
    ) -> tuple[Account, ...]:
        """Accounts by name, from after the name ``after``; at most ``limit``."""
        return self._database.read(
            lambda conn: directory.listed(conn, kind, after, min(limit, LIST_MAX))
        )

    def create_user(
        self,
        name: str,
        password: str | None = None,
        *,
        fullname: str = "",
        email: str | None = None,
        is_admin: bool = False,
        by: Principal | None,
    ) -> Account:
        """Make a user. Without a password only tokens work.

        Raises:
            InvalidName, BadRequest: a value that is refused.
            NameTaken: the name exists, existed, or looks like one that does.
            Forbidden: only the hub's admin makes users.
        """
        rights.require_admin(by)
        wanted = Profile(name, fullname, email, is_admin=is_admin)
        password_hash = None
        if password is not None:
            password_hash = self._passwords.hash(check_password(password, name))
        now, actor_id = self._clock(), rights.actor(by)
        return self._database.write(
            lambda conn: directory.create(
                conn,
                now,
                AccountKind.USER,
                wanted,
                password_hash=password_hash,
                actor_id=actor_id,
            )
        )

    def create_organisation(
        self,
        name: str,
        fullname: str = "",
        *,
        private_by_default: bool = False,
        by: Principal | None,
    ) -> Account:
        """Make an organisation; whoever makes it becomes its first admin.

        Raises:
            InvalidName, BadRequest: a value that is refused.
            NameTaken: the name exists, existed, or looks like one that does.
            Unauthenticated, Forbidden: nobody, or a token that may not.
        """
        rights.require_full_rights(by)
        wanted = Profile(name, fullname, private_by_default=private_by_default)
        now, actor_id = self._clock(), rights.actor(by)

        def work(conn: sa.Connection) -> Account:
            made = directory.create(conn, now, AccountKind.ORGANISATION, wanted, actor_id=actor_id)
            if actor_id is not None:
                creator = directory.by_id(conn, actor_id)
                directory.set_member(conn, now, made, creator, Role.ADMIN, actor_id=actor_id)
            return made

        return self._database.write(work)

    def set_password(self, name: str, password: str, *, by: Principal | None) -> None:
        """Set a user's password and end all their sessions. Tokens stay.

        Raises:
            BadRequest: a password that is refused.
            AccountNotFound: no such user.
            Forbidden: it is neither oneself, in a session, nor the hub's admin.
        """
        check_password(password, name)
        password_hash = self._passwords.hash(password)
        now, actor_id = self._clock(), rights.actor(by)

        def work(conn: sa.Connection) -> None:
            user = directory.find(conn, name, AccountKind.USER)
            rights.require_self(by, user.id)
            directory.change(conn, now, user, actor_id, password_hash=password_hash)
            end_all(conn, user.id)

        self._database.write(work)

    def change_password(self, principal: Principal, old: str, new: str, peer: str = "") -> None:
        """Set one's own password, showing the old one: also this session ends.

        Raises:
            InvalidCredentials, TooManyRequests: as ``sign_in``.
            BadRequest: a new password that is refused.
            Forbidden: asked for with a token.
        """
        rights.require_session(principal)  # first: no token may be used to try passwords with
        self._check_password(principal.name, old, peer)
        self.set_password(principal.name, new, by=principal)

    def change_profile(self, principal: Principal, fullname: str, email: str) -> None:
        """Set one's own full name and e-mail address; empty text takes them away.

        Raises:
            BadRequest: text that is refused.
            Unauthenticated, Forbidden: asked for by nobody, or with a token.
        """
        account_id = rights.require_session(principal)
        now = self._clock()
        self._database.write(
            lambda conn: directory.describe(conn, now, account_id, fullname, email)
        )

    def set_disabled(self, name: str, *, disabled: bool, by: Principal | None) -> Account:
        """Close an account or open it again: when closed, nothing of it works, at once.

        Raises:
            AccountNotFound: no such account.
            Conflict: it is the hub's only admin.
            Forbidden: only the hub's admin does this.
        """
        rights.require_admin(by)
        now, actor_id = self._clock(), rights.actor(by)

        def work(conn: sa.Connection) -> Account:
            account = directory.find(conn, name)
            directory.set_disabled(conn, now, account, disabled=disabled, actor_id=actor_id)
            if disabled:
                end_all(conn, account.id)
            return directory.by_id(conn, account.id)

        return self._database.write(work)

    def set_member(
        self, organisation: str, user: str, role: Role | None, *, by: Principal | None
    ) -> None:
        """Give a user a role in an organisation, or with None take it away, at once.

        Raises:
            AccountNotFound: no such organisation or user.
            Conflict: the organisation would be left without an admin.
            Unauthenticated, Forbidden: not an admin of it; members may leave by themselves.
        """
        now, actor_id = self._clock(), rights.actor(by)

        def work(conn: sa.Connection) -> None:
            place = directory.find(conn, organisation, AccountKind.ORGANISATION)
            member = directory.find(conn, user, AccountKind.USER)
            if not (role is None and by is not None and by.account_id == member.id):
                rights.require_manages(by, place.id)
            directory.set_member(conn, now, place, member, role, actor_id=actor_id)

        self._database.write(work)

    def list_members(self, organisation: str) -> tuple[Member, ...]:
        """The members of an organisation, by name.

        Raises:
            AccountNotFound: no such organisation.
        """
        return self._database.read(
            lambda conn: directory.members(
                conn, organisation=directory.find(conn, organisation, AccountKind.ORGANISATION)
            )
        )

    def list_memberships(self, user: str) -> tuple[Member, ...]:
        """The organisations of a user, by name.

        Raises:
            AccountNotFound: no such user.
        """
        return self._database.read(
            lambda conn: directory.members(conn, user=directory.find(conn, user, AccountKind.USER))
        )
