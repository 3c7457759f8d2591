"""Tokens as llama.cpp keeps them, from ``tokenizer.json`` or ``tokenizer.model``.

Knows byte pairs over bytes (GPT-2's kind), over pieces (SentencePiece's kind) and word pieces. Of
what cannot be read off, such as how texts are split before, it gives several candidates: `trying`
takes the first that cuts texts as the original does.
"""

from __future__ import annotations

import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from groundswell.ask.conversion import pieces
from groundswell.ask.conversion.source import (
    ADDED,
    CONFIG,
    PIECES,
    SPECIAL,
    TOKENIZER,
    TOKENIZER_CONFIG,
    Folder,
)
from groundswell.ask.conversion.values import Json, refusal
from groundswell.wire.gguf_writing import Value

TOKENS_MAX: Final = 1_000_000
MERGES_MAX: Final = 2_000_000
TOKEN_CHARACTERS_MAX: Final = 4096
_NORMAL, _UNKNOWN, _CONTROL, _USER, _UNUSED, _BYTE = 1, 2, 3, 4, 5, 6
_ADDED_SCORE: Final = -1000.0
_UNUSED_SCORE: Final = -10000.0
_SPACE: Final = "\u2581"
_SPECIALS: Final[Mapping[str, str]] = {
    "bos": "bos_token_id",
    "eos": "eos_token_id",
    "unk": "unknown_token_id",
    "sep": "seperator_token_id",
    "pad": "padding_token_id",
    "cls": "cls_token_id",
    "mask": "mask_token_id",
}
# How llama.cpp splits texts before byte pairs are put together, and whether a word that is a token
# is taken as it is.
_SPLITS: Final[Mapping[str, bool]] = {
    "llama-bpe": True,
    "tekken": True,
    "qwen2": False,
    "smollm": False,
    "gpt-4o": False,
    "deepseek-llm": False,
    "deepseek-coder": False,
    "stablelm2": False,
    "gpt-2": False,
}


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What goes into the file, and what may be right beside it: one of ``candidates``.

    ``reference`` is tokenizer.json, where texts can be cut with it.
    """

    pairs: Mapping[str, Value]
    candidates: tuple[Mapping[str, Value], ...]
    reference: bytes | None
    added: tuple[str, ...]


@dataclass(slots=True)
class _Table:
    """Tokens by number, to be filled."""

    texts: list[str | bytes]
    scores: list[float]
    kinds: list[int]


def vocabulary_of(folder: Folder, size: int) -> Vocabulary:
    """The tokens of a folder, as many as the model has rows for.

    Raises:
        BadRequest: none, or a kind that is not known.
    """
    octets = folder.text(TOKENIZER)
    if octets is None and PIECES not in folder.sizes:
        raise refusal(f"neither {TOKENIZER} nor {PIECES} is there")
    tokenizer = folder.object(TOKENIZER)
    model = tokenizer.get("model", {})
    kind = model.get("type") if isinstance(model, dict) else None
    if octets is None or (kind == "BPE" and model.get("byte_fallback")):
        found = _of_pieces(folder, tokenizer, size)
    elif kind == "BPE" and "ByteLevel" in _kinds(tokenizer.get("pre_tokenizer")):
        found = _of_bytes(tokenizer, size)
    elif kind == "WordPiece":
        found = _of_words(tokenizer, size)
    else:
        raise refusal(f"its tokens are of a kind that is not known here ({str(kind)[:40]!r})")
    special = _special(folder, tokenizer, found.pairs)
    return replace(found, pairs={**found.pairs, **special}, reference=octets)


def _kinds(value: object) -> set[str]:
    """Every type that stands in a part of tokenizer.json, two levels deep."""
    if not isinstance(value, dict):
        return set()
    inner = [value]
    for key in ("pretokenizers", "normalizers", "processors"):
        inner += [each for each in value.get(key) or () if isinstance(each, dict)]
    return {str(each.get("type")) for each in inner}


# --- kinds --------------------------------------------------------------------------------------


def _of_bytes(tokenizer: Json, size: int) -> Vocabulary:
    table, added = _table(tokenizer, size)
    model = tokenizer["model"]
    if _kinds(tokenizer.get("normalizer")) - {"NFC", "Sequence"}:
        raise refusal("its tokenizer rewrites texts before it cuts them")
    ignores = bool(model.get("ignore_merges"))
    splits = [name for name, takes in _SPLITS.items() if takes == ignores]
    pairs: dict[str, Value] = {
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.tokens": [str(text) for text in table.texts],
        "tokenizer.ggml.token_type": array.array("i", table.kinds),
        "tokenizer.ggml.merges": list(_merges(model)),
    }
    candidates = tuple({"tokenizer.ggml.pre": name} for name in splits)
    return Vocabulary(pairs, candidates, None, added)


def _of_words(tokenizer: Json, size: int) -> Vocabulary:
    table, added = _table(tokenizer, size)
    if tokenizer["model"].get("continuing_subword_prefix") != "##":
        raise refusal("its word pieces are marked in a way that is not known here")
    texts = [
        text if kind == _CONTROL else text[2:] if text.startswith("##") else _SPACE + text
        for text, kind in zip(map(str, table.texts), table.kinds, strict=True)
    ]
    pairs: dict[str, Value] = {
        "tokenizer.ggml.model": "bert",
        "tokenizer.ggml.pre": "default",
        "tokenizer.ggml.tokens": texts,
        "tokenizer.ggml.token_type": array.array("i", table.kinds),
    }
    normalizer = tokenizer.get("normalizer")
    if isinstance(normalizer, dict) and normalizer.get("type") == "BertNormalizer":
        for theirs in ("lowercase", "strip_accents"):
            if isinstance(normalizer.get(theirs), bool):
                pairs[f"tokenizer.ggml.normalizer.{theirs}"] = normalizer[theirs]
    return Vocabulary(pairs, ({},), None, added)


def _of_pieces(folder: Folder, tokenizer: Json, size: int) -> Vocabulary:
    octets = folder.text(PIECES)
    spaces: tuple[bool, ...]
    if octets is not None:
        read = pieces.read_pieces(octets)
        table, added = _pieces_table(folder, read, tokenizer, size), _added_texts(tokenizer)
        spaces = (read.adds_space, not read.adds_space) if tokenizer else (read.adds_space,)
    else:
        table, added = _table(tokenizer, size)
        _score(table, tokenizer["model"])
        spaces = (True, False)
    pairs: dict[str, Value] = {
        "tokenizer.ggml.model": "llama",
        "tokenizer.ggml.pre": "default",
        "tokenizer.ggml.tokens": [
            text if isinstance(text, bytes) else text.encode() for text in table.texts
        ],
        "tokenizer.ggml.scores": array.array("f", table.scores),
        "tokenizer.ggml.token_type": array.array("i", table.kinds),
    }
    candidates = tuple({"tokenizer.ggml.add_space_prefix": adds} for adds in spaces)
    return Vocabulary(pairs, candidates, None, added)


# --- tables -------------------------------------------------------------------------------------


def _empty(size: int) -> _Table:
    texts: list[str | bytes] = [f"[PAD{number}]" for number in range(size)]
    return _Table(texts, [_UNUSED_SCORE] * size, [_UNUSED] * size)


def _table(tokenizer: Json, size: int) -> tuple[_Table, tuple[str, ...]]:
    """The tokens of tokenizer.json, those that were added too."""
    vocabulary = tokenizer["model"].get("vocab")
    if not isinstance(vocabulary, dict) or not 0 < len(vocabulary) <= TOKENS_MAX:
        raise refusal(f"{TOKENIZER} holds no vocabulary of up to {TOKENS_MAX:,} tokens")
    table = _empty(size)
    for text, number in vocabulary.items():
        _put(table, number, text, _NORMAL, 0.0)
    for item in _added(tokenizer):
        _put_added(table, item["id"], item)
    return table, _added_texts(tokenizer)


def _put(table: _Table, number: object, text: str | bytes, kind: int, score: float) -> None:
    if type(number) is not int or not 0 <= number < len(table.texts):
        msg = f"a token has the number {str(number)[:20]}, and its table {len(table.texts)} rows"
        raise refusal(msg)
    if len(text) > TOKEN_CHARACTERS_MAX:
        raise refusal("a token is longer than tokens are")
    table.texts[number], table.kinds[number], table.scores[number] = text, kind, score


def _put_added(table: _Table, number: object, item: Json) -> None:
    text = str(item.get("content"))
    is_control = bool(item.get("special")) or _looks_special(text)
    # Spaces of what is no control token are looked for in texts as they are.
    kind, shown = (_CONTROL, text) if is_control else (_USER, text.replace(_SPACE, " "))
    _put(table, number, shown, kind, _ADDED_SCORE)


def _looks_special(text: str) -> bool:
    """Some tokens control, and are not marked so."""
    if text in {"<pad>", "<mask>", "<2mass>", "[@BOS@]"}:
        return True
    ends = (("<|", "|>"), ("<\uff5c", "\uff5c>"), ("<unused", ">"))
    return any(text.startswith(begin) and text.endswith(end) for begin, end in ends)


def _added(tokenizer: Json) -> list[dict[str, Any]]:
    items = tokenizer.get("added_tokens") or []
    if not isinstance(items, list) or not all(
        isinstance(item, dict) and isinstance(item.get("content"), str) for item in items
    ):
        raise refusal(f"{TOKENIZER}: its added tokens are none")
    return items


def _added_texts(tokenizer: Json) -> tuple[str, ...]:
    return tuple(item["content"] for item in _added(tokenizer))


def _pieces_table(folder: Folder, read: pieces.Pieces, tokenizer: Json, size: int) -> _Table:
    table = _empty(size)
    for number, piece in enumerate(read.items[:size]):
        _put(table, number, piece.text, piece.kind, piece.score)
    for text, number in folder.object(ADDED).items():
        _put(table, number, text, _USER, _ADDED_SCORE)
    for item in _added(tokenizer):
        if table.kinds[_row(item, size)] != _BYTE:
            _put_added(table, item["id"], item)
    decoder = folder.object(TOKENIZER_CONFIG).get("added_tokens_decoder")
    for text, item in decoder.items() if isinstance(decoder, dict) else ():
        if isinstance(item, dict) and text.isdecimal() and isinstance(item.get("content"), str):
            _put_added(table, int(text), item)
    unknown = [number for number, piece in enumerate(read.items[:size]) if piece.kind == _UNKNOWN]
    for number in unknown:
        table.kinds[number] = _UNKNOWN
    return table


def _row(item: Json, size: int) -> int:
    number = item.get("id")
    if type(number) is not int or not 0 <= number < size:
        raise refusal(f"a token has the number {str(number)[:20]}, and its table {size} rows")
    return number


def _merges(model: Json) -> Iterator[str]:
    merges = model.get("merges")
    if not isinstance(merges, list) or len(merges) > MERGES_MAX:
        raise refusal(f"{TOKENIZER} holds no list of up to {MERGES_MAX:,} merges")
    for merge in merges:
        halves = merge.split(" ") if isinstance(merge, str) else merge
        if (
            not isinstance(halves, list)
            or len(halves) != 2
            or not all(isinstance(half, str) and half and " " not in half for half in halves)
        ):
            raise refusal(f"{TOKENIZER}: a merge is no pair of tokens")
        yield f"{halves[0]} {halves[1]}"


def _score(table: _Table, model: Json) -> None:
    """Scores that join pieces in the order of the merges."""
    ranks: dict[str, float] = {}
    for rank, merge in enumerate(model.get("merges") or ()):
        halves = merge.split(" ") if isinstance(merge, str) else merge
        ranks.setdefault("".join(map(str, halves)), -float(rank))
    for number, text in enumerate(table.texts):
        is_byte = isinstance(text, str) and len(text) == 6 and text.startswith("<0x")
        if table.kinds[number] == _NORMAL:
            table.kinds[number] = _BYTE if is_byte else _NORMAL
            table.scores[number] = ranks.get(str(text), _UNUSED_SCORE)
    unknown = model.get("unk_token")
    if unknown in table.texts:
        table.kinds[table.texts.index(unknown)] = _UNKNOWN


# --- special tokens -----------------------------------------------------------------------------


def _special(folder: Folder, tokenizer: Json, pairs: Mapping[str, Value]) -> dict[str, Value]:
    """The numbers of tokens with a meaning, and which of them texts begin and end with."""
    config, told = folder.object(TOKENIZER_CONFIG), folder.object(SPECIAL)
    model_config = folder.object(CONFIG)
    texts = pairs["tokenizer.ggml.tokens"]
    assert isinstance(texts, list)
    numbers: dict[str | bytes, int] = {}
    for number, text in enumerate(texts):
        numbers.setdefault(text.decode("utf-8", "replace") if isinstance(text, bytes) else text,
                           number)  # fmt: skip
    found: dict[str, Value] = {}
    for name, key in _SPECIALS.items():
        text = _content(config.get(f"{name}_token")) or _content(told.get(f"{name}_token"))
        given = model_config.get(f"{name}_token_id")
        chosen = numbers.get(text) if text else given
        if type(chosen) is int and 0 <= chosen < len(texts):
            found[f"tokenizer.ggml.{key}"] = chosen
    # Whoever has no word for the beginning calls it by class, as BERT does.
    for name, stands_for in (("bos", "cls"), ("eos", "sep")):
        own, other = (f"tokenizer.ggml.{_SPECIALS[each]}" for each in (name, stands_for))
        if own not in found and other in found:
            found[own] = found[other]
    return {**found, **_around(tokenizer, config, found)}


def _content(value: object) -> str:
    if isinstance(value, dict):
        value = value.get("content")
    return value if isinstance(value, str) else ""


def _around(tokenizer: Json, config: Json, special: Mapping[str, Value]) -> dict[str, Value]:
    """Whether the first and last token are set by themselves."""
    first, last = _ends_of(tokenizer)
    begins, ends = (
        special.get("tokenizer.ggml.bos_token_id"),
        special.get("tokenizer.ggml.eos_token_id"),
    )
    if (first is not None and first != begins) or (last is not None and last != ends):
        raise refusal("its tokenizer puts tokens around texts that are neither beginning nor end")
    found: dict[str, Value] = {}
    for name, is_set in (("bos", first is not None), ("eos", last is not None)):
        given = config.get(f"add_{name}_token")
        found[f"tokenizer.ggml.add_{name}_token"] = given if isinstance(given, bool) else is_set
    return found


def _ends_of(tokenizer: Json) -> tuple[int | None, int | None]:
    """The numbers of the tokens that are put before and behind one text."""
    processor = tokenizer.get("post_processor") or {}
    parts = processor.get("processors") if processor.get("type") == "Sequence" else [processor]
    for part in parts or ():
        if isinstance(part, dict) and part.get("type") == "TemplateProcessing":
            return _of_template(part)
        if isinstance(part, dict) and part.get("type") in {"BertProcessing", "RobertaProcessing"}:
            return part["cls"][1], part["sep"][1]
    return None, None


def _of_template(part: Json) -> tuple[int | None, int | None]:
    single = part.get("single") or []
    numbers = {name: value.get("ids") for name, value in (part.get("special_tokens") or {}).items()}
    before: list[int] = []
    behind: list[int] = []
    side = before
    for each in single:
        if "Sequence" in each:
            side = behind
        else:
            side += numbers.get(each.get("SpecialToken", {}).get("id")) or []
    if len(before) > 1 or len(behind) > 1:
        raise refusal("its tokenizer puts several tokens around texts")
    return before[0] if before else None, behind[0] if behind else None
