"""Whatever bytes come, the readers of headers answer with a value or Malformed."""

from __future__ import annotations

import contextlib
import json
import struct
import subprocess
import sys
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from groundswell.core.errors import Malformed
from groundswell.core.values import RepoKind
from groundswell.wire import gguf, safetensors
from groundswell.wire.cards import read_card, validate_card, write_card

NUMBERS = st.integers(-1, 20) | st.sampled_from([2**31, 2**62, 2**63 - 1, 2**63, 2**64])
DTYPES = st.sampled_from(["F32", "BF16", "F4", "BOOL", "x"]) | st.integers() | st.none()
TENSORS = st.fixed_dictionaries(
    {},
    optional={
        "dtype": DTYPES,
        "shape": st.lists(NUMBERS, max_size=3) | st.none(),
        "data_offsets": st.lists(NUMBERS, max_size=3),
        "other": st.text(max_size=3),
    },
)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.floats() | st.text(max_size=5) | TENSORS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=10,
)


@given(st.binary(max_size=300) | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_safetensors_header_is_read_or_malformed(data: Any) -> None:
    with contextlib.suppress(Malformed):
        safetensors.parse_header(data)
    with contextlib.suppress(Malformed):
        safetensors.parse_index(data)


@given(
    st.lists(
        st.tuples(st.sampled_from(["F32", "BF16", "I8"]), st.lists(st.integers(0, 5), max_size=3))
    )
)
def test_a_well_laid_out_header_is_read_and_its_tensors_add_up(shapes: Any) -> None:
    place = 0
    value = {}
    total = 0
    for number, (dtype, shape) in enumerate(shapes):
        count = 1
        for side in shape:
            count *= side
        size = count * safetensors.DTYPE_BITS[dtype] // 8
        value[f"t{number}"] = {
            "dtype": dtype,
            "shape": shape,
            "data_offsets": [place, place + size],
        }
        place += size
        total += count
    data = json.dumps(value).encode()
    header = safetensors.parse_header(data, 8 + len(data) + place)
    assert sum(header.parameters().values()) == total
    assert len(header.tensors) == len(shapes)


PIECES = st.one_of(
    st.binary(max_size=20),
    st.sampled_from([b"GGUF", struct.pack("<I", 3), struct.pack(">I", 3), struct.pack("<I", 9)]),
    st.integers(0, 20).map(lambda n: struct.pack("<Q", n)),
    st.integers(0, 14).map(lambda n: struct.pack("<I", n)),
    st.sampled_from([struct.pack("<Q", 2**63), struct.pack("<Q", 2**64 - 1)]),
    st.text(max_size=4).map(lambda t: struct.pack("<Q", len(t.encode())) + t.encode()),
)


@given(st.lists(PIECES, max_size=30), st.booleans())
@settings(max_examples=300)
def test_any_gguf_header_is_read_or_malformed(pieces: Any, begin_well: Any) -> None:
    data = b"".join(pieces)
    if begin_well:
        data = b"GGUF" + struct.pack("<IQQ", 3, len(pieces) % 3, len(pieces) % 5) + data
    with contextlib.suppress(Malformed):
        gguf.parse_header([data])


YAML = st.text(max_size=200) | st.lists(
    st.sampled_from(
        [
            "a",
            "b",
            ":",
            ": ",
            "- ",
            "\n",
            "  ",
            "[",
            "]",
            "{",
            "}",
            ",",
            "&a",
            "*a",
            "!!int",
            "<<",
            "|",
            ">",
            "'",
            '"',
            "#",
            "%",
            "1",
            "0x",
            "~",
            "\t",
            "---",
            "...",
            "? ",
            "\\",
            "\x00",
            "é",
        ]
    ),
    max_size=30,
).map("".join)


@given(YAML, st.sampled_from(list(RepoKind)))
@settings(max_examples=300)
def test_any_card_is_read_or_malformed_and_always_reported(text: Any, kind: Any) -> None:
    for card in (text, f"---\n{text}\n---\n"):
        with contextlib.suppress(Malformed):
            json.dumps(read_card(card).metadata, allow_nan=False).encode("utf-8")
        json.dumps(validate_card(card, kind).errors)


KEYS = st.from_regex(r"[a-z][a-z0-9_-]{0,10}", fullmatch=True)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**15), 10**15) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(KEYS, VALUES, min_size=1, max_size=5))
def test_cards_survive_writing_and_reading(metadata: Any) -> None:
    cleaned = json.loads(json.dumps(metadata).replace("\\u0000", "\\ufffd"))
    assert read_card(write_card(metadata, "body")).metadata == cleaned


def test_reading_the_largest_header_stays_within_its_memory() -> None:
    script = """
import resource
from groundswell.wire import safetensors
names = ",".join(
    f'"t{n:07}":{{"dtype":"F32","shape":[1],"data_offsets":[{n * 4},{n * 4 + 4}]}}'
    for n in range(300_000)
)
data = ("{" + names + "}").encode()
del names
assert 20_000_000 < len(data) < safetensors.HEADER_BYTES_MAX
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
header = safetensors.parse_header(data)
assert len(header.tensors) == 300_000
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert int(done.stdout) < 256 << 10  # KiB
