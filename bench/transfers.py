"""Downloads against nginx, uploads against a local copy."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import BinaryIO

from bench.client import (
    Api,
    copy_with_sha256,
    curl_megabytes_per_second,
    pieces_megabytes_per_second,
    ranged_megabytes_per_second,
    stored_ranges,
    upload_by_lfs,
)
from bench.rows import Row, paired, stopwatch
from bench.servers import RunningHub, nginx

SIZE = 1 << 30
RANGE = 16 << 20


def measure(hub: RunningHub, folder: Path) -> list[Row]:
    """All rows of moving one file of 1 GiB."""
    root = folder / "plain"
    root.mkdir()
    source = root / "model.bin"
    with source.open("wb") as writer:
        for _ in range(SIZE >> 20):
            writer.write(os.urandom(1 << 20))
        _settle(writer)
    repo = Api(hub).create("transfers")
    rows = _uploads(hub, folder, source, repo)
    folder.chmod(0o755)
    with nginx(folder / "nginx", root, hub) as baseline:
        rows += _records(hub, repo, baseline)
        rows += _downloads(f"{hub.url}/{repo}/resolve/main/model.bin", f"{baseline}/model.bin")
    return rows


def _downloads(ours: str, theirs: str) -> list[Row]:
    rows = []
    for clients, runs in ((1, 5), (8, 3)):
        value, base = paired(
            runs,
            partial(curl_megabytes_per_second, ours, clients, SIZE),
            partial(curl_megabytes_per_second, theirs, clients, SIZE),
        )
        name = f"full download of 1 GiB, {clients} client{'s' if clients > 1 else ''}"
        rows.append(Row(name, value, "MB/s", base, "nginx sendfile", "≥ 0.8"))
    value, base = paired(
        5,
        lambda: ranged_megabytes_per_second(ours, SIZE, RANGE),
        lambda: ranged_megabytes_per_second(theirs, SIZE, RANGE),
    )
    rows.append(Row("download by 16 MiB ranges", value, "MB/s", base, "nginx ranges", "≥ 0.7"))
    return rows


def _records(hub: RunningHub, repo: str, front: str) -> list[Row]:
    """What a Xet client fetches, in ranges, from the hub and by way of nginx."""
    pieces = stored_ranges(hub, repo, "model.bin", RANGE)

    def plain() -> float:
        return ranged_megabytes_per_second(f"{front}/model.bin", SIZE, RANGE)

    # A condition that holds: nginx sends no file for it.
    passed_on = {"If-None-Match": '"another"'}
    rows = []
    for name, at, headers in (
        ("from the hub", hub.url, {}),
        ("through nginx", front, passed_on),
        ("sent by nginx (X-Accel-Redirect)", front, {}),
    ):
        value, base = paired(5, partial(pieces_megabytes_per_second, at, pieces, headers), plain)
        row = f"Xet records by 16 MiB ranges, {name}"
        rows.append(Row(row, value, "MB/s", base, "nginx ranges"))
    return rows


def _upload_by_client(hub: RunningHub, folder: Path, repo: str, source: Path, name: str) -> float:
    """Seconds of a whole upload by the stock client, in a process of its own with no cache."""
    script = (
        "import sys, time; from huggingface_hub import HfApi\n"
        "began = time.perf_counter()\n"
        "HfApi().upload_file(repo_id=sys.argv[1], path_or_fileobj=sys.argv[2],"
        " path_in_repo=sys.argv[3])\n"
        "print(time.perf_counter() - began)"
    )
    environment = hub.environment | {"HF_HOME": str(folder / "client-home")}
    run = subprocess.run(
        [sys.executable, "-c", script, repo, str(source), name],
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    return float(run.stdout.split()[-1])


def _uploads(hub: RunningHub, folder: Path, source: Path, repo: str) -> list[Row]:
    megabytes = SIZE / 1e6
    copy = megabytes / copy_with_sha256(source, folder / "copy.bin")
    first = megabytes / _upload_by_client(hub, folder, repo, source, "model.bin")
    rows = [Row("upload 1 GiB of new data by hf_xet", first, "MB/s", copy, "copy with sha256")]
    _change_one_percent(source, folder / "changed.bin")
    again = megabytes / _upload_by_client(hub, folder, repo, folder / "changed.bin", "two.bin")
    aim = "≥ 800 MB/s"
    rows.append(
        Row("upload 1 GiB, 99 % known, by hf_xet", again, "MB/s", copy, "copy with sha256", aim)
    )
    other = folder / "lfs.bin"
    _change_one_percent(source, other, everywhere=True)
    with other.open("rb") as reader:
        sha256 = hashlib.file_digest(reader, "sha256").hexdigest()
    with stopwatch():
        lfs = megabytes / upload_by_lfs(hub, repo, other, sha256)
    rows.append(Row("upload 1 GiB of new data by LFS", lfs, "MB/s", copy, "copy with sha256"))
    return rows


def _change_one_percent(source: Path, target: Path, *, everywhere: bool = False) -> None:
    """Copy with the middle percent (or every byte) replaced."""
    with source.open("rb") as reader, target.open("wb") as writer:
        pieces = SIZE >> 20
        for number in range(pieces):
            piece = reader.read(1 << 20)
            changed = everywhere or abs(number - pieces // 2) < pieces // 200
            writer.write(os.urandom(len(piece)) if changed else piece)
        _settle(writer)


def _settle(writer: BinaryIO) -> None:
    """Write our own file out now: else the hub's durable barrier waits for it too."""
    writer.flush()
    os.fsync(writer.fileno())
