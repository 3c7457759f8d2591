"""Accounts on a real database: names, credentials, roles and what each of them may do."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from groundswell.core.errors import (
    AccountNotFound,
    BadRequest,
    Conflict,
    DeviceCodeInvalid,
    DeviceDenied,
    DeviceExpired,
    DevicePending,
    DeviceSlowDown,
    Forbidden,
    InvalidCredentials,
    InvalidName,
    Malformed,
    NameTaken,
    NotFound,
    RepoNotFound,
    TooManyRequests,
    Unauthenticated,
)
from groundswell.core.values import (
    ANONYMOUS,
    Principal,
    RepoGrant,
    RepoId,
    RepoKind,
    Role,
    TokenRole,
)
from groundswell.hub.accounts import Account, AccountKind, Accounts, Passwords
from groundswell.hub.accounts.secret_values import is_token_shaped
from groundswell.store import tables
from groundswell.store.database import Database

SECOND = 1_000_000
PASSWORD = "correct horse battery"


class Time:
    def __init__(self) -> None:
        self.now = 1_700_000_000 * SECOND

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("empty") / "groundswell.db"
    Database.open(f"sqlite:///{path}").close()
    return path


@pytest.fixture
def database(tmp_path: Path, empty: Path) -> Iterator[Database]:
    shutil.copy(empty, tmp_path / "groundswell.db")
    with Database.open(f"sqlite:///{tmp_path}/groundswell.db") as opened:
        yield opened


@pytest.fixture
def accounts(database: Database, time: Time) -> Accounts:
    return Accounts(database, time, passwords=Passwords(memory_kib=8, time_cost=1))


def user(accounts: Accounts, name: str = "alice", **told: object) -> Account:
    return accounts.create_user(name, PASSWORD, by=None, **told)  # type: ignore[arg-type]


def signed_in(accounts: Accounts, name: str = "alice") -> Principal:
    return accounts.sign_in(name, PASSWORD)[1]


def rows(database: Database, table: sa.Table) -> list[dict[str, object]]:
    return database.read(lambda conn: [dict(r) for r in conn.execute(sa.select(table)).mappings()])


# --- names ----------------------------------------------------------------------------------------


def test_names_are_found_in_any_case_and_kept_as_written(accounts: Accounts) -> None:
    user(accounts, "Alice-B")
    assert accounts.find_account("aLICE-b").name == "Alice-B"


@pytest.mark.parametrize("name", ["ALICE", "a1ice", "al-ice", "a_l.ice", "aIice"])
def test_names_that_look_like_another_are_refused(accounts: Accounts, name: str) -> None:
    user(accounts)
    with pytest.raises(NameTaken):
        user(accounts, name)
    with pytest.raises(NameTaken):
        accounts.create_organisation(name, by=None)


@pytest.mark.parametrize(
    "name", ["api", "API", "ap1", "admin", "models", "-x", "a--b", "x.git", ""]
)
def test_reserved_and_malformed_names_are_refused(accounts: Accounts, name: str) -> None:
    with pytest.raises(InvalidName):
        user(accounts, name)


def test_retired_names_stay_taken(accounts: Accounts, database: Database) -> None:
    names = tables.account_names
    row = {"confusable": "bob", "folded": "bob", "account_id": None, "retired_at": 1}
    database.write(lambda conn: conn.execute(sa.insert(names).values(row)).rowcount)
    with pytest.raises(NameTaken):
        user(accounts, "Bob")


def test_public_ids_are_24_hexadecimal_digits(accounts: Accounts) -> None:
    found = user(accounts).public_id
    assert len(found) == 24
    assert int(found, 16)


# --- passwords and sessions -----------------------------------------------------------------------


def test_sign_in_gives_a_new_cookie_each_time(accounts: Accounts) -> None:
    user(accounts)
    first, one = accounts.sign_in("ALICE", PASSWORD)
    second, _ = accounts.sign_in("alice", PASSWORD)
    assert first != second
    assert accounts.authenticate_session(first) == one
    assert one.token_role is None
    assert one.session_id is not None


def test_wrong_password_and_unknown_user_look_the_same(accounts: Accounts) -> None:
    user(accounts)
    for name, password in [("alice", "wrong"), ("nobody", PASSWORD), ("alice", "x" * 5000)]:
        with pytest.raises(InvalidCredentials) as caught:
            accounts.sign_in(name, password)
        assert caught.value.message == InvalidCredentials.default_message


def test_guessing_becomes_slow_and_nothing_more_is_checked(accounts: Accounts) -> None:
    user(accounts)
    for _ in range(5):
        with pytest.raises(InvalidCredentials):
            accounts.sign_in("alice", "wrong", "203.0.113.5")
    with pytest.raises(TooManyRequests) as caught:
        accounts.sign_in("alice", PASSWORD, "203.0.113.5")
    assert caught.value.retry_after_seconds >= 1
    accounts.sign_in("alice", PASSWORD, "198.51.100.7")


def test_sign_out_ends_the_session_at_once(accounts: Accounts) -> None:
    user(accounts)
    cookie, principal = accounts.sign_in("alice", PASSWORD)
    accounts.sign_out(principal)
    with pytest.raises(InvalidCredentials):
        accounts.authenticate_session(cookie)
    with pytest.raises(InvalidCredentials):
        accounts.refresh(principal.account_id or 0, None, principal.session_id)


def test_sessions_expire(accounts: Accounts, time: Time) -> None:
    user(accounts)
    cookie, _ = accounts.sign_in("alice", PASSWORD)
    time.now += accounts.session_seconds * SECOND
    with pytest.raises(InvalidCredentials):
        accounts.authenticate_session(cookie)


def test_a_new_password_ends_every_session(accounts: Accounts) -> None:
    user(accounts)
    cookie, principal = accounts.sign_in("alice", PASSWORD)
    accounts.change_password(principal, PASSWORD, "another good one")
    with pytest.raises(InvalidCredentials):
        accounts.authenticate_session(cookie)
    with pytest.raises(InvalidCredentials):
        accounts.sign_in("alice", PASSWORD)
    accounts.sign_in("alice", "another good one")


def test_people_say_who_they_are(accounts: Accounts) -> None:
    user(accounts)
    _, principal = accounts.sign_in("alice", PASSWORD)
    accounts.change_profile(principal, " Alice A. ", "a@example.org")
    told = accounts.whoami(principal)
    assert (told.fullname, told.email) == ("Alice A.", "a@example.org")
    for fullname, email in (("x" * 201, ""), ("a\x00b", ""), ("Alice", "no address")):
        with pytest.raises(BadRequest):
            accounts.change_profile(principal, fullname, email)
    accounts.change_profile(principal, "", "")
    told = accounts.whoami(principal)
    assert (told.fullname, told.email) == ("alice", None)


def test_a_token_cannot_say_who_somebody_is(accounts: Accounts) -> None:
    made = accounts.create_token(user(accounts).id, "t", TokenRole.WRITE, by=None)
    with pytest.raises(Forbidden):
        accounts.change_profile(accounts.authenticate_token(made.value), "Mallory", "")


@pytest.mark.parametrize("password", ["short", "alice123", "aaaaaaaaaa", "x" * 2000])
def test_bad_passwords_are_refused(accounts: Accounts, password: str) -> None:
    with pytest.raises(BadRequest):
        accounts.create_user("alice123", password, by=None)


def test_hashes_with_old_parameters_are_renewed(
    accounts: Accounts, database: Database, time: Time
) -> None:
    user(accounts)
    before = rows(database, tables.accounts)[0]["password_hash"]
    stronger = Accounts(database, time, passwords=Passwords(memory_kib=16, time_cost=1))
    stronger.sign_in("alice", PASSWORD)
    after = rows(database, tables.accounts)[0]["password_hash"]
    assert before != after
    assert "m=16" in str(after)
    stronger.sign_in("alice", PASSWORD)
    assert rows(database, tables.accounts)[0]["password_hash"] == after


# --- tokens ---------------------------------------------------------------------------------------


def test_a_token_is_shown_once_and_kept_as_a_digest(accounts: Accounts, database: Database) -> None:
    alice = user(accounts)
    made = accounts.create_token(alice.id, "laptop", TokenRole.WRITE, by=None)
    assert is_token_shaped(made.value)
    assert len(made.value) == 37
    assert made.value not in str(rows(database, tables.tokens))
    assert made.value not in str(rows(database, tables.events))
    assert made.value not in repr(made)
    principal = accounts.authenticate_token(made.value)
    assert (principal.name, principal.token_role) == ("alice", TokenRole.WRITE)


def test_every_door_knows_the_same_token(accounts: Accounts) -> None:
    value = accounts.create_token(user(accounts).id, "t", TokenRole.READ, by=None).value
    expected = accounts.authenticate_token(value)
    for name in ("alice", "hf_user", "", "nobody"):
        assert accounts.authenticate_basic(name, value) == expected


def test_basic_takes_the_password_too(accounts: Accounts) -> None:
    user(accounts)
    assert accounts.authenticate_basic("Alice", PASSWORD).token_role is None
    with pytest.raises(InvalidCredentials):
        accounts.authenticate_basic("", PASSWORD)
    with pytest.raises(InvalidCredentials):
        accounts.authenticate_basic("alice", "wrong")


@pytest.mark.parametrize("value", ["", "hf_", "hf_" + "a" * 34, "x" * 4000, "\udcff", "hf_é"])
def test_unknown_tokens_are_refused(accounts: Accounts, value: str) -> None:
    with pytest.raises(InvalidCredentials):
        accounts.authenticate_token(value)


def test_expired_revoked_and_disabled(accounts: Accounts, time: Time) -> None:
    alice = user(accounts)
    short = accounts.create_token(
        alice.id, "short", TokenRole.READ, expires_at=time.now + 10 * SECOND, by=None
    )
    long = accounts.create_token(alice.id, "long", TokenRole.READ, by=None)
    principal = accounts.authenticate_token(short.value)
    time.now += 10 * SECOND
    with pytest.raises(InvalidCredentials):
        accounts.authenticate_token(short.value)
    with pytest.raises(InvalidCredentials):
        accounts.refresh(alice.id, principal.token_id, None)
    accounts.revoke_token(alice.id, long.token.id, by=None)
    with pytest.raises(InvalidCredentials):
        accounts.authenticate_token(long.value)


def test_nothing_of_a_disabled_user_works(accounts: Accounts) -> None:
    alice = user(accounts)
    token = accounts.create_token(alice.id, "t", TokenRole.WRITE, by=None)
    cookie, session = accounts.sign_in("alice", PASSWORD)
    accounts.set_disabled("alice", disabled=True, by=None)
    for attempt in (
        lambda: accounts.authenticate_token(token.value),
        lambda: accounts.authenticate_session(cookie),
        lambda: accounts.authenticate_basic("alice", PASSWORD),
        lambda: accounts.sign_in("alice", PASSWORD),
        lambda: accounts.refresh(alice.id, token.token.id, None),
        lambda: accounts.refresh(alice.id, None, session.session_id),
        lambda: accounts.refresh(alice.id, None, None),
    ):
        with pytest.raises(InvalidCredentials):
            attempt()
    accounts.set_disabled("alice", disabled=False, by=None)
    accounts.authenticate_token(token.value)
    with pytest.raises(InvalidCredentials):
        accounts.authenticate_session(cookie)


def test_use_is_noted_at_most_once_an_hour(
    accounts: Accounts, database: Database, time: Time
) -> None:
    value = accounts.create_token(user(accounts).id, "t", TokenRole.READ, by=None).value
    seen = []
    for minutes in (0, 30, 59, 61):
        start = time.now
        time.now += minutes * 60 * SECOND
        accounts.authenticate_token(value)
        seen.append(rows(database, tables.tokens)[0]["used_at"])
        time.now = start
    assert seen[0] == seen[1] == seen[2]
    assert seen[3] == seen[0] + 61 * 60 * SECOND  # type: ignore[operator]


def test_a_token_makes_no_tokens(accounts: Accounts) -> None:
    alice = user(accounts)
    value = accounts.create_token(alice.id, "t", TokenRole.WRITE, by=None).value
    with pytest.raises(Forbidden):
        accounts.create_token(
            alice.id, "more", TokenRole.WRITE, by=accounts.authenticate_token(value)
        )
    with pytest.raises(Unauthenticated):
        accounts.create_token(alice.id, "more", TokenRole.WRITE, by=ANONYMOUS)
    made = accounts.create_token(alice.id, "more", TokenRole.READ, by=signed_in(accounts))
    user(accounts, "bob")
    with pytest.raises(Forbidden):
        accounts.create_token(alice.id, "his", TokenRole.READ, by=signed_in(accounts, "bob"))
    bob = signed_in(accounts, "bob")
    with pytest.raises(NotFound):
        accounts.revoke_token(bob.account_id or 0, made.token.id, by=bob)


def test_fine_grained_tokens_name_repositories(accounts: Accounts, database: Database) -> None:
    alice = user(accounts)
    row = {
        "public_id": "0" * 24,
        "kind": "model",
        "owner_id": alice.id,
        "namespace": "alice",
        "name": "m",
        "visibility": "private",
        "created_at": 1,
        "modified_at": 1,
    }
    database.write(lambda conn: conn.execute(sa.insert(tables.repositories).values(row)).rowcount)
    named = {
        "kind": "model",
        "namespace_folded": "alice",
        "name_folded": "m",
        "confusable": "m",
        "repository_id": 1,
        "state": "current",
    }
    database.write(
        lambda conn: conn.execute(sa.insert(tables.repository_names).values(named)).rowcount
    )
    grants = (RepoGrant(1, write=True),)
    made = accounts.create_token(alice.id, "one", TokenRole.FINE_GRAINED, grants, by=None)
    assert accounts.authenticate_token(made.value).grants == grants
    assert accounts.list_tokens(alice.id)[0].grants == grants
    assert accounts.names_of_repositories([1, 2]) == {1: "alice/m"}
    assert accounts.grants_for([RepoId(RepoKind.MODEL, "ALICE", "M")], write=True) == grants
    with pytest.raises(RepoNotFound):
        accounts.grants_for([RepoId(RepoKind.DATASET, "alice", "m")], write=True)
    for role, given in ((TokenRole.WRITE, grants), (TokenRole.FINE_GRAINED, ())):
        with pytest.raises(BadRequest):
            accounts.create_token(alice.id, "wrong", role, given, by=None)


# --- organisations --------------------------------------------------------------------------------


def test_role_changes_act_at_once(accounts: Accounts) -> None:
    user(accounts)
    user(accounts, "bob")
    acme = accounts.create_organisation("acme", "Acme", by=signed_in(accounts))
    value = accounts.create_token(
        accounts.find_account("bob").id, "t", TokenRole.WRITE, by=None
    ).value
    for role in (Role.READ, Role.CONTRIBUTOR, Role.WRITE, Role.ADMIN, None):
        accounts.set_member("acme", "bob", role, by=signed_in(accounts))
        assert accounts.authenticate_token(value).role_in(acme.id) is role


def test_only_its_admins_change_members(accounts: Accounts) -> None:
    for name in ("alice", "bob", "carol"):
        user(accounts, name)
    accounts.create_organisation("acme", by=signed_in(accounts))
    accounts.set_member("acme", "bob", Role.WRITE, by=signed_in(accounts))
    with pytest.raises(Forbidden):
        accounts.set_member("acme", "carol", Role.READ, by=signed_in(accounts, "bob"))
    with pytest.raises(Unauthenticated):
        accounts.set_member("acme", "carol", Role.READ, by=ANONYMOUS)
    accounts.set_member("acme", "bob", None, by=signed_in(accounts, "bob"))
    with pytest.raises(Conflict):
        accounts.set_member("acme", "alice", None, by=signed_in(accounts))
    with pytest.raises(AccountNotFound):
        accounts.set_member("acme", "nobody", Role.READ, by=None)
    assert [(m.user.name, m.role) for m in accounts.list_members("ACME")] == [("alice", Role.ADMIN)]


def test_a_read_token_makes_no_organisation(accounts: Accounts) -> None:
    value = accounts.create_token(user(accounts).id, "t", TokenRole.READ, by=None).value
    with pytest.raises(Forbidden):
        accounts.create_organisation("acme", by=accounts.authenticate_token(value))


def test_only_the_admin_makes_users_and_closes_accounts(accounts: Accounts) -> None:
    user(accounts, "root-user", is_admin=True)
    user(accounts)
    with pytest.raises(Forbidden):
        accounts.create_user("dave", by=signed_in(accounts))
    accounts.create_user("dave", by=signed_in(accounts, "root-user"))
    with pytest.raises(Forbidden):
        accounts.set_disabled("dave", disabled=True, by=signed_in(accounts))
    with pytest.raises(Conflict):
        accounts.set_disabled("root-user", disabled=True, by=None)
    assert [a.name for a in accounts.list_accounts(AccountKind.USER, after="alice")] == [
        "dave",
        "root-user",
    ]


# --- first start, whoami --------------------------------------------------------------------------


def test_first_start_makes_one_admin(accounts: Accounts) -> None:
    made = accounts.ensure_first_admin()
    assert made is not None
    assert made.password not in repr(made)
    assert accounts.authenticate_token(made.token).is_admin
    assert accounts.sign_in("admin", made.password)[1].is_admin
    assert accounts.ensure_first_admin() is None


def test_whoami(accounts: Accounts, time: Time) -> None:
    alice = user(accounts, fullname="Alice B.", email="alice@example.org")
    accounts.create_organisation("acme", "Acme Inc.", by=signed_in(accounts))
    made = accounts.create_token(alice.id, "laptop", TokenRole.WRITE, by=None)
    told = accounts.whoami(accounts.authenticate_token(made.value))
    assert (told.type, told.id, told.name) == ("user", alice.public_id, "alice")
    assert (told.fullname, told.email) == ("Alice B.", "alice@example.org")
    assert told.token is not None
    assert (told.token.name, told.token.role, told.token.created_at) == (
        "laptop",
        "write",
        time.now,
    )
    (acme,) = told.organisations
    assert (acme.type, acme.name, acme.fullname) == ("org", "acme", "Acme Inc.")
    assert (acme.role_in_org, len(acme.id)) == ("admin", 24)
    assert accounts.whoami(signed_in(accounts)).token is None
    with pytest.raises(InvalidCredentials):
        accounts.whoami(ANONYMOUS)


# --- device flow ----------------------------------------------------------------------------------

CLIENT = "26be6b09-91c5-47da-9861-d2d2bb7a7e36"


def test_a_device_gets_its_token_once(accounts: Accounts, database: Database, time: Time) -> None:
    user(accounts)
    grant = accounts.start_device(CLIENT, "openid")
    assert (grant.expires_in_seconds, grant.interval_seconds) == (900, 5)
    assert len(grant.user_code.replace("-", "")) == 8
    assert grant.device_code not in str(rows(database, tables.device_grants))
    with pytest.raises(DevicePending):
        accounts.poll_device(grant.device_code)
    with pytest.raises(DeviceSlowDown):
        accounts.poll_device(grant.device_code)
    time.now += 5 * SECOND
    with pytest.raises(DevicePending):
        accounts.poll_device(grant.device_code)
    session = signed_in(accounts)
    typed = grant.user_code.lower().replace("-", " ")
    assert accounts.find_device(session, typed).client_name == "Hugging Face client"
    accounts.approve_device(session, typed, allow=True)
    assert rows(database, tables.tokens) == []
    made = accounts.poll_device(grant.device_code)
    assert made.token.name == "Hugging Face client, 2023-11-14"
    assert accounts.authenticate_token(made.value).token_role is TokenRole.WRITE
    with pytest.raises(DeviceCodeInvalid):
        accounts.poll_device(grant.device_code)
    with pytest.raises(NotFound):
        accounts.approve_device(session, typed, allow=True)


def test_a_device_may_be_refused_or_come_too_late(accounts: Accounts, time: Time) -> None:
    user(accounts)
    refused, late = accounts.start_device("app"), accounts.start_device("app")
    session = signed_in(accounts)
    accounts.approve_device(session, refused.user_code, allow=False)
    with pytest.raises(DeviceDenied):
        accounts.poll_device(refused.device_code)
    time.now += 900 * SECOND
    with pytest.raises(DeviceExpired):
        accounts.poll_device(late.device_code)
    with pytest.raises(NotFound):
        accounts.approve_device(session, late.user_code, allow=True)
    with pytest.raises(DeviceCodeInvalid):
        accounts.poll_device("never given")


def test_only_a_person_in_a_browser_approves(accounts: Accounts) -> None:
    value = accounts.create_token(user(accounts).id, "t", TokenRole.WRITE, by=None).value
    grant = accounts.start_device("app")
    with pytest.raises(Forbidden):
        accounts.approve_device(accounts.authenticate_token(value), grant.user_code, allow=True)
    with pytest.raises(Unauthenticated):
        accounts.approve_device(ANONYMOUS, grant.user_code, allow=True)


def test_guessing_user_codes_becomes_slow(accounts: Accounts) -> None:
    user(accounts)
    session = signed_in(accounts)
    for _ in range(5):
        with pytest.raises(NotFound):
            accounts.find_device(session, "BBBB-BBBB")
    with pytest.raises(TooManyRequests):
        accounts.find_device(session, "BBBB-BBBB")


def test_a_user_disabled_after_approval_gets_nothing(accounts: Accounts) -> None:
    user(accounts)
    grant = accounts.start_device("app")
    accounts.approve_device(signed_in(accounts), grant.user_code, allow=True)
    accounts.set_disabled("alice", disabled=True, by=None)
    with pytest.raises(DeviceDenied):
        accounts.poll_device(grant.device_code)


# --- import ---------------------------------------------------------------------------------------

DOCUMENT = {
    "users": [
        {
            "name": "alice",
            "fullname": "Alice",
            "email": "alice@example.org",
            "password": "pw",
            "id": "0123456789abcdef01234567",
            "tokens": [
                {"name": "w", "value": "hf_" + "A" * 34, "role": "write"},
                {"name": "r", "value": "any-shape/at:all", "role": "read"},
            ],
        },
        {"name": "bob", "fullname": "Bob", "email": "bob@example.org", "tokens": []},
    ],
    "organisations": [
        {
            "name": "acme",
            "fullname": "Acme",
            "private_by_default": True,
            "members": [{"user": "bob", "role": "read"}, {"user": "alice", "role": "admin"}],
        }
    ],
}


def imported(accounts: Accounts, document: object) -> object:
    return accounts.import_accounts(json.dumps(document).encode())


def everything(database: Database) -> list[object]:
    return [rows(database, table) for table in tables.metadata.sorted_tables]


def test_import_takes_names_and_tokens_as_given(accounts: Accounts, database: Database) -> None:
    count = accounts.import_accounts(json.dumps(DOCUMENT).encode())
    assert (count.users, count.organisations, count.tokens, count.members) == (2, 1, 2, 2)
    assert accounts.find_account("alice").public_id == "0123456789abcdef01234567"
    assert accounts.authenticate_token("any-shape/at:all").token_role is TokenRole.READ
    assert accounts.sign_in("alice", "pw")[1].role_in(accounts.find_account("acme").id) == "admin"
    assert accounts.find_account("acme").private_by_default


def test_import_twice_changes_nothing(accounts: Accounts, database: Database) -> None:
    imported(accounts, DOCUMENT)
    before = everything(database)
    count = accounts.import_accounts(json.dumps(DOCUMENT).encode())
    assert (count.users, count.organisations, count.tokens, count.members) == (0, 0, 0, 0)
    assert everything(database) == before


def changed(path: list[str | int], value: object) -> dict[str, object]:
    document = json.loads(json.dumps(DOCUMENT))
    place = document
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return document  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("document", "where"),
    [
        ([], "$"),
        ({"people": []}, "$.people"),
        ({"users": {}}, "$.users"),
        ({"users": [1]}, "$.users[0]"),
        (changed(["users", 1, "name"], "api"), "$.users[1].name"),
        (changed(["users", 1, "name"], "Alice"), "$.users[1].name"),
        (changed(["users", 1, "shoe"], 43), "$.users[1].shoe"),
        (changed(["users", 0, "id"], "xyz"), "$.users[0].id"),
        (changed(["users", 0, "email"], "nowhere"), "$.users[0].email"),
        (changed(["users", 0, "tokens", 1, "role"], "root"), "$.users[0].tokens[1].role"),
        (changed(["users", 0, "tokens", 1, "value"], "a b"), "$.users[0].tokens[1].value"),
        (changed(["users", 0, "password"], 5), "$.users[0].password"),
        (
            changed(["organisations", 0, "members", 1, "user"], "eve"),
            "$.organisations[0].members[1].user",
        ),
        (
            changed(["organisations", 0, "members", 0, "role"], "owner"),
            "$.organisations[0].members[0].role",
        ),
    ],
)
def test_a_wrong_document_changes_nothing_and_says_where(
    accounts: Accounts, database: Database, document: object, where: str
) -> None:
    with pytest.raises(Malformed) as caught:
        imported(accounts, document)
    assert caught.value.where == where
    assert rows(database, tables.accounts) == []
    assert rows(database, tables.events) == []


@pytest.mark.parametrize(
    "text", [b"", b"{", b"\xff\xfe", b'{"users":[],"users":[]}', b"[" * 100_000]
)
def test_what_is_no_json_is_refused(accounts: Accounts, text: bytes) -> None:
    with pytest.raises(Malformed):
        accounts.import_accounts(text)


def test_a_conflict_in_the_middle_keeps_nothing(accounts: Accounts, database: Database) -> None:
    user(accounts, "b-o-b")
    before = everything(database)
    with pytest.raises(Conflict, match=r"\$\.users\[1\]\.name"):
        imported(accounts, DOCUMENT)
    assert everything(database) == before


def test_a_token_of_another_account_is_refused(accounts: Accounts) -> None:
    imported(accounts, DOCUMENT)
    stolen = [{"name": "x", "value": "any-shape/at:all", "role": "read"}]
    with pytest.raises(Conflict, match="Another account"):
        imported(accounts, {"users": [{"name": "bob", "tokens": stolen}]})


def test_every_change_leaves_an_event_without_secrets(
    accounts: Accounts, database: Database
) -> None:
    imported(accounts, DOCUMENT)
    accounts.set_disabled("bob", disabled=True, by=None)
    types = [event["type"] for event in rows(database, tables.events)]
    assert types.count("user.created") == 2
    assert {"organisation.created", "organisation.member_changed", "token.created"} <= set(types)
    assert types[-1] == "user.disabled"
    assert "any-shape" not in str(rows(database, tables.events))
