"""Folders into a repository from the page, in a browser against a real server process: what arrives,
what is left out, what is refused before anything is sent, and what a broken connection costs.
"""

import hashlib
import json
import random
import re
from pathlib import Path
from typing import Any

import pytest

from groundswell.http.pages.templating import static_files
from tests.clients.stage import ask
from tests.live import LiveHub, token_of
from tests.web.conftest import PHONE, OpenWindow, Visit
from tests.web.test_community_live import make, sign_in
from tests.web.wires import breaking

MB = 1_000_000


def noise(size_bytes: int, seed: int) -> bytes:
    return random.Random(seed).randbytes(size_bytes)


def fill(folder: Path, files: dict[str, bytes]) -> Path:
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return folder


def drop(visit: Visit, *paths: Path) -> None:
    """As from a file manager, folders too: a real drag, not an event that a script made."""
    box = visit.page.locator("[data-drop]").bounding_box()
    assert box is not None
    wire = visit.context.new_cdp_session(visit.page)
    data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        where = {"x": box["x"] + box["width"] / 2, "y": box["y"] + 10}
        wire.send("Input.dispatchDragEvent", {"type": kind, "data": data, **where})


def listed(hub: LiveHub, repo: str, revision: str = "main") -> dict[str, dict[str, Any]]:
    path = f"/api/models/{repo}/tree/{revision}?recursive=true"
    answer = ask(hub, "GET", path, token=token_of("ada"))
    return {item["path"]: item for item in answer.json() if item["type"] == "file"}


def content_of(hub: LiveHub, repo: str, path: str) -> bytes:
    return ask(hub, "GET", f"/{repo}/resolve/main/{path}", token=token_of("ada")).body


def puts(visit: Visit) -> list[str]:
    return [url for url in visit.requests if "/info/lfs/" in url and "/batch" not in url]


def open_upload(visit: Visit, path: str) -> None:
    visit.go(path)
    visit.page.get_by_text("Drop files and folders here").wait_for()


def press(visit: Visit, name: str) -> None:
    visit.page.get_by_role("button", name=name).click()


def test_a_folder_is_dropped(window: OpenWindow, live_hub: LiveHub, tmp_path: Path) -> None:
    repo = make(live_hub, "web-folder")
    files = {
        "README.md": b"# It\n",
        "model/layer 1/weights.bin": noise(3 * MB, 1),
        "model/layer 1/twin.bin": noise(3 * MB, 1),
        "model/config.json": b"{}\n",
        "empty.txt": b"",
        "naïve/ü.txt": b"u\n",
        "model/.gitignore": b"# not these\n*.log\n/build/\n",
        "model/deep/run.log": b"log\n",
        "model/build/out": b"out\n",
        "run.log": b"kept\n",
    }
    folder = fill(tmp_path / "mine", files)
    fill(folder, {".DS_Store": b"x", "model/Thumbs.db": b"x", ".git/HEAD": b"ref: x\n"})
    (folder / "hollow").mkdir()
    visit = window(live_hub.url)
    sign_in(visit, "ada")
    open_upload(visit, f"/{repo}/upload/main")
    page = visit.page
    drop(visit, folder)
    page.get_by_text("10 files").first.wait_for()
    left = page.locator("[data-part=left-out]").inner_text()
    assert ".DS_Store" in left
    assert "Thumbs.db" in left
    assert ".git/" in left
    assert "hollow/" in left
    assert "mine/model/config.json" in page.inner_text("[data-chosen]")
    page.get_by_label("Without the folder mine").check()
    assert "mine/" not in page.inner_text("[data-chosen]")
    page.get_by_label("Folder", exact=False).first.fill("into/here")
    page.get_by_label("Commit message").fill("A folder")
    press(visit, "Upload")
    page.wait_for_url("**/tree/main/into/here?note=uploaded")
    found = {path: item for path, item in listed(live_hub, repo).items() if "/" in path}
    wanted = {f"into/here/{path}" for path in files} - {
        "into/here/model/deep/run.log",
        "into/here/model/build/out",
    }
    assert set(found) == wanted
    weights = found["into/here/model/layer 1/weights.bin"]
    digest = hashlib.sha256(files["model/layer 1/weights.bin"]).hexdigest()
    assert weights["lfs"]["oid"] == digest
    assert content_of(live_hub, repo, "into/here/na%C3%AFve/%C3%BC.txt") == b"u\n"
    assert content_of(live_hub, repo, "into/here/empty.txt") == b""
    assert len(puts(visit)) == 1, "the same content twice is sent once"
    commits = ask(live_hub, "GET", f"/api/models/{repo}/commits/main", token=token_of("ada"))
    assert commits.json()[0]["title"] == "A folder"
    assert len(commits.json()) == 2

    # The same folder again, with one file more: only that one is sent.
    fill(folder, {"model/new.bin": noise(MB, 2)})
    visit.requests.clear()
    open_upload(visit, f"/{repo}/upload/main/into/here")
    drop(visit, folder)
    page.get_by_label("Without the folder mine").check()
    press(visit, "Upload")
    page.wait_for_url("**/tree/main/into/here?note=uploaded")
    assert len(puts(visit)) == 1
    open_upload(visit, f"/{repo}/upload/main/into/here")
    drop(visit, folder)
    page.get_by_label("Without the folder mine").check()
    press(visit, "Upload")
    page.locator("[data-part=progress-text]", has_text="nothing to commit").wait_for()
    assert len(puts(visit)) == 1
    assert visit.complaints == []


