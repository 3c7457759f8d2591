"""What every door promises on the wire, seen by plain HTTP requests to a live hub."""

import base64
import hashlib
import json
import re
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.live import LiveHub, serving, token_of

ADA = {"Authorization": f"Bearer {token_of('ada')}"}
CONTENT = bytes(range(256)) * 8000  # two megabytes in about thirty chunks


@pytest.fixture(scope="module")
def http(live_hub: LiveHub) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=live_hub.url) as client:
        yield client


@pytest.fixture(scope="module")
def repo(hf: Any) -> str:
    """A public model with a small and a large file."""
    api = hf.HfApi(token=token_of("ada"))
    name = f"ada/doors-{time.time_ns()}"
    api.create_repo(name)
    api.upload_file(path_or_fileobj=b"hello <b>world</b>", path_in_repo="a b.html", repo_id=name)
    api.upload_file(path_or_fileobj=CONTENT, path_in_repo="big.bin", repo_id=name)
    return name


def big(http: httpx2.Client, repo: str, method: str = "GET", **headers: str) -> httpx2.Response:
    return http.request(method, f"/{repo}/resolve/main/big.bin", headers=headers)


# --- every answer -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["/healthz", "/api/models", "/api/models/ada/nope", "/nope/nope/resolve/main/x", "/"]
)
def test_every_answer_has_an_id_and_may_not_run_script(http: httpx2.Client, path: str) -> None:
    answer = http.get(path, headers={"X-Amzn-Trace-Id": "trace-1"})
    assert answer.headers["X-Request-Id"] == "trace-1"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    policy = answer.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-inline" not in policy
    assert http.get(path, headers={"X-Request-Id": "r-1"}).headers["X-Request-Id"] == "r-1"
    forged = http.get(path, headers={"X-Request-Id": "bad id <script>"})
    assert re.fullmatch("[0-9a-f]{32}", forged.headers["X-Request-Id"])


def test_errors_tell_code_and_message_in_headers_and_json(http: httpx2.Client) -> None:
    missing = http.get("/api/models/ada/nope")
    assert missing.status_code == 401  # the anonymous may see more after signing in
    assert missing.headers["X-Error-Code"] == "RepoNotFound"
    assert missing.headers["X-Error-Message"] == "Repository not found"
    assert missing.json()["error"] == "Repository not found"
    assert http.get("/api/models/ada/nope", headers=ADA).status_code == 404
    unknown = http.get("/api/nothing/here")
    assert (unknown.status_code, unknown.json()["error"]) == (404, "Not found")


def test_a_message_in_another_script_is_safe_in_a_header(http: httpx2.Client, repo: str) -> None:
    answer = http.get(f"/{repo}/resolve/main/%E6%A8%A1%E5%9E%8B%0A.bin")
    assert answer.status_code == 404
    assert answer.headers["X-Error-Code"] == "EntryNotFound"
    assert answer.headers["X-Error-Message"].isascii()
    assert "模型" in answer.json()["error"]


def test_another_method_is_named(http: httpx2.Client, repo: str) -> None:
    answer = http.put(f"/api/models/{repo}/branch/x")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "DELETE, POST")


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
def test_unknown_xet_addresses_are_never_405(http: httpx2.Client, method: str) -> None:
    answer = http.request(method, "/xet/n1/e1/v1/xorb-wishes/default/" + "0" * 64)
    assert answer.status_code == 404


def test_bodies_are_bounded(http: httpx2.Client) -> None:
    answer = http.post("/api/repos/move", headers=ADA, content=b" " * (9 << 20))
    assert answer.status_code == 413
    assert answer.headers["X-Error-Code"] == "TooLarge"


@pytest.mark.parametrize("body", [b"[", b"[]", b"\xff", b'{"a": NaN}', b"[" * 100_000])
def test_what_is_not_json_is_refused(http: httpx2.Client, body: bytes) -> None:
    answer = http.post("/api/repos/create", headers=ADA, content=body)
    assert (answer.status_code, answer.headers["X-Error-Code"]) == (400, "Malformed")


