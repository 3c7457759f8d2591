"""Repositories of safetensors run: converted once, faithfully or not at all."""

from __future__ import annotations

import array
import itertools
import json
import random
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from math import erf
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tokenizers

from groundswell.ask.building import build_runtime
from groundswell.ask.conversion import Converter
from groundswell.ask.conversion.converter import Conversation
from groundswell.ask.conversion.numbers import library_path
from groundswell.ask.conversion.trying import Cutter, load_library
from groundswell.ask.derivatives import Derivatives
from groundswell.ask.runtime import Limits, Mode, ModelRef, Phase, Request, Runtime, State, asking
from groundswell.ask.runtime.models import GOES_ON
from groundswell.core.errors import BadRequest, EntryNotFound, RunnerFailed, Unavailable
from groundswell.core.values import AddBlob, AddRegular
from groundswell.hub.repos import Repository
from groundswell.hub.viewing.pipe import Ended, Pipe
from tests.hub.git_world import GitWorld
from tests.hub.hf_folders import (
    Array,
    Floats,
    Gguf,
    bf16,
    floats,
    minilm_folder,
    read_safetensors,
    safetensors,
    smol,
    smol_folder,
    smol_gguf,
    smol_template,
    smol_tokenizer,
    tiny_config,
    tiny_folder,
)

LIMITS = Limits(context_tokens=512, answer_seconds=60, idle_seconds=300, models=3, waiting=1)
LAYERS = 3


