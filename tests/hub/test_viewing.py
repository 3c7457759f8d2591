"""Tables and weights read in a process of their own: right, by ranges, and held within limits."""

import gzip
import json
import os
import random
import resource
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from groundswell.core.errors import Unavailable
from groundswell.hub.viewing import COLUMNS_MAX, PART_BYTES, Question, Tables, format_of
from groundswell.hub.viewing import service as viewing
from groundswell.hub.viewing.pipe import Ended
from groundswell.hub.viewing.processes import Readers, _range

Json = dict[str, Any]
PNG = b"\x89PNG\r\n\x1a\n" + bytes(50)


@pytest.fixture(scope="module")
def tables() -> Iterator[Tables]:
    made = Tables()
    yield made
    made.close()


class File:
    """A file under view, and how much of it was read."""

    def __init__(self, tables: Tables, path: Path) -> None:
        self.tables, self.path = tables, path
        self.size = path.stat().st_size
        self.read_bytes = 0

    def read(self, start: int, stop: int) -> bytes:
        self.read_bytes += stop - start
        with open(self.path, "rb") as file:
            return os.pread(file.fileno(), stop - start, start)

    def ask(self, kind: str, seconds: float = 60, **fields: Any) -> Json:
        form = format_of(self.path.name)
        name = form.name if form else self.path.suffix[1:]
        question = Question(kind, name, self.size, form.compression if form else "", **fields)
        found = self.tables.ask(f"{self.path}", question, self.read, seconds)
        assert found is not None, "it took too long"
        return found


Make = Callable[[str, str | bytes], File]


@pytest.fixture
def make(tables: Tables, tmp_path: Path) -> Make:
    """A file of these bytes, or of the rows of a query."""

    def made(name: str, content: str | bytes) -> File:
        path = tmp_path / name
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            kind = {".parquet": "parquet", ".csv": "csv"}.get(path.suffix, "json")
            duckdb.connect().execute(f"COPY ({content}) TO '{path}' (FORMAT {kind})")
        return File(tables, path)

    return made


ROWS = """SELECT range AS n, 'name ' || (range % 7) AS word, range / 3 AS third,
    CASE WHEN range % 3 = 0 THEN NULL ELSE range % 2 = 0 END AS truth, [range, 2] AS pair,
    {'bytes': 'PNG'::BLOB, 'path': 'a.png'} AS picture, DATE '2020-01-01' + range::INT AS day,
    repeat('long ', 200) AS "long ""x"" <b>", range AS file_row_numbers FROM range(20000)""".replace(
    "PNG", "".join(rf"\x{byte:02X}" for byte in PNG)
)


def texts(found: Json) -> list[list[Any]]:
    return [[cell[0] for cell in cells] for _, cells in found["rows"]]


# --- what is answered -------------------------------------------------------------------------


def test_rows_of_parquet(make: Make) -> None:
    file = make("a.parquet", ROWS)
    found = file.ask("rows", offset=12_345, limit=2)
    assert (found["total"], found["column_count"], found["has_more"]) == (20_000, 9, True)
    assert [row[0] for row in found["rows"]] == [12_345, 12_346]
    cells = found["rows"][0][1]
    assert cells[0] == ["12345", 5, "number", False]
    assert cells[3] == [None, 0, "none", False]
    assert cells[4][0] == "[12345, 2]"
    assert cells[5] == ["a.png", len(PNG), "image", False]
    assert cells[7] == ["long " * 60, 1000, "text", True]
    assert found["columns"][7]["name"] == 'long "x" <b>'
    assert file.ask("rows", offset=19_999)["has_more"] is False
    assert file.ask("rows", offset=20_000)["rows"] == []


def test_whole_cells(make: Make) -> None:
    file = make("a.parquet", ROWS)
    assert file.ask("cell", offset=5, column=7)["text"] == "long " * 200
    assert file.ask("cell", offset=5, column=5)["size"] == len(PNG)
    assert "no such row" in file.ask("cell", offset=50_000, column=7)["error"]
    assert "no such column" in file.ask("cell", offset=5, column=99)["error"]