def test_a_broken_connection_costs_only_what_was_on_the_wire(
    window: OpenWindow, live_hub: LiveHub, tmp_path: Path
) -> None:
    repo = make(live_hub, "web-folder-broken")
    files = {"a/small.bin": noise(60 * MB, 3), "a/large.bin": noise(140 * MB, 4), "a/x.txt": b"x"}
    folder = fill(tmp_path / "big", files)
    second_part = rb"PUT /\S+/parts/[0-9a-f]+/2\?"
    with breaking(live_hub.port, second_part, after_bytes=20 * MB) as wire:
        visit = window(wire.url)
        sign_in(visit, "ada")
        page = visit.page

        def begin() -> None:
            open_upload(visit, f"/{repo}/upload/main")
            page.locator("#field-folder-files").set_input_files(folder)
            page.get_by_label("Without the folder big").check()
            press(visit, "Upload")

        wire.cuts = 1000
        begin()
        ready = page.locator("[data-state=ready]", has_text="small.bin")
        ready.wait_for(timeout=60_000)
        visit.until(_KEPT_PARTS, 2)
        page.locator("[data-part=progress-text]", has_text="The connection broke").wait_for()
        assert re.search(r"sent \d+ %", page.inner_text("[data-state=sending]"))
        assert "The next try is in" in page.inner_text("[data-part=said]")
        press(visit, "Stop")
        alert = page.get_by_role("alert")
        alert.wait_for()
        assert "Stopped. Nothing was committed." in alert.inner_text()
        assert "a/large.bin" not in listed(live_hub, repo)
        # A new page knows nothing but what the hub and the browser's storage tell.
        wire.cuts = 1
        begin()
        page.wait_for_url("**/tree/main?note=uploaded", timeout=90_000)
        assert wire.cuts == 0
        assert wire.cut_bytes >= 40 * MB
        assert wire.sent_bytes - wire.cut_bytes < 202 * MB
    sent = [re.sub(r"\?.*", "", url) for url in puts(visit)]
    whole = hashlib.sha256(files["a/small.bin"]).hexdigest()
    assert len([url for url in sent if url.endswith(whole)]) == 1
    for number in (1, 3):
        assert len([url for url in sent if re.search(rf"/parts/\w+/{number}$", url)]) == 1
    for path, content in files.items():
        assert content_of(live_hub, repo, path) == content
    assert page.evaluate("Object.keys(localStorage).filter(k => k.startsWith('parts:'))") == []


_KEPT_PARTS = """(wanted) => Object.entries(localStorage).some(([key, value]) =>
  key.startsWith("parts:") && Object.keys(JSON.parse(value).etags).length === wanted)"""


