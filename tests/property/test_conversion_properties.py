"""What strangers write cannot do more to a conversion than be refused; headers come back as written."""

from __future__ import annotations

import array
import contextlib
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from groundswell.ask.conversion.architectures import blueprint_of
from groundswell.ask.conversion.pieces import read_pieces
from groundswell.core.errors import BadRequest
from groundswell.wire.gguf import parse_header, parse_tensors
from groundswell.wire.gguf_writing import Placed, pack_header, padded

SCALARS = st.one_of(
    st.booleans(),
    st.integers(0, 2**32 - 1),
    st.floats(-1e6, 1e6, width=32),
    st.text("aé€🚀 \n", max_size=20),
)
ARRAYS = st.one_of(
    st.lists(st.text("aé€🚀", max_size=5), min_size=1, max_size=5),
    st.lists(st.integers(-(2**31), 2**31 - 1), max_size=5).map(lambda v: array.array("i", v)),
)
KEYS = st.text("abcxyz.019", min_size=1, max_size=12)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
NAMES = (
    "hidden_size", "num_attention_heads", "num_key_value_heads", "head_dim", "vocab_size",
    "num_hidden_layers", "intermediate_size", "rope_scaling", "rope_parameters", "rope_theta",
    "rms_norm_eps", "sliding_window", "hidden_act", "tie_word_embeddings", "layer_types",
    "text_config", "max_position_embeddings", "quantization_config",
)  # fmt: skip
ARCHITECTURES = (
    "LlamaForCausalLM", "Qwen2ForCausalLM", "Qwen3ForCausalLM", "Gemma3ForCausalLM",
    "Gemma3ForConditionalGeneration", "BertModel",
)  # fmt: skip


@given(
    st.dictionaries(KEYS, SCALARS | ARRAYS, max_size=6),
    st.lists(st.integers(1, 40), max_size=4),
)
def test_headers_come_back_as_they_were_written(pairs: dict[str, Any], widths: list[int]) -> None:
    placed = [Placed(f"t{n}", (width, 2), 0, width * 8) for n, width in enumerate(widths)]
    octets = pack_header(pairs, placed)
    header = parse_header([octets])
    scalars = {key: value for key, value in pairs.items() if not isinstance(value, list)}
    scalars = {key: v for key, v in scalars.items() if not isinstance(v, array.array)}
    assert header.values == scalars
    assert {key: len(pairs[key]) for key in header.array_lengths} == header.array_lengths
    tensors, begin = parse_tensors([octets])
    assert begin == len(octets) == padded(begin)
    assert [tensor.shape for tensor in tensors] == [each.shape for each in placed]
    places = [sum(padded(each.size_bytes) for each in placed[:n]) for n in range(len(placed))]
    assert [tensor.offset for tensor in tensors] == places


@given(st.binary(max_size=200))
def test_pieces_of_chance_are_refused_or_read(octets: bytes) -> None:
    with contextlib.suppress(BadRequest):
        read_pieces(octets)


@given(
    st.sampled_from(ARCHITECTURES),
    st.dictionaries(st.sampled_from(NAMES), JSON, max_size=6),
)
def test_configurations_of_chance_are_refused_or_planned(name: str, more: dict[str, Any]) -> None:
    config = {
        "architectures": [name], "hidden_size": 64, "num_attention_heads": 4, "vocab_size": 100,
        "num_hidden_layers": 2, "intermediate_size": 96, **more,
    }  # fmt: skip
    with contextlib.suppress(BadRequest):
        assert blueprint_of(config).parts
