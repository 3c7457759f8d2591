"""GGUF files as tests need them: any pairs, and tensors of chance numbers that stay the same."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence

import numpy as np

Value = str | int | float | bool | Sequence[str] | Sequence[int]
Shapes = Mapping[str, tuple[int, ...]]

_ALIGNMENT = 32


def _text(text: str) -> bytes:
    return struct.pack("<Q", len(text.encode())) + text.encode()


def _typed(value: Value) -> tuple[int, bytes]:
    if isinstance(value, bool):
        return 7, struct.pack("<B", value)
    if isinstance(value, int):
        return 4, struct.pack("<I", value)
    if isinstance(value, float):
        return 6, struct.pack("<f", value)
    if isinstance(value, str):
        return 8, _text(value)
    texts = [_text(item) for item in value if isinstance(item, str)]
    numbers = [struct.pack("<i", item) for item in value if isinstance(item, int)]
    head = struct.pack("<IQ", 8 if texts else 5, len(value))
    return 9, head + b"".join(texts or numbers)


def gguf(pairs: Mapping[str, Value], tensors: Shapes | None = None, scale: float = 1.0) -> bytes:
    """A file with these pairs, and float tensors of these shapes (the fastest dimension first)."""
    tensors = tensors or {}
    random = np.random.default_rng(1)
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(pairs))
    for key, value in pairs.items():
        kind, data = _typed(value)
        head += _text(key) + struct.pack("<I", kind) + data
    infos, content = b"", b""
    for name, shape in tensors.items():
        numbers = (random.normal(size=shape) * scale).astype("<f4").tobytes()
        infos += _text(name) + struct.pack(f"<I{len(shape)}Q", len(shape), *shape)
        infos += struct.pack("<IQ", 0, len(content))
        content += numbers + bytes(-len(numbers) % _ALIGNMENT)
    head += infos
    if tensors:
        head += bytes(-len(head) % _ALIGNMENT)
    return head + content


def tiny(**more: Value) -> bytes:
    """The header of a model that writes, without one."""
    return gguf({"general.architecture": "llama", "llama.block_count": 2, **_dotted(more)})


def _dotted(pairs: Mapping[str, Value]) -> dict[str, Value]:
    return {key.replace("__", "."): value for key, value in pairs.items()}


def adapter(rank: int = 4, width: int = 576) -> bytes:
    """An adapter for SmolLM2-135M that turns the first layers' queries upside down."""
    pairs: dict[str, Value] = {
        "general.architecture": "llama",
        "general.type": "adapter",
        "adapter.type": "lora",
        "adapter.lora.alpha": float(rank),
    }
    halves = (("a", (width, rank)), ("b", (rank, width)))
    shapes = {
        f"blk.{layer}.attn_q.weight.lora_{half}": shape
        for layer in range(8)
        for half, shape in halves
    }
    return gguf(pairs, shapes)


WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "▁a", "▁b", "▁cat", "▁dog", "▁the", "▁sky")


def encoder(pooling: int) -> bytes:
    """A BERT of one layer that knows nothing. Pooling 1 is the mean, 4 makes it a reranker."""
    width, inner = 32, 64
    pairs: dict[str, Value] = {
        "general.architecture": "bert",
        "bert.block_count": 1,
        "bert.context_length": 64,
        "bert.embedding_length": width,
        "bert.feed_forward_length": inner,
        "bert.attention.head_count": 4,
        "bert.attention.layer_norm_epsilon": 1e-6,
        "bert.attention.causal": False,
        "bert.pooling_type": pooling,
        "tokenizer.ggml.model": "bert",
        "tokenizer.ggml.pre": "default",
        "tokenizer.ggml.tokens": WORDS,
        "tokenizer.ggml.token_type": [3] * 5 + [1] * (len(WORDS) - 5),
        "tokenizer.ggml.token_type_count": 2,
        "tokenizer.ggml.padding_token_id": 0,
        "tokenizer.ggml.unknown_token_id": 1,
        "tokenizer.ggml.cls_token_id": 2,
        "tokenizer.ggml.bos_token_id": 2,
        "tokenizer.ggml.seperator_token_id": 3,
        "tokenizer.ggml.eos_token_id": 3,
        "tokenizer.ggml.mask_token_id": 4,
    }
    shapes: dict[str, tuple[int, ...]] = {
        "token_embd.weight": (width, len(WORDS)),
        "token_types.weight": (width, 2),
        "position_embd.weight": (width, 64),
    }
    for name in ("token_embd_norm", "blk.0.attn_output_norm", "blk.0.layer_output_norm"):
        shapes |= {f"{name}.weight": (width,), f"{name}.bias": (width,)}
    for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
        shapes |= {f"blk.0.{name}.weight": (width, width), f"blk.0.{name}.bias": (width,)}
    shapes |= {"blk.0.ffn_up.weight": (width, inner), "blk.0.ffn_up.bias": (inner,)}
    shapes |= {"blk.0.ffn_down.weight": (inner, width), "blk.0.ffn_down.bias": (width,)}
    if pooling == 4:
        shapes |= {"cls.weight": (width, width), "cls.bias": (width,)}
        shapes |= {"cls.output.weight": (width, 1), "cls.output.bias": (1,)}
    return gguf(pairs, shapes)