def test_a_search_looks_in_columns_of_text_letter_case_aside(make: Make) -> None:
    file = make("a.parquet", ROWS)
    found = file.ask("find", text="NAME 3", limit=3)
    assert [row[0] for row in found["rows"]] == [3, 10, 17]
    assert found["next"] == 18
    assert [row[0] for row in file.ask("find", text="NAME 3", limit=2, offset=18)["rows"]] == [
        24,
        31,
    ]
    assert file.ask("find", text="'; DROP TABLE t; --")["next"] is None
    assert "text" in make("b.parquet", "SELECT 1 AS n").ask("find", text="x")["error"]


def test_statistics(make: Make) -> None:
    found = make("a.parquet", ROWS).ask("statistics")
    by_name = {column["name"]: column for column in found["columns"]}
    assert (found["sampled"], found["is_whole"]) == (20_000, True)
    number = by_name["n"]
    assert (number["low"], number["high"], number["mean"], number["nulls"]) == (
        0,
        19_999,
        9999.5,
        0,
    )
    assert number["bins"] == [1000] * 20
    assert by_name["truth"]["nulls"] == 6667
    assert by_name["word"]["values"][0] == ["name 0", 2858]
    assert by_name["day"]["low"] == "2020-01-01"
    assert by_name["picture"]["high"] == len(PNG)


def test_a_large_table_is_sampled_all_over(make: Make) -> None:
    found = make("a.parquet", "SELECT range AS n FROM range(3000000)").ask("statistics")
    (column,) = found["columns"]
    assert (found["sampled"], found["total"], found["is_whole"]) == (100_000, 3_000_000, False)
    assert column["high"] == 2_999_999
    assert sum(count > 0 for count in column["bins"]) >= 8


def test_csv_and_lines_of_json(make: Make) -> None:
    for name in ("a.csv", "a.jsonl"):
        file = make(name, "SELECT range AS n, 'w' || range AS word FROM range(1000)")
        found = file.ask("rows", offset=500, limit=2)
        assert texts(found) == [["500", "w500"], ["501", "w501"]]
        assert found["has_more"] is True
        assert [row[0] for row in file.ask("find", text="W99")["rows"]][:2] == [99, 990]
        assert file.ask("statistics")["columns"][0]["high"] == 999
        assert file.ask("cell", offset=7, column=1)["text"] == "w7"


def test_compressed_text(make: Make) -> None:
    file = make("a.csv.gz", gzip.compress(b"n,word\n1,one\n2,two\n"))
    assert texts(file.ask("rows")) == [["1", "one"], ["2", "two"]]


def test_text_is_read_by_parts_of_whole_lines(make: Make, tmp_path: Path) -> None:
    line = "%09d," + "x" * 990 + "\n"
    count = PART_BYTES * 5 // 2 // 1000
    file = make("a.csv", ("number,word\n" + "".join(line % n for n in range(count))).encode())
    first = file.ask("rows", part=1, limit=1)["rows"][0][1][0][0]
    assert file.ask("rows", part=1)["columns"][0]["name"] == "number"
    assert PART_BYTES // 1001 <= int(first) <= PART_BYTES // 1001 + 1
    last = max(int(row[0]) for row in texts(file.ask("rows", part=0, offset=int(first) - 3)))
    assert last == int(first) - 1
    assert texts(file.ask("rows", part=2, offset=0, limit=1))
    lines = make(
        "a.jsonl", b"".join(b'{"n": %d, "x": "%s"}\n' % (n, b"y" * 980) for n in range(count))
    )
    assert lines.ask("rows", part=2, limit=1)["columns"][0]["name"] == "n"