def test_names_are_refused_before_anything_is_sent(
    window: OpenWindow, live_hub: LiveHub, tmp_path: Path
) -> None:
    repo = make(live_hub, "web-folder-names")
    bad = {"aux.txt": b"1", "sub/a:b.bin": noise(2000, 1), "sub/bell\x07.txt": b"2"}
    folder = fill(tmp_path / "names", {**bad, "sub/good.bin": noise(2000, 2), "fine.txt": b"3"})
    visit = window(live_hub.url, viewport=PHONE)
    sign_in(visit, "ada")
    open_upload(visit, f"/{repo}/upload/main")
    page = visit.page
    page.locator("#field-folder-files").set_input_files(folder)
    press(visit, "Upload")
    alert = page.get_by_role("alert")
    alert.wait_for()
    assert "refuses 3 names" in alert.inner_text()
    rows = page.locator("[data-state=refused]").all_inner_texts()
    assert "device name" in next(row for row in rows if "aux.txt" in row)
    assert "Windows reads them" in next(row for row in rows if "a:b" in row)
    assert "control characters" in next(row for row in rows if "bell" in row)
    assert not [url for url in visit.requests if "/info/lfs/" in url or "/commit/" in url]
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]

    # One is left out by keyboard; the focus stays in the list. A folder that is no good is told too.
    page.get_by_role("button", name="Leave out names/aux.txt").focus()
    page.keyboard.press("Enter")
    assert "Leave out" in page.evaluate("document.activeElement.textContent")
    page.locator("#field-folder").fill("../up")
    press(visit, "Upload")
    page.get_by_text("'.' and '..' segments are not allowed").first.wait_for()
    page.locator("#field-folder").fill("")
    press(visit, "Upload")
    page.get_by_role("button", name="Upload the other 2").click()
    page.wait_for_url("**/tree/main?note=uploaded")
    assert {path for path in listed(live_hub, repo) if "/" in path} == {
        "names/sub/good.bin",
        "names/fine.txt",
    }
    assert visit.complaints == []


def test_a_stranger_proposes_more_than_one_commit_holds(
    window: OpenWindow, live_hub: LiveHub, tmp_path: Path
) -> None:
    repo = make(live_hub, "web-folder-proposal")
    files = {f"{number // 100}/{number}.txt": b"%d\n" % number for number in range(2_001)}
    folder = fill(tmp_path / "many", {**files, "w.bin": noise(MB, 5)})
    visit = window(live_hub.url)
    sign_in(visit, "eve")
    open_upload(visit, f"/{repo}/upload/main")
    page = visit.page
    drop(visit, folder)
    page.get_by_text("2,002 files").first.wait_for(timeout=90_000)  # a busy machine
    assert page.get_by_text("and 1,702 more files").is_visible()
    press(visit, "Upload")
    page.wait_for_url("**/discussions/1?note=proposed", timeout=60_000)
    revision = "refs%2Fpr%2F1"
    told = ask(live_hub, "GET", f"/api/models/{repo}/revision/{revision}").json()
    assert len(told["siblings"]) == 2_003
    path = f"/api/models/{repo}/commits/{revision}"
    titles = [each["title"] for each in ask(live_hub, "GET", path).json()]
    assert titles[:2] == ["Upload 2002 files (2 of 2)", "Upload 2002 files (1 of 2)"]
    assert set(listed(live_hub, repo)) == {".gitattributes"}

    # Onto the pull request itself, from its own page.
    open_upload(visit, f"/{repo}/upload/{revision}")
    page.locator("#field-files").set_input_files(
        [{"name": "more.bin", "mimeType": "", "buffer": noise(2000, 6)}]
    )
    page.get_by_role("radio", name="Commit").check()
    press(visit, "Upload")
    page.wait_for_url(f"**/tree/{revision}?note=uploaded")
    assert "more.bin" in page.inner_text(".files")