@pytest.mark.parametrize(
    "host", ["evil.example/..", "y z", "x\ty", "user@host", "h:99999999", "<script>"]
)
def test_a_host_that_is_none_is_refused(live_hub: LiveHub, repo: str, host: str) -> None:
    request = f"GET /api/models/{repo} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    answer = exchange(live_hub, request.encode())
    assert host.encode() not in answer.replace(b"Invalid", b"")
    listing = (
        f"GET /{repo}/resolve/main/big.bin HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    )
    assert b" 400 " in exchange(live_hub, listing.encode()).split(b"\r\n")[0]


def exchange(hub: LiveHub, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", hub.port), timeout=20) as peer:
        peer.sendall(request)
        answer = b""
        while piece := peer.recv(65536):
            answer += piece
        return answer


def test_forwarded_headers_of_strangers_count_for_nothing(http: httpx2.Client, repo: str) -> None:
    answer = http.head(
        f"/{repo}/resolve/main/big.bin",
        headers={"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"},
    )
    assert "evil.example" not in str(answer.headers)
    assert str(http.base_url).rstrip("/") in answer.headers["Link"]


def test_forwarded_headers_of_a_known_proxy_make_the_addresses(tmp_path: Path) -> None:
    with (
        serving(tmp_path / "data", environment={"SWELL_TRUSTED_PROXIES": "127.0.0.1/32"}) as hub,
        httpx2.Client(base_url=hub.url) as http,
    ):
        answer = http.post(
            "/api/repos/create",
            json={"name": "m"},
            headers={
                "Authorization": f"Bearer {hub.admin_token}",
                "X-Forwarded-Host": "models.example.org",
                "X-Forwarded-Proto": "https",
            },
        )
        assert answer.json()["url"] == "https://models.example.org/admin/m"


def test_pages_of_other_sites_read_only_what_anybody_may(http: httpx2.Client, repo: str) -> None:
    path = f"/{repo}/resolve/main/big.bin"
    assert http.head(path).headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Origin" not in http.head(path, headers=ADA).headers
    asked = {"Origin": "https://a.example", "Access-Control-Request-Method": "GET"}
    assert http.options(path, headers=asked).status_code == 204
    asked["Access-Control-Request-Method"] = "POST"
    refused = http.options("/api/repos/create", headers=asked)
    assert "Access-Control-Allow-Origin" not in refused.headers


def test_the_log_holds_no_secret(live_hub: LiveHub, http: httpx2.Client, repo: str) -> None:
    http.get(f"/api/models/{repo}?token={token_of('ada')}", headers=ADA)
    http.get(f"/api/models/{token_of('ada')}/x")
    time.sleep(0.3)
    text = "\n".join(live_hub.log)
    assert token_of("ada") not in text
    assert base64.b64encode(f"ada:{token_of('ada')}".encode()).decode() not in text
    assert any(record.get("route") == "repository info" for record in live_hub.records())


def test_metrics_name_routes_and_no_repositories(http: httpx2.Client, repo: str) -> None:
    http.get(f"/api/models/{repo}")
    text = http.get("/metrics").text
    assert 'route="repository info"' in text
    assert repo.partition("/")[2] not in text
    assert http.get("/readyz").json() == {"status": "ok", "database": "ok", "store": "ok"}


# --- credentials ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "header",
    [
        f"Bearer {token_of('ada')}",
        "Basic " + base64.b64encode(f"anyone:{token_of('ada')}".encode()).decode(),
        "Basic " + base64.b64encode(b"ada:correct horse ada").decode(),
    ],
)
def test_credentials_of_every_form_are_the_same_person(http: httpx2.Client, header: str) -> None:
    assert http.get("/api/whoami-v2", headers={"Authorization": header}).json()["name"] == "ada"


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer hf_wrong", "Basic !!", "Basic YQ==", "Digest a=b", "x" * 9000]
)
def test_what_is_no_credential_is_refused(http: httpx2.Client, header: str) -> None:
    answer = http.get("/api/models", headers={"Authorization": header})
    assert answer.status_code == 401
    assert answer.headers["X-Error-Message"] == "Invalid credentials in Authorization header"


def test_a_token_in_the_address_is_no_credential(http: httpx2.Client) -> None:
    assert http.get(f"/api/whoami-v2?token={token_of('ada')}").status_code == 401


def test_a_reading_token_does_not_write(http: httpx2.Client) -> None:
    look = {"Authorization": f"Bearer {token_of('ada', 'read')}"}
    assert http.get("/api/whoami-v2", headers=look).json()["auth"]["accessToken"]["role"] == "read"
    assert http.post("/api/repos/create", headers=look, json={"name": "x"}).status_code == 403


# --- downloads --------------------------------------------------------------------------------