class Stage:
    """A hub with folders in it, and a runtime over it."""

    def __init__(self, folder: Path) -> None:
        self.world = GitWorld(folder)
        self.derivatives = self.cache("derived")
        self.runtime = self.over(self.derivatives)

    def cache(self, name: str) -> Derivatives:
        return Derivatives(self.world.folder.root / name, self.world.blobs.open_content)

    def over(self, derivatives: Derivatives) -> Runtime:
        return build_runtime(self.world.repos, self.world.content, derivatives, LIMITS, None)

    def put(self, name: str, files: dict[str, bytes]) -> Repository:
        repository = self.world.model(name)
        operations = [
            AddRegular(path, content)
            if len(content) < 100_000
            else AddBlob(path, self.world.upload(repository, content), len(content))
            for path, content in files.items()
        ]
        self.world.commit(repository, *operations)
        return repository

    def model(self, text: str) -> ModelRef:
        return self.runtime.models.find(self.world.alice, text)

    def made(self, text: str, derivatives: Derivatives | None = None) -> bytes:
        """The bytes of what a model is made into."""
        model = self.model(text)
        assert model.making is not None
        with Converter(derivatives or self.derivatives).made(model.making, lambda _: None) as path:
            return path.read_bytes()

    def close(self) -> None:
        self.runtime.close()
        self.world.close()


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    made = Stage(tmp_path_factory.mktemp("converted"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def few(stage: Stage) -> str:
    """The first layers of SmolLM2."""
    stage.put("few", smol_folder(LAYERS))
    return "alice/few"


def text_of(answer: Any) -> str:
    return "".join(piece.text for piece in answer)


# --- the same numbers ---------------------------------------------------------------------------


def q8_0(numbers: Floats) -> bytes:
    """As ggml's reference does: halves are rounded away from zero."""
    blocks = numbers.reshape(-1, 32)
    scale = np.abs(blocks).max(1, keepdims=True) / np.float32(127)
    inverse = np.divide(np.float32(1), scale, out=np.zeros_like(scale), where=scale != 0)
    scaled = blocks * inverse
    rounded = np.trunc(scaled + np.copysign(np.float32(0.5), scaled)).astype(np.int8)
    halves = scale.astype(np.float16).view(np.uint8)
    return np.concatenate([halves, rounded.view(np.uint8)], 1).tobytes()


def q4_0(numbers: Floats) -> bytes:
    blocks = numbers.reshape(-1, 32)
    largest = np.take_along_axis(blocks, np.abs(blocks).argmax(1)[:, None], 1)
    scale = largest / np.float32(-8)
    inverse = np.divide(np.float32(1), scale, out=np.zeros_like(scale), where=scale != 0)
    scaled = np.minimum(15, (blocks * inverse + np.float32(8.5)).astype(np.int8)).astype(np.uint8)
    halves = scale.astype(np.float16).view(np.uint8)
    return np.concatenate([halves, scaled[:, :16] | scaled[:, 16:] << 4], 1).tobytes()


def rounded(numbers: Floats) -> Floats:
    found: Floats = (bf16(numbers).astype(np.uint32) << 16).view(np.float32)
    return found


@pytest.mark.parametrize(("name", "kind", "quantise"), [("Q8_0", 8, q8_0), ("Q4_0", 2, q4_0)])
def test_tensors_are_those_of_the_reference_byte_for_byte(
    stage: Stage, few: str, name: str, kind: int, quantise: Callable[[Floats], bytes]
) -> None:
    made = Gguf(stage.made(f"{few}:{name}"))
    kept = {
        name: tensor
        for name, tensor in smol().tensors.items()
        if not name.startswith("blk.") or int(name.split(".")[1]) < LAYERS
    }
    assert made.tensors.keys() == kept.keys()
    for target, (found, shape, octets) in made.tensors.items():
        numbers = rounded(floats(kept[target]))
        assert shape == numbers.shape[::-1]
        if len(shape) == 1:
            expected, wanted = numbers.tobytes(), 0
        elif target == "token_embd.weight":  # it is the output as well: never below Q6_K
            expected, wanted = q8_0(numbers), 8
        else:
            expected, wanted = quantise(numbers), kind
        assert found == wanted, target
        assert octets[: len(expected)] == expected, target


def test_what_the_header_says_is_what_the_original_says(stage: Stage, few: str) -> None:
    made = Gguf(stage.made(f"{few}:Q8_0"))
    left_out = {"tokenizer.ggml.add_space_prefix"}  # of pieces, which this one has none of
    told = {
        key: value
        for key, value in smol().pairs.items()
        if not key.startswith("general.") and key not in left_out
    }
    told["llama.block_count"] = LAYERS
    assert {key: made.pairs.get(key) for key in told} == told
    assert made.pairs["general.file_type"] == 7


def test_two_machines_make_the_same_bytes(stage: Stage) -> None:
    stage.put("one", tiny_folder(tiny_config("LlamaForCausalLM")))
    first = stage.made("alice/one:Q4_0")
    other = stage.cache("elsewhere")
    assert stage.made("alice/one:Q4_0", other) == first
    making = stage.model("alice/one:Q4_0").making
    assert making is not None
    assert [path.name for path in other._folder.iterdir() if not path.suffix] == [making.key]
    told = json.loads((other._folder / f"{making.key}.json").read_text())["recipe"]
    assert told["quantisation"] == "Q4_0"
    assert told["ggml"].startswith("xllamacpp 20")
    assert [name for name, _ in told["files"]][-1] == "model.safetensors"


def test_shards_make_the_same_model(stage: Stage) -> None:
    config = tiny_config("LlamaForCausalLM")
    stage.put("whole", tiny_folder(config))
    stage.put("three", tiny_folder(config, shards=3))
    assert stage.made("alice/three:Q8_0") == stage.made("alice/whole:Q8_0")


# --- the same words -----------------------------------------------------------------------------


def typed(value: Any) -> Any:
    """Numbers as a header's writer takes them."""
    is_numbers = isinstance(value, list) and isinstance(value[0], int)
    return array.array("i", value) if is_numbers else value


def texts() -> list[str]:
    """1,500 texts: of this repository, and of chance."""
    root = Path(__file__).parents[2]
    lines = [
        line
        for path in sorted([*root.glob("*.md"), *root.glob("src/groundswell/ask/*.py")])
        for line in path.read_text("utf-8").splitlines()
        if line.strip()
    ][:1200]
    dice = random.Random(5)
    letters = "aZ é1907 \t\n'’.,(){}_-ßЖ日本ก🚀\u0301\u200d"
    chance = ["".join(dice.choices(letters, k=dice.randrange(1, 60))) for _ in range(1500)]
    return (lines + chance)[:1500]


def test_texts_become_the_same_tokens(stage: Stage, few: str) -> None:
    library = load_library(str(library_path()))
    reference = tokenizers.Tokenizer.from_str(json.dumps(smol_tokenizer()))
    pairs = Gguf(stage.made(f"{few}:Q8_0")).pairs
    cutters = [
        Cutter(library, {key: typed(value) for key, value in each.items() if ".ggml." in key})
        for each in (smol().pairs, pairs)
    ]
    given = texts()
    assert len(given) == 1500
    for text in given:
        ours, theirs = (cutter.cut(text, adds_special=True) for cutter in cutters)
        assert ours == theirs == reference.encode(text).ids, text
    for cutter in cutters:
        cutter.close()


def test_the_template_is_the_repositorys_byte_for_byte(stage: Stage, few: str) -> None:
    odd = "{#  ü \r\n#}{{ messages[0]['content'] }}\r\n \n"
    base = tiny_folder(tiny_config("LlamaForCausalLM"))
    named = [
        {"name": "tool_use", "template": odd},
        {"name": "default", "template": smol_template()},
    ]
    in_list = json.dumps({"chat_template": named}).encode()
    stage.put("jinja", {**base, "chat_template.jinja": odd.encode()})
    stage.put("named", {**base, "tokenizer_config.json": in_list})
    pairs = Gguf(stage.made("alice/jinja:Q8_0")).pairs
    assert pairs["tokenizer.chat_template"].encode() == odd.encode()
    assert stage.model("alice/jinja").facts.chat_template == odd
    pairs = Gguf(stage.made("alice/named:Q8_0")).pairs
    assert pairs["tokenizer.chat_template"] == smol_template()
    assert pairs["tokenizer.chat_template.tool_use"] == odd
    assert Gguf(stage.made(f"{few}:Q8_0")).pairs["tokenizer.chat_template"] == smol_template()


# --- running ------------------------------------------------------------------------------------


def test_the_choice_is_told_and_the_way_to_it_shown(stage: Stage) -> None:
    stage.put("fresh", tiny_folder(tiny_config("Qwen2ForCausalLM")))
    model = stage.model("alice/fresh")
    assert model.file == "Q8_0"
    assert model.explanation.startswith("Q8_0 (")
    told = "made from safetensors): the best that is worth its size; it takes"
    assert told in model.explanation
    made = "It is made from safetensors when it is first asked for, and kept."
    assert model.notes == (made, GOES_ON)
    told: list[State] = []
    stage.runtime.load(model, told.append)
    phases = [phase for phase, _ in itertools.groupby(state.phase for state in told)]
    assert phases[0] is Phase.CONVERTING
    assert phases[-1] is Phase.READY
    assert stage.model("alice/fresh").explanation.endswith("which runs already.")
    # The name means the same for ever.
    assert stage.model(model.name).content == model.content
    assert text_of(stage.runtime.complete(model, prompt="a", max_tokens=2))
    with pytest.raises(EntryNotFound, match="There are: Q4_0"):
        stage.model("alice/fresh:Q2_K")
    stage.runtime.pool.unload_idle()


def test_it_says_what_the_original_says(stage: Stage, few: str) -> None:
    """Both have the same numbers, so that they go on in the same way almost everywhere."""
    original = stage.world.model("original")
    stage.world.large(original, "few.Q4_1.gguf", smol_gguf(LAYERS))
    words = " ".join(Path(__file__).parents[2].joinpath("ARCHITECTURE.md").read_text().split())
    prompts = [words[start : start + 150] for start in range(200, 10_000, 245)]
    said = []
    for name in ("alice/original", f"{few}:Q8_0"):
        model = stage.model(name)
        said.append([
            text_of(stage.runtime.complete(model, prompt=prompt, max_tokens=1))
            for prompt in prompts
        ])  # fmt: skip
        stage.runtime.pool.unload_idle()
    alike = sum(ours == theirs for ours, theirs in zip(*said, strict=True))
    assert alike >= 0.85 * len(prompts), (alike, len(prompts), said)
    assert len(set(said[0])) > 5


def test_embeddings_are_those_of_the_weights(stage: Stage) -> None:
    folder = minilm_folder()
    stage.put("minilm", folder)
    sentences = [
        "A man is eating food.",
        "The girl is carrying a baby, isn't she?",
        "Déjà vu: 3.14159 naïve cafés — in Zürich!",
        "def main(): return {'a': 1}",
        "我们 want 42 tokens of МОСКВА",
        "x",
    ]
    expected = bert(folder, sentences)
    for name in ("alice/minilm:F16", "alice/minilm"):
        model = stage.model(name)
        assert not model.facts.writes_text
        found = stage.runtime.embed(model, asking.embeddings({"input": sentences}))["data"]
        vectors = np.array([each["embedding"] for each in found])
        cosines = (vectors * expected).sum(1)
        assert cosines.min() > (0.9999 if name.endswith("F16") else 0.995), cosines
        stage.runtime.pool.unload_idle()
    assert any("Korean" in note for note in stage.model("alice/minilm").notes)


def bert(folder: dict[str, bytes], sentences: list[str]) -> Array:
    """The vectors, computed in plain numpy from the weights as they are published."""
    weights = read_safetensors(folder["model.safetensors"])
    cutter = tokenizers.Tokenizer.from_str(folder["tokenizer.json"].decode())
    cutter.no_padding()
    return np.stack([_vector(weights, cutter.encode(text).ids) for text in sentences])


def _vector(weights: dict[str, Array], ids: list[int]) -> Array:
    def linear(name: str, x: Array) -> Array:
        return x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]

    def norm(name: str, x: Array) -> Array:
        x = x - x.mean(-1, keepdims=True)
        x = x / np.sqrt((x * x).mean(-1, keepdims=True) + 1e-12)
        return x * weights[f"{name}.weight"] + weights[f"{name}.bias"]

    x = weights["embeddings.word_embeddings.weight"][ids]
    x = x + weights["embeddings.position_embeddings.weight"][: len(ids)]
    x = norm("embeddings.LayerNorm", x + weights["embeddings.token_type_embeddings.weight"][0])
    for number in range(6):
        layer = f"encoder.layer.{number}"
        q, k, v = (
            linear(f"{layer}.attention.self.{each}", x).reshape(len(ids), 12, 32).swapaxes(0, 1)
            for each in ("query", "key", "value")
        )
        scores = np.exp(q @ k.swapaxes(1, 2) / np.sqrt(32))
        mixed = (scores / scores.sum(-1, keepdims=True) @ v).swapaxes(0, 1).reshape(len(ids), 384)
        x = norm(f"{layer}.attention.output.LayerNorm",
                 x + linear(f"{layer}.attention.output.dense", mixed))  # fmt: skip
        inner = linear(f"{layer}.intermediate.dense", x)
        inner = inner * 0.5 * (1 + np.vectorize(erf)(inner / np.sqrt(2)))
        x = norm(f"{layer}.output.LayerNorm", x + linear(f"{layer}.output.dense", inner))
    mean = x.mean(0)
    return np.asarray(mean / np.linalg.norm(mean))


# --- other architectures ------------------------------------------------------------------------

ROPE = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
        "original_max_position_embeddings": 64}  # fmt: skip
