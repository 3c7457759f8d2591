"""The twenty-five behaviours that other servers got wrong, one test for each.

Plain requests, so that a test says exactly what must be on the wire; what clients make of it is
tested beside this.
"""

import concurrent.futures
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.clients.stage import Answer, ask, ask_json, noise, sha256, watching
from tests.live import LiveHub, serving, token_of

ADA = token_of("ada")


def commit(
    hub: LiveHub,
    repo: str,
    *lines: object,
    revision: str = "main",
    token: str | None = ADA,
    query: str = "",
) -> Answer:
    """POST a commit of these lines, header first."""
    header = {"key": "header", "value": {"summary": "Commit", "description": ""}}
    body = "\n".join(json.dumps(line) for line in (header, *lines))
    return ask(
        hub,
        "POST",
        f"/api/models/{repo}/commit/{revision}{query}",
        token=token,
        body=body.encode(),
        headers={"Content-Type": "application/x-ndjson"},
    )


def file_line(path: str, content: bytes | str = "eA==") -> dict[str, Any]:
    return {"key": "file", "value": {"path": path, "content": content, "encoding": "base64"}}


@pytest.fixture
def large(ada: Any, repo: str) -> str:
    """A repository with a large file, `big.bin`."""
    ada.upload_file(path_or_fileobj=noise(50_000, "list"), path_in_repo="big.bin", repo_id=repo)
    return repo


def xet_token(hub: LiveHub, repo: str, which: str = "write", revision: str = "main") -> Answer:
    return ask(hub, "GET", f"/api/models/{repo}/xet-{which}-token/{revision}", token=ADA)


def test_01_todays_client_uploads_by_xet_alone(live_hub: LiveHub, ada: Any, repo: str) -> None:
    with watching(live_hub) as seen:
        ada.upload_file(path_or_fileobj=noise(9000, 1), path_in_repo="a.bin", repo_id=repo)
    assert seen.matching(r"^GET .*/xet-write-token/main$")
    assert seen.matching(r"^POST .*/v1/xorbs/default/")
    assert seen.matching(r"^POST .*/v2/shards$")
    assert not seen.matching("lfs/objects")
    assert ada.file_exists(repo, "a.bin")


def test_02_xorb_grants_and_every_unknown_cas_route_are_404(live_hub: LiveHub, repo: str) -> None:
    told = xet_token(live_hub, repo).json()
    cas = told["casUrl"].removeprefix(live_hub.url)
    body = b'{"length": 1, "checksum": {"algo": "crc64nvme", "value": "1"}}'
    for path in (
        f"/v1/xorb-grants/default/{'0' * 64}",
        f"/v1/xorb-commits/default/{'0' * 64}/grant/1",
        f"/v2/file-chunk-hashes/{'0' * 64}",
        "/v3/shards",
        "/nothing/at/all",
    ):
        for method in ("POST", "GET", "PUT", "DELETE", "HEAD"):
            answer = ask(live_hub, method, cas + path, token=told["accessToken"], body=body)
            assert answer.status == 404, (method, path)
    for path in (f"/v1/xorbs/default/{'0' * 64}", "/v1/shards", f"/v1/chunks/default/{'0' * 64}"):
        assert ask(live_hub, "PATCH", cas + path, token=told["accessToken"]).status == 404


@pytest.mark.parametrize("which", ["read", "write"])
def test_03_a_xet_token_is_told_in_json_and_in_headers(
    which: str, live_hub: LiveHub, repo: str
) -> None:
    answer = xet_token(live_hub, repo, which)
    told = answer.json()
    assert set(told) >= {"casUrl", "accessToken", "exp"}
    assert answer.headers["X-Xet-Cas-Url"] == told["casUrl"]
    assert answer.headers["X-Xet-Access-Token"] == told["accessToken"]
    assert int(answer.headers["X-Xet-Token-Expiration"]) == told["exp"]
    if which == "write":  # a pull request that is still to be made has no revision
        for rest in ("/None?create_pr=1", ""):
            path = f"/api/models/{repo}/xet-write-token{rest}"
            assert ask(live_hub, "GET", path, token=ADA).status == 200


