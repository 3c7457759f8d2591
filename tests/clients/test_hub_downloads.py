"""huggingface_hub 2.4: content comes out, once, and again from the cache."""

import http.client
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.clients.breaking import breaking_wire
from tests.clients.environments import Environment
from tests.clients.stage import MIB, ask, client_environment, noise, run, sha256, watching
from tests.live import LiveHub, token_of

FILES = {
    "README.md": b"---\nlicense: mit\n---\n# A model\n",
    "config.json": b'{"model_type": "bert"}',
    "model.bin": noise(2 * MIB, "model"),
    "onnx/model.onnx": noise(300_000, "onnx"),
    "onnx/notes.txt": b"notes\n",
}


@pytest.fixture
def filled(hf: Any, ada: Any, repo: str) -> str:
    """A repository with FILES."""
    ada.create_commit(
        repo,
        [hf.CommitOperationAdd(path, content) for path, content in FILES.items()],
        commit_message="Fill",
    )
    return repo


def read(path: str) -> bytes:
    return Path(path).read_bytes()


def test_a_cold_snapshot_has_every_file(ada: Any, nobody: Any, filled: str, tmp_path: Path) -> None:
    folder = nobody.snapshot_download(filled, cache_dir=tmp_path)
    assert os.path.basename(folder) == ada.model_info(filled).sha
    for path, content in FILES.items():
        assert read(f"{folder}/{path}") == content


def test_a_cached_snapshot_makes_at_most_two_requests(
    live_hub: LiveHub, ada: Any, filled: str, tmp_path: Path
) -> None:
    commit = ada.model_info(filled).sha
    first = ada.snapshot_download(filled, cache_dir=tmp_path)
    for revision in (None, "main", commit):
        with watching(live_hub) as seen:
            assert ada.snapshot_download(filled, revision=revision, cache_dir=tmp_path) == first
        assert len(seen.lines) <= 2, seen.lines


def test_a_snapshot_takes_what_patterns_allow(nobody: Any, filled: str, tmp_path: Path) -> None:
    folder = nobody.snapshot_download(
        filled, cache_dir=tmp_path, allow_patterns=["*.json", "onnx/*"], ignore_patterns="*.onnx"
    )
    found = {
        os.path.relpath(os.path.join(place, name), folder)
        for place, _, names in os.walk(folder)
        for name in names
    }
    assert found == {"config.json", "onnx/notes.txt"}


def test_a_snapshot_into_a_folder(nobody: Any, filled: str, tmp_path: Path) -> None:
    nobody.snapshot_download(filled, local_dir=tmp_path / "here", cache_dir=tmp_path / "cache")
    assert read(tmp_path / "here" / "onnx" / "model.onnx") == FILES["onnx/model.onnx"]


def test_a_snapshot_follows_the_branch(ada: Any, filled: str, tmp_path: Path) -> None:
    one = ada.snapshot_download(filled, cache_dir=tmp_path)
    ada.upload_file(path_or_fileobj=b"{}", path_in_repo="config.json", repo_id=filled)
    other = ada.snapshot_download(filled, cache_dir=tmp_path)
    assert read(f"{one}/config.json") == FILES["config.json"]
    assert read(f"{other}/config.json") == b"{}"
    assert os.path.realpath(f"{one}/model.bin") == os.path.realpath(f"{other}/model.bin")


def test_a_second_download_fetches_nothing(
    live_hub: LiveHub, nobody: Any, filled: str, tmp_path: Path
) -> None:
    first = nobody.hf_hub_download(filled, "model.bin", cache_dir=tmp_path)
    with watching(live_hub) as seen:
        assert nobody.hf_hub_download(filled, "model.bin", cache_dir=tmp_path) == first
    assert not seen.matching("^GET .*/resolve/")
    assert not seen.matching("reconstruction")
    with watching(live_hub) as seen:
        again = nobody.hf_hub_download(
            filled, "model.bin", cache_dir=tmp_path, local_files_only=True
        )
    assert again == first
    assert not seen.lines


