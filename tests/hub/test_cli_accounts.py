"""The account verbs as a person and a script use them, beside an open hub."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from groundswell.cli import main
from groundswell.hub.accounts import Accounts, Passwords
from groundswell.store.database import Database
from groundswell.store.layout import DataFolder

Swell = Callable[..., SimpleNamespace]


@pytest.fixture
def swell(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Swell:
    def run(*arguments: str, stdin: str = "") -> SimpleNamespace:
        given = tmp_path / "stdin"
        given.write_text(stdin)
        with given.open() as opened:
            monkeypatch.setattr(sys, "stdin", opened)
            with pytest.raises(SystemExit) as left:
                main([*arguments, "--data", str(tmp_path / "data")])
        out, err = capfd.readouterr()
        return SimpleNamespace(code=left.value.code, out=out, err=err)

    return run


def test_from_a_user_to_a_token_that_works_in_a_running_hub(swell: Swell, tmp_path: Path) -> None:
    assert swell("user", "add", "alice", stdin="correct horse\n").code == 0
    with Database.open(DataFolder(tmp_path / "data").database_url, serves=True) as database:
        accounts = Accounts(
            database, lambda: time.time_ns() // 1000, passwords=Passwords(memory_kib=8, time_cost=1)
        )
        made = swell("token", "create", "alice", "--role", "write", "--expires-in", "30")
        assert made.code == 0
        value = made.out.removesuffix("\n")
        assert accounts.authenticate_token(value).name == "alice"
        assert accounts.sign_in("alice", "correct horse")[1].name == "alice"
        (listed,) = json.loads(swell("token", "list", "alice", "--json").out)
        assert (listed["role"], listed["state"]) == ("write", "live")
        assert value not in str(listed)
        assert swell("token", "revoke", "alice", str(listed["id"])).code == 0
        assert accounts.list_tokens(1)[0].revoked_at is not None
        assert swell("user", "disable", "ALICE").code == 0
        assert accounts.find_account("alice").is_disabled
        assert swell("user", "enable", "alice").code == 0
        assert swell("user", "passwd", "alice", stdin="another good one\n").code == 0
        assert accounts.sign_in("alice", "another good one")[1].name == "alice"


def test_organisations(swell: Swell) -> None:
    for name in ("alice", "bob"):
        swell("user", "add", name, "--no-password")
    assert swell("org", "create", "acme", "--private-by-default", "--admin", "alice").code == 0
    assert swell("org", "add-member", "acme", "bob", "--role", "write").code == 0
    assert swell("org", "set-role", "acme", "bob", "contributor").code == 0
    assert json.loads(swell("org", "list", "acme", "--json").out) == [
        {"user": "alice", "role": "admin"},
        {"user": "bob", "role": "contributor"},
    ]
    assert swell("org", "remove-member", "acme", "bob").code == 0
    assert swell("org", "remove-member", "acme", "bob").code == 3
    refused = swell("org", "set-role", "acme", "alice", "read")
    assert (refused.code, refused.err.count("\n")) == (5, 1)
    assert "only admin" in refused.err
    assert json.loads(swell("org", "list", "--json").out)[0]["members"] == ["alice:admin"]


def test_import(swell: Swell, tmp_path: Path) -> None:
    file = tmp_path / "accounts.json"
    file.write_text('{"users":[{"name":"al","tokens":[{"name":"t","value":"v","role":"read"}]}]}')
    assert "Added 1 users" in swell("accounts", "import", str(file)).err
    assert "Added 0 users" in swell("accounts", "import", str(file)).err
    file.write_text('{"users":[{"name":"al"},{"name":"api"}]}')
    refused = swell("accounts", "import", str(file))
    assert (refused.code, refused.out) == (2, "")
    assert refused.err.startswith("swell: $.users[1].name: ")
    assert len(refused.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["user", "list"], 3),  # no data folder
        (["token", "create", "nobody", "--role", "read"], 3),
        (["token", "create", "nobody", "--role", "root"], 2),
        (["user", "frobnicate"], 2),
        (["frobnicate"], 2),
    ],
)
def test_refusals_have_an_exit_code(swell: Swell, arguments: list[str], code: int) -> None:
    refused = swell(*arguments)
    assert (refused.code, refused.out) == (code, "")
    assert refused.err


def test_a_missing_password_is_refused(swell: Swell) -> None:
    refused = swell("user", "add", "alice")
    assert refused.code == 2
    assert "standard input" in refused.err


def test_no_verb_takes_a_password_as_an_argument(swell: Swell) -> None:
    assert swell("user", "add", "alice", "--password", "x").code == 2


def test_help_comes_at_once() -> None:
    best = min(_seconds([sys.executable, "-m", "groundswell.cli", "--help"]) for _ in range(5))
    bare = min(_seconds([sys.executable, "-c", "import click"]) for _ in range(5))
    assert best - bare < 0.3


def _seconds(command: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - start