GEMMA = {"hidden_activation": "gelu_pytorch_tanh", "sliding_window": 32, "hidden_act": "silu",
         "query_pre_attn_scalar": 16, "rope_theta": 1000000.0, "num_hidden_layers": 7,
         "rope_local_base_freq": 10000}  # fmt: skip
PROMPT = (
    "the quick brown fox 12 (jumps) over the lazy dog, and then it does that again and again, "
    "the end of a"
)
# What differs from `tiny_config`, and the likeliest next tokens with their logarithms, as
# transformers 5.24 has them for the same folders in f32.
NEXT: dict[str, tuple[str, dict[str, Any], dict[int, float]]] = {
    "llama": ("LlamaForCausalLM", {"rope_scaling": ROPE, "tie_word_embeddings": False},
              {26: -3.766, 122: -4.0567, 205: -4.1666, 159: -4.4588, 57: -4.4726}),
    "stretched": ("LlamaForCausalLM", {"rope_scaling": {"rope_type": "linear", "factor": 4.0}},
                  {262: -4.329, 107: -4.4042, 92: -4.4627, 214: -4.4744, 291: -4.4756}),
    "mistral": ("MistralForCausalLM", {},
                {262: -4.3993, 214: -4.4399, 215: -4.4571, 131: -4.5137, 107: -4.5389}),
    "qwen2": ("Qwen2ForCausalLM", {},
              {263: -3.5147, 210: -4.129, 128: -4.2186, 155: -4.2463, 90: -4.2519}),
    "qwen3": ("Qwen3ForCausalLM", {"head_dim": 32},
              {33: -4.442, 133: -4.684, 310: -4.7089, 82: -4.7359, 186: -4.7458}),
    "gemma3": ("Gemma3ForCausalLM", GEMMA,
               {258: -0.547, 231: -3.0507, 66: -3.1173, 118: -3.3757, 91: -3.5007}),
}  # fmt: skip


