"""Pictures of the pages for the documents: ``python -m bench.pictures`` writes docs/pictures.

The hub is `bench.content`'s, started for this and thrown away.
"""

from __future__ import annotations

import base64
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import Browser, Page

from bench import notes
from bench.content import DATASET, MODEL, PULL, fill
from bench.servers import hub
from bench.windows import DESK, PHONE, browser, window

FOLDER = Path(__file__).parents[1] / "docs" / "pictures"
BYTES_MAX = 120_000
PACK = "mara/far-north"


class Picture(NamedTuple):
    """What is shown, to whom, and from where on down the page."""

    name: str
    path: str
    scheme: str
    person: str = "mara"
    top: str = ""
    size: dict[str, int] = DESK
    waits_for: str = "main"


PICTURES = (
    # First: looking at a thread is reading its news.
    Picture("inbox", "/notifications", "dark", size=PHONE),
    Picture("model", f"/{MODEL}", "light"),
    Picture("review", f"{PULL}/files", "dark", "jonas", ".change"),
    Picture("merge", PULL, "light", "mara", ".standing"),
    Picture("table", f"/datasets/{DATASET}/blob/main/data/train.parquet", "dark", waits_for="td"),
    Picture("forks", f"/{MODEL}/forks", "light"),
    Picture("ask", f"/ask?q=How+long+is+Fram%3F&pack={PACK}", "light", waits_for=".ask-quote"),
    Picture("graph", f"/graph?pack={PACK}&entity=Fram", "dark", waits_for="main table"),
)


def _shoot(page: Page, quality: int) -> bytes:
    session = page.context.new_cdp_session(page)
    kept = session.send("Page.captureScreenshot", {"format": "webp", "quality": quality})
    return base64.b64decode(kept["data"])


def _take(running: Browser, url: str, picture: Picture) -> None:
    options = {"viewport": picture.size, "color_scheme": picture.scheme, "device_scale_factor": 1.5}
    with window(running, url, picture.person, **options) as context:
        page = context.new_page()
        page.goto(url + picture.path)
        page.locator(picture.waits_for).first.wait_for(
            timeout=30_000
        )  # some pages reload themselves
        if picture.top:
            page.locator(picture.top).first.evaluate("e => scrollTo(0, e.offsetTop - 16)")
        content = next(
            found
            for quality in range(85, 0, -10)
            if len(found := _shoot(page, quality)) <= BYTES_MAX
        )
    (FOLDER / f"{picture.name}.webp").write_bytes(content)
    print(f"{picture.name}.webp: {len(content) / 1000:.0f} kB")


def main() -> None:
    """Fill a hub and take every picture of it."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, hub(Path(folder)) as served:
        fill(served)
        notes.write(Path(folder) / "notes")
        build = ["pack", "build", f"{folder}/notes", "-o", PACK, "--title", "The far north"]
        data = ["--public", "--license", "CC0-1.0", "--data", str(served.folder)]
        subprocess.run([sys.executable, "-m", "groundswell.cli", *build, *data], check=True)
        time.sleep(3)
        with browser() as running:
            for picture in PICTURES:
                _take(running, served.url, picture)


if __name__ == "__main__":
    main()