def test_many_columns_are_shown_some_at_a_time(make: Make) -> None:
    names = ", ".join(f"range AS c{n:04}" for n in range(1200))
    file = make("a.parquet", f"SELECT {names} FROM range(10)")
    found = file.ask("rows", first_column=COLUMNS_MAX)
    assert found["column_count"] == 1200
    assert [column["name"] for column in found["columns"]][:2] == ["c0050", "c0051"]
    assert len(found["rows"][0][1]) == COLUMNS_MAX


def test_a_column_that_is_called_like_our_own(make: Make) -> None:
    file = make("a.parquet", "SELECT range AS file_row_number, range + 1 AS n FROM range(10)")
    assert texts(file.ask("rows", offset=4, limit=1)) == [["4", "5"]]


# --- how it is read ---------------------------------------------------------------------------


def test_first_rows_cost_little_of_a_large_file(make: Make) -> None:
    file = make(
        "a.parquet",
        "SELECT range AS n, random() AS x, md5(range::VARCHAR) AS word FROM range(1500000)",
    )
    assert file.size > 50 << 20
    file.ask("rows")
    assert file.read_bytes < file.size // 10
    file.read_bytes = 0
    file.ask("rows", offset=1_400_000)
    assert file.read_bytes < file.size // 5


def test_an_answer_is_remembered(make: Make) -> None:
    file = make("a.parquet", ROWS)
    found = file.ask("rows")
    file.read_bytes = 0
    assert file.ask("rows") is found
    assert file.read_bytes == 0


def test_nobody_waits_longer_than_they_want(tables: Tables) -> None:
    gate = threading.Event()

    def read(start: int, stop: int) -> bytes:
        gate.wait(10)
        return b"x" * (stop - start)

    question = Question("rows", "parquet", 1000)
    begun = time.monotonic()
    assert tables.ask("slow", question, read, 0.1) is None
    assert tables.ask("slow", question, read, 0.0) is None
    assert time.monotonic() - begun < 5
    gate.set()
    found = tables.ask("slow", question, read, 10)
    assert found is not None
    assert "Parquet" in found["error"]


def test_too_many_questions_are_turned_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(viewing, "WAITING_MAX", 3)
    tables = Tables()
    gate = threading.Event()

    def read(start: int, stop: int) -> bytes:
        gate.wait(10)
        return b"x" * (stop - start)

    try:
        for number in range(3):
            assert tables.ask(f"{number}", Question("rows", "parquet", 100), read, 0) is None
        with pytest.raises(Unavailable):
            tables.ask("more", Question("rows", "parquet", 100), read, 0)
    finally:
        gate.set()
        tables.close()


def test_a_question_that_comes_after_the_end_starts_nothing() -> None:
    readers = Readers()
    readers.close()
    try:
        with pytest.raises(Ended):
            readers.ask(Question("rows", "parquet", 100), lambda *_: b"")
        assert readers._process is None
    finally:
        readers.close()


def test_content_that_cannot_be_read_now_may_be_later(tables: Tables, make: Make) -> None:
    file = make("a.parquet", "SELECT 1 AS n")
    question = Question("rows", "parquet", file.size)

    def broken(_start: int, _stop: int) -> bytes:
        raise OSError

    found = tables.ask("broken", question, broken, 30)
    assert found is not None
    assert "at the moment" in found["error"]
    assert tables.ask("broken", question, file.read, 30)["rows"]  # type: ignore[index]


# --- what it is kept from ---------------------------------------------------------------------

_TRIES = """
import os, socket, threading
from groundswell.hub.viewing.confinement import confine
SIZE = 1 << 28
confine(SIZE, 2, 60)
def attempt(name, work):
    try:
        work()
    except (OSError, MemoryError, RuntimeError) as error:
        print(name, "refused")
    else:
        print(name, "DONE")
attempt("read", lambda: open("/etc/hostname").read())
attempt("write", lambda: open("/tmp/x", "w"))
attempt("list", lambda: os.listdir("/"))
attempt("socket", socket.socket)
attempt("pipe", os.pipe)
attempt("memory", lambda: bytearray(SIZE * 2))
os.close(2)
attempt("read with a place", lambda: os.open("/etc/hostname", os.O_RDONLY))
attempt("start", lambda: os.execv("/bin/true", ["true"]))
print("end", flush=True)
while True:
    pass
"""


