"""huggingface_hub 2.4 with hf_xet 1.8: content goes in, by every way the client has."""

import concurrent.futures
import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.clients.environments import Environment
from tests.clients.stage import (
    EDGE_SIZES,
    LEGAL_PATHS,
    MIB,
    ask,
    attempt,
    noise,
    received_bytes,
    run,
    sha256,
    watching,
)
from tests.live import LiveHub, swell, token_of

SCRUB = (sys.executable, "-m", "groundswell.cli", "scrub")


def content_of(api: Any, repo: str, path: str, **where: Any) -> bytes:
    return Path(api.hf_hub_download(repo, path, **where)).read_bytes()


def additions(hf: Any, files: dict[str, bytes]) -> list[Any]:
    return [hf.CommitOperationAdd(path, content) for path, content in files.items()]


def test_one_file_goes_up_and_comes_down(live_hub: LiveHub, hf: Any, ada: Any, repo: str) -> None:
    content = noise(200_000, "one")

    made = ada.upload_file(
        path_or_fileobj=content,
        path_in_repo="deep/er/weights.bin",
        repo_id=repo,
        commit_message="Add weights",
        commit_description="They are noise.",
    )

    assert made.commit_url == f"{live_hub.url}/{repo}/commit/{made.oid}"
    assert ada.model_info(repo).sha == made.oid
    newest = ada.list_repo_commits(repo)[0]
    assert (newest.title, newest.message.strip()) == ("Add weights", "They are noise.")
    assert newest.authors == ["ada"]
    assert content_of(ada, repo, "deep/er/weights.bin") == content


