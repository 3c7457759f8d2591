"""huggingface_hub 2.4: trees, commits, branches, tags, and history that is thrown away."""

from typing import Any

import pytest

from tests.clients.stage import ask, noise, sha256
from tests.live import LiveHub, token_of


def put(api: Any, repo: str, path: str, content: bytes | str = b"x", **more: Any) -> Any:
    return api.upload_file(path_or_fileobj=content, path_in_repo=path, repo_id=repo, **more)


@pytest.fixture
def filled(hf: Any, ada: Any, repo: str) -> str:
    files = {
        "a.txt": b"a\n",
        "big.bin": noise(20_000, "big"),
        "dir/b.txt": b"b\n",
        "dir/deep/c.txt": b"c\n",
        "other/d.txt": b"d\n",
    }
    ada.create_commit(
        repo,
        [hf.CommitOperationAdd(path, content) for path, content in files.items()],
        commit_message="Fill",
    )
    return repo


def test_a_tree_by_folder_and_whole(hf: Any, nobody: Any, filled: str) -> None:
    top = {each.path: each for each in nobody.list_repo_tree(filled)}
    assert set(top) == {".gitattributes", "a.txt", "big.bin", "dir", "other"}
    assert isinstance(top["dir"], hf.hf_api.RepoFolder)
    assert len(top["dir"].tree_id) == 40
    assert (top["a.txt"].size, len(top["a.txt"].blob_id), top["a.txt"].lfs) == (2, 40, None)
    lfs = top["big.bin"].lfs
    assert (lfs.size, lfs.sha256) == (20_000, sha256(noise(20_000, "big")))
    assert lfs.pointer_size == len(
        f"version https://git-lfs.github.com/spec/v1\noid sha256:{lfs.sha256}\nsize 20000\n"
    )
    assert top["big.bin"].size == 20_000
    assert len(top["big.bin"].xet_hash) == 64
    below = {each.path for each in nobody.list_repo_tree(filled, "dir")}
    assert below == {"dir/b.txt", "dir/deep"}
    whole = {each.path for each in nobody.list_repo_tree(filled, recursive=True)}
    assert whole == set(top) | below | {"dir/deep/c.txt", "other/d.txt"}
    below = {each.path for each in nobody.list_repo_tree(filled, "dir", recursive=True)}
    assert below == {"dir/b.txt", "dir/deep", "dir/deep/c.txt"}


def test_an_expanded_tree_knows_the_last_commit_of_each_entry(ada: Any, filled: str) -> None:
    changed = put(ada, filled, "dir/b.txt", b"2", commit_message="Change b")
    tree = {each.path: each for each in ada.list_repo_tree(filled, recursive=True, expand=True)}
    assert tree["dir/b.txt"].last_commit.oid == changed.oid
    assert tree["dir/b.txt"].last_commit.title == "Change b"
    assert tree["dir"].last_commit.oid == changed.oid
    assert tree["a.txt"].last_commit.title == "Fill"
    assert tree[".gitattributes"].last_commit.title in ("initial commit", "Fill")
    assert tree["a.txt"].last_commit.date.year >= 2024


def test_paths_info_leaves_out_what_is_not_there(ada: Any, filled: str) -> None:
    found = ada.get_paths_info(filled, ["a.txt", "dir", "none.txt", "dir/deep/c.txt"], expand=True)
    assert {each.path for each in found} == {"a.txt", "dir", "dir/deep/c.txt"}
    assert all(each.last_commit.title == "Fill" for each in found)
    assert ada.get_paths_info(filled, "a.txt")[0].path == "a.txt"


