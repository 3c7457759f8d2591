"""Facts of a repository on its page."""

from __future__ import annotations

import pytest

from groundswell.core.values import Gate, RepoId, RepoKind, Visibility
from groundswell.http.pages.card import facts_of
from groundswell.hub.repos import Repository


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
    repo_id = RepoId(RepoKind.MODEL, "ada", "m")
    repository = Repository(
        1, "0" * 24, repo_id, 1, 1, Visibility.PUBLIC, Gate.OPEN, False, 0, 0,
        parameter_count=count,
    )  # fmt: skip
    fact = next(each for each in facts_of(repository) if each.label == "Parameters")
    assert (fact.value, fact.note) == (value, note)
