"""The limit of a namespace as clients meet it: before bytes travel, and in words."""

import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.clients.stage import MIB, attempt, noise, run, watching
from tests.clients.test_git import person, put
from tests.clients.test_git_lfs import clone, commit
from tests.live import LiveHub, swell

LIMIT = r"This needs 3\.15 MB more, and narrow\d holds 0 B of 1 MB"
_numbers = itertools.count(1)


@pytest.fixture
def limited(live_hub: LiveHub, ada: Any) -> Iterator[str]:
    """A repository of a namespace of its own that has room for a megabyte."""
    name = f"narrow{next(_numbers)}"
    swell(live_hub.data, "org", "create", name, "--admin", "ada")
    swell(live_hub.data, "quota", name, "--set", "1MB")
    yield ada.create_repo(f"{name}/model").repo_id
    ada.delete_repo(f"{name}/model")


def test_the_official_client_is_refused_before_it_sends(
    live_hub: LiveHub, hf: Any, ada: Any, limited: str
) -> None:
    with watching(live_hub) as seen, pytest.raises(Exception, match=LIMIT):
        ada.upload_file(
            path_or_fileobj=noise(3 * MIB, "quota"), path_in_repo="w.bin", repo_id=limited
        )
    assert seen.received_bytes < 20_000
    fits = noise(900_000, "fits")
    ada.upload_file(path_or_fileobj=fits, path_in_repo="f.bin", repo_id=limited)
    ada.upload_file(path_or_fileobj=fits, path_in_repo="f.bin", repo_id=limited)


def test_git_lfs_is_refused_before_it_sends(
    live_hub: LiveHub, limited: str, home: Path, tmp_path: Path
) -> None:
    environment = person(live_hub, home, "ada")
    run("git", "lfs", "install", env=environment)
    work = clone(environment, live_hub, limited, tmp_path / "work")
    put(work, "model.bin", noise(3 * MIB, "lfs-quota"))
    commit(environment, work)
    with watching(live_hub) as seen:
        done = attempt("git", "push", "origin", "main", env=environment, cwd=work)
    assert done.returncode != 0
    assert re.search(LIMIT, done.stderr), done.stderr
    assert seen.received_bytes < 20_000