def test_the_head_of_a_large_file(http: httpx2.Client, repo: str) -> None:
    answer = big(http, repo, "HEAD", **{"Accept-Encoding": "identity"})
    digest = hashlib.sha256(CONTENT).hexdigest()
    assert answer.status_code == 200
    assert re.fullmatch("[0-9a-f]{40}", answer.headers["X-Repo-Commit"])
    assert answer.headers["ETag"] == answer.headers["X-Linked-Etag"] == f'"{digest}"'
    assert answer.headers["Content-Length"] == answer.headers["X-Linked-Size"] == str(len(CONTENT))
    assert re.fullmatch("[0-9a-f]{64}", answer.headers["X-Xet-Hash"])
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert "Content-Encoding" not in answer.headers
    commit = answer.headers["X-Repo-Commit"]
    url = f"{str(http.base_url).rstrip('/')}/api/models/{repo}/xet-read-token/{commit}"
    assert answer.headers["Link"] == f'<{url}>; rel="xet-auth"'
    token = http.get(url)
    assert token.json()["casUrl"] == token.headers["X-Xet-Cas-Url"]
    assert not token.json()["casUrl"].endswith("/")
    assert token.json()["accessToken"] == token.headers["X-Xet-Access-Token"]
    assert str(token.json()["exp"]) == token.headers["X-Xet-Token-Expiration"]


def test_javascript_asks_how_to_fetch_through_xet(http: httpx2.Client, repo: str) -> None:
    answer = big(http, repo, Accept="application/vnd.xet-fileinfo+json, */*", Range="bytes=0-0")
    assert answer.headers["Content-Type"] == "application/vnd.xet-fileinfo+json"
    assert answer.headers["X-Linked-Size"] == str(len(CONTENT))
    assert re.search(
        r'<http[^>]+/v2/reconstructions/\w{64}>; rel="xet-recon', answer.headers["Link"]
    )
    small = http.get(
        f"/{repo}/resolve/main/a%20b.html",
        headers={"Accept": "application/vnd.xet-fileinfo+json, */*", "Range": "bytes=0-0"},
    )
    assert (small.status_code, small.headers["Content-Range"]) == (206, "bytes 0-0/18")


def test_ranges(http: httpx2.Client, repo: str) -> None:
    assert big(http, repo).content == CONTENT
    one = big(http, repo, Range="bytes=1000000-1000099")
    assert (one.status_code, one.content) == (206, CONTENT[1_000_000:1_000_100])
    assert one.headers["Content-Range"] == f"bytes 1000000-1000099/{len(CONTENT)}"
    rest = big(http, repo, Range="bytes=2000000-")
    assert rest.content == CONTENT[2_000_000:]
    tail = big(http, repo, Range="bytes=-5")
    assert tail.content == CONTENT[-5:]
    many = big(http, repo, Range="bytes=0-9,70000-70009")
    assert many.headers["Content-Type"].startswith("multipart/byteranges; boundary=")
    assert CONTENT[70_000:70_010] in many.content
    past = big(http, repo, Range=f"bytes={len(CONTENT)}-")
    assert (past.status_code, past.headers["Content-Range"]) == (416, f"bytes */{len(CONTENT)}")


def test_conditions(http: httpx2.Client, repo: str) -> None:
    etag = big(http, repo, "HEAD").headers["ETag"]
    assert big(http, repo, **{"If-None-Match": etag}).status_code == 304
    assert big(http, repo, **{"If-None-Match": '"other"'}).status_code == 200
    assert big(http, repo, Range="bytes=0-1", **{"If-Range": etag}).status_code == 206
    assert big(http, repo, Range="bytes=0-1", **{"If-Range": '"other"'}).status_code == 200


def test_a_raw_file_is_no_page(http: httpx2.Client, repo: str) -> None:
    answer = http.get(f"/{repo}/resolve/main/a%20b.html")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Content-Disposition"].startswith("inline; filename*=UTF-8''a%20b.html")
    pointer = http.get(f"/{repo}/raw/main/big.bin").text
    assert pointer.startswith("version https://git-lfs.github.com/spec/v1\noid sha256:")


@pytest.mark.parametrize(
    "path",
    ["..%2f..%2fetc%2fpasswd", "%2e%2e/x", "a/..%2f..%2fb", "x%00y", "%ff", "a//b", "%252e%252e"],
)
def test_paths_that_leave_find_nothing(http: httpx2.Client, repo: str, path: str) -> None:
    request = f"GET /{repo}/resolve/main/{path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
    port = int(str(http.base_url).rpartition(":")[2].strip("/"))
    with socket.create_connection(("127.0.0.1", port), timeout=10) as peer:
        peer.sendall(request.encode())
        status = peer.recv(65536).split(b" ")[1]
    assert status in {b"400", b"404"}