def test_04_the_cas_address_has_no_trailing_slash(live_hub: LiveHub, repo: str) -> None:
    cas = xet_token(live_hub, repo).json()["casUrl"]
    assert cas.startswith(live_hub.url)
    assert not cas.endswith("/")


def test_05_errors_carry_their_code_over_plain_http(live_hub: LiveHub, repo: str) -> None:
    for path, token, status, code in (
        ("/api/models/ada/never", None, 401, "RepoNotFound"),
        ("/api/models/ada/never", ADA, 404, "RepoNotFound"),
        ("/ada/never/resolve/main/a", None, 401, "RepoNotFound"),
        (f"/api/models/{repo}/revision/never", None, 404, "RevisionNotFound"),
        (f"/api/models/{repo}/tree/main/never", None, 404, "EntryNotFound"),
        (f"/{repo}/resolve/main/never", None, 404, "EntryNotFound"),
        (f"/{repo}/resolve/never/a", None, 404, "RevisionNotFound"),
    ):
        answer = ask(live_hub, "GET", path, token=token, headers={"X-Request-Id": "mine-1"})
        assert (answer.status, answer.headers["X-Error-Code"]) == (status, code), path
        assert answer.headers["X-Error-Message"]
        assert answer.headers["X-Request-Id"] == "mine-1"
        assert answer.json()["error"]
        head = ask(live_hub, "HEAD", path, token=token)
        assert (head.status, head.headers["X-Error-Code"]) == (status, code), path
    wrong = ask(live_hub, "GET", f"/api/models/{repo}", token="hf_" + "n" * 34)
    assert wrong.status == 401
    assert "Invalid credentials in Authorization header" in wrong.headers["X-Error-Message"]
    traced = ask(live_hub, "GET", "/api/models/ada/never", headers={"X-Amzn-Trace-Id": "trace-7"})
    assert "trace-7" in traced.headers["X-Request-Id"]


def test_06_a_next_page_is_an_absolute_address(live_hub: LiveHub, ada: Any, repo: str) -> None:
    commit(live_hub, repo, *(file_line(f"{n}.txt") for n in range(5)))
    for path in (
        f"/api/models/{repo}/tree/main?limit=2",
        f"/api/models/{repo}/tree/main?limit=2&recursive=true&expand=true",
        f"/api/models/{repo}/commits/main?limit=1",
        "/api/models?author=ada&limit=1",
    ):
        answer = ask(live_hub, "GET", path)
        found = re.fullmatch(r'<(http://[^>]+)>; rel="next"', answer.headers["Link"] or "")
        assert found, (path, answer.headers["Link"])
        assert found[1].startswith(live_hub.url)
        following = ask(live_hub, "GET", found[1])
        assert following.status == 200
        assert following.json() != answer.json()


def test_07_metadata_is_on_the_answer_and_not_on_a_redirect(
    live_hub: LiveHub, ada: Any, large: str
) -> None:
    address = f"/{large}/resolve/main/big.bin"
    head = ask(live_hub, "HEAD", address)
    assert head.status == 200
    assert re.fullmatch("[0-9a-f]{40}", head.headers["X-Repo-Commit"])
    assert head.headers["ETag"] == f'"{sha256(noise(50_000, "list"))}"'
    assert head.headers["X-Linked-Size"] == "50000"
    assert re.fullmatch("[0-9a-f]{64}", head.headers["X-Xet-Hash"])
    assert links_of(head)["xet-auth"].startswith(
        f"{live_hub.url}/api/models/{large}/xet-read-token/"
    )
    kind = "application/vnd.xet-fileinfo+json"
    told = ask(live_hub, "GET", address, headers={"Accept": f"{kind}, */*", "Range": "bytes=0-0"})
    assert (told.status, told.headers["Content-Type"]) == (200, kind)
    assert told.headers["X-Linked-Size"] == "50000"
    assert set(links_of(told)) == {"xet-auth", "xet-reconstruction-info"}
    assert all(url.startswith(live_hub.url) for url in links_of(told).values())


def links_of(answer: Answer) -> dict[str, str]:
    return {
        rel: url for url, rel in re.findall(r'<([^>]+)>; rel="([^"]+)"', answer.headers["Link"])
    }


