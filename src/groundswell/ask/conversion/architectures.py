"""Architectures: what llama.cpp calls their settings and tensors, and which shape each must have.

Knows Llama (with Mistral and SmolLM), Qwen 2 and 3, Gemma 3 for text, and BERT. What a
configuration says beyond that is refused. Reads no bytes of weights.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from groundswell.ask.conversion.config import Config
from groundswell.ask.conversion.values import Blueprint, Json, Part, refusal
from groundswell.wire.gguf_writing import Value

LAYERS_MAX: Final = 512
WIDTH_MAX: Final = 1 << 17
HEADS_MAX: Final = 1024
VOCABULARY_MAX: Final = 1_000_000
CONTEXT_MAX: Final = 1 << 27

_SILU: Final = ("silu", "swish")
_GEMMA_PATTERN: Final = 6
_GEMMA_27B_LAYERS: Final = 62
_NEVER_NEEDED: Final = (".rotary_emb.inv_freq", ".attention.masked_bias")


@dataclass(frozen=True, slots=True)
class _Sizes:
    """The sizes of a model that writes."""

    layers: int
    width: int
    inner: int
    heads: int
    kv_heads: int
    head_width: int
    vocabulary: int
    context: int


def blueprint_of(config: Json) -> Blueprint:
    """What becomes of a model with this configuration.

    Raises:
        BadRequest: it is not known, or says something that llama.cpp cannot do.
    """
    if config.get("quantization_config"):
        raise refusal("its weights are quantised already, in a way of their own")
    names = config.get("architectures")
    name = names[0] if isinstance(names, list) and names else None
    build = _KNOWN.get(name) if isinstance(name, str) else None
    if build is None:
        known = ", ".join(sorted(_KNOWN))
        raise refusal(
            f"its architecture is {str(name)[:80]!r}, and those that are converted are {known}"
        )
    return build(config)


def converts(config: Json) -> bool:
    """Whether a configuration names an architecture that is known here."""
    names = config.get("architectures")
    return isinstance(names, list) and any(name == known for name in names[:1] for known in _KNOWN)


def _sizes(config: Config) -> _Sizes:
    width = config.natural("hidden_size", WIDTH_MAX)
    heads = config.natural("num_attention_heads", HEADS_MAX)
    kv_heads = config.natural("num_key_value_heads", HEADS_MAX, heads)
    head_width = config.natural("head_dim", WIDTH_MAX, max(1, width // heads))
    if heads % kv_heads or head_width % 2:
        raise refusal("config.json: its heads do not go together")
    return _Sizes(
        layers=config.natural("num_hidden_layers", LAYERS_MAX),
        width=width,
        inner=config.natural("intermediate_size", WIDTH_MAX * 8),
        heads=heads,
        kv_heads=kv_heads,
        head_width=head_width,
        vocabulary=config.natural("vocab_size", VOCABULARY_MAX),
        context=config.natural("max_position_embeddings", CONTEXT_MAX, 131072),
    )


def _pairs(name: str, sizes: _Sizes, config: Config, theta: float) -> dict[str, Value]:
    return {
        "general.architecture": name,
        "general.type": "model",
        f"{name}.block_count": sizes.layers,
        f"{name}.context_length": sizes.context,
        f"{name}.embedding_length": sizes.width,
        f"{name}.feed_forward_length": sizes.inner,
        f"{name}.attention.head_count": sizes.heads,
        f"{name}.attention.head_count_kv": sizes.kv_heads,
        f"{name}.attention.key_length": sizes.head_width,
        f"{name}.attention.value_length": sizes.head_width,
        f"{name}.attention.layer_norm_rms_epsilon": config.real("rms_norm_eps", 1.0, 1e-6),
        f"{name}.rope.freq_base": config.theta(theta),
        f"{name}.vocab_size": sizes.vocabulary,
        **config.rope_pairs(name),
    }


def _ends(sizes: _Sizes, *, is_tied: bool, prefix: str = "", add: float = 0.0) -> list[Part]:
    """What stands before the layers and after them."""
    table = (sizes.vocabulary, sizes.width)
    found = [
        Part(f"{prefix}model.embed_tokens.weight", "token_embd.weight", table),
        Part(f"{prefix}model.norm.weight", "output_norm.weight", (sizes.width,), add=add),
    ]
    if not is_tied:
        found.append(Part("lm_head.weight", "output.weight", table))
    return found


def _attention(sizes: _Sizes, number: int, *, prefix: str = "", turns: bool = False) -> list[Part]:
    """The matrices of one layer's attention and the network behind it, with biases if any."""
    rows = sizes.heads * sizes.head_width
    kv_rows = sizes.kv_heads * sizes.head_width
    head_rows = sizes.head_width if turns else 0
    matrices = (
        ("self_attn.q_proj", "attn_q", rows, sizes.width, head_rows),
        ("self_attn.k_proj", "attn_k", kv_rows, sizes.width, head_rows),
        ("self_attn.v_proj", "attn_v", kv_rows, sizes.width, 0),
        ("self_attn.o_proj", "attn_output", sizes.width, rows, 0),
        ("mlp.gate_proj", "ffn_gate", sizes.inner, sizes.width, 0),
        ("mlp.up_proj", "ffn_up", sizes.inner, sizes.width, 0),
        ("mlp.down_proj", "ffn_down", sizes.width, sizes.inner, 0),
    )
    found = []
    for theirs, ours, out, into, turned in matrices:
        source, target = f"{prefix}model.layers.{number}.{theirs}", f"blk.{number}.{ours}"
        found.append(Part(f"{source}.weight", f"{target}.weight", (out, into), head_rows=turned))
        found.append(
            Part(f"{source}.bias", f"{target}.bias", (out,), is_optional=True, head_rows=turned)
        )
    return found


