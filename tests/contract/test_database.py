"""Every database passes the shipped suite: SQLite, and a real PostgreSQL server."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from groundswell.core.errors import BadRequest, Conflict, NameTaken
from groundswell.core.values import Role, TokenRole
from groundswell.hub.accounts import Accounts, Passwords
from groundswell.store.database import Database
from groundswell.store.database.schema import migrate
from groundswell.store.tables import metadata
from groundswell.testing.database import DatabaseContract, names, put
from tests.contract import postgresql

_numbers = itertools.count()


class TestSqlite(DatabaseContract):
    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.url = f"sqlite:///{tmp_path}/groundswell.db"

    def open_database(self) -> Database:
        return Database.open(self.url)


@pytest.fixture(scope="module")
def postgresql_server() -> Iterator[Path]:
    with postgresql.server() as folder:
        yield folder


@pytest.fixture
def postgresql_url(postgresql_server: Path) -> str:
    return postgresql.fresh_url(postgresql_server, f"hub{next(_numbers)}")


class TestPostgresql(DatabaseContract):
    @pytest.fixture(autouse=True)
    def _url(self, postgresql_url: str) -> None:
        self.url = postgresql_url

    def open_database(self) -> Database:
        return Database.open(self.url)


def test_postgresql_names_the_tool_for_its_backup(postgresql_url: str, tmp_path: Path) -> None:
    with Database.open(postgresql_url) as database, pytest.raises(BadRequest, match="pg_dump"):
        database.backup_to(tmp_path / "copy")


def test_revisions_build_the_tables_on_postgresql_too(postgresql_url: str) -> None:
    engine = sa.create_engine(postgresql_url)
    with engine.begin() as conn:
        migrate(conn)
    with engine.connect() as conn:
        from alembic.autogenerate import compare_metadata
        from alembic.migration import MigrationContext

        assert compare_metadata(MigrationContext.configure(conn), metadata) == []
    engine.dispose()
    with Database.open(postgresql_url) as database:
        database.write(put("a"))
        assert database.read(names) == ["a"]


def test_accounts_live_on_postgresql(postgresql_url: str) -> None:
    with Database.open(postgresql_url) as database:
        now = itertools.count(1_700_000_000_000_000, 10_000_000)
        accounts = Accounts(
            database, lambda: next(now), passwords=Passwords(memory_kib=8, time_cost=1)
        )
        admin = accounts.ensure_first_admin()
        assert admin is not None
        accounts.create_user("alice", "correct horse", by=None)
        with pytest.raises(NameTaken):
            accounts.create_user("al1ce", "correct horse", by=None)
        _, alice = accounts.sign_in("alice", "correct horse")
        acme = accounts.create_organisation("acme", by=alice)
        alice = accounts.refresh(alice.account_id or 0, None, alice.session_id)
        accounts.set_member("acme", "admin", Role.WRITE, by=alice)
        token = accounts.create_token(admin.account.id, "t", TokenRole.READ, by=None)
        assert accounts.authenticate_token(token.value).role_in(acme.id) is Role.WRITE
        grant = accounts.start_device("app")
        accounts.approve_device(alice, grant.user_code, allow=True)
        assert accounts.authenticate_token(accounts.poll_device(grant.device_code).value)
        assert accounts.list_members("acme")[0].user.name == "admin"
        document = b'{"users":[{"name":"bob","tokens":[{"name":"t","value":"v","role":"read"}]}]}'
        assert accounts.import_accounts(document).users == 1
        assert accounts.import_accounts(document).users == 0
        with pytest.raises(Conflict):
            accounts.set_disabled("admin", disabled=True, by=None)
