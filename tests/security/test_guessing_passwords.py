"""Guessing passwords and fishing for names.

The attack: a thousand guesses against one account, sent one after the other and all at once; the
time of an answer that tells whether a name exists; a stolen copy of the database in which a
secret lies that still opens something (as a forge's "remember me" once could be rebuilt from its
database).
"""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from groundswell.core.errors import InvalidCredentials, TooManyRequests
from groundswell.core.values import TokenRole
from groundswell.hub.accounts import Accounts, Passwords
from groundswell.store.database import Database

PASSWORD = "correct horse battery"


def clock() -> int:
    return time.time_ns() // 1000


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database.open(f"sqlite:///{tmp_path}/groundswell.db") as opened:
        yield opened


class CountingPasswords(Passwords):
    def __init__(self) -> None:
        super().__init__(memory_kib=64, time_cost=1)
        self.checked = 0

    def verify(self, kept: str | None, password: str) -> bool:
        self.checked += 1
        return super().verify(kept, password)


def refused(call: Callable[..., object], *arguments: str) -> None:
    with pytest.raises((InvalidCredentials, TooManyRequests)):
        call(*arguments)


def test_of_a_thousand_guesses_few_are_checked(database: Database) -> None:
    passwords = CountingPasswords()
    accounts = Accounts(database, clock, passwords=passwords)
    accounts.create_user("alice", PASSWORD, by=None)
    for number in range(500):
        refused(accounts.sign_in, "alice", f"guess {number}", "203.0.113.9")
        refused(accounts.authenticate_basic, "ALICE", f"guess {number}", "203.0.113.9")
    assert passwords.checked <= 10


def test_guesses_sent_at_once_count_as_many(database: Database) -> None:
    passwords = CountingPasswords()
    accounts = Accounts(database, clock, passwords=passwords)
    accounts.create_user("alice", PASSWORD, by=None)

    def guess() -> None:
        for number in range(20):
            refused(accounts.sign_in, "alice", f"guess {number}", "203.0.113.9")

    threads = [threading.Thread(target=guess) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert passwords.checked <= 10


def test_one_peer_cannot_try_every_name(database: Database) -> None:
    passwords = CountingPasswords()
    accounts = Accounts(database, clock, passwords=passwords)
    for number in range(300):
        refused(accounts.sign_in, f"user{number}", PASSWORD, "203.0.113.9")
    assert passwords.checked <= 60


def test_time_does_not_tell_whether_a_name_exists(database: Database) -> None:
    accounts = Accounts(database, clock)
    accounts.create_user("alice", PASSWORD, by=None)
    accounts.create_user("tokens-only", by=None)
    accounts.create_user("closed", PASSWORD, by=None)
    accounts.set_disabled("closed", disabled=True, by=None)
    seconds: dict[str, list[float]] = {}
    for number in range(9):
        for name in ("alice", "nobody", "tokens-only", "closed"):
            start = time.process_time()
            with pytest.raises(InvalidCredentials):
                accounts.sign_in(name, "wrong", f"203.0.113.{number}")
            seconds.setdefault(name, []).append(time.process_time() - start)
    middles = [statistics.median(each) for each in seconds.values()]
    # Of the processor, which others on the machine take less of than of the clock. A name for which
    # nothing is hashed would take next to none.
    assert max(middles) < 1.5 * min(middles), seconds


def test_a_stolen_database_opens_nothing(database: Database, tmp_path: Path) -> None:
    accounts = Accounts(database, clock, passwords=Passwords(memory_kib=64, time_cost=1))
    alice = accounts.create_user("alice", PASSWORD, by=None)
    token = accounts.create_token(alice.id, "t", TokenRole.WRITE, by=None).value
    cookie, principal = accounts.sign_in("alice", PASSWORD)
    grant = accounts.start_device("app")
    accounts.approve_device(principal, grant.user_code, allow=True)
    device_token = accounts.poll_device(grant.device_code).value
    database.backup_to(tmp_path / "stolen.db")
    stolen = (tmp_path / "stolen.db").read_bytes()
    for secret in (PASSWORD, token, cookie, grant.device_code, device_token):
        assert secret.encode() not in stolen
    # Nor does a digest from the file open what its secret opens.
    for table in ("tokens", "sessions"):
        digests = database.read(
            lambda conn, table=table: [
                row[0] for row in conn.exec_driver_sql(f"SELECT hex(digest) FROM {table}")
            ]
        )
        for digest in digests:
            for shown in (digest, digest.lower()):
                refused(accounts.authenticate_token, shown)
                refused(accounts.authenticate_session, shown)
