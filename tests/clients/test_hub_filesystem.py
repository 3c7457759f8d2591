"""huggingface_hub 2.4: HfFileSystem, with which pandas, datasets and others read and write."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.clients.stage import MIB, noise
from tests.live import token_of


@pytest.fixture
def fs(hf: Any) -> Any:
    """Ada's file system, without memory of what it listed."""
    return hf.HfFileSystem(
        token=token_of("ada"), skip_instance_cache=True, use_listings_cache=False
    )


@pytest.fixture
def filled(hf: Any, ada: Any, repo: str) -> str:
    files = {
        "a.txt": b"first\nsecond\n",
        "data/one.csv": b"a,b\n1,2\n",
        "data/two.csv": b"a,b\n3,4\n",
        "data/deep/three.csv": b"a,b\n5,6\n",
        "big.bin": noise(2 * MIB, "fs"),
    }
    ada.create_commit(
        repo,
        [hf.CommitOperationAdd(path, content) for path, content in files.items()],
        commit_message="Fill",
    )
    return repo


def test_listing_and_globbing(fs: Any, filled: str) -> None:
    names = fs.ls(filled, detail=False)
    assert set(names) == {
        f"{filled}/{name}" for name in (".gitattributes", "a.txt", "data", "big.bin")
    }
    told = {each["name"]: each for each in fs.ls(f"{filled}/data")}
    assert told[f"{filled}/data/one.csv"]["size"] == 8
    assert told[f"{filled}/data/deep"]["type"] == "directory"
    assert set(fs.glob(f"{filled}/data/*.csv")) == {
        f"{filled}/data/one.csv",
        f"{filled}/data/two.csv",
    }
    assert len(fs.glob(f"{filled}/**/*.csv")) == 3
    assert len(fs.find(filled)) == 6
    walked = list(fs.walk(f"{filled}/data"))
    assert walked[0][1:] == (["deep"], ["one.csv", "two.csv"])
    assert fs.du(f"{filled}/data") == 24


def test_questions_about_one_path(hf: Any, fs: Any, filled: str) -> None:
    assert fs.exists(f"{filled}/a.txt")
    assert not fs.exists(f"{filled}/none.txt")
    assert fs.isfile(f"{filled}/big.bin")
    assert fs.isdir(f"{filled}/data")
    assert fs.info(f"{filled}/big.bin")["lfs"].size == 2 * MIB
    assert fs.size(f"{filled}/a.txt") == 13
    assert fs.modified(f"{filled}/a.txt").year >= 2024
    with pytest.raises(FileNotFoundError):
        fs.info(f"{filled}/none.txt")
    with pytest.raises(FileNotFoundError):
        fs.ls("ada/never-there")
    assert fs.url(f"{filled}/a.txt").endswith(f"/{filled}/resolve/main/a.txt")


def test_reading_whole_in_pieces_and_lines(fs: Any, filled: str, tmp_path: Path) -> None:
    content = noise(2 * MIB, "fs")
    assert fs.cat(f"{filled}/big.bin") == content
    assert fs.cat_file(f"{filled}/big.bin", start=1000, end=1010) == content[1000:1010]
    with fs.open(f"{filled}/big.bin", "rb", block_size=100_000) as file:
        file.seek(MIB)
        assert file.read(10) == content[MIB : MIB + 10]
        file.seek(-5, 2)
        assert file.read() == content[-5:]
    with fs.open(f"{filled}/a.txt", "r") as file:
        assert file.readlines() == ["first\n", "second\n"]
    with fs.open(f"{filled}/big.bin", "rb", block_size=0) as file:
        assert file.read(10) == content[:10]
    fs.get_file(f"{filled}/big.bin", str(tmp_path / "got.bin"))
    assert (tmp_path / "got.bin").read_bytes() == content
    fs.get(f"{filled}/data", str(tmp_path / "data"), recursive=True)
    assert (tmp_path / "data" / "deep" / "three.csv").read_bytes() == b"a,b\n5,6\n"


def test_writing_copying_moving_and_removing(
    hf: Any, fs: Any, ada: Any, filled: str, new_repo: Callable[..., str]
) -> None:
    with fs.open(f"{filled}/new.txt", "w") as file:
        file.write("written\n")
    assert fs.read_text(f"{filled}/new.txt") == "written\n"
    with fs.open(f"{filled}/new.bin", "wb") as file:
        for number in range(4):
            file.write(noise(300_000, number))
    assert fs.cat(f"{filled}/new.bin") == b"".join(noise(300_000, n) for n in range(4))
    fs.cp_file(f"{filled}/new.bin", f"{filled}/copy.bin")
    fs.cp_file(f"{filled}/a.txt", f"{filled}/copy.txt")
    fs.mv(f"{filled}/copy.txt", f"{filled}/moved/copy.txt")
    assert fs.read_text(f"{filled}/moved/copy.txt") == "first\nsecond\n"
    assert not fs.exists(f"{filled}/copy.txt")
    other = new_repo("dataset")
    fs.cp_file(f"{filled}/new.bin", f"datasets/{other}/new.bin")
    assert fs.cat(f"datasets/{other}/new.bin") == fs.cat(f"{filled}/new.bin")
    fs.rm(f"{filled}/data", recursive=True)
    fs.rm_file(f"{filled}/new.bin")
    assert set(ada.list_repo_files(filled)) == {
        ".gitattributes",
        "a.txt",
        "big.bin",
        "new.txt",
        "copy.bin",
        "moved/copy.txt",
    }


def test_revisions_in_paths(fs: Any, ada: Any, filled: str) -> None:
    first = ada.model_info(filled).sha
    ada.create_branch(filled, branch="side/one")
    with fs.open(f"{filled}@side%2Fone/a.txt", "w") as file:
        file.write("side\n")
    assert fs.read_text(f"{filled}@side%2Fone/a.txt") == "side\n"
    assert fs.read_text(f"hf://{filled}@{first}/a.txt") == "first\nsecond\n"
    made = ada.upload_file(
        path_or_fileobj=b"pr\n", path_in_repo="a.txt", repo_id=filled, create_pr=True
    )
    assert fs.read_text(f"{filled}@refs/pr/{made.pr_num}/a.txt") == "pr\n"


def test_expanded_listings_know_commits(fs: Any, filled: str) -> None:
    told = fs.ls(f"{filled}/data", detail=True, expand_info=True)
    assert {each["last_commit"].title for each in told} == {"Fill"}


def test_others_do_not_write(hf: Any, fs: Any, filled: str) -> None:
    theirs = hf.HfFileSystem(token=token_of("eve"), skip_instance_cache=True)
    assert theirs.read_text(f"{filled}/a.txt") == "first\nsecond\n"
    with pytest.raises(hf.errors.HfHubHTTPError):
        theirs.rm_file(f"{filled}/a.txt")
    with pytest.raises(hf.errors.HfHubHTTPError), theirs.open(f"{filled}/x.txt", "w") as file:
        file.write("no")