def test_metadata_is_what_the_cache_is_built_from(
    hf: Any, live_hub: LiveHub, ada: Any, nobody: Any, filled: str
) -> None:
    commit = ada.model_info(filled).sha
    for path, content in FILES.items():
        told = hf.get_hf_file_metadata(hf.hf_hub_url(filled, path))
        assert (told.commit_hash, told.size) == (commit, len(content))
        item = ada.get_paths_info(filled, [path])[0]
        assert told.etag == (item.lfs.sha256 if item.lfs else item.blob_id)
        assert (told.xet_file_data is not None) == bool(item.lfs)


@pytest.mark.parametrize("revision", ["main", "v1.0", "side/branch", "commit", "short"])
def test_every_kind_of_revision_is_resolved(
    revision: str, ada: Any, nobody: Any, filled: str, tmp_path: Path
) -> None:
    commit = ada.model_info(filled).sha
    ada.create_tag(filled, tag="v1.0")
    ada.create_branch(filled, branch="side/branch")
    named = {"commit": commit, "short": commit[:7]}.get(revision, revision)
    path = nobody.hf_hub_download(filled, "model.bin", revision=named, cache_dir=tmp_path)
    assert read(path) == FILES["model.bin"]
    assert f"/snapshots/{commit}/" in path
    assert nobody.revision_exists(filled, named)