def _norms(
    number: int, names: Mapping[str, tuple[str, int]], *, prefix: str = "", add: float = 0.0
) -> list[Part]:
    return [
        Part(
            f"{prefix}model.layers.{number}.{theirs}.weight",
            f"blk.{number}.{ours}.weight",
            (width,),
            add=add,
        )
        for theirs, (ours, width) in names.items()
    ]


def _is_tied(config: Config, *, default: bool = False) -> bool:
    return config.flag("tie_word_embeddings", default=default)


def _ignored(*, is_tied: bool) -> tuple[str, ...]:
    # A tied table may be written a second time.
    return (*_NEVER_NEEDED, "lm_head.weight") if is_tied else _NEVER_NEEDED


def _written(config: Config, name: str, *, turns: bool, has_head_norms: bool) -> Blueprint:
    """A model of Llama's kind: Llama, Mistral, SmolLM, Qwen."""
    config.demand("hidden_act", _SILU)
    sizes = _sizes(config)
    names = {"input_layernorm": ("attn_norm", sizes.width)}
    names["post_attention_layernorm"] = ("ffn_norm", sizes.width)
    if has_head_norms:
        names["self_attn.q_norm"] = ("attn_q_norm", sizes.head_width)
        names["self_attn.k_norm"] = ("attn_k_norm", sizes.head_width)
    parts = _ends(sizes, is_tied=_is_tied(config))
    for number in range(sizes.layers):
        parts += _norms(number, names)
        parts += _attention(sizes, number, turns=turns)
    pairs = _pairs(name, sizes, config, 10000.0)
    pairs[f"{name}.rope.dimension_count"] = sizes.head_width
    # llama.cpp looks back as far as there is: what a window would hide must not be there.
    window = config.values.get("sliding_window")
    if window and config.flag("use_sliding_window", default=True):
        window = config.natural("sliding_window", CONTEXT_MAX)
        pairs[f"{name}.context_length"] = min(sizes.context, window)
    factors = config.rope_factors(sizes.head_width)
    return Blueprint(
        name,
        pairs,
        tuple(parts),
        _ignored(is_tied=_is_tied(config)),
        sizes.vocabulary,
        sizes.layers,
        {"rope_freqs.weight": factors} if factors else {},
    )


