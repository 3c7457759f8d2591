"""Which tensor is kept as what: as llama.cpp decides it for SmolLM2-135M, counted there."""

from __future__ import annotations

from collections import Counter

import pytest

from groundswell.ask.conversion.architectures import blueprint_of
from groundswell.ask.conversion.quantising import Model, size_of, type_of

SMOL = {
    "architectures": ["LlamaForCausalLM"], "hidden_size": 576, "intermediate_size": 1536,
    "num_hidden_layers": 30, "num_attention_heads": 9, "num_key_value_heads": 3,
    "vocab_size": 49152, "tie_word_embeddings": True, "max_position_embeddings": 8192,
}  # fmt: skip
MODEL = Model("llama", 30, has_output=False, shares_heads=True)
# Counts of llama_model_quantize over the same model.
COUNTS = {
    "Q8_0": {"Q8_0": 211},
    "Q6_K": {"Q8_0": 181, "Q6_K": 30},
    "Q4_K_M": {"Q5_0": 166, "Q8_0": 15, "Q4_K": 16, "Q6_K": 14},
    "F16": {"F16": 211},
}


@pytest.mark.parametrize("name", COUNTS)
def test_types_are_those_that_llama_cpp_gives(name: str) -> None:
    parts = [part for part in blueprint_of(SMOL).parts if not part.is_optional]
    found = Counter(type_of(part.target, part.shape, name, MODEL) for part in parts)
    assert found == Counter({**COUNTS[name], "F32": 61})


def test_rows_that_fit_no_block_stay_halves() -> None:
    for name in ("Q8_0", "Q4_0", "Q4_K_M"):
        assert type_of("blk.0.attn_q.weight", (8, 80), name, MODEL) == "F16"
    assert size_of((8, 80), "F16") == 1280


def test_an_output_of_its_own_has_more_bits_than_the_table() -> None:
    own = Model("llama", 30, has_output=True, shares_heads=True)
    assert type_of("output.weight", (100, 512), "Q4_0", own) == "Q6_K"
    assert type_of("token_embd.weight", (100, 512), "Q4_0", own) == "Q4_0"
    assert type_of("token_embd.weight", (100, 512), "Q4_0", MODEL) == "Q6_K"
    assert type_of("token_embd.weight", (100, 512), "Q8_0", MODEL) == "Q8_0"