def test_08_addresses_follow_the_host_and_proxies_that_are_trusted(
    live_hub: LiveHub, tmp_path: Path
) -> None:
    forwarded = {
        "Host": "inside:1",
        "X-Forwarded-Host": "models.example.org",
        "X-Forwarded-Proto": "https",
    }
    body = json.dumps({"name": "behind-a-proxy"}).encode()
    asked = {"Content-Type": "application/json", **forwarded}
    answer = ask(live_hub, "POST", "/api/repos/create", token=ADA, body=body, headers=asked)
    assert answer.json()["url"] == "http://inside:1/ada/behind-a-proxy"
    with serving(
        tmp_path / "data", people=True, environment={"SWELL_TRUSTED_PROXIES": "127.0.0.0/8"}
    ) as behind:
        answer = ask(behind, "POST", "/api/repos/create", token=ADA, body=body, headers=asked)
        assert answer.json()["url"] == "https://models.example.org/ada/behind-a-proxy"
        answer = ask(
            behind, "GET", "/api/models/ada/behind-a-proxy/xet-read-token/main", headers=forwarded
        )
        assert answer.json()["casUrl"].startswith("https://models.example.org/")


def test_09_an_encoded_slash_stays_inside_its_segment(
    live_hub: LiveHub, ada: Any, repo: str
) -> None:
    ada.create_branch(repo, branch="a/b")
    answer = commit(live_hub, repo, file_line("c/d.txt"), revision="a%2Fb")
    assert answer.status == 200, answer.body
    made = ada.create_pull_request(repo, "Offer")
    for path in (
        f"/api/models/{repo}/tree/a%2Fb/c%2Fd.txt",
        f"/api/models/{repo}/tree/a%2Fb/c",
        f"/api/models/{repo}/revision/a%2Fb",
        f"/api/models/{repo}/revision/refs%2Fpr%2F{made.num}",
        f"/{repo}/resolve/a%2Fb/c/d.txt",
        f"/{repo}/resolve/a%2Fb/c%2Fd.txt",
        f"/{repo}/resolve/refs%2Fpr%2F{made.num}/.gitattributes",
        f"/{repo}/raw/a%2Fb/c/d.txt",
    ):
        answer = ask(live_hub, "GET", path)
        assert answer.status in (200, 404), path
        assert (path.endswith("d.txt") and "/tree/" in path) or answer.status == 200, path


def test_10_paths_info_takes_forms_and_json(live_hub: LiveHub, ada: Any, large: str) -> None:
    commit(live_hub, large, file_line("with space+plus.txt"), file_line("d/x.txt"))
    address = f"/api/models/{large}/paths-info/main"
    form = b"paths=big.bin&paths=with+space%2Bplus.txt&paths=d&paths=none&expand=true"
    told = ask(
        live_hub,
        "POST",
        address,
        body=form,
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    ).json()
    assert {each["path"] for each in told} == {"big.bin", "with space+plus.txt", "d"}
    assert all("lastCommit" in each for each in told)
    told = ask_json(live_hub, "POST", address, {"paths": ["big.bin", "d"], "expand": False}).json()
    assert {each["path"]: each["type"] for each in told} == {"big.bin": "file", "d": "directory"}
    assert not any("lastCommit" in each for each in told)


def test_11_preupload_always_says_should_ignore(live_hub: LiveHub, repo: str) -> None:
    files = [
        {"path": "a.bin", "sample": "", "size": 0},
        {"path": "b.bin", "sample": "AAEC", "size": 3},
        {"path": "c.txt", "sample": "aGk=", "size": 2},
        {"path": "d.log", "sample": "aGk=", "size": 2},
    ]
    answer = ask_json(
        live_hub,
        "POST",
        f"/api/models/{repo}/preupload/main",
        {"files": files, "gitIgnore": "*.log"},
        token=ADA,
    )
    told = {
        each["path"]: (each["uploadMode"], each["shouldIgnore"]) for each in answer.json()["files"]
    }
    assert told == {
        "a.bin": ("regular", False),
        "b.bin": ("lfs", False),
        "c.txt": ("regular", False),
        "d.log": ("regular", True),
    }


