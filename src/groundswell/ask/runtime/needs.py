"""What a model takes of a machine, and what the machine has.

Knows headers of GGUF and the kernel's accounts of memory. Does not know where files come from.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Final

from groundswell.ask.runtime.values import Facts
from groundswell.wire.gguf import Header

_MIB: Final = 1 << 20
# Buffers for computing, the program itself, tokens: measured 100 to 250 MB on small models.
OVERHEAD_BYTES: Final = 320 * _MIB
# Of a model's size: buffers grow with it. Repacked weights lie beside the mapped file.
_OVERHEAD_SHARE: Final = 0.06
_KV_NUMBER_BYTES: Final = 2
_RANK_POOLING: Final = 4
_CONTEXT_UNKNOWN: Final = 2048
_NUMBER_MAX: Final = 1 << 32

# Architectures that read and do not write.
_ENCODERS: Final = frozenset(
    {"bert", "nomic-bert", "nomic-bert-moe", "neo-bert", "jina-bert-v2", "jina-bert-v3"}
    | {"modern-bert", "eurobert", "gemma-embedding", "llama-embed", "t5encoder"}
)


def facts_of(header: Header) -> Facts:
    """What the header says, in the runtime's words."""
    architecture = header.architecture or ""
    values = header.values

    def number(key: str, default: int = 0) -> int:
        value = values.get(f"{architecture}.{key}")
        return value if type(value) is int and 0 <= value < _NUMBER_MAX else default

    heads = number("attention.head_count", 1) or 1
    kv_heads = number("attention.head_count_kv", heads)
    width = number("embedding_length") // heads
    key_length = number("attention.key_length", width)
    value_length = number("attention.value_length", width)
    layers = number("block_count")
    pooling = values.get(f"{architecture}.pooling_type")
    is_causal = values.get(f"{architecture}.attention.causal") is not False
    return Facts(
        architecture=architecture,
        quantisation=header.quantisation or "?",
        parameter_count=header.parameter_count,
        context_tokens=header.context_length or _CONTEXT_UNKNOWN,
        kv_bytes_per_token=layers * kv_heads * (key_length + value_length) * _KV_NUMBER_BYTES,
        chat_template=header.chat_template,
        is_adapter=values.get("general.type") == "adapter",
        writes_text=architecture not in _ENCODERS and is_causal and pooling != _RANK_POOLING,
        reranks=pooling == _RANK_POOLING,
        head_width=key_length,
    )


def needed_bytes(size_bytes: int, facts: Facts, context_tokens: int, slots: int) -> int:
    """About what running a model takes, the memory of so many conversations included."""
    kv_bytes = facts.kv_bytes_per_token * context_tokens * slots
    return int(size_bytes * (1 + _OVERHEAD_SHARE)) + kv_bytes + OVERHEAD_BYTES


def free_bytes() -> int:
    """Memory that could be had now: of the machine, or of the container where that is less."""
    available = _machine_bytes("MemAvailable:")
    root = Path("/sys/fs/cgroup")
    limit, current = _number(root / "memory.max"), _number(root / "memory.current")
    if limit is None or current is None:
        return available
    reclaimable = _reclaimable_bytes(root / "memory.stat")
    return max(0, min(available, limit - current + reclaimable))


def threads() -> int:
    """How many threads compute: a core fewer than there are.

    They wait for one another many times for each token. Where one of them shares its core with
    other work, all do nothing else: two on two busy cores wrote 1.3 tokens a second, one wrote 19.
    """
    return max(1, len(os.sched_getaffinity(0)) - 1)


def _machine_bytes(name: str) -> int:
    for line in Path("/proc/meminfo").read_text("ascii").splitlines():
        if line.startswith(name):
            return int(line.split()[1]) * 1024
    return 0


def _number(path: Path) -> int | None:
    with contextlib.suppress(OSError, ValueError):
        return int(path.read_text("ascii"))
    return None


def _reclaimable_bytes(path: Path) -> int:
    """Pages of files that nobody used lately: the container's accounts hold them as used."""
    with contextlib.suppress(OSError, ValueError):
        for line in path.read_text("ascii").splitlines():
            if line.startswith("inactive_file "):
                return int(line.split()[1])
    return 0
