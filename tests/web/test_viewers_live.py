"""Files shown by what they hold: tables of any size, notebooks, media, weights, long texts."""

import base64
import contextlib
import json
import struct
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import duckdb
import pytest
from huggingface_hub import HfApi
from playwright.sync_api import Error as PlaywrightError

from tests.live import LiveHub, serving, token_of
from tests.web.attacks import vectors
from tests.web.conftest import PHONE, OpenWindow, Visit

REPO = "ada/web-viewed"
BLOB = f"/datasets/{REPO}/blob/main"
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAYAAACNMs+9AAAAFUlEQVR42mNk+M9Qz0AEYBxVSF+FAAhKDveksOjmAAAAAElFTkSuQmCC"
)
SCRIPT = "<script>window.__xss=1</script><img src=x onerror=window.__xss=1>"


def wav() -> bytes:
    samples = bytes(8000)
    head = b"RIFF" + struct.pack("<I", 36 + len(samples)) + b"WAVEfmt "
    return (
        head
        + struct.pack("<IHHIIHH", 16, 1, 1, 8000, 8000, 1, 8)
        + b"data"
        + struct.pack("<I", len(samples))
        + samples
    )


def notebook() -> bytes:
    cells: list[dict[str, Any]] = [{"cell_type": "markdown", "source": "# Seen\n" + SCRIPT}]
    for text in vectors()[:60]:
        output = {"output_type": "display_data", "data": {"text/html": text}}
        cells.append(
            {"cell_type": "code", "source": text, "execution_count": 1, "outputs": [output]}
        )
    picture = {"output_type": "display_data", "data": {"image/png": base64.b64encode(PNG).decode()}}
    cells.append({"cell_type": "code", "source": "x", "outputs": [picture]})
    return json.dumps({"nbformat": 4, "metadata": {}, "cells": cells}).encode()


@pytest.fixture(scope="module")
def seen(live_hub: LiveHub, tmp_path_factory: pytest.TempPathFactory) -> HfApi:
    api = HfApi(live_hub.url, token=token_of("ada"))
    api.create_repo(REPO, repo_type="dataset", exist_ok=True)
    folder = tmp_path_factory.mktemp("seen")
    connection = duckdb.connect()
    connection.execute('CREATE TABLE t (n INT, word VARCHAR, picture STRUCT(bytes BLOB, path VARCHAR), "<img src=x onerror=window.__xss=1>" VARCHAR)')  # fmt: skip
    connection.execute(
        "INSERT INTO t SELECT range, 'word ' || range || repeat(' long', range % 2 * 100), {'bytes': ?, 'path': 'a.png'}, ? FROM range(1000)",
        [PNG, SCRIPT],
    )
    (folder / "data").mkdir()
    connection.execute(f"COPY t TO '{folder}/data/train.parquet'")
    connection.execute(f"COPY (SELECT n, word FROM t) TO '{folder}/data/test.csv'")
    files = {
        "few.jsonl": b'{"a": 1, "b": {"c": [1, 2]}}\n{"a": null, "b": "<b>x</b>"}\n',
        "lie.png": b"<html>" + SCRIPT.encode(),
        "true.png": PNG,
        "true.svg": b"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 9 9'><script>window.__xss=1</script><circle r='4' cx='4' cy='4'/></svg>",
        "tone.wav": wav(),
        "book.ipynb": notebook(),
        "long.txt": b"".join(b"line %d of many\n" % n for n in range(1, 25_001)),
        "broken.parquet": b"PAR1" + bytes(100) + b"PAR1",
        "README.md": b"---\nconfigs:\n- config_name: default\n  data_files:\n  - split: test\n    path: data/te*.csv\n  - split: train\n    path: data/train.parquet\n---\nWords\n",
    }
    for name, content in files.items():
        (folder / name).write_bytes(content)
    api.upload_folder(repo_id=REPO, repo_type="dataset", folder_path=folder)
    return api


_IS_SETTLED = """document.readyState === "complete" && document.querySelector("main") !== null
  && document.querySelector("[data-pending]") === null"""


def settle(visit: Visit, path: str = "") -> None:
    """Go there, or stay, and look again until nothing is being read any more, as a person would."""
    page, begun = visit.page, time.monotonic()
    if path:
        answer = page.goto(visit.origin + path)  # None where the page before was loading anew
        assert answer is None or answer.status == 200
    while time.monotonic() - begun < 90:
        with contextlib.suppress(PlaywrightError):  # the page looks again by itself, meanwhile
            if page.evaluate(_IS_SETTLED):  # one question: between two the page may change
                return
        time.sleep(0.3)
        if time.monotonic() - begun > 3:
            with contextlib.suppress(PlaywrightError):
                page.get_by_role("link", name="Look again").click(timeout=2000)
    raise AssertionError(page.inner_text("main"))


def refusal(url: str) -> tuple[int, bytes]:
    """Status and body of what is refused to the anonymous."""
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(url)
    with refused.value as answer:
        return answer.code, answer.read()