def test_a_long_tree_comes_in_pages(hf: Any, ada: Any, repo: str) -> None:
    ada.create_commit(
        repo,
        [hf.CommitOperationAdd(f"f/{n:05}.txt", b"%d" % n) for n in range(2500)],
        commit_message="Many",
    )
    found = [each.path for each in ada.list_repo_tree(repo, recursive=True)]
    assert len(found) == len(set(found)) == 2502
    assert len(list(ada.list_repo_tree(repo, "f"))) == 2500
    expanded = list(ada.list_repo_tree(repo, "f", expand=True))
    assert [each.path for each in expanded] == sorted(each.path for each in expanded)
    assert {each.last_commit.title for each in expanded} == {"Many"}
    assert len(ada.get_paths_info(repo, [f"f/{n:05}.txt" for n in range(0, 2500, 2)])) == 1250


def test_commits_are_listed_newest_first_in_pages(live_hub: LiveHub, ada: Any, repo: str) -> None:
    for number in range(6):
        put(ada, repo, "a.txt", b"%d" % number, commit_message=f"Change {number} & <more>")
    commits = ada.list_repo_commits(repo, formatted=True)
    assert [each.title for each in commits] == [
        *[f"Change {number} & <more>" for number in range(5, -1, -1)],
        "initial commit",
    ]
    assert commits[0].formatted_title
    assert "<more>" not in commits[0].formatted_title
    assert commits[0].created_at.tzinfo is not None
    assert [each.title for each in ada.list_repo_commits(repo, revision=commits[3].commit_id)] == [
        each.title for each in commits[3:]
    ]
    page = ask(live_hub, "GET", f"/api/models/{repo}/commits/main?limit=2&p=1")
    assert [each["title"] for each in page.json()] == [each.title for each in commits[2:4]]
    assert page.headers["X-Total-Count"] == "7"
    assert f"<{live_hub.url}/api/models/{repo}/commits/main?" in page.headers["Link"]


def test_branches_come_and_go(hf: Any, ada: Any, filled: str) -> None:
    base = ada.model_info(filled).sha
    ada.create_branch(filled, branch="feature/one")
    with pytest.raises(hf.errors.HfHubHTTPError, match="already exists") as told:
        ada.create_branch(filled, branch="feature/one")
    assert told.value.response.status_code == 409
    ada.create_branch(filled, branch="feature/one", exist_ok=True)
    made = put(ada, filled, "only.txt", revision="feature/one")
    assert ada.model_info(filled).sha == base
    assert ada.model_info(filled, revision="feature/one").sha == made.oid
    ada.create_branch(filled, branch="from-commit", revision=base)
    ada.create_branch(filled, branch="from-branch", revision="feature/one")
    refs = ada.list_repo_refs(filled)
    assert {each.name: each.target_commit for each in refs.branches} == {
        "main": base,
        "feature/one": made.oid,
        "from-commit": base,
        "from-branch": made.oid,
    }
    assert {each.ref for each in refs.branches} >= {"refs/heads/main", "refs/heads/feature/one"}
    ada.delete_branch(filled, branch="feature/one")
    with pytest.raises(hf.errors.RevisionNotFoundError):
        ada.model_info(filled, revision="feature/one")
    assert ada.model_info(filled, revision=made.oid).sha == made.oid


def test_branches_that_cannot_be(hf: Any, ada: Any, filled: str) -> None:
    for branch in ("refs/pr/7", "refs/heads/x", "a..b", "-a", "a.lock", "a b", "@{u}", "a/", "x~1"):
        with pytest.raises(hf.errors.HfHubHTTPError) as told:
            ada.create_branch(filled, branch=branch)
        assert 400 <= told.value.response.status_code < 500, branch
    with pytest.raises(hf.errors.HfHubHTTPError) as told:
        ada.create_branch(filled, branch="x", revision="none")
    assert told.value.response.status_code == 404
    with pytest.raises(hf.errors.HfHubHTTPError, match="Cannot delete refs/heads/main") as told:
        ada.delete_branch(filled, branch="main")
    assert told.value.response.status_code == 403
    with pytest.raises(hf.errors.HfHubHTTPError) as told:
        ada.delete_branch(filled, branch="none")
    assert told.value.response.status_code == 404
    assert [each.name for each in ada.list_repo_refs(filled).branches] == ["main"]


