"""Facts of a repository on its page."""

from __future__ import annotations

import pytest

from groundswell.core.values import Gate, RepoId, RepoKind, Visibility
from groundswell.http.pages.card import facts_of
from groundswell.hub.repos import Repository


def _repository(**known: int) -> Repository:
    repo_id = RepoId(RepoKind.MODEL, "ada", "m")
    return Repository(
        1, "0" * 24, repo_id, 1, 1, Visibility.PUBLIC, Gate.OPEN, False, 0, 0, **known
    )  # fmt: skip


@pytest.mark.parametrize(
    ("count", "value", "note"),
    [
        (144, "144", ""),
        (999, "999", ""),
        (1_000, "1k", "1,000"),
        (134_515_008, "135M", "134,515,008"),
    ],
)
def test_a_count_of_parameters_is_said_once(count: int, value: str, note: str) -> None:
    """What is short already is not said again in full."""
    facts = facts_of(_repository(parameter_count=count))
    fact = next(each for each in facts if each.label == "Parameters")
    assert (fact.value, fact.note) == (value, note)


def test_no_size_is_said_of_small_files() -> None:
    """Only large files are added up: 0 B would be said of a folder of texts."""
    assert "Size" not in {each.label for each in facts_of(_repository())}
    told = {each.label: each.value for each in facts_of(_repository(used_bytes=2_500_000))}
    assert told["Size"] == "2.5 MB"