def quiet(visit: Visit) -> bool:
    return visit.page.evaluate("window.__xss") is None and visit.strayed == []


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_the_rows_of_a_dataset(
    window: OpenWindow, live_hub: LiveHub, seen: HfApi, scripts: bool
) -> None:
    visit = window(live_hub.url, java_script_enabled=scripts, viewport=PHONE)
    page = visit.page
    visit.go(f"/datasets/{REPO}")
    page.get_by_role("link", name="Viewer").click()
    settle(visit, f"/datasets/{REPO}/viewer")
    assert "data/test.csv" in page.locator(".picker-name").inner_text()  # as the card says
    settle(visit, f"{BLOB}/data/train.parquet")
    main = page.inner_text("main")
    assert "Rows 0 to 99 of 1,000" in main
    assert SCRIPT in main
    page.get_by_role("link", name="Next rows").click()
    settle(visit)
    assert "Rows 100 to 199" in page.inner_text("main")
    page.get_by_label("Row number").fill("998")
    page.get_by_role("button", name="Go to row").click()
    settle(visit)
    assert "Rows 998 to 999" in page.inner_text("main")
    page.get_by_label("Text in a cell").fill("WORD 77 ")
    page.get_by_role("button", name="Search").click()
    settle(visit)
    assert "\n1 found" in page.inner_text("main")
    page.get_by_role("link", name="whole").click()
    settle(visit)
    assert "word 77" + " long" * 100 in page.inner_text("main")
    if scripts:
        assert quiet(visit)


def test_statistics_are_computed_on_demand(
    window: OpenWindow, live_hub: LiveHub, seen: HfApi
) -> None:
    visit = window(live_hub.url)
    settle(visit, f"{BLOB}/data/train.parquet")
    visit.page.get_by_role("link", name="Compute statistics").click()
    settle(visit)
    main = visit.page.inner_text("main")
    assert "Counted over all" in main
    assert "499.5" in main
    assert visit.page.locator("svg.histogram").count() >= 2
    assert quiet(visit)


def test_a_picture_in_a_cell_is_shown_and_boxed_in(
    window: OpenWindow, live_hub: LiveHub, seen: HfApi
) -> None:
    visit = window(live_hub.url)
    settle(visit, f"{BLOB}/data/train.parquet")
    image = visit.page.locator("img.cell-image").first
    visit.until("document.querySelector('img.cell-image').naturalWidth === 10")
    with urllib.request.urlopen(live_hub.url + str(image.get_attribute("src"))) as answer:
        assert answer.headers["content-type"] == "image/png"
        assert "sandbox" in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.read() == PNG
    for path in (f"{BLOB}/data/train.parquet".replace("/blob/", "/cell/") + "?row=0&column=1", f"/datasets/{REPO}/cell/main/long.txt"):  # fmt: skip
        assert refusal(live_hub.url + path)[0] in {400, 404}


@pytest.mark.parametrize(
    "name",
    [
        "few.jsonl",
        "book.ipynb",
        "true.svg",
        "true.png",
        "tone.wav",
        "lie.png",
        "broken.parquet",
        "long.txt",
    ],
)
def test_files_are_shown_and_nothing_in_them_runs(
    window: OpenWindow, live_hub: LiveHub, seen: HfApi, name: str
) -> None:
    visit = window(live_hub.url)
    settle(visit, f"{BLOB}/{name}")
    visit.page.wait_for_load_state("networkidle")
    main = visit.page.locator("main")
    if name in {"true.svg", "true.png"}:
        assert visit.page.evaluate("document.querySelector('.picture img').naturalWidth") > 0
    if name == "tone.wav":
        visit.until("document.querySelector('audio').duration === 1")
    if name == "lie.png":
        assert "By its name this file is image/png, but its bytes are not" in main.inner_text()
        assert main.locator("img").count() == 0
    if name == "broken.parquet":
        assert "This table cannot be shown" in main.inner_text()
    if name == "book.ipynb":
        assert main.get_by_role("heading", name="Seen").count() == 1
        assert main.locator("script, iframe, object, embed, style, form").count() == 0
        assert main.locator(".cell-picture img").count() == 1
    if name == "few.jsonl":
        assert "<b>x</b>" in main.inner_text()
    assert quiet(visit)


def test_a_long_text_is_read_by_pages_of_lines(
    window: OpenWindow, live_hub: LiveHub, seen: HfApi
) -> None:
    visit = window(live_hub.url)
    page = visit.page
    visit.go(f"{BLOB}/long.txt")
    assert "Lines 1 to 1,000" in page.inner_text("main")
    page.get_by_role("link", name="Next lines").click()
    assert "line 1001 of many" in page.inner_text("main")
    page.get_by_role("link", name="Lines before").click()
    assert "Lines 1 to 1,000" in page.inner_text("main")
    visit.go(f"{BLOB}/long.txt?line=7777")
    assert "Lines 7,001 to 8,000" in page.inner_text("main")
    visit.go(f"{BLOB}/long.txt#L2010-L2012")
    page.wait_for_url("**line=2010*")
    page.wait_for_selector(".line.is-chosen")
    assert (
        page.locator(".line.is-chosen").all_inner_texts()[0].strip().endswith("line 2010 of many")
    )
    assert page.locator(".line.is-chosen").count() == 3
    page.get_by_role("link", name="Wrap lines").click()
    assert page.locator(".source.is-wrapped").count() == 1
    for path in (
        "?line=999999999&at=3",
        "?at=99999999999",
        "?line=-1",
        "?at=x&line=y",
        "?line=24999",
    ):
        assert visit.go(f"{BLOB}/long.txt{path}") == 200


