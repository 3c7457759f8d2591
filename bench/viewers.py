"""Pages of files: how long the hub takes for each, whatever the file holds.

Each page is asked for until it is whole. The first answer is what a visitor waits for; what is slow
is found meanwhile, and the page says that it is being read.
"""

from __future__ import annotations

import gzip
import json
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import duckdb
from huggingface_hub import HfApi

from bench.rows import Row
from bench.servers import RunningHub

WAITED_SECONDS_MAX = 60
AIM = "≤ 300 ms"
REPO = "bench/viewed"


def measure(hub: RunningHub, folder: Path) -> list[Row]:
    """The slowest answer of each page, and how long until it is whole."""
    api = HfApi(hub.url, token=hub.token)
    api.create_repo(REPO, repo_type="dataset")
    made = folder / "made"
    made.mkdir()
    names = dict(_files(made))
    api.upload_folder(repo_id=REPO, repo_type="dataset", folder_path=made)
    _page(hub, "few.csv")  # what starts once is started
    return [_row(hub, path, what) for path, what in names.items()]


def _row(hub: RunningHub, path: str, what: str) -> Row:
    begun, slowest, looks = time.perf_counter(), 0.0, 0
    while True:
        took, text = _page(hub, path)
        slowest, looks = max(slowest, took), looks + 1
        whole = time.perf_counter() - begun
        if ("being read" not in text and "being counted" not in text) or whole > WAITED_SECONDS_MAX:
            break
        time.sleep(0.1)
    note = (
        f"whole at once, {len(text) / 1e3:.0f} kB" if looks == 1 else f"whole after {whole:.1f} s"
    )
    return Row(f"page of {what}", slowest * 1000, "ms", aim=AIM, note=note)


def _page(hub: RunningHub, path: str) -> tuple[float, str]:
    request = urllib.request.Request(
        f"{hub.url}/datasets/{REPO}/blob/main/{path}",
        headers={"Authorization": f"Bearer {hub.token}"},
    )
    begun = time.perf_counter()
    with urllib.request.urlopen(request) as answer:
        text = answer.read().decode()
    return time.perf_counter() - begun, text


def _files(folder: Path) -> Iterator[tuple[str, str]]:
    """Ordinary and hostile files, and what each is."""
    rows = duckdb.connect()
    rows.execute(
        "CREATE VIEW t AS SELECT range AS n, 'row ' || range % 122880 || ' of '"
        " || repeat(md5((range % 122880)::VARCHAR), 30) AS word FROM range(1105920)"
    )
    rows.execute(f"COPY (SELECT * FROM t LIMIT 10) TO '{folder}/few.csv'")
    rows.execute(
        f"COPY t TO '{folder}/large.parquet' (COMPRESSION uncompressed, ROW_GROUP_SIZE 122880)"
    )
    yield "large.parquet", "1 GB of Parquet, first rows"
    yield "large.parquet?row=1000000", "the same, rows from 1,000,000"
    yield "large.parquet?show=statistics", "the same, statistics"
    yield "large.parquet?find=nowhere", "the same, a search for nothing"
    rows.execute(f"COPY (SELECT * FROM t LIMIT 70000) TO '{folder}/large.csv'")
    yield "large.csv?part=3", "70 MB of CSV, a part in the middle"
    rows.execute(f"COPY (SELECT repeat('x', 300000000) AS word) TO '{folder}/bomb.parquet'")
    yield "bomb.parquet", "Parquet with a cell of 300 MB"
    (folder / "bomb.csv.gz").write_bytes(gzip.compress(b"n,word\n" + b"1,xxxx\n" * 30_000_000, 1))
    yield "bomb.csv.gz", "200 MB of CSV, packed"
    (folder / "broken.parquet").write_bytes(b"PAR1" + bytes(100) + b"PAR1")
    yield "broken.parquet", "Parquet that is none"
    yield from _weights(folder)
    yield from _texts(folder)


def _weights(folder: Path) -> Iterator[tuple[str, str]]:
    names = (f"l.{number}.w" for number in range(250_000))
    header = {
        name: {"dtype": "F32", "shape": [1], "data_offsets": [4 * at, 4 * at + 4]}
        for at, name in enumerate(names)
    }
    packed = json.dumps(header, separators=(",", ":")).encode()
    data = len(packed).to_bytes(8, "little") + packed + bytes(1_000_000)
    (folder / "many.safetensors").write_bytes(data)
    yield "many.safetensors", "250,000 tensors"


def _texts(folder: Path) -> Iterator[tuple[str, str]]:
    (folder / "long.txt").write_bytes(b"a line of a long text, one of many\n" * 3_000_000)
    yield "long.txt?line=200001", "100 MB of text, line 200,001"
    (folder / "code.py").write_bytes(
        b"def f(x, y=[1, 2]): return {'a': x, 'b': (y,)}  # c\n" * 20_000
    )
    yield "code.py", "1 MB of code"
    (folder / "slow.md").write_bytes(b"<div>" * 100_000)
    yield "slow.md", "Markdown that nests without end"
    cells = [{"cell_type": "code", "source": "x = [1, 2, 3]\n" * 20, "outputs": []}] * 400
    book = {"nbformat": 4, "metadata": {}, "cells": cells}
    (folder / "book.ipynb").write_text(json.dumps(book))
    yield "book.ipynb", "a notebook of 400 cells"
    (folder / "deep.ipynb").write_text('{"nbformat": 4, "cells": ' + "[" * 500_000)
    yield "deep.ipynb", "a notebook that nests without end"
