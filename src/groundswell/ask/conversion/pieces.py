"""``tokenizer.model``: the pieces of a SentencePiece model, read out of its protocol buffer.

Knows the few fields that a vocabulary takes. Bounds-checked; numbers that no field needs are passed
over.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from groundswell.ask.conversion.values import refusal

PIECES_MAX: Final = 1_000_000
PIECE_BYTES_MAX: Final = 4096
_MODEL_BPE: Final = 2
_VARINT, _EIGHT, _BYTES, _FOUR = 0, 1, 2, 5


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece. ``kind`` is numbered as GGUF numbers types of tokens: 1 is normal."""

    text: bytes
    score: float
    kind: int


@dataclass(frozen=True, slots=True)
class Pieces:
    """All pieces in the order of their numbers, and whether text begins with a space."""

    items: tuple[Piece, ...]
    adds_space: bool


def read_pieces(octets: bytes) -> Pieces:
    """The pieces of a model.

    Raises:
        BadRequest: it is damaged, or is of a kind that llama.cpp does not cut as it does.
    """
    items: list[Piece] = []
    adds_space, is_bpe = True, False
    for number, value in _fields(octets):
        if number == 1 and isinstance(value, bytes):
            items.append(_piece(value))
            if len(items) > PIECES_MAX:
                raise refusal(f"tokenizer.model holds more than {PIECES_MAX:,} pieces")
        elif number == 2 and isinstance(value, bytes):
            is_bpe = dict(_fields(value)).get(3) == _MODEL_BPE
        elif number == 3 and isinstance(value, bytes):
            adds_space = _normalizer(value)
    if not is_bpe:
        raise refusal("tokenizer.model is no byte pair encoding")
    return Pieces(tuple(items), adds_space)


def _piece(octets: bytes) -> Piece:
    text, score, kind = b"", 0.0, 1
    for number, value in _fields(octets):
        if number == 1 and isinstance(value, bytes):
            text = value
        elif number == 2 and isinstance(value, bytes) and len(value) == 4:
            (score,) = struct.unpack("<f", value)
        elif number == 3 and isinstance(value, int):
            kind = value
    if len(text) > PIECE_BYTES_MAX or not 1 <= kind <= 6:
        raise refusal("tokenizer.model holds a piece that is none")
    return Piece(text, score, kind)


def _normalizer(octets: bytes) -> bool:
    fields = dict(_fields(octets))
    if fields.get(1, b"identity") != b"identity" and fields.get(2, b"") != b"":
        raise refusal("tokenizer.model rewrites texts before it cuts them")
    if fields.get(4, 1):
        raise refusal("tokenizer.model removes spaces before it cuts texts")
    return bool(fields.get(3, 1))


def _fields(octets: bytes) -> Iterator[tuple[int, int | bytes]]:
    place, end = 0, len(octets)
    while place < end:
        tag, place = _varint(octets, place)
        number, kind = tag >> 3, tag & 7
        if kind == _VARINT:
            value, place = _varint(octets, place)
            yield number, value
            continue
        if kind == _BYTES:
            size, place = _varint(octets, place)
        elif kind in {_EIGHT, _FOUR}:
            size = 8 if kind == _EIGHT else 4
        else:
            raise refusal("tokenizer.model is damaged")
        if size > end - place:
            raise refusal("tokenizer.model ends in the middle")
        yield number, octets[place : place + size]
        place += size


def _varint(octets: bytes, place: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if place >= len(octets):
            raise refusal("tokenizer.model ends in the middle")
        octet = octets[place]
        place += 1
        value |= (octet & 0x7F) << shift
        if octet < 0x80:
            return value, place
    raise refusal("tokenizer.model is damaged")