def test_12_an_oid_of_preupload_means_content_that_is_committed(
    live_hub: LiveHub, hf: Any, ada: Any, repo: str
) -> None:
    def oids(revision: str = "main") -> dict[str, str | None]:
        files = [{"path": path, "sample": "AAEC", "size": 9} for path in ("a.bin", "a.txt")]
        address = f"/api/models/{repo}/preupload/{revision}"
        answer = ask_json(live_hub, "POST", address, {"files": files}, token=ADA)
        return {each["path"]: each.get("oid") for each in answer.json()["files"]}

    content = noise(9000, "uploaded and not committed")
    operation = hf.CommitOperationAdd("a.bin", content)
    ada.preupload_lfs_files(repo, [operation], free_memory=False)
    assert oids() == {"a.bin": None, "a.txt": None}
    ada.create_branch(repo, branch="side")
    ada.create_commit(repo, [operation], commit_message="Aside", revision="side")
    assert oids() == {"a.bin": None, "a.txt": None}
    assert oids("side")["a.bin"] == sha256(content)
    commit(live_hub, repo, file_line("a.txt"))
    assert oids()["a.txt"] == ada.get_paths_info(repo, ["a.txt"])[0].blob_id


def test_13_a_copy_names_no_size(live_hub: LiveHub, ada: Any, large: str) -> None:
    line = {"path": "copy.bin", "algo": "sha256", "oid": sha256(noise(50_000, "list"))}
    answer = commit(live_hub, large, {"key": "lfsFile", "value": line})
    assert answer.status == 200, answer.body
    assert ada.get_paths_info(large, ["copy.bin"])[0].size == 50_000
    wrong = commit(live_hub, large, {"key": "lfsFile", "value": {**line, "size": 7}})
    assert wrong.status in (400, 422)
    strange = commit(live_hub, large, {"key": "nonsense", "value": {}})
    assert strange.status == 400


def test_14_a_parent_that_moved_is_412_and_a_race_is_409(
    live_hub: LiveHub, ada: Any, repo: str
) -> None:
    base = ada.model_info(repo).sha
    header = {"summary": "s", "description": "", "parentCommit": base}
    lines = [{"key": "header", "value": header}, file_line("a.txt")]
    body = "\n".join(json.dumps(line) for line in lines).encode()
    kind = {"Content-Type": "application/x-ndjson"}
    address = f"/api/models/{repo}/commit/main"
    assert ask(live_hub, "POST", address, token=ADA, body=body, headers=kind).status == 200
    answer = ask(
        live_hub, "POST", address, token=ADA, body=body.replace(b"a.txt", b"b.txt"), headers=kind
    )
    assert answer.status == 412
    assert answer.json()["error"].startswith(
        "The branch was updated since you opened this page. Please refresh and try again."
    )
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: commit(live_hub, repo, file_line(f"{n}.txt")), range(24)))
    assert {each.status for each in answers} <= {200, 409}
    landed = sum(each.status == 200 for each in answers)
    assert landed >= 1
    assert len(ada.list_repo_commits(repo)) == 2 + landed
    assert all(each.json()["error"] for each in answers if each.status == 409)


def test_15_a_missing_entry_names_the_commit(live_hub: LiveHub, ada: Any, repo: str) -> None:
    for method in ("HEAD", "GET"):
        answer = ask(live_hub, method, f"/{repo}/resolve/main/none.json")
        assert (answer.status, answer.headers["X-Error-Code"]) == (404, "EntryNotFound")
        assert answer.headers["X-Repo-Commit"] == ada.model_info(repo).sha


def test_16_dates_end_in_milliseconds_and_z(live_hub: LiveHub, repo: str) -> None:
    form = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z")
    info = ask(live_hub, "GET", f"/api/models/{repo}").json()
    log = ask(live_hub, "GET", f"/api/models/{repo}/commits/main").json()
    tree = ask(live_hub, "GET", f"/api/models/{repo}/tree/main?expand=true").json()
    who = ask(live_hub, "GET", "/api/whoami-v2", token=ADA).json()
    dates = [
        info["createdAt"],
        info["lastModified"],
        log[0]["date"],
        tree[0]["lastCommit"]["date"],
        who["auth"]["accessToken"]["createdAt"],
    ]
    assert all(form.fullmatch(date) for date in dates), dates


