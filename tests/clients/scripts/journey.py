"""What a person does with huggingface_hub, in any release from 0.36 to 2.4, as one script.

Run by the interpreter of a client environment: `journey.py REPO FOLDER`. Asserts what every release
promises and prints, as JSON, what a test may want to compare.
"""

import hashlib
import io
import json
import os
import random
import sys
from pathlib import Path

import huggingface_hub
from huggingface_hub import (
    CommitOperationAdd,
    CommitOperationCopy,
    CommitOperationDelete,
    HfApi,
    HfFileSystem,
)
from huggingface_hub.utils import (
    EntryNotFoundError,
    HfHubHTTPError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

SIZES = (0, 1, 8191, 8192, 8193, 131_071, 131_072, 131_073, 700_001)


def noise(size: int, seed: object) -> bytes:
    return random.Random(str(seed)).randbytes(size)


def fails(error: type, act, *arguments, **named) -> BaseException:
    try:
        act(*arguments, **named)
    except error as told:
        return told
    message = f"{act} did not raise {error}"
    raise AssertionError(message)


def contents(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".cache" not in path.parts
    }


def round_trip(api: HfApi, repo: str, folder: Path) -> dict[str, str]:
    """Files of many sizes go up in one commit and come down in one snapshot."""
    files = {f"sizes/{size}.bin": noise(size, size) for size in SIZES}
    files |= {"ünïcødé/日本 語.bin": noise(9000, "name"), "plain.txt": b"text\n"}
    operations = [CommitOperationAdd(path, content) for path, content in files.items()]
    made = api.create_commit(repo, operations, commit_message="Sizes")
    assert api.repo_info(repo).sha == made.oid
    got = Path(api.snapshot_download(repo, cache_dir=folder / "cache"))
    found = contents(got)
    for path, content in files.items():
        assert found[path] == hashlib.sha256(content).hexdigest(), path
    again = api.snapshot_download(repo, revision=made.oid, cache_dir=folder / "cache")
    assert str(got) == str(again)
    return found


def folder_trip(api: HfApi, repo: str, folder: Path) -> None:
    """A folder goes up, is changed, and goes up again."""
    source = folder / "source"
    (source / "sub").mkdir(parents=True)
    (source / "model.safetensors").write_bytes(noise(5_000_000, "weights"))
    (source / "sub" / "config.json").write_text("{}")
    (source / "skip.log").write_text("no")
    api.upload_folder(repo_id=repo, folder_path=source, path_in_repo="in", ignore_patterns="*.log")
    changed = bytearray((source / "model.safetensors").read_bytes())
    changed[2_000_000:2_000_004] = b"abcd"
    (source / "model.safetensors").write_bytes(changed)
    api.upload_folder(repo_id=repo, folder_path=source, path_in_repo="in", ignore_patterns="*.log")
    got = api.snapshot_download(repo, allow_patterns="in/*", local_dir=folder / "local")
    assert contents(Path(got)) == {
        "in/model.safetensors": hashlib.sha256(bytes(changed)).hexdigest(),
        "in/sub/config.json": hashlib.sha256(b"{}").hexdigest(),
    }


def large_folder_trip(api: HfApi, repo: str, folder: Path) -> None:
    """Releases before 2.0 upload large folders in a way of their own."""
    if not hasattr(api, "upload_large_folder"):
        return
    source = folder / "large"
    source.mkdir()
    for number in range(12):
        (source / f"{number}.bin").write_bytes(noise(50_000, f"large {number}"))
        (source / f"{number}.txt").write_text(str(number))
    api.create_branch(repo, branch="large")
    api.upload_large_folder(
        repo, folder_path=source, repo_type="model", revision="large", print_report=False
    )
    names = set(api.list_repo_files(repo, revision="large"))
    assert {each.name for each in source.iterdir() if each.is_file()} <= names
    got = api.hf_hub_download(repo, "7.bin", revision="large", cache_dir=folder / "cache")
    assert Path(got).read_bytes() == noise(50_000, "large 7")
    api.delete_branch(repo, branch="large")


def operations(api: HfApi, repo: str, folder: Path) -> None:
    """Copies, deletes, parents, pull requests."""
    api.create_commit(
        repo,
        [
            CommitOperationCopy("sizes/8192.bin", "copy.bin"),
            CommitOperationDelete("sizes/1.bin"),
            CommitOperationDelete("in/"),
            CommitOperationAdd("file-like.bin", io.BytesIO(noise(100_000, "file-like"))),
        ],
        commit_message="Operations",
    )
    names = set(api.list_repo_files(repo))
    assert {"copy.bin", "file-like.bin"} <= names
    assert not [name for name in names if name.startswith("in/") or name == "sizes/1.bin"]
    for path, size, seed in (("copy.bin", 8192, 8192), ("file-like.bin", 100_000, "file-like")):
        got = api.hf_hub_download(repo, path, cache_dir=folder / "cache")
        assert Path(got).read_bytes() == noise(size, seed)
    told = fails(
        HfHubHTTPError,
        api.upload_file,
        path_or_fileobj=b"x",
        path_in_repo="x.txt",
        repo_id=repo,
        parent_commit=api.list_repo_commits(repo)[1].commit_id,
    )
    assert told.response.status_code == 412, told
    made = api.upload_file(
        path_or_fileobj=noise(20_000, "pr"), path_in_repo="pr.bin", repo_id=repo, create_pr=True
    )
    assert made.pr_revision == "refs/pr/1"
    assert "pr.bin" in api.list_repo_files(repo, revision="refs/pr/1")
    assert "pr.bin" not in api.list_repo_files(repo)


def references(api: HfApi, repo: str) -> None:
    """Branches, tags, trees, paths."""
    api.create_branch(repo, branch="side/one")
    api.create_tag(repo, tag="v1")
    refs = api.list_repo_refs(repo)
    assert {each.name for each in refs.branches} == {"main", "side/one"}
    assert [each.name for each in refs.tags] == ["v1"]
    tree = {each.path: each for each in api.list_repo_tree(repo, recursive=True, expand=True)}
    assert tree["copy.bin"].lfs.sha256 == hashlib.sha256(noise(8192, 8192)).hexdigest()
    assert tree["copy.bin"].last_commit.title == "Operations"
    found = api.get_paths_info(repo, ["copy.bin", "sizes", "none"], revision="side/one")
    assert {each.path for each in found} == {"copy.bin", "sizes"}
    info = api.model_info(repo, files_metadata=True)
    assert {each.rfilename for each in info.siblings} == set(api.list_repo_files(repo))
    assert repo in {each.id for each in api.list_models(author=repo.partition("/")[0])}


def refusals(api: HfApi, repo: str, folder: Path) -> None:
    """Errors are this release's own classes, also over http."""
    fails(RepositoryNotFoundError, api.model_info, "ada/never-there")
    fails(RevisionNotFoundError, api.model_info, repo, revision="never")
    fails(EntryNotFoundError, api.hf_hub_download, repo, "none.txt", cache_dir=folder / "cache")
    assert list((folder / "cache").rglob(".no_exist/*/none.txt"))
    assert not api.file_exists(repo, "none.txt")
    fails(RepositoryNotFoundError, HfApi(token=False).model_info, f"{repo}-private")


def file_system(repo: str) -> None:
    fs = HfFileSystem()
    with fs.open(f"{repo}/fs.txt", "w") as file:
        file.write("by fs\n")
    assert fs.read_text(f"{repo}/fs.txt") == "by fs\n"
    assert f"{repo}/sizes/8192.bin" in fs.glob(f"{repo}/sizes/*.bin")
    with fs.open(f"{repo}/sizes/700001.bin") as file:
        file.seek(500_000)
        assert file.read(10) == noise(700_001, 700_001)[500_000:500_010]


def main(repo: str, folder: Path) -> None:
    api = HfApi()
    assert api.whoami()["name"] == "ada"
    assert api.create_repo(repo).repo_id == repo
    api.create_repo(repo, exist_ok=True)
    api.create_repo(f"{repo}-private", private=True)
    found = round_trip(api, repo, folder)
    folder_trip(api, repo, folder)
    large_folder_trip(api, repo, folder)
    operations(api, repo, folder)
    references(api, repo)
    refusals(api, repo, folder)
    file_system(repo)
    item = api.get_paths_info(repo, ["sizes/700001.bin"])[0]
    told = {
        "version": huggingface_hub.__version__,
        "files": found,
        "xet_hash": getattr(item, "xet_hash", None),
        "sha256": item.lfs.sha256,
        "disabled": os.environ.get("HF_HUB_DISABLE_XET"),
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
