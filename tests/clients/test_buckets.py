"""huggingface_hub 2.4: buckets, by its functions, its file system and `hf buckets`."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.clients.environments import Environment
from tests.clients.stage import ask, ask_json, client_environment, noise, run, sha256
from tests.live import LiveHub, token_of


@pytest.fixture
def bucket(ada: Any, new_name: Callable[..., str]) -> str:
    """A public bucket of Ada's."""
    return str(ada.create_bucket(new_name()).bucket_id)


def files(api: Any, bucket: str, **more: Any) -> dict[str, int]:
    found = api.list_bucket_tree(bucket, **more)
    return {each.path: each.size for each in found if each.type == "file"}


def lines_of(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_a_bucket_is_made_listed_changed_moved_and_deleted(
    hf: Any, live_hub: LiveHub, ada: Any, eve: Any, nobody: Any, new_name: Callable[..., str]
) -> None:
    name = new_name()
    made = ada.create_bucket(name)
    assert (made.bucket_id, made.url) == (name, f"{live_hub.url}/buckets/{name}")
    with pytest.raises(hf.errors.HfHubHTTPError) as refused:
        ada.create_bucket(name)
    assert refused.value.response.status_code == 409
    assert ada.create_bucket(name.upper().replace("ADA/", "ada/"), exist_ok=True).bucket_id == name

    mine = ada.create_bucket(name.removeprefix("ada/") + "-mine", private=True)
    assert mine.bucket_id == f"{name}-mine"
    info = ada.bucket_info(mine.bucket_id)
    assert (info.id, info.private, info.size, info.total_files) == (f"{name}-mine", True, 0, 0)
    listed = [each.id for each in ada.list_buckets(search=name.removeprefix("ada/"))]
    assert listed == [f"{name}-mine", name]
    assert [each.id for each in nobody.list_buckets("ada", search=name[4:])] == [name]

    for api, status in ((nobody, 401), (eve, 404)):
        with pytest.raises(hf.errors.BucketNotFoundError) as hidden:
            api.bucket_info(mine.bucket_id)
        assert hidden.value.response.status_code == status
    with pytest.raises(hf.errors.HfHubHTTPError) as refused:
        eve.update_bucket_settings(name, private=True)
    assert refused.value.response.status_code == 403
    ada.update_bucket_settings(mine.bucket_id, private=False)
    assert not nobody.bucket_info(mine.bucket_id).private

    ada.move_bucket(mine.bucket_id, "guild/" + name[4:])
    assert nobody.bucket_info("guild/" + name[4:]).id == "guild/" + name[4:]
    assert nobody.bucket_info(mine.bucket_id).id == "guild/" + name[4:]
    with pytest.raises(hf.errors.HfHubHTTPError):
        eve.delete_bucket(name)
    ada.delete_bucket(name)
    with pytest.raises(hf.errors.BucketNotFoundError):
        ada.delete_bucket(name)
    ada.delete_bucket(name, missing_ok=True)
    assert [each.id for each in ada.list_buckets(search=name[4:])] == []


def test_files_are_added_listed_read_replaced_and_deleted(
    hf: Any, ada: Any, nobody: Any, bucket: str, tmp_path: Path
) -> None:
    weights = noise(300_000, bucket)
    source = tmp_path / "weights.bin"
    source.write_bytes(weights)
    os.utime(source, (1_600_000_000, 1_600_000_000))
    added = [(source, "models/a/weights.bin"), (b"{}", "models/config.json"), (b"", "empty.txt")]
    ada.batch_bucket_files(bucket, add=added)

    wanted = {"empty.txt": 0, "models/a/weights.bin": 300_000, "models/config.json": 2}
    assert files(nobody, bucket) == files(nobody, bucket, recursive=True) == wanted
    level = [(each.type, each.path) for each in nobody.list_bucket_tree(bucket, recursive=False)]
    assert level == [("file", "empty.txt"), ("directory", "models")]
    below = nobody.list_bucket_tree(bucket, "models", recursive=False)
    assert [each.path for each in below] == ["models/a", "models/config.json"]
    assert set(files(nobody, bucket, prefix="mod")) == set(wanted) - {"empty.txt"}
    assert set(files(nobody, bucket, prefix="models/")) == set(wanted) - {"empty.txt"}
    info = nobody.bucket_info(bucket)
    assert (info.total_files, info.size) == (3, 300_002)

    told = list(nobody.get_bucket_paths_info(bucket, ["models/a/weights.bin", "models", "none"]))
    assert [each.path for each in told] == ["models/a/weights.bin"]
    assert told[0].mtime.timestamp() == 1_600_000_000
    assert abs(told[0].uploaded_at.timestamp() - time.time()) < 60
    metadata = nobody.get_bucket_file_metadata(bucket, "models/a/weights.bin")
    assert (metadata.size, metadata.xet_file_data.file_hash) == (300_000, told[0].xet_hash)

    places = {path: tmp_path / "down" / path for path in wanted}
    nobody.download_bucket_files(bucket, list(places.items()))
    assert places["models/a/weights.bin"].read_bytes() == weights
    assert places["empty.txt"].read_bytes() == b""
    with pytest.raises(hf.errors.EntryNotFoundError):
        nobody.download_bucket_files(
            bucket, [("none", tmp_path / "none")], raise_on_missing_files=True
        )

    ada.batch_bucket_files(bucket, add=[(b"[]\n", "models/config.json")], delete=["empty.txt"])
    ada.batch_bucket_files(bucket, delete=["empty.txt"])  # gone already
    assert files(nobody, bucket) == {"models/a/weights.bin": 300_000, "models/config.json": 3}


def test_plain_downloads_have_ranges_and_headers(live_hub: LiveHub, ada: Any, bucket: str) -> None:
    content = noise(200_000, bucket)
    ada.batch_bucket_files(bucket, add=[(content, "a/b c.bin")])
    url = f"/buckets/{bucket}/resolve/a%2Fb%20c.bin"
    head = ask(live_hub, "HEAD", url, headers={"Accept-Encoding": "identity"})
    assert head.headers["content-length"] == head.headers["x-linked-size"] == "200000"
    assert head.headers["etag"] == f'"{sha256(content)}"'
    assert f"{live_hub.url}/api/buckets/{bucket}/xet-read-token" in head.headers["link"]
    assert ask(live_hub, "GET", url).body == content
    part = ask(live_hub, "GET", url, headers={"Range": "bytes=100000-100009"})
    assert (part.status, part.body) == (206, content[100_000:100_010])
    assert ask(live_hub, "GET", url, headers={"Range": "bytes=200000-"}).status == 416
    missing = ask(live_hub, "GET", f"/buckets/{bucket}/resolve/a%2Fnone")
    assert (missing.status, missing.headers["x-error-code"]) == (404, "EntryNotFound")
    told = ask(live_hub, "GET", url, headers={"Accept": "application/vnd.xet-fileinfo+json, */*"})
    assert told.json()["hash"] == head.headers["x-xet-hash"]


def test_many_files_come_in_pages(ada: Any, nobody: Any, bucket: str) -> None:
    count = 1_203
    add = [(b"same", f"many/{number % 40:02}/{number:04}.txt") for number in range(count)]
    ada.batch_bucket_files(bucket, add=add)
    assert list(files(nobody, bucket)) == sorted(path for _, path in add)
    folders = list(nobody.list_bucket_tree(bucket, "many", recursive=False))
    assert [each.path for each in folders] == [f"many/{number:02}" for number in range(40)]
    assert nobody.bucket_info(bucket).total_files == count


def test_what_cannot_be_done_is_told_and_the_rest_is_done(
    hf: Any, ada: Any, nobody: Any, bucket: str
) -> None:
    added = [(b"1", "a"), (b"2", "../b"), (b"3", "a/b"), (b"4", "A"), (b"5", "c")]
    with pytest.raises(hf.errors.BucketBatchError) as partly:
        ada.batch_bucket_files(bucket, add=added)
    assert [each["path"] for each in partly.value.failures] == ["../b", "a/b", "A"]
    assert set(files(nobody, bucket)) == {"a", "c"}
    unknown = "0" * 63 + "1"
    with pytest.raises(hf.errors.BucketBatchError) as refused:
        ada.batch_bucket_files(bucket, copy=[("bucket", bucket, unknown, "d")])
    assert refused.value.response.status_code == 422


def test_files_are_copied_from_buckets_and_repositories_without_their_bytes(
    hf: Any, live_hub: LiveHub, ada: Any, eve: Any, nobody: Any, new_name: Any, new_repo: Any
) -> None:
    first, second = (ada.create_bucket(new_name()).bucket_id for _ in range(2))
    repo = new_repo("dataset")
    content = noise(500_000, repo)
    ada.upload_file(
        repo_id=repo, repo_type="dataset", path_or_fileobj=content, path_in_repo="x/large.bin"
    )
    before = sorted(path.name for path in (live_hub.data / "xorbs").glob("*/*"))
    ada.copy_files(f"hf://datasets/{repo}/x/large.bin", f"hf://buckets/{first}/kept/")
    ada.copy_files(f"hf://buckets/{first}/kept", f"hf://buckets/{second}/again")
    assert sorted(path.name for path in (live_hub.data / "xorbs").glob("*/*")) == before
    assert files(nobody, first) == {"kept/large.bin": 500_000}
    assert files(nobody, second) == {"again/large.bin": 500_000}
    ada.delete_bucket(first)
    ada.delete_repo(repo, repo_type="dataset")
    there = f"/buckets/{second}/resolve/again/large.bin"
    assert ask(live_hub, "GET", there).body == content

    # Small files of git have no hash to be named by: the client brings them itself.
    notes = new_repo()
    ada.upload_file(repo_id=notes, path_or_fileobj=b"# Notes\n", path_in_repo="notes.md")
    ada.copy_files(f"hf://{notes}/", f"hf://buckets/{second}/notes/")
    assert files(nobody, second, prefix="notes/") == {"notes/notes.md": 8}

    # What one may not read, one does not copy: it looks as if there were nothing.
    ada.update_bucket_settings(second, private=True)
    hers = eve.create_bucket(new_name("eve")).bucket_id
    held = next(iter(ada.get_bucket_paths_info(second, ["again/large.bin"]))).xet_hash
    for source in (second, "ada/there-never-was-such-a-bucket"):
        with pytest.raises(hf.errors.BucketBatchError) as refused:
            eve.batch_bucket_files(hers, copy=[("bucket", source, held, "mine")])
        assert refused.value.failures == [{"path": "mine", "error": "The source is not found."}]


def test_a_private_bucket_is_for_its_owner(
    hf: Any, live_hub: LiveHub, ada: Any, eve: Any, nobody: Any, new_name: Any
) -> None:
    name = ada.create_bucket(new_name(), private=True).bucket_id
    ada.batch_bucket_files(name, add=[(b"secret", "file")])
    for api, status in ((nobody, 401), (eve, 404)):
        for call in (
            lambda api: list(api.list_bucket_tree(name)),
            lambda api: list(api.get_bucket_paths_info(name, ["file"])),
            lambda api: api.batch_bucket_files(name, delete=["file"]),
        ):
            with pytest.raises(hf.errors.HfHubHTTPError) as hidden:
                call(api)
            assert hidden.value.response.status_code == status
    for path in (f"buckets/{name}/resolve/file", f"buckets/{name}", f"api/buckets/{name}/events"):
        assert ask(live_hub, "GET", f"/{path}").status == 401
        assert ask(live_hub, "GET", f"/{path}", token=token_of("eve")).status == 404
    assert name not in [each.id for each in eve.list_buckets("ada")]


def test_a_bucket_is_in_no_list_of_repositories_and_no_other_door(
    hf: Any, live_hub: LiveHub, ada: Any, nobody: Any, bucket: str
) -> None:
    ada.batch_bucket_files(bucket, add=[(b"text", "README.md")])
    for listed in (nobody.list_models, nobody.list_datasets, nobody.list_spaces):
        assert bucket not in [each.id for each in listed(author="ada")]
    for kind in ("model", "dataset", "space"):
        assert not nobody.repo_exists(bucket, repo_type=kind)
    for path in (
        f"/{bucket}",
        f"/{bucket}.git/info/refs?service=git-upload-pack",
        f"/buckets/{bucket}.git/info/refs?service=git-upload-pack",
        f"/buckets/{bucket}/resolve/main/README.md",
        f"/buckets/{bucket}/raw/main/README.md",
        f"/api/buckets/{bucket}/revision/main",
        f"/api/buckets/{bucket}/refs",
    ):
        assert ask(live_hub, "GET", path).status in {401, 404}, path
    body = {"operation": "download", "objects": []}
    lfs = f"/buckets/{bucket}.git/info/lfs/objects/batch"
    assert ask_json(live_hub, "POST", lfs, body).status in {401, 404}
    for method, call, wanted in (
        ("POST", "create", {"type": "bucket", "name": "a-bucket-by-the-wrong-door"}),
        ("DELETE", "delete", {"type": "bucket", "name": bucket.removeprefix("ada/")}),
    ):
        refused = ask_json(live_hub, method, f"/api/repos/{call}", wanted, token=token_of("ada"))
        assert refused.status == 400
    mine = ask(live_hub, "GET", "/api/settings/repositories", token=token_of("ada")).json()
    assert [(each["type"], each["storage"]) for each in mine if each["id"] == bucket] == [
        ("bucket", 4)
    ]


@pytest.mark.filterwarnings("ignore:Cannot enable progress bars")
def test_a_folder_is_synchronised_up_and_down(
    ada: Any, nobody: Any, bucket: str, tmp_path: Path
) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    for path, content in {"a.txt": b"a", "deep/er/b.bin": noise(90_000, "b"), "gone": b"g"}.items():
        (here / path).parent.mkdir(parents=True, exist_ok=True)
        (here / path).write_bytes(content)
    uri = f"hf://buckets/{bucket}/run-1"
    plan = ada.sync_bucket(str(here), uri, quiet=True)
    assert plan.summary()["uploads"] == 3
    assert ada.sync_bucket(str(here), uri, quiet=True).summary()["uploads"] == 0
    nobody.sync_bucket(uri, str(there), quiet=True)
    assert lines_of(there) == lines_of(here)
    assert nobody.sync_bucket(uri, str(there), quiet=True).summary()["downloads"] == 0

    (here / "gone").unlink()
    (here / "a.txt").write_bytes(b"another")
    summary = ada.sync_bucket(str(here), uri, delete=True, quiet=True).summary()
    assert (summary["uploads"], summary["deletes"]) == (1, 1)
    nobody.sync_bucket(uri, str(there), delete=True, quiet=True)
    assert lines_of(there) == lines_of(here)


def test_the_file_system_reads_writes_copies_and_deletes(
    hf: Any, ada: Any, bucket: str, tmp_path: Path
) -> None:
    fs = hf.HfFileSystem(token=token_of("ada"), skip_instance_cache=True)
    root = f"buckets/{bucket}"
    local = tmp_path / "local.bin"
    local.write_bytes(noise(50_000, bucket))
    fs.put_file(str(local), f"{root}/dir/one.bin")
    with fs.open(f"{root}/dir/text.txt", "wb") as file:
        file.write(b"line\n")
    assert sorted(fs.ls(f"{root}/dir", detail=False)) == [
        f"{root}/dir/one.bin",
        f"{root}/dir/text.txt",
    ]
    assert fs.ls(root, detail=False) == [f"{root}/dir"]
    assert fs.info(f"{root}/dir/one.bin", refresh=True)["size"] == 50_000
    with fs.open(f"{root}/dir/one.bin", "rb") as file:
        file.seek(40_000)
        assert file.read(100) == local.read_bytes()[40_000:40_100]
    assert fs.find(root) == [f"{root}/dir/one.bin", f"{root}/dir/text.txt"]
    fs.cp_file(f"{root}/dir/one.bin", f"{root}/two.bin")
    fs.get_file(f"{root}/two.bin", str(tmp_path / "two.bin"))
    assert (tmp_path / "two.bin").read_bytes() == local.read_bytes()
    fs.rm(f"{root}/dir", recursive=True)
    assert fs.ls(root, detail=False, refresh=True) == [f"{root}/two.bin"]
    assert not fs.exists(f"{root}/dir/one.bin")


def test_the_command_line_does_all_of_it(
    live_hub: LiveHub, clients: Callable[[str], Environment], home: Path, new_name: Any
) -> None:
    name = new_name()
    environment = client_environment(live_hub, home, token_of("ada"))

    def buckets(*words: str) -> str:
        return run(clients("current").script("hf"), "buckets", *words, env=environment)

    buckets("create", name)
    folder = home / "folder"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "file.txt").write_text("content", encoding="utf-8")
    buckets("sync", str(folder), f"hf://buckets/{name}")
    assert "sub/file.txt" in buckets("list", name, "-R")
    buckets("cp", f"hf://buckets/{name}/sub/file.txt", str(home / "copied.txt"))
    assert (home / "copied.txt").read_text(encoding="utf-8") == "content"
    told = json.loads(buckets("info", name, "--format", "json"))
    assert (told["id"], told["total_files"]) == (name, 1)
    buckets("rm", f"{name}/sub/file.txt", "--yes")
    assert "file.txt" not in buckets("list", name, "-R")
    buckets("move", name, f"{name}-moved")
    buckets("delete", f"{name}-moved", "--yes")


