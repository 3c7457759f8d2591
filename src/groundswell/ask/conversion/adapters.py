"""LoRA adapters of PEFT as llama.cpp reads them.

Knows plain LoRA over the matrices of the architectures here. Anything more (vectors of weights
beside it, words that were added, another scale for some layers) is refused.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any, BinaryIO, Final

from groundswell.ask.conversion.config import Config
from groundswell.ask.conversion.numbers import rows_of
from groundswell.ask.conversion.quantising import number_of, size_of
from groundswell.ask.conversion.source import ADAPTER_CONFIG, Folder, places_of
from groundswell.ask.conversion.values import Part, Place, Work, refusal
from groundswell.wire.gguf_writing import Placed, Value, pack_header, padded

WEIGHTS: Final = "adapter_model.safetensors"
RANK_MAX: Final = 4096
_NAME: Final = re.compile(
    r"base_model\.model\.(?:model\.)?(?:language_model\.)?(?:model\.)?layers\.(\d{1,4})\."
    r"([a-z_.]+)\.lora_([AB])(?:\.default)?\.weight"
)
_MATRICES: Final[Mapping[str, str]] = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}
_TURNED: Final = frozenset({"attn_q", "attn_k"})
_ARCHITECTURES: Final = frozenset({"llama", "qwen2", "qwen3", "gemma3"})


def write_adapter(folder: Folder, base: Mapping[str, Any], out: BinaryIO) -> None:
    """Write an adapter for a base of that architecture and width of heads.

    Raises:
        BadRequest: it is not converted, and why.
    """
    architecture = str(base["architecture"])
    if architecture not in _ARCHITECTURES:
        raise refusal(f"adapters over {architecture} are not converted here")
    alpha = _alpha(folder)
    works = _works(folder, int(base["head_rows"]) if architecture == "llama" else 0)
    pairs: dict[str, Value] = {
        "general.architecture": architecture,
        "general.type": "adapter",
        "adapter.type": "lora",
        "adapter.lora.alpha": alpha,
    }
    placed = [
        Placed(work.target, work.shape[::-1], number_of("F32"), size_of(work.shape, "F32"))
        for work in works
    ]
    out.write(pack_header(pairs, placed))
    for work in works:
        size_bytes = 0
        for rows in rows_of(work, folder.read):
            size_bytes += out.write(rows.astype("<f4").tobytes())
        out.write(bytes(padded(size_bytes) - size_bytes))


def size_bytes_of(weights_bytes: int) -> int:
    """The most that an adapter takes when it is converted."""
    return 2 * weights_bytes + (4 << 20)


def _alpha(folder: Folder) -> float:
    """What llama.cpp divides by the rank."""
    config = Config(folder.object(ADAPTER_CONFIG))
    config.demand("peft_type", ("LORA",))
    config.demand("bias", ("none",))
    for key in ("use_dora", "fan_in_fan_out", "modules_to_save", "alpha_pattern", "rank_pattern",
                "layer_replication", "trainable_token_indices", "lora_bias"):  # fmt: skip
        if config.values.get(key):
            raise refusal(f"{ADAPTER_CONFIG}: {key} is not converted here")
    rank = config.natural("r", RANK_MAX)
    alpha = config.real("lora_alpha", 1e6)
    return alpha * math.sqrt(rank) if config.flag("use_rslora", default=False) else alpha


def _works(folder: Folder, head_rows: int) -> list[Work]:
    found: dict[str, dict[str, tuple[str, Place]]] = {}
    for name, place in places_of(folder, (WEIGHTS,)).items():
        told = _NAME.fullmatch(name)
        target = _MATRICES.get(told[2]) if told else None
        if told is None or target is None or len(place.shape) != 2:
            raise refusal(f"the tensor {name[:100]} is no part of a plain LoRA")
        found.setdefault(f"blk.{int(told[1])}.{target}.weight", {})[told[3]] = name, place
    works = []
    for target, halves in sorted(found.items()):
        if halves.keys() != {"A", "B"} or halves["A"][1].shape[0] != halves["B"][1].shape[1]:
            raise refusal(f"the two halves for {target} do not go together")
        for half, (name, place) in sorted(halves.items()):
            turns = head_rows if half == "B" and target.split(".")[2] in _TURNED else 0
            if turns and place.shape[0] % turns:
                raise refusal(f"the tensor {name[:100]} does not fit the base's heads")
            part = Part(name, f"{target}.lora_{half.lower()}", place.shape, head_rows=turns)
            works.append(Work(part.target, part.shape, "F32", part, place))
    if not works:
        raise refusal("it holds no tensors")
    return works
