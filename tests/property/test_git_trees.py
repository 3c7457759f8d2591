"""Trees edited in place are the trees that real git would write."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from groundswell.core.errors import InvalidCommit
from groundswell.store.git import Author, GitStore, Side, splicing
from groundswell.store.git.values import MODE_FILE

names = st.sampled_from(["a", "a-", "a.b", "a0", "b", "é", "zz", "d", "d.x", "d-x"])
paths = st.lists(names, min_size=1, max_size=3).map("/".join)
steps = st.lists(st.tuples(st.booleans(), paths, st.integers(0, 3)), min_size=1, max_size=12)


@pytest.fixture(scope="module", params=[0, 2_000], ids=["spliced", "built"])
def store(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[GitStore]:
    made = GitStore(tmp_path_factory.mktemp("git"))
    made.create(1)
    usual = splicing.ENTRIES_MIN
    splicing.ENTRIES_MIN = request.param  # type: ignore[misc]
    yield made
    splicing.ENTRIES_MIN = usual  # type: ignore[misc]
    subprocess.run(["git", f"--git-dir={made.path(1)}", "fsck", "--strict", "--full"], check=True)
    made.barrier.close()


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rounds=st.lists(steps, min_size=1, max_size=4))
def test_a_tree_is_the_dictionary_it_was_told(
    store: GitStore, rounds: list[list[tuple[bool, str, int]]]
) -> None:
    model: dict[str, bytes] = {}
    commit: str | None = None
    for round_ in rounds:
        edit = store.edit(1, commit)
        for puts, path, number in round_:
            content = b"%d" % number
            below = [each for each in model if each.startswith(f"{path}/")]
            above = [each for each in model if path.startswith(f"{each}/")]
            if not puts:
                there = path in model or bool(below)
                assert edit.remove(path) == there
                model = {k: v for k, v in model.items() if k != path and k not in below}
            elif below or above:
                with pytest.raises(InvalidCommit):
                    edit.put(path, Side(MODE_FILE, store.write_blob(1, content)))
            else:
                edit.put(path, Side(MODE_FILE, store.write_blob(1, content)))
                model[path] = content
            assert (edit.find(path) is not None) == (
                path in model or any(each.startswith(f"{path}/") for each in model)
            )
        commit = store.make_commit(
            1, tree=edit.write(), parents=[commit] if commit else [], author=Author("a", "a@b"),
            message="m\n", time=1_700_000_000_000_000,
        )  # fmt: skip
        entries = store.entries(1, commit, recursive=True) or []
        files = {e.path: store.blob(1, e.oid) for e in entries if e.kind.value == "file"}
        assert files == model
        whole = [each.path for each in entries]
        for place, path in enumerate(whole):
            rest = store.entries(1, commit, recursive=True, after=path) or []
            assert [each.path for each in rest] == whole[place + 1 :]
    if commit is not None:
        store.swap_ref(
            1, f"refs/heads/{commit}", store.ref_target(1, f"refs/heads/{commit}"), commit
        )