def test_a_process_that_is_shut_in_reaches_nothing() -> None:
    begun = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", _TRIES], capture_output=True, text=True, timeout=60, check=False
    )
    told = done.stdout.split("\n")
    assert "end" in told, done.stderr
    assert not [line for line in told if "DONE" in line]
    assert done.returncode < 0  # its processor time ended
    assert time.monotonic() - begun < 50


@pytest.mark.parametrize(
    "wanted",
    [[0, 0], [5, 4], [-1, 3], [0, 101], [0, 1 << 40], [0], [0, 1, 2], "0,1", [0.0, 1.0], [True, 2], None],
)  # fmt: skip
def test_a_reader_is_given_only_ranges_of_its_file(wanted: Any) -> None:
    with pytest.raises(Ended):
        _range(wanted, 100)


def hub_memory_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def assert_contained(file: File, *kinds: str) -> None:
    """Whatever is asked is answered within the limits, and costs the hub next to nothing."""
    before = hub_memory_bytes()
    for kind in kinds or ("rows", "statistics", "find"):
        begun = time.monotonic()
        found = file.ask(kind, text="x" if kind == "find" else "")
        assert time.monotonic() - begun < 40
        assert "error" in found or "rows" in found or "columns" in found
        assert len(json.dumps(found)) < 8 << 20
    assert hub_memory_bytes() - before < 100 << 20


def test_cells_larger_than_memory_may_be(make: Make) -> None:
    """A file of kilobytes whose one cell is 300 MB."""
    file = make("a.parquet", "SELECT repeat('x', 300000000) AS word, 1 AS n")
    assert file.size < 30 << 20
    assert_contained(file)


def test_many_large_cells(make: Make) -> None:
    assert_contained(make("a.parquet", "SELECT repeat('x', 2000000) AS word FROM range(400)"))


def test_text_that_unpacks_without_end(make: Make) -> None:
    packed = gzip.compress(b"n,word\n" + b"1,xxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n" * 8_000_000, 1)
    file = make("a.csv.gz", packed)
    assert file.size < 8 << 20
    assert_contained(file)


def test_lines_without_end_and_without_bottom(make: Make) -> None:
    assert_contained(make("long.csv", b"a,b\n" + b"x" * (6 << 20)), "rows", "find")
    assert_contained(
        make("wide.csv", b",".join(b"c%d" % n for n in range(20_000)) + b"\n1\n"), "rows"
    )
    assert_contained(
        make("deep.jsonl", b'{"a":' + b"[" * 200_000 + b"]" * 200_000 + b"}\n"), "rows"
    )
    keys = b",".join(b'"k%d": 1' % n for n in range(30_000))
    assert_contained(make("keys.jsonl", (b"{" + keys + b"}\n") * 3), "rows")


def test_footers_that_lie(make: Make) -> None:
    whole = make("a.parquet", ROWS).path.read_bytes()
    length = int.from_bytes(whole[-8:-4], "little")
    dice = random.Random(7)
    for number in range(20):
        data = bytearray(whole)
        for _ in range(dice.randint(1, 12)):
            data[-8 - dice.randint(1, length)] = dice.randrange(256)
        file = make(f"{number}.parquet", bytes(data))
        found = file.ask("rows", limit=3)
        assert "error" in found or len(found["rows"]) <= 3
    for lie in (0, 1, length + 1, 2**31 - 1, 2**32 - 1):
        data = whole[:-8] + struct.pack("<I", lie) + b"PAR1"
        assert make(f"length-{lie}.parquet", data).ask("rows")["error"]
    for data in (b"PAR1", b"PAR1PAR1", b"PAR1" + bytes(50) + b"PAR1", os.urandom(4000), b"x"):
        assert make(f"{data[:2].hex()}{len(data)}.parquet", data).ask("rows")["error"]


