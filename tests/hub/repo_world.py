"""A small hub without doors: database, git and repositories, and people to use them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from groundswell.core.values import (
    Principal,
    RepoGrant,
    RepoId,
    RepoKind,
    Role,
    TokenRole,
    confusable_key,
    fold_name,
)
from groundswell.hub.repos import Repos, Repository
from groundswell.hub.search import Search
from groundswell.store import tables
from groundswell.store.database import Database
from groundswell.store.git import GitStore


class World:
    """People are made by name; ``as_`` gives the principal of one, with today's memberships."""

    def __init__(self, folder: Path, url: str | None = None) -> None:
        self.database = Database.open(url or f"sqlite:///{folder}/hub.db")
        self.git = GitStore(folder / "repos")
        self._ticks = itertools.count(1_700_000_000_000_000, 1_000_000)
        self.repos = Repos(self.database, self.git, self.now)
        self.search = Search(self.database)
        self.ids: dict[str, int] = {}
        self.admins: set[str] = set()

    @classmethod
    def with_people(cls, folder: Path, url: str | None = None) -> World:
        """ann, bob and eve, and an organisation that ann writes in and bob reads."""
        world = cls(folder, url)
        for name in ("ann", "bob", "eve"):
            world.user(name)
        world.organisation("org", {"ann": Role.WRITE, "bob": Role.READ})
        return world

    def now(self) -> int:
        return next(self._ticks)

    def close(self) -> None:
        self.repos.close()
        self.database.close()

    def write(self, work: Callable[[sa.Connection], Any]) -> Any:
        return self.database.write(work)

    def account(self, name: str, kind: str = "user", **values: Any) -> int:
        row = {
            "public_id": f"{len(self.ids):024x}",
            "kind": kind,
            "name": name,
            "folded": fold_name(name),
            "created_at": self.now(),
            **values,
        }
        name_row = {"confusable": confusable_key(name), "folded": fold_name(name)}

        def work(conn: sa.Connection) -> int:
            made = conn.execute(sa.insert(tables.accounts).values(row)).inserted_primary_key
            assert made is not None
            number = int(made[0])
            conn.execute(sa.insert(tables.account_names).values(account_id=number, **name_row))
            return number

        self.ids[name] = self.database.write(work)
        return self.ids[name]

    def user(self, name: str, *, admin: bool = False, **values: Any) -> Principal:
        self.account(name, is_admin=admin, **values)
        if admin:
            self.admins.add(name)
        return self.as_(name)

    def organisation(self, name: str, members: Mapping[str, Role], **values: Any) -> int:
        number = self.account(name, "organisation", **values)
        rows = [
            {"organisation_id": number, "user_id": self.ids[user], "role": role.value}
            for user, role in members.items()
        ]
        self.write(lambda conn: conn.execute(sa.insert(tables.memberships), rows).rowcount)
        return number

    def as_(
        self, name: str, token: TokenRole | None = None, grants: tuple[RepoGrant, ...] = ()
    ) -> Principal:
        table = tables.memberships
        query = sa.select(table.c.organisation_id, table.c.role).where(
            table.c.user_id == self.ids[name]
        )
        rows = self.database.read(lambda conn: conn.execute(query).all())
        return Principal(
            account_id=self.ids[name],
            name=name,
            is_admin=name in self.admins,
            memberships=tuple((number, Role(role)) for number, role in rows),
            token_role=token,
            grants=grants,
        )

    def put(self, repository_id: int, files: Mapping[str, bytes]) -> str:
        """Commit these files to main and index, as a user's commit would."""
        head = self.git.head(repository_id)
        edit = self.git.edit(repository_id, head)
        from groundswell.store.git import Author, Side

        for path, content in files.items():
            edit.put(path, Side(0o100644, self.git.write_blob(repository_id, content)))
        commit = self.git.make_commit(
            repository_id,
            tree=edit.write(),
            parents=[head] if head else [],
            author=Author("a", "a@b"),
            message="change",
            time=self.now(),
        )
        self.git.swap_ref(repository_id, "refs/heads/main", head, commit)
        self.repos.index(repository_id)
        return commit

    def get(self, principal: Principal, full_name: str, kind: str = "model") -> Repository:
        from groundswell.core.policy import Action

        return self.repos.find(principal, model(full_name, kind), Action.SEE)


def model(full_name: str, kind: str = "model") -> RepoId:
    return RepoId.parse(RepoKind(kind), full_name)