def test_17_validate_yaml_answers_in_json_or_in_text(live_hub: LiveHub) -> None:
    bad = {"content": "---\nlicense: nonsense\n---\n", "repoType": "model"}
    answer = ask_json(live_hub, "POST", "/api/validate-yaml", bad)
    assert answer.status == 400
    assert answer.headers["Content-Type"].startswith("application/json")
    assert "license" in answer.json()["errors"][0]["message"]
    text = ask(
        live_hub,
        "POST",
        "/api/validate-yaml",
        body=json.dumps(bad).encode(),
        headers={"Content-Type": "application/json", "Accept": "text/plain"},
    )
    assert text.status == 400
    assert text.body.decode().startswith('- Error: "license" must be one of')
    good = ask_json(
        live_hub, "POST", "/api/validate-yaml", {"content": "# Hi\n", "repoType": "model"}
    )
    assert good.status == 200
    assert good.json()["errors"] == []
    assert good.json()["warnings"][0]["message"]
    both = ask_json(
        live_hub,
        "POST",
        "/api/validate-yaml",
        {"content": "---\nlicense: mit\n---\n", "repoType": "dataset"},
    )
    assert both.json() == {"errors": [], "warnings": []}


def test_18_a_trees_first_page_holds_a_thousand_files(live_hub: LiveHub, repo: str) -> None:
    made = commit(live_hub, repo, *(file_line(f"{n:04}.gguf.txt") for n in range(1100)))
    oid = made.json()["commitOid"]
    tree = ask(live_hub, "GET", f"/api/models/{repo}/tree/{oid}?recursive=true").json()
    assert len(tree) >= 1000


def test_19_a_pull_request_starts_as_a_draft_that_open_includes(
    live_hub: LiveHub, repo: str
) -> None:
    address = f"/api/models/{repo}/discussions"
    made = ask_json(
        live_hub, "POST", address, {"title": "T", "description": "", "pullRequest": True}, token=ADA
    )
    assert made.json()["num"] == 1
    assert ask(live_hub, "GET", f"{address}/1").json()["status"] == "draft"
    listed = ask(live_hub, "GET", f"{address}?status=open").json()
    assert [each["num"] for each in listed["discussions"]] == [1]
    assert (listed["count"], listed["start"]) == (1, 0)
    assert ask(live_hub, "GET", f"{address}?status=closed").json()["discussions"] == []
    early = ask_json(live_hub, "POST", f"{address}/1/merge", None, token=ADA)
    assert 400 <= early.status < 500


def test_20_a_conflict_names_the_repository_that_is_there(
    live_hub: LiveHub, repo: str, new_repo: Callable[..., str]
) -> None:
    name = repo.partition("/")[2]
    answer = ask_json(live_hub, "POST", "/api/repos/create", {"name": name}, token=ADA)
    assert answer.status == 409
    assert answer.json()["url"] == f"{live_hub.url}/{repo}"
    assert "conflicting operation is in progress" not in answer.json()["error"]
    answer = ask_json(
        live_hub, "POST", f"/api/models/{new_repo()}/duplicate", {"repository": repo}, token=ADA
    )
    assert answer.status == 409
    assert answer.json()["url"] == f"{live_hub.url}/{repo}"


def test_21_names_have_no_case_and_old_names_redirect(
    live_hub: LiveHub, ada: Any, large: str, new_name: Callable[..., str]
) -> None:
    for name in (large.upper(), large.title()):
        assert ask(live_hub, "GET", f"/api/models/{name}").json()["id"] == large
        head = ask(live_hub, "HEAD", f"/{name}/resolve/main/big.bin")
        assert head.headers["X-Linked-Size"] == "50000"
    new = new_name()
    ada.move_repo(large, new)
    for path in (
        "/api/models/{}",
        "/{}/resolve/main/big.bin",
        "/{}.git/info/refs?service=git-upload-pack",
    ):
        answer = ask(live_hub, "GET", path.format(large))
        assert answer.status == 307, path
        assert answer.headers["Location"] == path.format(new)
    batch = {"operation": "download", "objects": [{"oid": "0" * 64, "size": 1}]}
    answer = ask_json(live_hub, "POST", f"/{large}.git/info/lfs/objects/batch", batch)
    assert answer.status == 307
    assert ask(live_hub, "GET", f"/api/models/{large.upper()}").status == 307