def test_pages_that_lie(make: Make) -> None:
    whole = make("a.parquet", ROWS).path.read_bytes()
    dice = random.Random(8)
    for number in range(15):
        data = bytearray(whole)
        for _ in range(40):
            data[dice.randrange(4, 4000)] = dice.randrange(256)
        found = make(f"{number}.parquet", bytes(data)).ask("rows", limit=3)
        assert "error" in found or len(found["rows"]) <= 3


# --- weights ----------------------------------------------------------------------------------


def weights(names: list[str], **metadata: str) -> bytes:
    header: Json = {"__metadata__": metadata} if metadata else {}
    for number, name in enumerate(names):
        at = number * 24
        header[name] = {"dtype": "F32", "shape": [2, 3], "data_offsets": [at, at + 24]}
    packed = json.dumps(header, separators=(",", ":")).encode()
    return len(packed).to_bytes(8, "little") + packed + bytes(24 * len(names))


def test_tensors_in_the_order_of_their_layers(make: Make) -> None:
    names = [f"model.layers.{n}.{part}.weight" for n in range(12) for part in ("q", "k")]
    file = make("a.safetensors", weights([*names, "lm_head.weight"], format="pt"))
    found = file.ask("tensors", limit=200)
    assert found["whole"][1:] == [25, 150, 600]
    assert [row[0] for row in found["tensors"]][:2] == ["lm_head.weight", "model.layers.0.k.weight"]
    assert found["tensors"][-1][0] == "model.layers.11.q.weight"
    assert [group[0] for group in found["groups"]][:3] == [
        "lm_head",
        "model.layers.0",
        "model.layers.1",
    ]
    assert found["pairs"] == [["format", "pt"]]
    some = file.ask("tensors", limit=5, text="LAYERS.1.")
    assert (some["matched"], some["whole"][1]) == (2, 25)


def test_a_quarter_of_a_million_tensors(make: Make) -> None:
    file = make("a.safetensors", weights([f"l.{n}.w" for n in range(250_000)]))
    begun = time.monotonic()
    found = file.ask("tensors", limit=200, offset=249_900)
    assert len(found["tensors"]) == 100
    assert found["groups_left_out"] == 249_800
    assert time.monotonic() - begun < 40


def test_gguf_tells_sizes_shapes_and_pairs(make: Make) -> None:
    def text(value: str) -> bytes:
        return struct.pack("<Q", len(value)) + value.encode()

    pairs = text("general.name") + struct.pack("<I", 8) + text("<b>Small</b>")
    one = text("blk.0.a") + struct.pack("<IQQIQ", 2, 8, 4, 0, 0)
    two = text("blk.0.b") + struct.pack("<IQIQ", 1, 16, 1, 128)
    header = b"GGUF" + struct.pack("<IQQ", 3, 2, 1) + pairs + one + two
    header += bytes(-len(header) % 32)
    found = make("a.gguf", header + bytes(128 + 32)).ask("tensors", limit=9)
    assert found["tensors"] == [
        ["blk.0.a", "F32", "8 × 4", 32, 128],
        ["blk.0.b", "F16", "16", 16, 32],
    ]
    assert found["pairs"] == [["general.name", "<b>Small</b>"]]


@pytest.mark.parametrize(
    "data", [b"", b"x", bytes(8), b"\xff" * 40, b"GGUF" + b"\xff" * 60, weights(["a"])[:-1]]
)
def test_headers_that_lie(make: Make, data: bytes) -> None:
    for name in ("a.safetensors", "a.gguf"):
        assert make(name, data or b"\0").ask("tensors")["error"]