def test_edge_sizes_come_back_bit_for_bit(hf: Any, ada: Any, repo: str, tmp_path: Path) -> None:
    files = {f"{size}.bin": noise(size, size) for size in EDGE_SIZES}
    files |= {f"{size}.txt": b"a line\n" * (size // 7) + b"." * (size % 7) for size in EDGE_SIZES}
    files |= {"zeros.bin": bytes(3 * MIB), "nothing/.gitkeep": b""}

    made = ada.create_commit(repo, additions(hf, files), commit_message="All sizes")

    folder = ada.snapshot_download(repo, revision=made.oid, cache_dir=tmp_path)
    tree = {
        each.path: each for each in ada.list_repo_tree(repo, recursive=True) if "lfs" in vars(each)
    }
    for path, content in files.items():
        assert Path(folder, path).read_bytes() == content, path
        assert tree[path].size == len(content)
        if tree[path].lfs:
            assert tree[path].lfs.sha256 == sha256(content)
    assert tree["131072.bin"].lfs, "binary content went into git"
    assert not tree["0.bin"].lfs
    assert not tree["131072.txt"].lfs


@pytest.mark.timeout(180)
def test_seventy_mebibytes_by_xet_and_a_change_in_the_middle_sends_little(
    live_hub: LiveHub, hf: Any, ada: Any, repo: str, tmp_path: Path
) -> None:
    content = bytearray(noise(70 * MIB, "large"))
    source = tmp_path / "model.safetensors.bin"
    source.write_bytes(content)
    before = received_bytes(live_hub)

    ada.upload_file(path_or_fileobj=source, path_in_repo="model.bin", repo_id=repo)

    first = received_bytes(live_hub) - before
    assert 70 * MIB <= first < 72 * MIB
    got = ada.hf_hub_download(repo, "model.bin", cache_dir=tmp_path / "one")
    assert Path(got).read_bytes() == content

    content[35 * MIB : 35 * MIB + 10] = b"0123456789"
    content[50 * MIB : 50 * MIB] = b"inserted"
    source.write_bytes(content)
    before = received_bytes(live_hub)
    ada.upload_file(path_or_fileobj=source, path_in_repo="model.bin", repo_id=repo)
    second = received_bytes(live_hub) - before
    assert 0 < second < 2 * MIB
    got = ada.hf_hub_download(repo, "model.bin", cache_dir=tmp_path / "two")
    assert Path(got).read_bytes() == content
    item = ada.get_paths_info(repo, ["model.bin"])[0]
    assert (item.size, item.lfs.sha256) == (len(content), sha256(bytes(content)))


def test_what_the_hub_knows_is_not_sent_again(
    live_hub: LiveHub, hf: Any, ada: Any, new_repo: Callable[..., str]
) -> None:
    content = noise(3 * MIB, "known")
    one, other = new_repo(), new_repo()
    ada.upload_file(path_or_fileobj=content, path_in_repo="a.bin", repo_id=one)
    with watching(live_hub) as seen:
        ada.upload_file(path_or_fileobj=content, path_in_repo="b.bin", repo_id=other)
    assert seen.received_bytes < 200_000
    assert content_of(ada, other, "b.bin") == content


def test_an_unchanged_file_makes_no_commit(live_hub: LiveHub, hf: Any, ada: Any, repo: str) -> None:
    content = noise(50_000, "same")
    first = ada.upload_file(path_or_fileobj=content, path_in_repo="a.bin", repo_id=repo)
    small = ada.upload_file(path_or_fileobj=b"same\n", path_in_repo="a.txt", repo_id=repo)
    with watching(live_hub) as seen:
        again = ada.create_commit(
            repo, additions(hf, {"a.bin": content, "a.txt": b"same\n"}), commit_message="Again"
        )
    assert again.oid == small.oid != first.oid
    assert len(ada.list_repo_commits(repo)) == 3
    assert seen.received_bytes < 5000


def test_every_operation_in_one_commit(hf: Any, ada: Any, repo: str) -> None:
    before = {
        "keep.txt": b"keep\n",
        "old.txt": b"old\n",
        "old.bin": noise(9000, "old"),
        "folder/a.txt": b"a\n",
        "folder/deep/b.bin": noise(9000, "b"),
        "copied.bin": noise(30_000, "copied"),
        "copied.txt": b"to be copied\n",
    }
    ada.create_commit(repo, additions(hf, before), commit_message="Before")

    ada.create_commit(
        repo,
        [
            *additions(hf, {"new.txt": b"new\n", "new.bin": noise(9000, "new"), "old.txt": b"2\n"}),
            hf.CommitOperationDelete("old.bin"),
            hf.CommitOperationDelete("folder/"),
            hf.CommitOperationCopy("copied.bin", "copies/one.bin"),
            hf.CommitOperationCopy("copied.txt", "copies/one.txt"),
        ],
        commit_message="Everything",
    )

    assert set(ada.list_repo_files(repo)) == {
        ".gitattributes",
        "keep.txt",
        "old.txt",
        "new.txt",
        "new.bin",
        "copied.bin",
        "copied.txt",
        "copies/one.bin",
        "copies/one.txt",
    }
    assert content_of(ada, repo, "old.txt") == b"2\n"
    assert content_of(ada, repo, "copies/one.bin") == before["copied.bin"]
    assert content_of(ada, repo, "copies/one.txt") == before["copied.txt"]


def test_a_rename_is_a_copy_and_a_delete(hf: Any, ada: Any, repo: str) -> None:
    content = noise(9000, "renamed")
    ada.upload_file(path_or_fileobj=content, path_in_repo="a.bin", repo_id=repo)
    ada.create_commit(
        repo,
        [hf.CommitOperationCopy("a.bin", "b.bin"), hf.CommitOperationDelete("a.bin")],
        commit_message="Rename",
    )
    assert set(ada.list_repo_files(repo)) == {".gitattributes", "b.bin"}
    assert content_of(ada, repo, "b.bin") == content


def test_a_copy_from_an_earlier_revision(hf: Any, ada: Any, repo: str) -> None:
    first = ada.upload_file(path_or_fileobj=noise(9000, 1), path_in_repo="a.bin", repo_id=repo)
    ada.upload_file(path_or_fileobj=noise(9000, 2), path_in_repo="a.bin", repo_id=repo)
    ada.create_commit(
        repo,
        [hf.CommitOperationCopy("a.bin", "was.bin", src_revision=first.oid)],
        commit_message="Bring it back",
    )
    assert content_of(ada, repo, "was.bin") == noise(9000, 1)


def test_a_copy_from_another_repository_moves_no_byte(
    live_hub: LiveHub, hf: Any, ada: Any, eve: Any, new_repo: Callable[..., str]
) -> None:
    source, target = new_repo(), new_repo("dataset")
    content = noise(400_000, "across")
    ada.create_commit(
        source, additions(hf, {"a.bin": content, "a.txt": b"text\n"}), commit_message="Source"
    )
    copies = [
        hf.CommitOperationCopy(name, name, src_repo_id=source, src_repo_type="model")
        for name in ("a.bin", "a.txt")
    ]
    with watching(live_hub) as seen:
        ada.create_commit(target, copies, commit_message="Across", repo_type="dataset")
    assert seen.matching(r"^POST .*/lfs-files/duplicate")
    assert seen.received_bytes < 20_000
    assert content_of(ada, target, "a.bin", repo_type="dataset") == content
    assert content_of(ada, target, "a.txt", repo_type="dataset") == b"text\n"

    ada.update_repo_settings(source, private=True)
    theirs = new_repo(owner="eve")
    with pytest.raises(hf.errors.HfHubHTTPError):
        eve.create_commit(
            theirs,
            [hf.CommitOperationCopy("a.bin", "a.bin", src_repo_id=source, src_repo_type="model")],
            commit_message="Steal",
        )
    assert "a.bin" not in eve.list_repo_files(theirs)


def test_a_hash_alone_buys_nothing(
    live_hub: LiveHub, hf: Any, ada: Any, eve: Any, new_repo: Callable[..., str]
) -> None:
    """Eve knows the sha256 and size of a private file and commits them to her own repository."""
    hidden, hers = new_repo(private=True), new_repo(owner="eve")
    secret = noise(100_000, "secret")
    ada.upload_file(path_or_fileobj=secret, path_in_repo="s.bin", repo_id=hidden)
    header = {"key": "header", "value": {"summary": "Take", "description": ""}}
    file = {"path": "s.bin", "algo": "sha256", "oid": sha256(secret), "size": len(secret)}
    lines = json.dumps(header) + "\n" + json.dumps({"key": "lfsFile", "value": file})

    answer = ask(
        live_hub,
        "POST",
        f"/api/models/{hers}/commit/main",
        token=token_of("eve"),
        body=lines.encode(),
        headers={"Content-Type": "application/x-ndjson"},
    )

    assert answer.status in (400, 422), answer.body
    unknown = ask(
        live_hub,
        "POST",
        f"/api/models/{hers}/commit/main",
        token=token_of("eve"),
        body=lines.replace(sha256(secret), sha256(b"nowhere")).encode(),
        headers={"Content-Type": "application/x-ndjson"},
    )
    assert unknown.status == answer.status
    assert "s.bin" not in eve.list_repo_files(hers)


def test_a_commit_on_a_parent_that_moved_is_412(hf: Any, ada: Any, repo: str) -> None:
    base = ada.model_info(repo).sha
    ada.upload_file(path_or_fileobj=b"1", path_in_repo="1.txt", repo_id=repo, parent_commit=base)
    with pytest.raises(hf.errors.HfHubHTTPError, match="The branch was updated since") as told:
        ada.upload_file(
            path_or_fileobj=b"2", path_in_repo="2.txt", repo_id=repo, parent_commit=base
        )
    assert told.value.response.status_code == 412
    assert "2.txt" not in ada.list_repo_files(repo)


def test_commits_at_the_same_time_all_land_or_say_409(hf: Any, ada: Any, repo: str) -> None:
    def commit(number: int) -> None:
        for _attempt in range(20):
            try:
                ada.upload_file(
                    path_or_fileobj=b"%d" % number, path_in_repo=f"{number}.txt", repo_id=repo
                )
            except hf.errors.HfHubHTTPError as error:
                if error.response.status_code != 409:
                    raise
            else:
                return
        pytest.fail("a commit never landed")

    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        list(pool.map(commit, range(12)))
    assert {f"{n}.txt" for n in range(12)} <= set(ada.list_repo_files(repo))
    assert len(ada.list_repo_commits(repo)) == 13


def test_deleting_what_is_not_there_is_told(hf: Any, ada: Any, repo: str) -> None:
    with pytest.raises(hf.errors.RemoteEntryNotFoundError, match="name doesn't exist"):
        ada.delete_file("nowhere.txt", repo)


def test_deletes_by_file_folder_and_pattern(hf: Any, ada: Any, repo: str) -> None:
    files = {f"d{n}/{m}.txt": b"x" for n in range(3) for m in range(2)} | {"a.log": b"l"}
    ada.create_commit(repo, additions(hf, files), commit_message="Fill")
    ada.delete_file("d0/0.txt", repo)
    ada.delete_folder("d1", repo)
    ada.delete_files(repo, ["*.log", "d2/*"])
    assert set(ada.list_repo_files(repo)) == {".gitattributes", "d0/1.txt"}


@pytest.mark.parametrize(
    "path",
    [
        "../up.txt",
        "/abs.txt",
        "a//b.txt",
        ".git/config",
        "a/.GIT/hooks",
        "a/../b",
        "\\x",
        "a\\..\\b",
        "nul\0.txt",
        "a/./b",
        "line\nbreak",
    ],
)
def test_hostile_paths_are_refused_and_nothing_is_written(
    live_hub: LiveHub, ada: Any, repo: str, path: str
) -> None:
    lines = [
        {"key": "header", "value": {"summary": "s", "description": ""}},
        {"key": "file", "value": {"path": "good.txt", "content": "eA==", "encoding": "base64"}},
        {"key": "file", "value": {"path": path, "content": "eA==", "encoding": "base64"}},
    ]
    answer = ask(
        live_hub,
        "POST",
        f"/api/models/{repo}/commit/main",
        token=token_of("ada"),
        body="\n".join(map(json.dumps, lines)).encode(),
        headers={"Content-Type": "application/x-ndjson"},
    )
    assert answer.status == 422, answer.body
    assert answer.json()["error"]
    assert ada.list_repo_files(repo) == [".gitattributes"]


def test_nasty_but_legal_paths_come_back(hf: Any, ada: Any, repo: str, tmp_path: Path) -> None:
    files = {path: f"content of {path}".encode() for path in LEGAL_PATHS}
    files |= {f"{path}.bin": noise(9000, path) for path in LEGAL_PATHS}
    ada.create_commit(repo, additions(hf, files), commit_message="Names ✓ ünïcødé")
    assert set(ada.list_repo_files(repo)) == {".gitattributes", *files}
    folder = ada.snapshot_download(repo, cache_dir=tmp_path)
    for path, content in files.items():
        assert Path(folder, path).read_bytes() == content, path
        assert ada.file_exists(repo, path), path
    assert {each.path for each in ada.get_paths_info(repo, list(files))} == set(files)
    assert ada.list_repo_commits(repo)[0].title == "Names ✓ ünïcødé"


def test_a_folder_goes_up_with_patterns(hf: Any, ada: Any, repo: str, tmp_path: Path) -> None:
    source = tmp_path / "source"
    for name, content in {
        "README.md": b"---\nlicense: mit\n---\n# Hi\n",
        "model.bin": noise(2 * MIB, "folder"),
        "sub/tokenizer.json": b"{}",
        "notes.log": b"no",
        ".cache/huggingface/x": b"no",
        ".git/config": b"no",
    }.items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes(content)

    made = ada.upload_folder(
        repo_id=repo, folder_path=source, path_in_repo="in", ignore_patterns="*.log"
    )

    assert made.oid == ada.model_info(repo).sha
    assert set(ada.list_repo_files(repo)) == {
        ".gitattributes",
        "in/README.md",
        "in/model.bin",
        "in/sub/tokenizer.json",
    }
    (source / "sub/tokenizer.json").unlink()
    ada.upload_folder(
        repo_id=repo,
        folder_path=source,
        path_in_repo="in",
        delete_patterns="*.json",
        allow_patterns=["*.md", "*.bin"],
    )
    assert "in/sub/tokenizer.json" not in ada.list_repo_files(repo)
    assert content_of(ada, repo, "in/model.bin") == noise(2 * MIB, "folder")


def test_many_files_go_up_in_several_commits(hf: Any, ada: Any, repo: str, tmp_path: Path) -> None:
    source = tmp_path / "many"
    source.mkdir()
    for number in range(300):
        (source / f"{number:03}.{'bin' if number % 10 == 0 else 'txt'}").write_bytes(
            noise(1000 + number, number) if number % 10 == 0 else b"%d\n" % number
        )
    ada.upload_folder(repo_id=repo, folder_path=source)
    assert len(ada.list_repo_files(repo)) == 301
    folder = ada.snapshot_download(repo, cache_dir=tmp_path / "cache")
    for file in source.iterdir():
        assert Path(folder, file.name).read_bytes() == file.read_bytes()
    again = ada.upload_folder(repo_id=repo, folder_path=source)
    assert again.oid == ada.model_info(repo).sha


def test_a_gitignore_keeps_files_out(hf: Any, ada: Any, repo: str, tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("*.tmp\nbuild/\n")
    (tmp_path / "a.tmp").write_text("no")
    (tmp_path / "build").mkdir()
    (tmp_path / "build" / "b.txt").write_text("no")
    (tmp_path / "c.txt").write_text("yes")
    ada.upload_folder(repo_id=repo, folder_path=tmp_path)
    assert set(ada.list_repo_files(repo)) == {".gitattributes", ".gitignore", "c.txt"}


@pytest.mark.parametrize("way", ["commit", "folder", "file"])
def test_create_pr_leaves_main_alone(
    way: str, live_hub: LiveHub, hf: Any, ada: Any, bob: Any, nobody: Any, repo: str, tmp_path: Path
) -> None:
    """Bob may not write in Ada's repository: a pull request is how he contributes."""
    (tmp_path / "weights.bin").write_bytes(noise(30_000, "pr"))
    (tmp_path / "notes.txt").write_text("mine")
    before = ada.model_info(repo).sha

    if way == "commit":
        files = {each.name: each.read_bytes() for each in tmp_path.iterdir()}
        made = bob.create_commit(repo, additions(hf, files), commit_message="Offer", create_pr=True)
    elif way == "folder":
        made = bob.upload_folder(
            repo_id=repo, folder_path=tmp_path, commit_message="Offer", create_pr=True
        )
    else:
        made = bob.upload_file(
            repo_id=repo,
            path_or_fileobj=tmp_path / "weights.bin",
            path_in_repo="weights.bin",
            commit_message="Offer",
            create_pr=True,
        )

    assert made.pr_url == f"{live_hub.url}/{repo}/discussions/1"
    assert (made.pr_num, made.pr_revision) == (1, "refs/pr/1")
    assert ada.model_info(repo).sha == before
    assert "weights.bin" in nobody.list_repo_files(repo, revision="refs/pr/1")
    assert content_of(ada, repo, "weights.bin", revision="refs/pr/1") == noise(30_000, "pr")
    refs = ada.list_repo_refs(repo, include_pull_requests=True)
    assert [each.ref for each in refs.pull_requests] == ["refs/pr/1"]
    request = ada.get_discussion_details(repo, 1)
    assert (request.is_pull_request, request.status, request.author) == (True, "draft", "bob")
    assert request.title == "Offer"

    bob.upload_file(
        path_or_fileobj=b"more", path_in_repo="more.txt", repo_id=repo, revision="refs/pr/1"
    )
    with pytest.raises(hf.errors.HfHubHTTPError) as told:
        bob.upload_file(path_or_fileobj=b"no", path_in_repo="no.txt", repo_id=repo)
    assert told.value.response.status_code == 403
    ada.change_discussion_status(repo, 1, "open")
    ada.merge_pull_request(repo, 1)
    assert {"weights.bin", "more.txt"} <= set(ada.list_repo_files(repo))
    assert ada.get_discussion_details(repo, 1).status == "merged"


def test_a_file_like_source_goes_by_lfs(live_hub: LiveHub, hf: Any, ada: Any, repo: str) -> None:
    content = noise(300_000, "file-like")
    with watching(live_hub) as seen:
        ada.upload_file(path_or_fileobj=io.BytesIO(content), path_in_repo="a.bin", repo_id=repo)
    assert seen.matching(r"^POST .*info/lfs/objects/batch$")
    assert not seen.matching(r"/xorbs/")
    assert content_of(ada, repo, "a.bin") == content


def test_a_large_file_like_source_goes_in_parts(
    live_hub: LiveHub, hf: Any, ada: Any, repo: str
) -> None:
    content = noise(40 * MIB, "parts")
    with watching(live_hub) as seen:
        ada.upload_file(path_or_fileobj=io.BytesIO(content), path_in_repo="a.bin", repo_id=repo)
    assert seen.matching(r"^POST .*info/lfs/objects/batch$")
    assert sha256(content_of(ada, repo, "a.bin")) == sha256(content)


def test_files_of_types_that_git_keeps_badly_get_attributes(hf: Any, ada: Any, repo: str) -> None:
    ada.create_commit(
        repo,
        additions(hf, {"odd.weights-of-mine": noise(11 * MIB, "odd"), "a.bin": noise(100, 1)}),
        commit_message="Odd",
    )
    text = content_of(ada, repo, ".gitattributes").decode()
    assert "odd.weights-of-mine filter=lfs" in text
    assert text.count("*.bin ") == 1


def test_preupload_one_by_one_then_commit(hf: Any, ada: Any, repo: str) -> None:
    operations = []
    for number in range(3):
        operation = hf.CommitOperationAdd(f"{number}.bin", noise(20_000, number))
        ada.preupload_lfs_files(repo, [operation])
        operations.append(operation)
    ada.create_commit(repo, operations, commit_message="Shards")
    for number in range(3):
        assert content_of(ada, repo, f"{number}.bin") == noise(20_000, number)


def test_uploads_need_the_right_to_write(
    hf: Any, ada: Any, eve: Any, nobody: Any, repo: str
) -> None:
    reader = hf.HfApi(token=token_of("ada", "read"))
    for other, status in ((eve, 403), (reader, 403), (nobody, 401)):
        for name, content in (("a.txt", b"x"), ("a.bin", noise(5000, 1))):
            with pytest.raises(hf.errors.HfHubHTTPError) as told:
                other.upload_file(path_or_fileobj=content, path_in_repo=name, repo_id=repo)
            assert told.value.response.status_code == status
    assert ada.list_repo_files(repo) == [".gitattributes"]


def test_xet_and_plain_lfs_give_the_same_file(
    live_hub: LiveHub,
    hf: Any,
    ada: Any,
    repo: str,
    clients: Callable[[str], Environment],
    home: Path,
) -> None:
    from tests.clients.stage import client_environment

    content = noise(5 * MIB, "both ways")
    (home / "a.bin").write_bytes(content)
    plain = client_environment(live_hub, home, token_of("ada"), HF_HUB_DISABLE_XET="1")
    with watching(live_hub) as seen:
        run(clients("current").script("hf"), "upload", repo, home / "a.bin", "lfs.bin", env=plain)
    assert seen.matching(r"info/lfs/objects/batch$")
    ada.upload_file(path_or_fileobj=content, path_in_repo="xet.bin", repo_id=repo)
    one, other = ada.get_paths_info(repo, ["lfs.bin", "xet.bin"])
    assert one.lfs.sha256 == other.lfs.sha256 == sha256(content)
    assert one.xet_hash == other.xet_hash
    for path in ("lfs.bin", "xet.bin"):
        run(
            clients("current").script("hf"),
            "download",
            repo,
            path,
            "--local-dir",
            home / "got",
            env=plain,
        )
        assert (home / "got" / path).read_bytes() == content
        assert content_of(ada, repo, path, cache_dir=home / "xet-cache") == content


def test_clients_go_on_in_another_epoch(
    live_hub: LiveHub, hf: Any, ada: Any, repo: str, tmp_path: Path
) -> None:
    """After a restore, a rebuild or a loss the content store has another address for Xet clients."""
    before, after = noise(200_000, "before"), noise(200_000, "after")
    ada.upload_file(path_or_fileobj=before, path_in_repo="before.bin", repo_id=repo)
    swell(live_hub.data, "store", "new-epoch")
    with watching(live_hub) as seen:
        ada.upload_file(path_or_fileobj=after, path_in_repo="after.bin", repo_id=repo)
        assert content_of(ada, repo, "before.bin", cache_dir=tmp_path) == before
        assert content_of(ada, repo, "after.bin", cache_dir=tmp_path) == after
    assert seen.matching("^POST /xet/.*/xorbs/")
    assert seen.matching("^GET /xet/.*/reconstructions/")


@pytest.mark.own_folder
def test_the_same_files_sent_again_heal_what_was_broken(
    live_hub: LiveHub, hf: Any, ada: Any, repo: str, tmp_path: Path
) -> None:
    """Content that was lost has another address for clients: they forget that it was here."""
    content = noise(700_000, "to be broken")
    known = set(live_hub.data.glob("xorbs/*/*"))
    ada.upload_file(path_or_fileobj=content, path_in_repo="w.bin", repo_id=repo)
    (path,) = set(live_hub.data.glob("xorbs/*/*")) - known
    data = bytearray(path.read_bytes())
    data[350_000] ^= 16
    path.chmod(0o600)
    path.write_bytes(data)
    assert attempt(*SCRUB, "--data", live_hub.data, env={}).returncode == 8
    with pytest.raises(Exception, match="410 Gone"):
        content_of(ada, repo, "w.bin", cache_dir=tmp_path / "broken")
    head = ada.model_info(repo).sha

    ada.upload_file(path_or_fileobj=content, path_in_repo="w.bin", repo_id=repo)

    assert ada.model_info(repo).sha == head, "nothing of it is new"
    assert content_of(ada, repo, "w.bin", cache_dir=tmp_path / "healed") == content
    assert "xorbs" not in swell(live_hub.data, "faults")
