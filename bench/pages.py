"""Pages: when a browser with nothing cached shows each kind, what it fetches, and what moves.

Of `bench.content`'s hub. First and largest paint are the browser's own figures, from the start of
the navigation; a shift is anything that moves after it was painted.
"""

from __future__ import annotations

import http.client
import statistics
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser

from bench.content import DATASET, MODEL, PULL, Lab, fill
from bench.rows import Row, percentile
from bench.servers import RunningHub
from bench.windows import DESK, browser, window

RUNS = 5
SERVED_RUNS = 60
EVENTS = 100
# What is shown, and whether it takes somebody who is signed in.
PAGES = {
    "a text of two lines, what the browser itself takes": ("/healthz", ""),
    "front page": ("/", ""),
    "home": ("/", "mara"),
    "list of models": ("/models", ""),
    "search": ("/search?search=wind", ""),
    "repository": (f"/{MODEL}", ""),
    "files": (f"/{MODEL}/tree/main", ""),
    "text": (f"/{MODEL}/blob/main/config.json", ""),
    "weights": (f"/{MODEL}/blob/main/model.safetensors", ""),
    "table": (f"/datasets/{DATASET}/blob/main/data/train.parquet", ""),
    "pull request": (PULL, "mara"),
    "its changes": (f"{PULL}/files", "mara"),
    "forks": (f"/{MODEL}/forks", ""),
    "lineage": (f"/{MODEL}/lineage", ""),
    "person": ("/mara", ""),
    "inbox": ("/notifications", "mara"),
    "settings": (f"/{MODEL}/settings", "mara"),
    "rules": (f"/{MODEL}/settings/rules", "mara"),
    "editor": (f"/{MODEL}/edit/main/README.md", "mara"),
}
WATCH = """
window.seen = {largest: 0, shift: 0};
new PerformanceObserver(l => l.getEntries().forEach(e => { seen.largest = e.startTime; }))
  .observe({type: 'largest-contentful-paint', buffered: true});
new PerformanceObserver(l => l.getEntries().forEach(e => { seen.shift += e.value; }))
  .observe({type: 'layout-shift', buffered: true});
"""
ASK = """() => {
  const fetched = performance.getEntriesByType('resource');
  const sum = (end) => fetched.filter(e => new URL(e.name).pathname.endsWith(end))
    .reduce((all, e) => all + e.decodedBodySize, 0);
  return {...seen, first: performance.getEntriesByName('first-contentful-paint')[0].startTime,
    script: sum('.js'), css: sum('.css')};
}"""


def measure(hub: RunningHub, _folder: Path) -> list[Row]:
    """One row for each kind of page, then what the server alone takes."""
    fill(hub)
    with browser() as running:
        found = [_row(running, hub.url, name, *where) for name, where in PAGES.items()]
    _many_events(hub)
    return [
        *found,
        _served(hub, "repository page, the server's part", f"/{MODEL}", 15),
        _served(hub, f"pull request of {EVENTS} events, the server's part", PULL, 30),
    ]


def _look(running: Browser, url: str, path: str, person: str) -> dict[str, Any]:
    with window(running, url, person, viewport=DESK) as context:
        page = context.new_page()
        session = context.new_cdp_session(page)
        session.send("Network.enable")
        session.send("Network.setCacheDisabled", {"cacheDisabled": True})
        page.add_init_script(WATCH)
        page.goto(url + path, wait_until="networkidle")
        for _ in range(500):  # asked from here: in the page the policy forbids `eval`
            if page.evaluate("performance.getEntriesByName('first-contentful-paint').length"):
                break
            page.wait_for_timeout(20)
        found: dict[str, Any] = page.evaluate(ASK)
        return found


def _row(running: Browser, url: str, name: str, path: str, person: str) -> Row:
    looks = [_look(running, url, path, person) for _ in range(RUNS)]
    first = [each["first"] for each in looks]
    largest = statistics.median(each["largest"] for each in looks)
    last, shift = looks[-1], max(each["shift"] for each in looks)
    note = (
        f"{min(first):.0f} to {max(first):.0f}; largest {largest:.0f} ms; shift {shift:.3f};"
        f" script {last['script'] / 1000:.1f} kB, css {last['css'] / 1000:.1f} kB"
    )
    value = statistics.median(first)
    return Row(f"{name}: first contentful paint", value, "ms", aim="≤ 200 ms", note=note)


def _many_events(hub: RunningHub) -> None:
    lab = Lab(hub)
    for number in range(EVENTS):
        title = {"title": f"A winter of ice, version {number}"}
        lab.send("mara", f"/api/models{PULL}/title", title)


def _served(hub: RunningHub, name: str, path: str, aim_ms: int) -> Row:
    """Milliseconds from a request to the end of its answer, over one connection."""
    connection = http.client.HTTPConnection(urlsplit(hub.url).netloc)
    took = []
    for _ in range(SERVED_RUNS):
        began = time.perf_counter()
        connection.request("GET", path)
        connection.getresponse().read()
        took.append((time.perf_counter() - began) * 1000)
    connection.close()
    note = f"p10 {percentile(took, 0.1):.1f}, p99 {percentile(took, 0.99):.1f} ms"
    return Row(name, percentile(took, 0.5), "ms", aim=f"≤ {aim_ms} ms", note=note)
