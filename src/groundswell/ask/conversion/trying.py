"""Whether llama.cpp cuts texts into the tokens that the repository's own tokenizer gives.

How texts are split before bytes are joined is a program in llama.cpp, known there by a name. The
name is found by trying: the first candidate that gives the same tokens for every text of a list,
among them each token that was added. None that does: no conversion. Tables of known vocabularies
would not know one that somebody added a word to.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator, Mapping
from typing import Any, Final

from groundswell.ask.conversion.quantising import number_of, size_of
from groundswell.ask.conversion.texts import SIGNS, TEXTS
from groundswell.ask.conversion.values import refusal
from groundswell.ask.conversion.vocabulary import Vocabulary
from groundswell.wire.gguf_writing import Placed, Value, pack_header, padded

_ADDED_MAX: Final = 300
_PARAMETERS_BYTES: Final = 512
_WIDTH: Final = 32


class _Parameters(ctypes.Structure):
    """llama.cpp's own, as it fills them: larger than it needs, and not looked into."""

    _fields_ = (("octets", ctypes.c_ubyte * _PARAMETERS_BYTES),)


class Cutter:
    """A vocabulary, loaded by llama.cpp in a model that is nothing else."""

    def __init__(self, library: ctypes.CDLL, pairs: Mapping[str, Value]) -> None:
        self._library = library
        descriptor = os.memfd_create("vocabulary")
        try:
            with open(descriptor, "wb", closefd=False) as out:
                _write_model(out, pairs)
            path = f"/proc/self/fd/{descriptor}".encode()
            self._model = library.llama_model_load_from_file(
                path, library.llama_model_default_params()
            )
        finally:
            os.close(descriptor)
        if not self._model:
            raise refusal("llama.cpp does not take its tokens")
        self._tokens = library.llama_model_get_vocab(self._model)

    def cut(self, text: str, *, adds_special: bool) -> list[int]:
        """The tokens of a text."""
        octets = text.encode()
        room = len(octets) + 8
        out = (ctypes.c_int32 * room)()
        count = self._library.llama_tokenize(
            self._tokens, octets, len(octets), out, room, adds_special, True
        )
        return list(out[: max(0, count)])

    def close(self) -> None:
        """Let it go."""
        self._library.llama_model_free(self._model)


def load_library(path: str) -> ctypes.CDLL:
    """llama.cpp, with the few functions that are called told."""
    library = ctypes.CDLL(path)
    pointer, size = ctypes.c_void_p, ctypes.c_int32
    library.llama_model_default_params.restype = _Parameters
    library.llama_model_load_from_file.restype = pointer
    library.llama_model_load_from_file.argtypes = [ctypes.c_char_p, _Parameters]
    library.llama_model_get_vocab.restype = pointer
    library.llama_model_get_vocab.argtypes = [pointer]
    library.llama_model_free.argtypes = [pointer]
    library.llama_model_free.restype = None
    library.llama_tokenize.restype = size
    library.llama_tokenize.argtypes = [
        pointer, ctypes.c_char_p, size, pointer, size, ctypes.c_bool, ctypes.c_bool
    ]  # fmt: skip
    library.llama_backend_init()
    return library


def settled(vocabulary: Vocabulary, library: ctypes.CDLL) -> dict[str, Value]:
    """The pairs of a vocabulary, with the candidate that is right.

    Raises:
        BadRequest: none is.
    """
    if vocabulary.reference is None:
        (only,) = vocabulary.candidates
        Cutter(library, {**vocabulary.pairs, **only}).close()
        return {**vocabulary.pairs, **only}
    expected = _expected(vocabulary)
    told = ""
    for candidate in vocabulary.candidates:
        pairs = {**vocabulary.pairs, **candidate}
        told = _differs(Cutter(library, pairs), expected)
        if not told:
            return pairs
    raise refusal(f"llama.cpp cuts texts otherwise than its tokenizer does, such as {told[:60]!r}")


def _expected(vocabulary: Vocabulary) -> list[tuple[str, list[int]]]:
    import tokenizers  # noqa: PLC0415 - an extra

    assert vocabulary.reference is not None
    try:
        tokenizer: Any = tokenizers.Tokenizer.from_buffer(vocabulary.reference)
    except ValueError as error:
        raise refusal("tokenizer.json is none that its library reads") from error
    signs = () if vocabulary.pairs["tokenizer.ggml.model"] == "bert" else SIGNS
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return [
        (text, tokenizer.encode(text, add_special_tokens=False).ids)
        for text in (*TEXTS, *signs, *_with_added(vocabulary.added))
    ]


def _with_added(added: tuple[str, ...]) -> Iterator[str]:
    for text in added[:_ADDED_MAX]:
        yield f"a{text}b"


def _differs(cutter: Cutter, expected: list[tuple[str, list[int]]]) -> str:
    """The first text that is cut otherwise; "" where all are alike."""
    try:
        for text, tokens in expected:
            if cutter.cut(text, adds_special=False) != tokens:
                return text
    finally:
        cutter.close()
    return ""


def _write_model(out: Any, pairs: Mapping[str, Value]) -> None:  # noqa: ANN401 - a file
    """A model of one narrow layer of nothing, with these tokens."""
    tokens = pairs["tokenizer.ggml.tokens"]
    assert isinstance(tokens, list)
    wide, square, thin = (len(tokens), _WIDTH), (_WIDTH, _WIDTH), (_WIDTH,)
    names = [("token_embd.weight", wide, "Q4_0"), ("output_norm.weight", thin, "F32")]
    names += [(f"blk.0.{name}.weight", thin, "F32") for name in ("attn_norm", "ffn_norm")]
    names += [
        (f"blk.0.{name}.weight", square, "F16")
        for name in ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down")
    ]
    placed = [
        Placed(name, tuple(reversed(shape)), number_of(kind), size_of(shape, kind))
        for name, shape, kind in names
    ]
    shape_pairs: dict[str, Value] = {
        "general.architecture": "llama",
        "llama.block_count": 1,
        "llama.context_length": 64,
        "llama.embedding_length": _WIDTH,
        "llama.feed_forward_length": _WIDTH,
        "llama.attention.head_count": 1,
        "llama.attention.layer_norm_rms_epsilon": 1e-5,
    }
    out.write(pack_header({**shape_pairs, **pairs}, placed))
    out.write(bytes(sum(padded(tensor.size_bytes) for tensor in placed)))
