"""Today's huggingface_hub with hf_xet, unmodified, against a live hub: what its users do."""

import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from huggingface_hub import (
    CommitOperationAdd,
    CommitOperationCopy,
    CommitOperationDelete,
    HfApi,
    HfFileSystem,
    ModelCard,
)
from huggingface_hub.errors import (
    BadRequestError,
    GatedRepoError,
    HfHubHTTPError,
    RemoteEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from tests.live import LiveHub, token_of

BIG = os.urandom(3_000_000)


@pytest.fixture(scope="module")
def ada(live_hub: LiveHub) -> HfApi:
    return HfApi(endpoint=live_hub.url, token=token_of("ada"))


@pytest.fixture(scope="module")
def eve(live_hub: LiveHub) -> HfApi:
    return HfApi(endpoint=live_hub.url, token=token_of("eve"))


@pytest.fixture(scope="module")
def nobody(live_hub: LiveHub) -> HfApi:
    return HfApi(endpoint=live_hub.url, token=False)


@pytest.fixture
def repo(ada: HfApi, request: pytest.FixtureRequest) -> Iterator[str]:
    """A model of ada's, named after the test."""
    name = f"ada/{re.sub('[^a-z0-9]+', '-', request.node.name)[:60].strip('-')}-{time.time_ns()}"
    ada.create_repo(name)
    yield name
    ada.delete_repo(name, missing_ok=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small model with one large file."""
    made = tmp_path / "model"
    (made / "sub").mkdir(parents=True)
    (made / "README.md").write_text("---\nlicense: mit\ntags:\n- tiny\n---\n# A model\n")
    (made / "config.json").write_text('{"architectures": ["BertForMaskedLM"]}')
    (made / "sub" / "weights.bin").write_bytes(BIG)
    return made


def test_whoami(ada: HfApi) -> None:
    me = ada.whoami()
    assert (me["name"], me["fullname"], me["type"]) == ("ada", "Ada", "user")
    assert me["auth"]["accessToken"]["role"] == "write"
    assert [(org["name"], org["roleInOrg"]) for org in me["orgs"]] == [("guild", "admin")]


def test_a_wrong_token_is_told_as_such(live_hub: LiveHub) -> None:
    with pytest.raises(HfHubHTTPError, match="Invalid user token"):
        HfApi(endpoint=live_hub.url, token="hf_" + "z" * 34).whoami()


def test_create_twice(ada: HfApi, repo: str) -> None:
    url = ada.create_repo(repo, exist_ok=True)
    assert url.repo_id == repo
    with pytest.raises(HfHubHTTPError, match="already exists"):
        ada.create_repo(repo)
    assert ada.list_repo_files(repo) == [".gitattributes"]


def test_upload_file_and_download(ada: HfApi, repo: str, tmp_path: Path) -> None:
    done = ada.upload_file(path_or_fileobj=b"x = 1", path_in_repo="a/x.py", repo_id=repo)
    assert done.commit_url == f"{ada.endpoint}/{repo}/commit/{done.oid}"
    path = ada.hf_hub_download(repo, "a/x.py", cache_dir=tmp_path)
    assert Path(path).read_bytes() == b"x = 1"
    assert Path(path).parts[-3] == done.oid


def test_upload_folder_and_snapshot(ada: HfApi, repo: str, folder: Path, tmp_path: Path) -> None:
    ada.upload_folder(folder_path=folder, repo_id=repo)
    found = Path(ada.snapshot_download(repo, cache_dir=tmp_path / "cache"))
    assert (found / "sub" / "weights.bin").read_bytes() == BIG
    assert (found / "config.json").read_text() == (folder / "config.json").read_text()


def test_a_large_file_through_xet_and_by_plain_http(
    ada: HfApi, repo: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    big = folder / "sub" / "weights.bin"
    ada.upload_file(path_or_fileobj=big, path_in_repo="w.bin", repo_id=repo)
    through_xet = ada.hf_hub_download(repo, "w.bin", cache_dir=tmp_path / "1")
    assert Path(through_xet).read_bytes() == BIG
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_XET", True)
    plainly = ada.hf_hub_download(repo, "w.bin", cache_dir=tmp_path / "2")
    assert Path(plainly).read_bytes() == BIG
    [entry] = ada.get_paths_info(repo, ["w.bin"])
    assert entry.lfs is not None
    assert entry.xet_hash is not None


@pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")  # the client's own
def test_a_file_object_goes_through_lfs(
    ada: HfApi, repo: str, folder: Path, tmp_path: Path
) -> None:
    with (folder / "sub" / "weights.bin").open("rb") as source:
        ada.upload_file(path_or_fileobj=source, path_in_repo="w.bin", repo_id=repo)
    found = ada.hf_hub_download(repo, "w.bin", cache_dir=tmp_path)
    assert Path(found).read_bytes() == BIG


def test_repository_info(ada: HfApi, repo: str, folder: Path) -> None:
    ada.upload_folder(folder_path=folder, repo_id=repo)
    info = ada.model_info(repo, files_metadata=True)
    assert info.author == "ada"
    assert info.private is False
    assert info.gated is False
    assert "license:mit" in (info.tags or [])
    assert info.card_data is not None
    assert info.card_data.license == "mit"
    assert info.pipeline_tag == "fill-mask"
    sizes = {file.rfilename: (file.size, file.lfs) for file in info.siblings or []}
    size, lfs = sizes["sub/weights.bin"]
    assert size == len(BIG)
    assert lfs is not None
    assert lfs["size"] == len(BIG)
    assert ada.model_info(repo, expand=["likes"]).sha is None
    with pytest.raises(BadRequestError, match="Invalid option: expected one of"):
        ada.model_info(repo, expand=["nonsense"])  # type: ignore[list-item]


def test_names_ignore_case_and_keep_it(ada: HfApi, repo: str) -> None:
    assert ada.model_info(repo.upper()).id == repo


def test_tree_pages(ada: HfApi, repo: str) -> None:
    files = [CommitOperationAdd(f"d{n % 7}/f{n}.txt", str(n).encode()) for n in range(120)]
    ada.create_commit(repo, files, commit_message="many")
    listed = [item.path for item in ada.list_repo_tree(repo, recursive=True)]
    assert len(listed) == 120 + 7 + 1
    expanded = list(ada.list_repo_tree(repo, recursive=True, expand=True))  # pages of 100
    assert [item.path for item in expanded] == listed
    assert {item.last_commit.title for item in expanded if item.last_commit} == {
        "many",
        "initial commit",
    }
    with pytest.raises(RemoteEntryNotFoundError):
        list(ada.list_repo_tree(repo, "nowhere"))


def test_what_is_missing(ada: HfApi, nobody: HfApi, repo: str, tmp_path: Path) -> None:
    with pytest.raises(RemoteEntryNotFoundError):
        ada.hf_hub_download(repo, "nope", cache_dir=tmp_path)
    assert list(tmp_path.rglob(".no_exist/*/nope")), "the absence is remembered"
    with pytest.raises(RevisionNotFoundError):
        ada.hf_hub_download(repo, "README.md", revision="nope", cache_dir=tmp_path)
    for api in (ada, nobody):
        with pytest.raises(RepositoryNotFoundError):
            api.model_info("ada/nope")
        assert not api.repo_exists("ada/nope")
    with pytest.raises(RepositoryNotFoundError):
        ada.hf_hub_download("gpt2", "config.json", cache_dir=tmp_path)


def test_private_looks_like_missing(ada: HfApi, eve: HfApi, nobody: HfApi, repo: str) -> None:
    ada.update_repo_settings(repo, private=True)
    assert ada.model_info(repo).private is True
    for api in (eve, nobody):
        with pytest.raises(RepositoryNotFoundError):
            api.model_info(repo)
        assert repo not in [model.id for model in api.list_models(author="ada")]
    assert repo in [model.id for model in ada.list_models(author="ada")]


def test_gated(ada: HfApi, eve: HfApi, repo: str, folder: Path, tmp_path: Path) -> None:
    ada.upload_folder(folder_path=folder, repo_id=repo)
    ada.update_repo_settings(repo, gated="manual")
    with pytest.raises(GatedRepoError, match=f"Visit {eve.endpoint}/{repo} to ask for access"):
        eve.hf_hub_download(repo, "config.json", cache_dir=tmp_path)
    eve.hf_hub_download(repo, "README.md", cache_dir=tmp_path)
    assert eve.model_info(repo).gated == "manual"
    [entry] = eve.get_paths_info(repo, ["sub/weights.bin"])
    assert entry.xet_hash == "*" * 64
    with pytest.raises(GatedRepoError):
        eve.auth_check(repo)
    ada.auth_check(repo)


def test_branches_and_tags(ada: HfApi, repo: str, tmp_path: Path) -> None:
    ada.create_branch(repo, branch="dev/one")
    with pytest.raises(HfHubHTTPError, match="Reference refs/heads/dev/one already exists"):
        ada.create_branch(repo, branch="dev/one")
    ada.create_branch(repo, branch="dev/one", exist_ok=True)
    ada.upload_file(path_or_fileobj=b"1", path_in_repo="n", repo_id=repo, revision="dev/one")
    ada.create_tag(repo, tag="v1", revision="dev/one", tag_message="first")
    path = ada.hf_hub_download(repo, "n", revision="v1", cache_dir=tmp_path)
    assert Path(path).read_bytes() == b"1"
    refs = ada.list_repo_refs(repo, include_pull_requests=True)
    assert {branch.name for branch in refs.branches} == {"main", "dev/one"}
    assert [tag.name for tag in refs.tags] == ["v1"]
    assert refs.pull_requests == []
    with pytest.raises(HfHubHTTPError, match="Cannot delete refs/heads/main"):
        ada.delete_branch(repo, branch="main")
    ada.delete_branch(repo, branch="dev/one")
    ada.delete_tag(repo, tag="v1")
    with pytest.raises(RevisionNotFoundError):
        ada.delete_tag(repo, tag="v1")


def test_a_pull_request_begins_as_a_draft(ada: HfApi, eve: HfApi, repo: str, folder: Path) -> None:
    first = eve.create_commit(
        repo, [CommitOperationAdd("x", b"1")], commit_message="propose", create_pr=True
    )
    assert first.pr_num == 1
    assert first.pr_url == f"{eve.endpoint}/{repo}/discussions/1"
    second = eve.upload_folder(folder_path=folder, repo_id=repo, create_pr=True)
    assert second.pr_num == 2
    found = list(ada.get_repo_discussions(repo, discussion_status="open"))
    assert [(item.num, item.status, item.is_pull_request) for item in found] == [
        (2, "draft", True),
        (1, "draft", True),
    ]
    assert "sub/weights.bin" in ada.list_repo_files(repo, revision="refs/pr/2")
    assert ada.list_repo_files(repo) == [".gitattributes"]
    with pytest.raises(HfHubHTTPError) as refused:
        eve.create_commit(repo, [CommitOperationAdd("x", b"1")], commit_message="directly")
    assert refused.value.response.status_code == 403
    ada.change_discussion_status(repo, 1, "open")
    ada.merge_pull_request(repo, 1)
    assert "x" in ada.list_repo_files(repo)


def test_commits(ada: HfApi, repo: str, folder: Path) -> None:
    ada.upload_folder(folder_path=folder, repo_id=repo)
    head = ada.model_info(repo).sha
    copied = ada.create_commit(
        repo,
        [
            CommitOperationCopy("sub/weights.bin", "copy.bin"),
            CommitOperationCopy("config.json", "c.json"),
            CommitOperationDelete("sub/"),
        ],
        commit_message="move",
        commit_description="and why",
        parent_commit=head,
    )
    assert set(ada.list_repo_files(repo)) == {
        ".gitattributes",
        "README.md",
        "c.json",
        "config.json",
        "copy.bin",
    }
    with pytest.raises(HfHubHTTPError, match="The branch was updated since you opened this page"):
        ada.create_commit(
            repo, [CommitOperationAdd("y", b"")], commit_message="late", parent_commit=head
        )
    with pytest.raises(RemoteEntryNotFoundError):
        ada.create_commit(repo, [CommitOperationDelete("nope")], commit_message="gone")
    log = ada.list_repo_commits(repo, formatted=True)
    assert (log[0].commit_id, log[0].title, log[0].message) == (copied.oid, "move", "and why")
    assert log[0].authors == ["ada"]
    assert log[-1].title == "initial commit"
    ada.super_squash_history(repo)
    assert len(ada.list_repo_commits(repo)) == 1


@pytest.mark.parametrize("path", ["..\\ddd", ".git/x", "a/../../x", "con.txt", "a\u202eb"])
def test_hostile_paths_are_refused(ada: HfApi, repo: str, path: str) -> None:
    line = (
        '{"key":"header","value":{"summary":"s"}}\n{"key":"file","value":{"path":%s,"content":"x"}}'
    )
    import json

    answer = httpx2.post(
        f"{ada.endpoint}/api/models/{repo}/commit/main",
        content=(line % json.dumps(path)).encode(),
        headers={"Authorization": f"Bearer {ada.token}", "Content-Type": "application/x-ndjson"},
    )
    assert answer.status_code == 422
    assert answer.headers["X-Error-Code"] == "InvalidPath"
    assert ada.list_repo_files(repo) == [".gitattributes"]


def test_copy_across_repositories(ada: HfApi, repo: str, folder: Path, tmp_path: Path) -> None:
    source = f"{repo}-source"
    ada.create_repo(source, private=True)
    ada.upload_folder(folder_path=folder, repo_id=source)
    ada.create_commit(
        repo,
        [
            CommitOperationCopy(
                "sub/weights.bin", "w.bin", src_repo_id=source, src_repo_type="model"
            )
        ],
        commit_message="copy",
    )
    found = ada.hf_hub_download(repo, "w.bin", cache_dir=tmp_path)
    assert Path(found).read_bytes() == BIG


def test_a_moved_repository_is_found_under_its_old_name(
    ada: HfApi, repo: str, tmp_path: Path
) -> None:
    ada.upload_file(path_or_fileobj=b"1", path_in_repo="n", repo_id=repo)
    moved = f"guild/{repo.partition('/')[2]}"
    ada.move_repo(repo, moved)
    assert ada.model_info(repo).id == moved
    found = ada.hf_hub_download(repo, "n", cache_dir=tmp_path)
    assert Path(found).read_bytes() == b"1"
    ada.upload_file(path_or_fileobj=b"2", path_in_repo="n", repo_id=repo)
    assert ada.model_info(moved).sha == ada.model_info(repo).sha
    ada.delete_repo(moved)


def test_lists(ada: HfApi, nobody: HfApi) -> None:
    mark = f"listed{time.time_ns()}"
    for n in range(5):
        ada.create_repo(f"ada/{mark}-{n}", repo_type="dataset")
    found = list(nobody.list_datasets(search=mark, sort="created_at", limit=3))
    assert [item.id for item in found] == [f"ada/{mark}-{n}" for n in (4, 3, 2)]
    assert len(list(nobody.list_datasets(author="ada", search=mark))) == 5
    page = httpx2.get(f"{nobody.endpoint}/api/datasets?search={mark}&limit=2")
    assert page.headers["X-Total-Count"] == "5"
    assert page.headers["Link"].startswith(f"<{nobody.endpoint}/api/datasets?")
    every = list(nobody.list_datasets(search=mark, full=True))
    assert all(item.siblings is not None for item in every)


def test_the_file_system(ada: HfApi, repo: str, folder: Path) -> None:
    ada.upload_folder(folder_path=folder, repo_id=repo)
    fs = HfFileSystem(endpoint=ada.endpoint, token=ada.token)
    assert sorted(fs.glob(f"{repo}/**/*.bin")) == [f"{repo}/sub/weights.bin"]
    with fs.open(f"{repo}/sub/weights.bin", "rb") as file:
        file.seek(1_000_000)
        assert file.read(100) == BIG[1_000_000:1_000_100]
    with fs.open(f"{repo}/note.txt", "w") as file:
        file.write("written")
    assert fs.read_text(f"{repo}/note.txt") == "written"
    fs.rm(f"{repo}/note.txt")
    assert not fs.exists(f"{repo}/note.txt")


def test_cards_are_checked(ada: HfApi, repo: str) -> None:
    card = ModelCard("---\nlicense: mit\n---\n# Hello\n")
    response = httpx2.post(
        f"{ada.endpoint}/api/validate-yaml",
        json={"content": str(card), "repoType": "model"},
    )
    assert response.json() == {"errors": [], "warnings": []}
    bad = "---\nlicense: nonsense\n---\n"
    told = httpx2.post(
        f"{ada.endpoint}/api/validate-yaml", json={"content": bad, "repoType": "model"}
    )
    assert told.status_code == 400
    assert '"license" must be one of' in told.json()["errors"][0]["message"]
    plain = httpx2.post(
        f"{ada.endpoint}/api/validate-yaml",
        json={"content": bad, "repoType": "model"},
        headers={"Accept": "text/plain"},
    )
    assert plain.text.startswith('- Error: "license" must be one of')
    with pytest.raises(ValueError, match="license"):
        ada.upload_file(path_or_fileobj=bad.encode(), path_in_repo="README.md", repo_id=repo)


def test_duplicate(ada: HfApi, repo: str, folder: Path, tmp_path: Path) -> None:
    ada.upload_folder(folder_path=folder, repo_id=repo)
    copy = f"{repo}-copy"
    ada.duplicate_repo(repo, copy)
    found = ada.hf_hub_download(copy, "sub/weights.bin", cache_dir=tmp_path)
    assert Path(found).read_bytes() == BIG
    ada.delete_repo(copy)


def test_large_files_can_be_listed_and_deleted(ada: HfApi, repo: str, folder: Path) -> None:
    ada.upload_folder(folder_path=folder, repo_id=repo)
    [file] = ada.list_lfs_files(repo)
    assert (file.filename, file.size) == ("sub/weights.bin", len(BIG))
    ada.permanently_delete_lfs_files(repo, [file])
    assert list(ada.list_lfs_files(repo)) == []
    assert "sub/weights.bin" not in ada.list_repo_files(repo)
