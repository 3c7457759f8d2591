"""The checks can fail: each is shown something it must find, and something it must let pass."""

import ast
import socket

import pytest

from tests.arch.test_code import broad_excepts
from tests.arch.test_committed_files import MACHINE_PATHS
from tests.arch.test_sizes import has_reason, length
from tests.arch.tree import Source
from tests.fault.experiments.mutations import MUTATIONS, Mutation


def source(text: str) -> Source:
    return Source("src/groundswell/example.py", text.splitlines(), ast.parse(text))


@pytest.mark.parametrize(
    "handler",
    [
        "except:\n    pass",
        "except Exception:\n    pass",
        "except (ValueError, BaseException) as error:\n    print(error)",
        "except Exception as error:\n    raise ValueError from error",
    ],
)
def test_a_broad_except_is_found(handler: str) -> None:
    assert broad_excepts(source(f"try:\n    work()\n{handler}\n"))


@pytest.mark.parametrize(
    "handler",
    ["except ValueError:\n    pass", "except BaseException:\n    clean()\n    raise"],
)
def test_a_narrow_or_passing_except_is_not(handler: str) -> None:
    assert not broad_excepts(source(f"try:\n    work()\n{handler}\n"))


def test_suppressing_everything_is_found() -> None:
    assert broad_excepts(source("with contextlib.suppress(Exception):\n    work()\n"))


def test_a_reason_stands_on_the_def_line() -> None:
    body = "    x = 1\n" * 80
    silent = source(f"def work():\n{body}")
    spoken = source(f"def work():  # long: one table of cases, read top to bottom\n{body}")
    [function] = silent.functions()
    assert length(function) == 81
    assert not has_reason(silent, function)
    assert has_reason(spoken, next(spoken.functions()))


def test_a_path_of_one_machine_is_found() -> None:
    assert MACHINE_PATHS.search(f"see /{'root'}/.cache/pip")
    assert not MACHINE_PATHS.search("see docs/work/main.md and /home/you/models")


def test_the_world_is_out_of_reach() -> None:
    with pytest.raises(PermissionError, match="speak only to this machine"):
        socket.create_connection(("192.0.2.1", 80), timeout=1)
    with pytest.raises(PermissionError, match="speak only to this machine"):
        socket.getaddrinfo("models.example", 443)
    listening = socket.create_server(("127.0.0.1", 0))
    with listening, socket.create_connection(listening.getsockname(), timeout=1):
        pass


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda each: each.line)
def test_what_the_fault_experiments_take_away_is_there(mutation: Mutation) -> None:
    assert mutation.old in mutation.text()