def test_a_bucket_stands_in_a_collection(ada: Any, nobody: Any, bucket: str) -> None:
    slug = ada.create_collection("Buckets to keep").slug
    ada.add_collection_item(slug, bucket, "bucket", note="Logs.")
    item = nobody.get_collection(slug).items[0]
    assert (item.item_type, item.item_id) == ("bucket", bucket)
    ada.update_bucket_settings(bucket, private=True)
    assert nobody.get_collection(slug).items == []


def test_changes_are_followed_as_they_happen(
    hf: Any, live_hub: LiveHub, ada: Any, bucket: str
) -> None:
    import huggingface_hub._bucket_live_follow as live

    ada.batch_bucket_files(bucket, add=[(b"before", "before")])
    told: list[Any] = []
    going = [True]
    follower = live.BucketFollower(
        endpoint=live_hub.url,
        bucket_id=bucket,
        token=token_of("ada"),
        on_changes=told.extend,
        on_reconcile=lambda: None,
        is_alive=lambda: going[0],
    )
    follower.start()
    deadline = time.monotonic() + 20
    while not follower.subscribed and time.monotonic() < deadline:
        time.sleep(0.05)
    assert follower.subscribed
    ada.batch_bucket_files(bucket, add=[(b"1", "a"), (b"12", "before")])
    ada.batch_bucket_files(bucket, delete=["a"])
    while not any(each.op == "delete" for each in told) and time.monotonic() < deadline:
        time.sleep(0.05)
    going[0] = False
    # What was there at the moment from which it follows may be told again.
    seen = [(each.op, each.path, each.size) for each in told if each.size != len("before")]
    assert seen == [("add", "a", 1), ("update", "before", 2), ("delete", "a", None)]
    known = next(iter(ada.get_bucket_paths_info(bucket, ["before"])))
    assert (told[-2].xet_hash, told[-2].uploaded_at) == (known.xet_hash, known.uploaded_at)

    where = f"/api/buckets/{bucket}/events"
    assert b"event: reset" in ask(live_hub, "GET", f"{where}?cursor=4000").body
    for wrong in ("cursor=x", "since=yesterday"):
        assert ask(live_hub, "GET", f"{where}?{wrong}").status == 400


