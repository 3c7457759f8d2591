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
from groundswell.ask.conversion.values import refuse
from groundswell.ask.conversion.vocabulary import Vocabulary
from groundswell.wire.gguf_writing import Placed, Value, pack_header, padded

_ADDED_MAX: Final = 300
_PARAMETERS_BYTES: Final = 512
_WIDTH: Final = 32

# Digits, case, quotes, spaces, lines, scripts, signs, code: wherever splitters differ.
TEXTS: Final = (
    "Hello, World! It's what you'd expect; they've said SO.",
    "I'M sure HE'LL DON'T we'Re you'VE 'tis 'Twas rock'n'roll \u2019s can\u2019t",
    "1 12 123 1234 12345 123456 1234567 3.14159 1,000,000 2026-11-27 0x1F 10^6 \u0664\u0662 \u00b2\u00bd",
    "a  b   c    d\t\te\n\nf\r\n\r\ng \n h\n \n\n  i   ",
    "   leading and trailing   ",
    "\n\n\n\tdef f(x: int) -> str:\n        return f\"{x!r:>10}\"  # done\n\n\n",
    "for(int i=0;i<10;++i){a[i]=b[i]*2;}//loop ----==== ***** ((())) !?!? ...",
    "CamelCaseWords snake_case_words kebab-case XMLHttpRequest iPhone15Pro v2.0.1",
    "na\u00efve caf\u00e9 \u00dcbergr\u00f6\u00dfe stra\u00dfe e\u0301clair A\u030angstr\u00f6m \u0130stanbul \u01c4",
    "\u043d\u0435\u0449\u043e \u043d\u0430 \u0411\u044a\u043b\u0433\u0430\u0440\u0441\u043a\u0438 \u0395\u03bb\u03bb\u03b7\u03bd\u03b9\u03ba\u03ac \u05e2\u05d1\u05e8\u05d9\u05ea \u0627\u0644\u0639\u0631\u0628\u064a\u0629",
    "\u6211\u60f3\u5728apple\u5de5\u4f5c1314151\u5929\uff5e \u65e5\u672c\u8a9e\u306e\u30c6\u30ad\u30b9\u30c8 \u4f60\u597d\uff0c\u4e16\u754c\uff01",
    "\U0001f680 (normal) \U0001f636\u200d\U0001f32b\ufe0f \u2705 \U0001f999\U0001f999 \U0001f1e9\U0001f1ea \u2192 \u2211 \u221e \u20ac $ \u00a3",
    "<p class=\"a\">x &amp; y</p> {\"k\": [1, null, true]} https://example.org/a?b=c#d a@b.cc",
    "'''''' ```` \"\"\"\" !!!!!! ?????? ====== \u2026\u2026 \u201cquoted\u201d \u00abso\u00bb \u2014\u2013-",
    "word1word22word333 a1b2c3 1st 2nd 3rd 50% #42 C++ C# .NET",
    "x", " x", "  x", "1", " 1", "12", "\n", " \n", "\n x", "'s", "\u00e9", "\u6211",
)  # fmt: skip


# Signs that llama.cpp leaves out where it cuts words into pieces, as BERT does not: there they are
# told of and not tried.
SIGNS: Final = (
    "\u0e20\u0e32\u0e29\u0e32\u0e44\u0e17\u0e22 \u0939\u093f\u0928\u094d\u0926\u0940 \u1780\u17b6\u1793\u17cb\u178f\u17c2 \u0ba4\u0bae\u0bbf\u0bb4\u0bcd",
    "\ud55c\uad6d\uc5b4 \ubb38\uc7a5\uc785\ub2c8\ub2e4.",
)  # fmt: skip


class _Parameters(ctypes.Structure):
    """llama.cpp's own, as it fills them: larger than it needs, and not looked into."""

    _fields_ = (("octets", ctypes.c_ubyte * _PARAMETERS_BYTES),)


class _Cutter:
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
            refuse("llama.cpp does not take its tokens")
        self._tokens = library.llama_model_get_vocab(self._model)

    def cut(self, text: str, *, adds_special: bool) -> list[int]:
        octets = text.encode()
        room = len(octets) + 8
        out = (ctypes.c_int32 * room)()
        count = self._library.llama_tokenize(
            self._tokens, octets, len(octets), out, room, adds_special, True
        )
        return list(out[: max(0, count)])

    def close(self) -> None:
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
        _Cutter(library, {**vocabulary.pairs, **only}).close()
        return {**vocabulary.pairs, **only}
    expected = _expected(vocabulary)
    told = ""
    for candidate in vocabulary.candidates:
        pairs = {**vocabulary.pairs, **candidate}
        told = _differs(_Cutter(library, pairs), expected)
        if not told:
            return pairs
    refuse(f"llama.cpp cuts texts otherwise than its tokenizer does, such as {told[:60]!r}")


def _expected(vocabulary: Vocabulary) -> list[tuple[str, list[int]]]:
    import tokenizers  # noqa: PLC0415 - an extra

    assert vocabulary.reference is not None
    try:
        tokenizer: Any = tokenizers.Tokenizer.from_buffer(vocabulary.reference)
    except ValueError:
        refuse("tokenizer.json is none that its library reads")
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


def _differs(cutter: _Cutter, expected: list[tuple[str, list[int]]]) -> str:
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