def test_a_download_that_breaks_goes_on_where_it_was(
    live_hub: LiveHub, hf: Any, ada: Any, repo: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = noise(24 * MIB, "resume")  # the client keeps what it has in pieces of 10 MB
    ada.upload_file(path_or_fileobj=content, path_in_repo="a.bin", repo_id=repo)
    monkeypatch.setattr(hf.constants, "HF_HUB_DISABLE_XET", True)
    with (
        breaking_wire(live_hub.port, r"^GET \S+/resolve/", after_bytes=15 * MIB) as wire,
        watching(live_hub) as seen,
    ):
        path = hf.HfApi(endpoint=wire.url).hf_hub_download(repo, "a.bin", cache_dir=tmp_path)

    assert read(path) == content
    got = [each for each in seen.records if each["method"] == "GET" and "/resolve/" in each["path"]]
    assert sorted(each["status"] for each in got) == [200, 206]
    assert next(each["out"] for each in got if each["status"] == 206) < 16 * MIB


def test_a_xet_download_that_breaks_is_mended(
    live_hub: LiveHub, hf: Any, ada: Any, repo: str, tmp_path: Path
) -> None:
    content = noise(4 * MIB, "mended")
    ada.upload_file(path_or_fileobj=content, path_in_repo="a.bin", repo_id=repo)
    with breaking_wire(live_hub.port, r"^GET /xet/\S+\?", after_bytes=MIB) as wire:
        path = hf.HfApi(endpoint=wire.url).hf_hub_download(repo, "a.bin", cache_dir=tmp_path)
        assert read(path) == content
        assert wire.cuts == 0


def test_a_file_in_many_pieces_of_several_xorbs(
    live_hub: LiveHub, ada: Any, repo: str, clients: Callable[[str], Environment], home: Path
) -> None:
    """Each version shares most chunks with the one before; also for a client that would take
    several ranges in one answer."""
    content = bytearray(noise(8 * MIB, "pieces"))
    for number in range(3):
        ada.upload_file(path_or_fileobj=bytes(content), path_in_repo="a.bin", repo_id=repo)
        for at in range(MIB // 2 + number * 300_000, 8 * MIB, 2 * MIB):
            content[at : at + 4] = b"edit"
    ada.upload_file(path_or_fileobj=bytes(content), path_in_repo="a.bin", repo_id=repo)
    environment = client_environment(live_hub, home, HF_XET_CLIENT_ENABLE_MULTIRANGE_FETCHING="1")
    with watching(live_hub) as seen:
        hf_command = clients("current").script("hf")
        run(hf_command, "download", repo, "a.bin", "--local-dir", home, env=environment)
    assert (home / "a.bin").read_bytes() == content
    assert len(seen.matching("/records/")) >= 4
    assert read(ada.hf_hub_download(repo, "a.bin", cache_dir=home / "plain")) == content


def test_ranges_and_conditions(live_hub: LiveHub, ada: Any, filled: str) -> None:
    content = FILES["model.bin"]
    for path in (f"/{filled}/resolve/main/model.bin", f"/{filled}/resolve/main/onnx/notes.txt"):
        whole = ask(live_hub, "GET", path)
        body = whole.body
        assert (whole.status, whole.headers["Accept-Ranges"]) == (200, "bytes")
        for given, start, stop in (
            ("bytes=0-0", 0, 1),
            ("bytes=2-4", 2, 5),
            ("bytes=3-", 3, len(body)),
            ("bytes=-2", len(body) - 2, len(body)),
            ("bytes=0-99999999999", 0, len(body)),
        ):
            part = ask(live_hub, "GET", path, headers={"Range": given})
            assert part.status == 206
            assert part.headers["Content-Range"] == f"bytes {start}-{stop - 1}/{len(body)}"
            assert part.body == body[start:stop]
        beyond = ask(live_hub, "GET", path, headers={"Range": f"bytes={len(body)}-"})
        assert (beyond.status, beyond.headers["Content-Range"]) == (416, f"bytes */{len(body)}")
        same = ask(live_hub, "GET", path, headers={"If-None-Match": whole.headers["ETag"]})
        assert (same.status, same.body) == (304, b"")
        many = ask(live_hub, "GET", path, headers={"Range": "bytes=0-1,3-4"})
        assert many.status == 206
        assert many.headers["Content-Type"].startswith("multipart/byteranges; boundary=")
        assert body[3:5] in many.body
    assert ask(live_hub, "GET", f"/{filled}/resolve/main/model.bin").body == content


def test_content_is_never_compressed_on_the_way(live_hub: LiveHub, filled: str) -> None:
    for method in ("HEAD", "GET"):
        answer = ask(
            live_hub,
            method,
            f"/{filled}/resolve/main/config.json",
            headers={"Accept-Encoding": "gzip, br, deflate"},
        )
        assert answer.headers["Content-Encoding"] is None
        assert int(answer.headers["Content-Length"]) == len(FILES["config.json"])


def test_raw_gives_the_pointer_of_a_large_file(live_hub: LiveHub, filled: str) -> None:
    pointer = ask(live_hub, "GET", f"/{filled}/raw/main/model.bin").body.decode()
    assert pointer.splitlines() == [
        "version https://git-lfs.github.com/spec/v1",
        f"oid sha256:{sha256(FILES['model.bin'])}",
        f"size {len(FILES['model.bin'])}",
    ]
    assert ask(live_hub, "GET", f"/{filled}/raw/main/config.json").body == FILES["config.json"]


def test_a_missing_optional_file_is_remembered(
    hf: Any, live_hub: LiveHub, nobody: Any, filled: str, tmp_path: Path
) -> None:
    with pytest.raises(hf.errors.RemoteEntryNotFoundError):
        nobody.hf_hub_download(filled, "tokenizer.json", cache_dir=tmp_path)
    marks = [place for place, _, names in os.walk(tmp_path) if "tokenizer.json" in names]
    assert len(marks) == 1
    assert "/.no_exist/" in marks[0]
    told = hf.try_to_load_from_cache(filled, "tokenizer.json", cache_dir=tmp_path)
    assert told is hf.file_download._CACHED_NO_EXIST


def test_existence_questions(nobody: Any, filled: str) -> None:
    assert nobody.file_exists(filled, "onnx/model.onnx")
    assert not nobody.file_exists(filled, "onnx/none.onnx")
    assert not nobody.file_exists(filled, "config.json", revision="none")
    assert not nobody.revision_exists(filled, "none")
    assert not nobody.revision_exists("ada/never-there", "main")
    assert not nobody.repo_exists("ada/never-there")


def test_errors_are_the_clients_classes(hf: Any, nobody: Any, filled: str, tmp_path: Path) -> None:
    with pytest.raises(hf.errors.RevisionNotFoundError):
        nobody.hf_hub_download(filled, "config.json", revision="none", cache_dir=tmp_path)
    with pytest.raises(hf.errors.RevisionNotFoundError):
        nobody.model_info(filled, revision="none")
    with pytest.raises(hf.errors.RevisionNotFoundError):
        list(nobody.list_repo_tree(filled, revision="0" * 40))
    with pytest.raises(hf.errors.RemoteEntryNotFoundError):
        list(nobody.list_repo_tree(filled, "no/such/folder"))
    with pytest.raises(hf.errors.RepositoryNotFoundError):
        nobody.model_info("ada/never-there")
    with pytest.raises(hf.errors.RepositoryNotFoundError):
        nobody.hf_hub_download("ada/never-there", "a", cache_dir=tmp_path)
    with pytest.raises(hf.errors.RepositoryNotFoundError):
        nobody.hf_hub_download("gpt2", "config.json", cache_dir=tmp_path)


def test_an_odd_revision_is_refused_and_breaks_nothing(live_hub: LiveHub, filled: str) -> None:
    for revision in ("..", "a..b", "%00", "refs%2Fheads%2F..%2F..", "-x", "x" * 3000, "@%7B0%7D"):
        answer = ask(live_hub, "GET", f"/api/models/{filled}/tree/{revision}")
        assert 400 <= answer.status < 500, (revision, answer.status)
        assert answer.headers["X-Error-Message"]


def test_checksums_are_verified_by_the_tree(nobody: Any, filled: str, tmp_path: Path) -> None:
    nobody.snapshot_download(filled, cache_dir=tmp_path)
    told = nobody.verify_repo_checksums(filled, cache_dir=tmp_path)
    assert told.checked_count == len(FILES) + 1
    assert not told.mismatches
    assert not told.missing_paths


def test_a_dry_run_tells_sizes(nobody: Any, filled: str, tmp_path: Path) -> None:
    told = nobody.snapshot_download(filled, cache_dir=tmp_path, dry_run=True)
    assert {each.filename: each.file_size for each in told if each.filename in FILES} == {
        path: len(content) for path, content in FILES.items()
    }


def test_downloads_are_counted(live_hub: LiveHub, ada: Any, nobody: Any, filled: str) -> None:
    before = ada.model_info(filled).downloads
    ask(
        live_hub,
        "GET",
        f"/{filled}/resolve/main/config.json",
        headers={"X-HF-Download-Counter": "1"},
    )
    deadline = time.monotonic() + 15
    while ada.model_info(filled).downloads == before and time.monotonic() < deadline:
        time.sleep(0.2)
    assert ada.model_info(filled).downloads == before + 1


def test_a_reader_who_leaves_harms_nobody(
    live_hub: LiveHub, nobody: Any, filled: str, tmp_path: Path
) -> None:
    for _ in range(5):
        connection = http.client.HTTPConnection("127.0.0.1", live_hub.port, timeout=10)
        connection.request("GET", f"/{filled}/resolve/main/model.bin")
        connection.getresponse().read(1000)
        connection.sock.close()
        connection.close()
    path = nobody.hf_hub_download(filled, "model.bin", cache_dir=tmp_path)
    assert read(path) == FILES["model.bin"]


def test_the_token_travels_to_private_content_by_every_way(
    hf: Any, ada: Any, new_repo: Callable[..., str], tmp_path: Path
) -> None:
    hidden = new_repo(private=True)
    content = noise(MIB, "private")
    ada.upload_file(path_or_fileobj=content, path_in_repo="a.bin", repo_id=hidden)
    reader = hf.HfApi(token=token_of("ada", "read"))
    assert read(reader.hf_hub_download(hidden, "a.bin", cache_dir=tmp_path / "1")) == content
    folder = reader.snapshot_download(hidden, cache_dir=tmp_path / "2")
    assert read(f"{folder}/a.bin") == content