def test_tags_come_and_go(hf: Any, ada: Any, filled: str) -> None:
    base = ada.model_info(filled).sha
    newer = put(ada, filled, "newer.txt")
    ada.create_tag(filled, tag="v1", revision=base, tag_message="The first")
    ada.create_tag(filled, tag="v2.0-rc1")
    with pytest.raises(hf.errors.HfHubHTTPError) as told:
        ada.create_tag(filled, tag="v1")
    assert told.value.response.status_code == 409
    ada.create_tag(filled, tag="v1", exist_ok=True)
    tags = {each.name: each for each in ada.list_repo_refs(filled).tags}
    assert {name: each.target_commit for name, each in tags.items()} == {
        "v1": base,
        "v2.0-rc1": newer.oid,
    }
    assert tags["v1"].ref == "refs/tags/v1"
    assert ada.model_info(filled, revision="v1").sha == base
    assert "newer.txt" not in ada.list_repo_files(filled, revision="v1")
    with pytest.raises(hf.errors.RevisionNotFoundError):
        ada.delete_tag(filled, tag="none")
    ada.delete_tag(filled, tag="v1")
    assert not ada.revision_exists(filled, "v1")
    with pytest.raises(hf.errors.HfHubHTTPError):
        ada.create_tag(filled, tag="bad..tag")
    with pytest.raises(hf.errors.RevisionNotFoundError):
        ada.create_tag(filled, tag="x", revision="none")


def test_references_are_changed_by_writers_only(
    hf: Any, eve: Any, nobody: Any, filled: str
) -> None:
    for other in (eve, nobody, hf.HfApi(token=token_of("ada", "read"))):
        for act in (
            lambda api: api.create_branch(filled, branch="x"),
            lambda api: api.create_tag(filled, tag="x"),
            lambda api: api.delete_branch(filled, branch="main"),
            lambda api: api.super_squash_history(filled),
        ):
            with pytest.raises(hf.errors.HfHubHTTPError) as told:
                act(other)
            assert told.value.response.status_code in (401, 403)


def test_a_squashed_history_is_one_commit_with_the_same_files(
    hf: Any, ada: Any, filled: str
) -> None:
    for number in range(3):
        put(ada, filled, f"{number}.txt")
    ada.create_branch(filled, branch="kept")
    before = set(ada.list_repo_files(filled))

    ada.super_squash_history(filled)

    commits = ada.list_repo_commits(filled)
    assert len(commits) == 1
    assert commits[0].title == "Super-squash branch 'main' using huggingface_hub"
    assert set(ada.list_repo_files(filled)) == before
    assert len(ada.list_repo_commits(filled, revision="kept")) == 5
    ada.super_squash_history(filled, branch="kept", commit_message="All in one")
    assert [each.title for each in ada.list_repo_commits(filled, revision="kept")] == ["All in one"]
    with pytest.raises(hf.errors.HfHubHTTPError) as told:
        ada.super_squash_history(filled, branch="none")
    assert told.value.response.status_code == 404


def test_lfs_files_are_listed_and_thrown_away_for_good(hf: Any, ada: Any, filled: str) -> None:
    put(ada, filled, "second.bin", noise(9000, "second"))
    put(ada, filled, "gone.bin", noise(9000, "gone"))
    ada.delete_file("gone.bin", filled)
    files = {each.filename: each for each in ada.list_lfs_files(filled)}
    assert {"big.bin", "second.bin", "gone.bin"} == set(files)
    assert files["second.bin"].oid == sha256(noise(9000, "second"))
    assert files["second.bin"].size == 9000

    ada.permanently_delete_lfs_files(filled, [files["second.bin"], files["gone.bin"]])

    assert {each.filename for each in ada.list_lfs_files(filled)} == {"big.bin"}
    assert "second.bin" not in ada.list_repo_files(filled)
    assert ada.file_exists(filled, "big.bin")
    for commit in ada.list_repo_commits(filled):
        names = ada.list_repo_files(filled, revision=commit.commit_id)
        assert "second.bin" not in names
        assert "gone.bin" not in names