@pytest.mark.parametrize("name", NEXT)
def test_every_architecture_says_what_transformers_says(stage: Stage, name: str) -> None:
    architecture, more, expected = NEXT[name]
    stage.put(f"tiny-{name}", tiny_folder(tiny_config(architecture, **more)))
    model = stage.model(f"alice/tiny-{name}:F16")
    body = {"prompt": PROMPT, "max_tokens": 1, "temperature": 0, "logprobs": 20}
    answer = next(stage.runtime.whole(model, Request("/v1/completions", body)))
    likely = answer["choices"][0]["logprobs"]["content"][0]["top_logprobs"]
    found = {each["id"]: each["logprob"] for each in likely}
    assert {token: found.get(token) for token in expected} == pytest.approx(expected, abs=0.02)
    stage.runtime.pool.unload_idle()


def test_nobody_looks_back_farther_than_the_window(stage: Stage) -> None:
    config = tiny_config("MistralForCausalLM", sliding_window=64)
    stage.put("window", tiny_folder(config))
    assert stage.model("alice/window").context_tokens == 64


# --- what is refused ----------------------------------------------------------------------------

LLAMA = "LlamaForCausalLM"
Q = "model.layers.1.self_attn.q_proj.weight"
HOSTILE: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "unknown": ({"architectures": ["GaloshForCausalLM"]}, {}, "its architecture is 'Galosh"),
    "none": ({"architectures": None}, {}, "its architecture is 'None'"),
    "missing": ({}, {Q: None}, f"the tensor {Q} is missing"),
    "shape": ({}, {Q: ("F32", (32, 128), bytes(16384))}, r"is \[32, 128\] and not \[64, 64\]"),
    "surplus": ({}, {"model.extra": ("F32", (2,), bytes(8))}, "1 tensors are no part of llama"),
    "dtype": ({}, {Q: ("F8_E4M3", (64, 64), bytes(4096))}, "holds F8_E4M3"),
    "heads": ({"num_key_value_heads": 3}, {}, "heads do not go together"),
    "layers": ({"num_hidden_layers": 10**9}, {}, "num_hidden_layers is no whole number"),
    "vocabulary": ({"vocab_size": 10**8}, {}, "vocab_size is no whole number"),
    "turned": ({"rope_scaling": {"rope_type": "dynamic", "factor": 2}}, {}, "'dynamic'"),
    "quantised": ({"quantization_config": {"bits": 4}}, {}, "quantised already"),
    "wide": ({"architectures": ["Qwen2ForCausalLM"], "head_dim": 32}, {}, "heads are not as wide"),
    "list": ({"architectures": [{}], "rope_scaling": {"rope_type": []}}, {}, "is '{}'"),
    "kinds": ({"rope_scaling": {"rope_type": []}}, {}, r"turned by '\[\]'"),
    "odd": ({"hidden_act": "relu"}, {}, "hidden_act is 'relu'"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_not_known_whole_is_refused_before_anything_starts(stage: Stage, name: str) -> None:
    config, changes, message = HOSTILE[name]
    files = tiny_folder(tiny_config(LLAMA), **changes)
    files["config.json"] = json.dumps(tiny_config(LLAMA, **config)).encode()
    repository = stage.world.found(stage.put(f"bad-{name}", files))
    with pytest.raises(BadRequest, match=message) as caught:
        stage.model(f"alice/bad-{name}")
    assert "Upload it as GGUF" in caught.value.message
    found = stage.runtime.models.variants(repository, "main")
    assert not found.items
    assert found.notes == (caught.value.message,)


def test_what_only_the_process_sees_is_refused_there(stage: Stage) -> None:
    base = tiny_folder(tiny_config(LLAMA))
    tokenizer = json.loads(base["tokenizer.json"])
    reversing = {"type": "Replace", "pattern": {"String": "a"}, "content": "b"}
    wide = {**tokenizer, "model": {**tokenizer["model"], "vocab": {
        **tokenizer["model"]["vocab"], "far": 10**6}}}  # fmt: skip
    split = {"type": "Sequence", "pretokenizers": [
        {"type": "Split", "pattern": {"Regex": "[aeiou]"}, "behavior": "Isolated", "invert": False},
        {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False},
    ]}  # fmt: skip
    cases = {
        "tok-rewrites": ({**tokenizer, "normalizer": reversing}, "rewrites texts"),
        "tok-splits": ({**tokenizer, "pre_tokenizer": split}, "cuts texts otherwise"),
        "tok-wide": (wide, "a token has the number 1000000"),
        "tok-kind": ({**tokenizer, "model": {"type": "Unigram", "vocab": []}}, "'Unigram'"),
        "tok-list": ({**tokenizer, "model": ["BPE"]}, "of a kind that is not known"),
        "tok-nothing": ({**tokenizer, "added_tokens": [{"content": "a"}]}, "not what they should"),
        "tok-damaged": ({**tokenizer, "pre_tokenizer": {"type": "ByteLevel"}}, "its library reads"),
    }
    for name, (value, message) in cases.items():
        stage.put(name, {**base, "tokenizer.json": json.dumps(value).encode()})
        with pytest.raises(BadRequest, match=message):
            stage.runtime.load(stage.model(f"alice/{name}"))
    numbers = np.full((64, 64), np.nan, np.float32).tobytes()
    stage.put("nan", tiny_folder(tiny_config(LLAMA), **{Q: ("F32", (64, 64), numbers)}))
    with pytest.raises(BadRequest, match="numbers that are none"):
        stage.runtime.load(stage.model("alice/nan"))
    # Nothing is left of what was begun.
    assert not list(stage.derivatives._folder.glob("*.part"))


# --- adapters -----------------------------------------------------------------------------------


def lora(rank: int, alpha: float, **config: Any) -> tuple[dict[str, bytes], dict[str, Floats]]:
    """An adapter of PEFT over the tiny Llama, and what it adds to each matrix."""
    dice = np.random.default_rng(11)
    tensors, added = {}, {}
    shapes = {"self_attn.q_proj": (64, 64), "self_attn.k_proj": (32, 64), "mlp.down_proj": (64, 96)}
    for number, (module, (rows, columns)) in itertools.product(range(2), shapes.items()):
        name = f"model.layers.{number}.{module}"
        down = dice.standard_normal((rank, columns), np.float32) * np.float32(0.3)
        up = dice.standard_normal((rows, rank), np.float32) * np.float32(0.3)
        for half, numbers in (("A", down), ("B", up)):
            tensors[f"base_model.model.{name}.lora_{half}.weight"] = (
                "F32", numbers.shape, numbers.tobytes(),
            )  # fmt: skip
        added[f"{name}.weight"] = up @ down * np.float32(alpha / rank)
    told = {"peft_type": "LORA", "r": rank, "lora_alpha": alpha, "bias": "none", **config}
    return {
        "adapter_config.json": json.dumps(told).encode(),
        "adapter_model.safetensors": safetensors(tensors),
    }, added


def likely(stage: Stage, model: ModelRef) -> dict[int, float]:
    body = {"prompt": PROMPT, "max_tokens": 1, "temperature": 0, "logprobs": 20}
    body |= {"lora": [{"id": 0, "scale": 1.0}]} if model.adapters else {}
    answer = next(stage.runtime.whole(model, Request("/v1/completions", body)))
    found = answer["choices"][0]["logprobs"]["content"][0]["top_logprobs"]
    stage.runtime.pool.unload_idle()
    return {each["id"]: each["logprob"] for each in found}


def test_an_adapter_of_peft_does_what_merging_it_does(stage: Stage) -> None:
    folder = tiny_folder(tiny_config(LLAMA))
    files, added = lora(4, 8.0)
    merged = {
        name: ("F32", numbers.shape, (numbers + added.get(name, 0)).astype("<f4").tobytes())
        for name, numbers in read_safetensors(folder["model.safetensors"]).items()
    }
    stage.put("base", folder)
    stage.put("merged", {**folder, "model.safetensors": safetensors(merged)})
    stage.put("lora", files)
    find = stage.runtime.models.find
    over = find(stage.world.alice, "alice/base:F16", [("alice/lora", 1.0)])
    expected = likely(stage, stage.model("alice/merged:F16"))
    found = likely(stage, over)
    plain = likely(stage, stage.model("alice/base:F16"))
    common = expected.keys() & found.keys()
    assert len(common) >= 18
    for token in common:
        assert found[token] == pytest.approx(expected[token], abs=0.03)
    assert len(plain.keys() & found.keys()) < 15, "the adapter changes what is said"
    stage.put("dora", lora(4, 8.0, use_dora=True)[0])
    with pytest.raises(BadRequest, match="use_dora is not converted"):
        stage.runtime.load(find(stage.world.alice, "alice/base:F16", [("alice/dora", 1.0)]))


# --- pieces -------------------------------------------------------------------------------------


def pieces_model(pieces: list[tuple[str, float, int]]) -> bytes:
    """A tokenizer.model of these pieces."""

    def field(number: int, octets: bytes) -> bytes:
        size = len(octets)
        length = bytes([size]) if size < 128 else bytes([size & 127 | 128, size >> 7])
        return bytes([number << 3 | 2]) + length + octets

    found = b"".join(
        field(1, field(1, text.encode()) + b"\x15" + struct.pack("<f", score) + bytes([0x18, kind]))
        for text, score, kind in pieces
    )
    trainer = bytes([3 << 3, 2])  # byte pairs
    normalizer = field(1, b"identity") + bytes([3 << 3, 1, 4 << 3, 0])
    return found + field(2, trainer) + field(3, normalizer)


def test_pieces_are_cut_as_their_tokenizer_cuts_them(stage: Stage) -> None:
    merges = [("t", "h"), ("th", "e"), ("\u2581", "the"), ("a", "n"), ("\u2581", "an")]
    letters = ["\u2581", *"abcdefghijklmnopqrstuvwxyz"]
    pieces = [("<unk>", 0.0, 2), ("<s>", 0.0, 3), ("</s>", 0.0, 3)]
    pieces += [(f"<0x{number:02X}>", 0.0, 6) for number in range(256)]
    pieces += [("".join(merge), -float(rank), 1) for rank, merge in enumerate(merges)]
    pieces += [(letter, -100.0 - rank, 1) for rank, letter in enumerate(letters)]
    tokenizer = smol_tokenizer()
    tokenizer["added_tokens"] = [
        {"id": number, "content": text, "single_word": False, "lstrip": False, "rstrip": False,
         "normalized": False, "special": True}
        for number, (text, _, _) in enumerate(pieces[:3])
    ]  # fmt: skip
    tokenizer["pre_tokenizer"] = None
    tokenizer["normalizer"] = {"type": "Sequence", "normalizers": [
        {"type": "Prepend", "prepend": "\u2581"},
        {"type": "Replace", "pattern": {"String": " "}, "content": "\u2581"}]}  # fmt: skip
    tokenizer["model"] |= {
        "vocab": {text: number for number, (text, _, _) in enumerate(pieces)},
        "merges": [list(merge) for merge in merges],
        "byte_fallback": True, "fuse_unk": True, "unk_token": "<unk>",
    }  # fmt: skip
    base = tiny_folder(tiny_config("MistralForCausalLM"))
    base["tokenizer.json"] = json.dumps(tokenizer).encode()
    stage.put("pieces", {**base, "tokenizer.model": pieces_model(pieces)})
    stage.put("merged-pieces", base)
    for name in ("pieces", "merged-pieces"):
        pairs = Gguf(stage.made(f"alice/{name}:Q8_0")).pairs
        assert pairs["tokenizer.ggml.model"] == "llama"
        assert pairs["tokenizer.ggml.add_space_prefix"] is True
        assert pairs["tokenizer.ggml.token_type"][:4] == [2, 3, 3, 6]
    odd = pieces_model([(text.replace("the", "teh"), score, kind) for text, score, kind in pieces])
    stage.put("other-pieces", {**base, "tokenizer.model": odd})
    with pytest.raises(BadRequest, match="cuts texts otherwise"):
        stage.runtime.load(stage.model("alice/other-pieces"))
    stage.put("cut-pieces", {**base, "tokenizer.model": pieces_model(pieces)[:-5]})
    with pytest.raises(BadRequest, match="ends in the middle"):
        stage.runtime.load(stage.model("alice/cut-pieces"))


# --- the process --------------------------------------------------------------------------------


def test_a_process_that_dies_takes_nothing_along(stage: Stage, few: str) -> None:
    pool = stage.over(stage.cache("dying")).pool
    model = stage.model(f"{few}:Q6_K")
    killed: list[int] = []

    def kill(_state: State) -> None:
        process = pool._converter._process
        if process is not None and not killed:
            killed.append(process.pid)
            status = Path(f"/proc/{process.pid}/status").read_text()
            process.kill()
            assert "State" in status

    with (
        pytest.raises(RunnerFailed, match="could not be converted"),
        pool.lease(model, Mode.TEXT, kill),
    ):
        pass
    assert killed
    assert not list((stage.world.folder.root / "dying").glob("*.part"))
    pool.close()


def test_a_hub_that_stops_ends_what_is_converted(stage: Stage, few: str) -> None:
    pool = stage.over(stage.cache("stopping")).pool
    model = stage.model(f"{few}:Q6_K")

    def stop(_state: State) -> None:
        if pool._converter._process is not None:
            threading.Thread(target=pool.close).start()

    with pytest.raises(Unavailable, match="stopping"), pool.lease(model, Mode.TEXT, stop):
        pass


def test_a_process_gets_no_more_than_its_files(stage: Stage, few: str) -> None:
    making = stage.model(f"{few}:Q6_K").making
    assert making is not None
    for wanted in (["x", 0, 1], ["config.json", 0, 10**9], ["config.json", -1, 2], ["config.json"]):
        here, there = socket.socketpair()
        with here, there:
            Pipe(there).send({"read": wanted})
            with pytest.raises(Ended):
                Conversation(stage.derivatives, making, lambda _: None).hold(Pipe(here))