def test_who_is_signed_out_meanwhile_goes_on_after_signing_in(
    window: OpenWindow, live_hub: LiveHub
) -> None:
    repo = make(live_hub, "web-folder-session")
    visit = window(live_hub.url)
    sign_in(visit, "ada")
    open_upload(visit, f"/{repo}/upload/main")
    page = visit.page
    press(visit, "Upload")
    assert "at least one file" in page.get_by_role("alert").inner_text()
    page.locator("#field-files").set_input_files(
        [{"name": "a.bin", "mimeType": "", "buffer": noise(2000, 7)}]
    )
    cookies = visit.context.cookies()
    visit.context.clear_cookies()
    press(visit, "Upload")
    page.get_by_text("You are signed out").wait_for()
    visit.context.add_cookies(cookies)  # type: ignore[arg-type]
    press(visit, "Upload")
    page.wait_for_url("**/tree/main?note=uploaded")
    assert "a.bin" in page.inner_text(".files")


# --- the scripts alone ----------------------------------------------------------------------------

_DIGESTS = """async ([url, lengths]) => {
  const { Sha256 } = await import(url);
  return lengths.map((length) => {
    const bytes = Uint8Array.from({ length }, (_, place) => (place * 7 + length) & 255);
    const hash = new Sha256();
    for (let at = 0, step = 1; at < length; at += step, step = (step * 3) % 151 || 1) {
      hash.update(bytes.subarray(at, at + step > length ? length : at + step));
    }
    return hash.hex();
  });
}"""
_OF_FILES = """async ([url, sizes]) => {
  const worker = new Worker(url, { type: "module" });
  const found = [];
  for (const size of sizes) {
    const file = new File([new Uint8Array(size).fill(size & 255)], "x");
    worker.postMessage({ file });
    found.push(await new Promise((done, failed) => {
      worker.onerror = () => failed(new Error("the worker did not start"));
      worker.onmessage = ({ data }) => { if (data.readBytes === undefined) done(data.sha256); };
    }));
  }
  return found;
}"""
_MANY = """async (url) => {
  const { Gathered, FILES_MAX } = await import(url);
  const found = new Gathered();
  for (let number = 0; number < FILES_MAX + 5; number += 1) found.add(`${number}`, null);
  for (const path of ["a/.git/x", "._x", "b/.cache/huggingface/y", ".gitignore"]) found.add(path, null);
  return [found.files.length, found.isTooMany, found.leftOut];
}"""


def test_the_digest_is_that_of_others(window: OpenWindow, live_hub: LiveHub) -> None:
    visit = window(live_hub.url)
    visit.go("/")
    static = static_files().url
    lengths = [*range(300), 1000, 4095, 4096, 4097, 65_535, 65_536, 100_001]
    found = visit.page.evaluate(_DIGESTS, [static("sha256.js"), lengths])
    for length, digest in zip(lengths, found, strict=True):
        content = bytes((place * 7 + length) & 255 for place in range(length))
        assert digest == hashlib.sha256(content).hexdigest(), length
    sizes = [0, 1, (4 << 20) - 1, 4 << 20, (4 << 20) + 1, (9 << 20) + 77]
    found = visit.page.evaluate(_OF_FILES, [static("hashing.js"), sizes])
    wanted = [hashlib.sha256(bytes([size & 255]) * size).hexdigest() for size in sizes]
    assert found == wanted
    assert visit.complaints == []


def test_there_is_an_end_to_what_is_gathered(window: OpenWindow, live_hub: LiveHub) -> None:
    visit = window(live_hub.url)
    visit.go("/")
    count, is_too_many, left = visit.page.evaluate(_MANY, static_files().url("gathering.js"))
    assert (count, is_too_many) == (10_000, True)
    assert left == ["a/.git/x", "._x", "b/.cache/huggingface/y"]


def test_scripts_stay_small() -> None:
    files = static_files().by_name
    sizes = {name: len(file.content) for name, file in files.items() if name.endswith(".js")}
    assert sum(sizes.values()) <= 60_000, json.dumps(sizes)


@pytest.mark.parametrize("name", ["hashing.js", "sha256.js"])
def test_a_worker_may_load_our_scripts_and_no_more(live_hub: LiveHub, name: str) -> None:
    policy = ask(live_hub, "GET", static_files().url(name)).headers["Content-Security-Policy"]
    assert policy == "default-src 'none'; script-src 'self'; frame-ancestors 'none'"