def test_llama_cpp_reads_one_page(http: httpx2.Client, repo: str) -> None:
    llama = {"User-Agent": "llama-cpp/b7000"}
    refs = http.get(f"/api/models/{repo}/refs", headers=llama).json()
    [commit] = [ref["targetCommit"] for ref in refs["branches"] if ref["name"] == "main"]
    tree = http.get(f"/api/models/{repo}/tree/{commit}?recursive=true&limit=1", headers=llama)
    assert "Link" in tree.headers  # asked for one
    tree = http.get(f"/api/models/{repo}/tree/{commit}?recursive=true", headers=llama)
    assert "Link" not in tree.headers
    [entry] = [item for item in tree.json() if item["path"] == "big.bin"]
    assert entry["lfs"]["oid"] == hashlib.sha256(CONTENT).hexdigest()


# --- commits ----------------------------------------------------------------------------------


def head_of(http: httpx2.Client, repo: str) -> str:
    head: str = http.get(f"/api/models/{repo}?expand=sha").json()["sha"]
    return head


def test_a_commit_that_stops_in_the_middle_changes_nothing(
    live_hub: LiveHub, http: httpx2.Client, repo: str
) -> None:
    before = head_of(http, repo)
    lines = b'{"key":"header","value":{"summary":"s"}}\n{"key":"file","value":{"path":"x","con'
    answer = http.post(f"/api/models/{repo}/commit/main", headers=ADA, content=lines)
    assert (answer.status_code, answer.headers["X-Error-Code"]) == (400, "Malformed")
    # The same, with the connection cut while the request said that more would come.
    request = (
        f"POST /api/models/{repo}/commit/main HTTP/1.1\r\nHost: h\r\n"
        f"Authorization: {ADA['Authorization']}\r\nContent-Length: 1000\r\n\r\n"
    ).encode()
    with socket.create_connection(("127.0.0.1", live_hub.port), timeout=10) as peer:
        whole = b'{"key":"header","value":{"summary":"s"}}\n'
        peer.sendall(request + whole + b'{"key":"file","value":{"path":"x","content":"y"}}\n')
        time.sleep(0.2)
    time.sleep(0.3)
    assert head_of(http, repo) == before


def test_a_long_commit_takes_little_memory(live_hub: LiveHub, http: httpx2.Client) -> None:
    name = f"ada/long-{time.time_ns()}"
    http.post("/api/repos/create", headers=ADA, json={"name": name})
    content = base64.b64encode(bytes(3_000_000)).decode()

    def body() -> Iterator[bytes]:
        yield b'{"key":"header","value":{"summary":"s"}}\n'
        for n in range(40):
            value = {"path": f"f{n}.txt", "content": content, "encoding": "base64"}
            yield json.dumps({"key": "file", "value": value}).encode() + b"\n"

    before = peak_memory_kib(live_hub)
    answer = http.post(f"/api/models/{name}/commit/main", headers=ADA, content=body(), timeout=60)
    assert answer.status_code == 200, answer.text
    assert peak_memory_kib(live_hub) - before < 80_000  # 160 MB travelled
    assert len(http.get(f"/api/models/{name}").json()["siblings"]) == 41


def peak_memory_kib(hub: LiveHub) -> int:
    text = Path(f"/proc/{hub.process.pid}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", text)
    assert found
    return int(found[1])


# --- start and stop ---------------------------------------------------------------------------


@pytest.mark.parametrize("server", ["granian", "uvicorn"])
def test_stopping_lets_an_upload_finish(tmp_path: Path, server: str) -> None:
    with serving(tmp_path / "data", f"--server={server}") as hub:
        headers = f"Authorization: Bearer {hub.admin_token}\r\n"
        create = json.dumps({"name": "m"})
        exchange(
            hub,
            f"POST /api/repos/create HTTP/1.1\r\nHost: h\r\n{headers}Connection: close\r\n"
            f"Content-Length: {len(create)}\r\n\r\n{create}".encode(),
        )
        body = (
            b'{"key":"header","value":{"summary":"late"}}\n'
            b'{"key":"file","value":{"path":"x","content":"y"}}\n'
        )
        with socket.create_connection(("127.0.0.1", hub.port), timeout=20) as peer:
            peer.sendall(
                f"POST /api/models/admin/m/commit/main HTTP/1.1\r\nHost: h\r\n{headers}"
                f"Content-Length: {len(body)}\r\n\r\n".encode()
                + body[:50]
            )
            time.sleep(0.3)
            threading.Timer(0.5, lambda: peer.sendall(body[50:])).start()
            hub.process.send_signal(signal.SIGTERM)
            answer = peer.recv(65536)
        assert b" 200 " in answer.split(b"\r\n")[0]
        assert hub.stop() == 0


@pytest.mark.own_folder
def test_two_hubs_do_not_share_a_folder(tmp_path: Path) -> None:
    with (
        serving(tmp_path / "data"),
        pytest.raises(AssertionError, match="did not start"),
        serving(tmp_path / "data"),
    ):
        pass