def test_its_page_shows_files_folder_by_folder(
    live_hub: LiveHub, ada: Any, bucket: str, new_name: Callable[..., str]
) -> None:
    def page(path: str, token: str | None = None) -> str:
        answer = ask(live_hub, "GET", path, token=token)
        assert answer.status == 200, path
        return answer.body.decode()

    here = f"/buckets/{bucket}"
    assert "This bucket is empty" in page(here)
    assert "hf buckets sync" not in page(here)
    hint = f"hf buckets sync ./folder hf://buckets/{bucket}"
    assert hint in page(here, token_of("ada"))
    nasty = '<script>alert(1)</script> & "q".txt'
    ada.batch_bucket_files(bucket, add=[(b"12345", "logs/a b.txt"), (b"1", nasty)])
    top = page(here)
    assert f'href="{here}/tree/logs"' in top
    assert "<script>alert" not in top
    assert "2 files" in top
    below = page(f"{here}/tree/logs")
    assert f'href="{here}/resolve/logs/a%20b.txt?download=true"' in below
    assert "5 B" in below
    got = ask(live_hub, "GET", f"{here}/resolve/logs/a%20b.txt?download=true")
    assert got.body == b"12345"
    assert got.headers["content-disposition"].startswith("attachment")
    assert ask(live_hub, "GET", f"{here}/tree/none").status == 404
    to_file = ask(live_hub, "GET", f"{here}/tree/logs/a%20b.txt")
    assert (to_file.status, to_file.headers["location"]) == (303, f"{here}/resolve/logs/a%20b.txt")
    hidden = ada.create_bucket(new_name(), private=True).bucket_id
    for token, is_shown in ((token_of("ada"), True), (token_of("eve"), False), (None, False)):
        listed = page("/ada?tab=buckets", token)
        assert (f'href="/buckets/{hidden}"' in listed) is is_shown
    assert f'href="{here}"' in page("/ada?tab=buckets")