def test_22_a_hub_without_buckets_says_so_in_words_that_clients_know(
    live_hub: LiveHub, hf: Any, ada: Any
) -> None:
    """Where buckets are, their tree is recursive by default; here there are none."""
    answer = ask(live_hub, "GET", "/api/buckets/ada/any/tree", token=ADA)
    assert answer.status == 404
    assert answer.json()["error"]
    with pytest.raises(hf.errors.HfHubHTTPError) as told:
        list(ada.list_bucket_tree("ada/any"))
    assert told.value.response.status_code == 404


def test_23_a_large_file_is_sha256_among_siblings_and_oid_in_the_tree(
    live_hub: LiveHub, large: str
) -> None:
    info = ask(live_hub, "GET", f"/api/models/{large}?blobs=true").json()
    sibling = next(each for each in info["siblings"] if each["rfilename"] == "big.bin")
    assert sibling["lfs"]["sha256"] == sha256(noise(50_000, "list"))
    assert sibling["lfs"]["size"] == sibling["size"] == 50_000
    assert sibling["lfs"]["pointerSize"] > 100
    assert "oid" not in sibling["lfs"]
    tree = ask(live_hub, "GET", f"/api/models/{large}/tree/main").json()
    item = next(each for each in tree if each["path"] == "big.bin")
    assert item["lfs"]["oid"] == sibling["lfs"]["sha256"]
    assert item["oid"] == sibling["blobId"]
    assert "sha256" not in item["lfs"]


def test_24_lists_of_collections_omit_positions_and_changes_are_wrapped(
    live_hub: LiveHub, ada: Any
) -> None:
    """The client numbers a list itself, and reads the answer to a change from ``data``."""
    slug = ada.create_collection("Checklist").slug
    assert [each.position for each in ada.list_collections(owner="ada", limit=1)] == [0]
    listed = ask(live_hub, "GET", "/api/collections?owner=ada").json()
    assert listed
    assert all("position" not in each for each in listed)
    path = f"/api/collections/{slug}"
    assert isinstance(ask(live_hub, "GET", path).json()["position"], int)
    answer = ask_json(live_hub, "PATCH", path, {"theme": "pink"}, token=token_of("ada"))
    assert set(answer.json()) == {"success", "data"}
    assert answer.json()["data"]["theme"] == "pink"
    ada.delete_collection(slug)


def test_25_lfs_content_travels_without_credentials_and_heads_have_lengths(
    live_hub: LiveHub, repo: str
) -> None:
    content = noise(20_000, "lfs")
    oid = sha256(content)
    batch = {
        "operation": "upload",
        "transfers": ["basic", "multipart"],
        "hash_algo": "sha256",
        "objects": [{"oid": oid, "size": len(content)}],
    }
    address = f"/{repo}.git/info/lfs/objects/batch"
    told = ask_json(live_hub, "POST", address, batch, token=ADA)
    assert told.headers["Content-Type"].startswith("application/vnd.git-lfs+json")
    actions = told.json()["objects"][0]["actions"]
    sent = ask(live_hub, "PUT", actions["upload"]["href"], body=content)
    assert sent.status == 200, sent.body
    verify = {"oid": oid, "size": len(content)}
    checked = ask_json(live_hub, "POST", actions["verify"]["href"], verify)
    assert checked.status == 200, checked.body
    again = ask_json(live_hub, "POST", address, batch, token=ADA).json()
    assert "actions" not in again["objects"][0]
    line = {"path": "a.bin", "algo": "sha256", "oid": oid, "size": len(content)}
    assert commit(live_hub, repo, {"key": "lfsFile", "value": line}).status == 200
    for path in (f"/{repo}/resolve/main/a.bin", f"/{repo}/resolve/main/.gitattributes"):
        head = ask(live_hub, "HEAD", path, headers={"Accept-Encoding": "gzip"})
        assert int(head.headers["Content-Length"]) == len(ask(live_hub, "GET", path).body)
        assert head.headers["Content-Encoding"] is None
    anonymous = ask_json(live_hub, "POST", address, batch)
    assert anonymous.status == 401
    assert anonymous.headers["LFS-Authenticate"].startswith("Basic")
    assert anonymous.headers["WWW-Authenticate"].startswith("Basic")