def _llama(values: Json) -> Blueprint:
    config = Config(values)
    config.demand("pretraining_tp", (1,))
    return _written(config, "llama", turns=True, has_head_norms=False)


def _qwen2(values: Json) -> Blueprint:
    config = Config(values)
    sizes = _sizes(config)
    if sizes.heads * sizes.head_width != sizes.width:
        raise refusal("its heads are not as wide as llama.cpp takes them for in Qwen 2")
    return _qwen(config, "qwen2", has_head_norms=False)


def _qwen3(values: Json) -> Blueprint:
    return _qwen(Config(values), "qwen3", has_head_norms=True)


def _qwen(config: Config, name: str, *, has_head_norms: bool) -> Blueprint:
    if config.rope_factors(2):
        raise refusal("Qwen turns positions by 'llama3' here, which llama.cpp does for Llama alone")
    return _written(config, name, turns=False, has_head_norms=has_head_norms)


def _gemma3(values: Json) -> Blueprint:
    """Gemma 3, its reading of pictures left out where it has that."""
    inner = values.get("text_config")
    has_pictures = isinstance(inner, dict)
    config = Config({**_GEMMA_DEFAULTS, **(inner if isinstance(inner, dict) else values)})
    config.demand("hidden_activation", ("gelu_pytorch_tanh",))
    config.demand("attn_logit_softcapping", ())
    config.demand("final_logit_softcapping", ())
    config.demand("use_bidirectional_attention", (False,))
    sizes = _sizes(config)
    _check_gemma(config, sizes)
    is_tied = _is_tied(config, default=True)
    if not is_tied:
        raise refusal("this Gemma has an output of its own")
    prefix = "language_model." if has_pictures else ""
    names = {
        "input_layernorm": ("attn_norm", sizes.width),
        "post_attention_layernorm": ("post_attention_norm", sizes.width),
        "pre_feedforward_layernorm": ("ffn_norm", sizes.width),
        "post_feedforward_layernorm": ("post_ffw_norm", sizes.width),
        "self_attn.q_norm": ("attn_q_norm", sizes.head_width),
        "self_attn.k_norm": ("attn_k_norm", sizes.head_width),
    }
    # Its norms multiply by one more than what is stored.
    parts = _ends(sizes, is_tied=True, prefix=prefix, add=1.0)
    for number in range(sizes.layers):
        parts += _norms(number, names, prefix=prefix, add=1.0)
        parts += _attention(sizes, number, prefix=prefix)
    pairs = _pairs("gemma3", sizes, config, 1_000_000.0)
    pairs["gemma3.attention.sliding_window"] = config.natural("sliding_window", CONTEXT_MAX)
    ignored = ("vision_tower.", "multi_modal_projector.", f"{prefix}lm_head.weight")
    return Blueprint(
        "gemma3",
        pairs,
        tuple(parts),
        (*_ignored(is_tied=True), *ignored),
        sizes.vocabulary,
        sizes.layers,
        {},
    )


_GEMMA_DEFAULTS: Final[Json] = {
    "num_attention_heads": 8,
    "num_key_value_heads": 4,
    "head_dim": 256,
    "vocab_size": 262_208,
    "sliding_window": 4096,
    "hidden_size": 2304,
    "intermediate_size": 9216,
    "num_hidden_layers": 26,
}


