"""Rows of repositories and their owners, made again from the folders on disk.

Knows what a folder's identity says and what to do without one: nothing that may have been private
ever becomes public. Does not read content.
"""

from __future__ import annotations

import re
import secrets
from typing import Final

import sqlalchemy as sa

from groundswell.core.errors import InvalidName, NameTaken
from groundswell.core.values import Gate, RepoId, RepoKind, Visibility, fold_name
from groundswell.hub.accounts import Account, AccountKind, directory
from groundswell.hub.events import record
from groundswell.hub.repos import names
from groundswell.hub.repos.finding import CURRENT, name_row
from groundswell.hub.upkeep.findings import Code, Report
from groundswell.hub.upkeep.premises import Premises
from groundswell.store.database import upsert
from groundswell.store.git.checking import reference_names
from groundswell.store.git.identity import Identity, read_identity
from groundswell.store.tables import accounts, hub_facts, repositories, repository_names

NAMESPACE: Final = "recovered"
_PULL_REQUEST: Final = re.compile(r"refs/pr/([1-9][0-9]{0,8})(?:/head)?")


class Recovery:
    """Makes the rows that are missing."""

    def __init__(self, premises: Premises, report: Report) -> None:
        self._premises = premises
        self._report = report

    def run(self) -> list[int]:
        """Make a row for each folder that has none; the numbers of these."""
        query = sa.select(repositories.c.id)
        known = set(self._premises.database.read(lambda conn: conn.execute(query).scalars().all()))
        numbers = self._premises.git.numbers()
        made = []
        for number in numbers:
            if number in known or not self._premises.git.exists(number):
                continue
            identity = read_identity(self._premises.git.path(number))
            refs = reference_names(self._premises.git.path(number))
            # Without an identity the folder is a creation that broke off, unless all rows are lost.
            if identity is None and (known or not refs):
                continue
            self._recover(number, identity, refs)
            made.append(number)
        self._premises.database.write(lambda conn: _never_again(conn, [*numbers, *known]))
        self._premises.database.write(_name_again)
        return made

    def _recover(self, number: int, identity: Identity | None, refs: list[str]) -> None:
        now = self._premises.clock()
        if identity is None:
            identity = Identity(
                kind=RepoKind.MODEL.value,
                namespace=NAMESPACE,
                name=f"repository-{number}",
                owner_kind=AccountKind.ORGANISATION.value,
                visibility=Visibility.PRIVATE.value,
                gate=Gate.OPEN.value,
                disabled=False,
                public_id=secrets.token_hex(12),
                created_at=now,
            )
        found = [_PULL_REQUEST.fullmatch(name) for name in refs]
        last_discussion = max((int(match[1]) for match in found if match), default=0)
        repo_id = self._premises.database.write(
            lambda conn: self._insert(conn, number, identity, last_discussion)
        )
        what = f"Its row was made again from its folder, as {identity.visibility}."
        self._report.add(
            Code.REPOSITORY_RECOVERED, f"{repo_id.kind.value} {repo_id.full_name}", what
        )

    def _insert(
        self, conn: sa.Connection, number: int, identity: Identity, last_discussion: int
    ) -> RepoId:
        now = self._premises.clock()
        kind = RepoKind(identity.kind)
        owner_id, namespace = self._owner(conn, now, identity)
        repo_id = RepoId(kind, namespace, identity.name)
        row = name_row(conn, repo_id)
        if row is not None and row["state"] == CURRENT and row["repository_id"] != number:
            repo_id = RepoId(kind, namespace, f"{identity.name[:80]}-{number}")
        taken = sa.select(repositories.c.id).where(repositories.c.public_id == identity.public_id)
        is_taken = conn.execute(taken).first() is not None
        conn.execute(
            sa.insert(repositories).values(
                id=number,
                public_id=secrets.token_hex(12) if is_taken else identity.public_id,
                kind=kind.value,
                owner_id=owner_id,
                creator_id=None,
                namespace=repo_id.namespace,
                name=repo_id.name,
                visibility=Visibility(identity.visibility).value,
                gate=Gate(identity.gate).value,
                disabled=identity.disabled,
                created_at=identity.created_at,
                modified_at=now,
                last_discussion=last_discussion,
            )
        )
        names.claim(conn, repo_id, number)
        told = {"kind": kind.value, "name": repo_id.full_name}
        record(conn, now, "repository.recovered", None, number, told)
        return repo_id

    def _owner(self, conn: sa.Connection, now: int, identity: Identity) -> tuple[int, str]:
        """The account of the namespace, made without a password when it is gone."""
        for name in (identity.namespace, NAMESPACE):
            query = sa.select(accounts.c.id, accounts.c.name).where(
                accounts.c.folded == fold_name(name)
            )
            row = conn.execute(query).one_or_none()
            if row is not None:
                return row.id, row.name
            is_fallback = name == NAMESPACE
            kind = AccountKind.ORGANISATION if is_fallback else AccountKind(identity.owner_kind)
            is_first_admin = fold_name(name) == directory.FIRST_ADMIN
            try:
                made = directory.create(
                    conn,
                    now,
                    kind,
                    directory.Profile(name, is_admin=is_first_admin),
                    is_first_admin=is_first_admin,
                )
            except (InvalidName, NameTaken):
                assert not is_fallback, "the name for what has none is always free"
                continue
            self._report.add(Code.ACCOUNT_RECOVERED, f"{kind.value} {made.name}", _advice(made))
            return made.id, made.name
        raise AssertionError


def _name_again(conn: sa.Connection) -> None:
    """Let its name lead to each repository that none leads to, where the name is free."""
    table = repository_names
    leads = sa.select(table.c.repository_id).where(
        table.c.repository_id == repositories.c.id, table.c.state == CURRENT
    )
    query = sa.select(repositories).where(repositories.c.deleted_at.is_(None), ~leads.exists())
    for row in conn.execute(query).mappings().all():
        repo_id = RepoId(RepoKind(row["kind"]), row["namespace"], row["name"])
        holder = name_row(conn, repo_id)
        if holder is None or holder["state"] != CURRENT:
            names.claim(conn, repo_id, row["id"])


def _advice(account: Account) -> str:
    if account.kind is AccountKind.ORGANISATION:
        return "Made again without members: name them with `swell org`."
    return f"Made again without a password: set one with `swell user passwd {account.name}`."


def _never_again(conn: sa.Connection, numbers: list[int]) -> None:
    """No repository number that was ever seen is given out again."""
    query = sa.select(hub_facts.c.value).where(hub_facts.c.name == names.NUMBER_FACT)
    before = conn.execute(query).scalar()
    highest = max([*numbers, before if isinstance(before, int) else 0])
    upsert(conn, hub_facts, {"name": names.NUMBER_FACT, "value": highest}, update=["value"])