def test_rows_as_json(live_hub: LiveHub, seen: HfApi) -> None:
    base = f"{live_hub.url}/api/datasets/{REPO}"
    with urllib.request.urlopen(f"{base}/rows/main/data/train.parquet?offset=5&length=2") as answer:
        found = json.load(answer)
    assert (found["total"], [row["row"] for row in found["rows"]]) == (1000, [5, 6])
    assert found["rows"][0]["cells"][0] == {
        "value": "5",
        "kind": "number",
        "size": 1,
        "truncated": False,
    }
    with urllib.request.urlopen(f"{base}/statistics/main/data/train.parquet") as answer:
        assert json.load(answer)["columns"][0]["mean"] == 499.5
    with urllib.request.urlopen(f"{base}/cell/main/data/train.parquet?row=7&column=1") as answer:
        assert json.load(answer)["text"].startswith("word 7 long")


def test_what_is_private_shows_no_row(live_hub: LiveHub, seen: HfApi) -> None:
    repo = "ada/web-viewed-private"
    seen.create_repo(repo, repo_type="dataset", private=True, exist_ok=True)
    seen.upload_file(
        path_or_fileobj=b"a,b\nsecret,2\n", path_in_repo="a.csv", repo_id=repo, repo_type="dataset"
    )
    paths = [f"/datasets/{repo}/{door}/main/a.csv" for door in ("blob", "cell")]
    paths += [f"/datasets/{repo}/viewer", f"/api/datasets/{repo}/rows/main/a.csv"]
    for path in paths:
        status, body = refusal(live_hub.url + path)
        assert status == 401
        assert b"secret" not in body


@pytest.mark.timeout(300)
def test_a_parquet_file_of_a_gigabyte_is_browsed(
    window: OpenWindow, live_hub: LiveHub, seen: HfApi, tmp_path: Path
) -> None:
    """The texts repeat, so that it is published quickly; it is read as any other."""
    path = tmp_path / "large.parquet"
    duckdb.connect().execute(
        "COPY (SELECT range AS n, 'row ' || range % 122880 || ' of ' || repeat(md5((range % 122880)::VARCHAR), 30) AS word FROM range(1105920))"
        f" TO '{path}' (FORMAT parquet, COMPRESSION uncompressed, ROW_GROUP_SIZE 122880)"
    )
    assert path.stat().st_size > 1_000_000_000
    seen.upload_file(
        path_or_fileobj=path, path_in_repo="data/large.parquet", repo_id=REPO, repo_type="dataset"
    )
    path.unlink()
    visit = window(live_hub.url)
    settle(visit, f"{BLOB}/data/large.parquet")
    main = visit.page.locator("main")
    assert "Rows 0 to 99 of 1,105,920" in main.inner_text()
    settle(visit, f"{BLOB}/data/large.parquet?row=1000000")
    assert "Rows 1,000,000 to 1,000,099" in main.inner_text()
    settle(visit, f"{BLOB}/data/large.parquet?show=statistics")
    assert "taken from 8 places" in main.inner_text()
    settle(visit, f"{BLOB}/data/large.parquet?find=ROW+77+")
    assert "searched from row 0" in main.inner_text()
    assert "row 77 of" in main.inner_text()
    assert quiet(visit)


@pytest.mark.own_folder
def test_without_the_extra_a_page_says_how_to_get_it(tmp_path: Path) -> None:
    """The README's first command installs it; a hub from the bare package has it not."""
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['duckdb'] = None\n")
    bare = {"PYTHONPATH": str(tmp_path)}
    with serving(tmp_path / "data", people=True, environment=bare) as hub:
        api = HfApi(hub.url, token=token_of("ada"))
        api.create_repo("ada/bare", repo_type="dataset")
        duckdb.connect().execute(f"COPY (SELECT 1 AS n) TO '{tmp_path}/t.parquet'")
        for name, content in (("t.csv", b"a,b\n1,2\n"), ("t.parquet", tmp_path / "t.parquet")):
            api.upload_file(
                path_or_fileobj=content, path_in_repo=name, repo_id="ada/bare", repo_type="dataset"
            )
            with urllib.request.urlopen(f"{hub.url}/datasets/ada/bare/blob/main/{name}") as page:
                shown = page.read().decode()
            assert "groundswell[viewer]" in shown, name
        assert (
            "1,2" in urllib.request.urlopen(f"{hub.url}/datasets/ada/bare/viewer").read().decode()
        )