def _check_gemma(config: Config, sizes: _Sizes) -> None:
    """What llama.cpp takes for granted of Gemma 3."""
    config.demand("sliding_window_pattern", (_GEMMA_PATTERN,))
    config.demand("_sliding_window_pattern", (_GEMMA_PATTERN,))
    kinds = config.values.get("layer_types")
    expected = [
        "sliding_attention" if (number + 1) % _GEMMA_PATTERN else "full_attention"
        for number in range(sizes.layers)
    ]
    if kinds not in (None, expected):
        raise refusal("its layers look back in another pattern than Gemma's")
    local = config.rope("sliding_attention").get("rope_theta")
    if config.values.get("rope_local_base_freq", 10000) != 10000 or (
        "sliding_attention" in (config.values.get("rope_parameters") or {}) and local != 10000
    ):
        raise refusal("its layers that look back a little turn positions otherwise than Gemma's")
    is_27b = sizes.layers == _GEMMA_27B_LAYERS
    scalar = sizes.width // sizes.heads if is_27b else sizes.head_width
    config.demand("query_pre_attn_scalar", (scalar,))


def _bert(values: Json) -> Blueprint:
    config = Config(values)
    config.demand("hidden_act", ("gelu",))
    config.demand("position_embedding_type", ("absolute",))
    config.demand("is_decoder", (False,))
    sizes = _sizes(Config({"max_position_embeddings": 512, **values}))
    width, inner = sizes.width, sizes.inner
    kinds = config.natural("type_vocab_size", 1024, 2)
    parts = [
        Part("embeddings.word_embeddings.weight", "token_embd.weight", (sizes.vocabulary, width)),
        Part("embeddings.position_embeddings.weight", "position_embd.weight",
             (sizes.context, width)),
        Part("embeddings.token_type_embeddings.weight", "token_types.weight", (kinds, width)),
        *_both("embeddings.LayerNorm", "token_embd_norm", (width,)),
    ]  # fmt: skip
    square = (width, width)
    for number in range(sizes.layers):
        theirs, ours = f"encoder.layer.{number}.", f"blk.{number}."
        for source, target, shape in (
            ("attention.self.query", "attn_q", square),
            ("attention.self.key", "attn_k", square),
            ("attention.self.value", "attn_v", square),
            ("attention.output.dense", "attn_output", square),
            ("attention.output.LayerNorm", "attn_output_norm", (width,)),
            ("intermediate.dense", "ffn_up", (inner, width)),
            ("output.dense", "ffn_down", (width, inner)),
            ("output.LayerNorm", "layer_output_norm", (width,)),
        ):
            parts += _both(theirs + source, ours + target, shape)
    pairs: dict[str, Value] = {
        "general.architecture": "bert",
        "general.type": "model",
        "bert.block_count": sizes.layers,
        "bert.context_length": sizes.context,
        "bert.embedding_length": width,
        "bert.feed_forward_length": inner,
        "bert.attention.head_count": sizes.heads,
        "bert.attention.layer_norm_epsilon": config.real("layer_norm_eps", 1.0, 1e-12),
        "bert.attention.causal": False,
        "tokenizer.ggml.token_type_count": kinds,
    }
    ignored = ("pooler.", "embeddings.position_ids", "cls.", *_NEVER_NEEDED)
    return Blueprint("bert", pairs, tuple(parts), ignored, sizes.vocabulary, sizes.layers, {})


def _both(source: str, target: str, shape: tuple[int, ...]) -> list[Part]:
    return [
        Part(f"{source}.weight", f"{target}.weight", shape),
        Part(f"{source}.bias", f"{target}.bias", shape[:1]),
    ]


_KNOWN: Final[Mapping[str, Callable[[Json], Blueprint]]] = {
    "LlamaForCausalLM": _llama,
    "MistralForCausalLM": _llama,
    "Qwen2ForCausalLM": _qwen2,
    "Qwen3ForCausalLM": _qwen3,
    "Gemma3ForCausalLM": _gemma3,
    "Gemma3ForConditionalGeneration": _gemma3,
    "BertModel": _bert,
    "BertForMaskedLM": _bert,
}
