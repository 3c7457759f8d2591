"""A static embedding model, read out of its folder: one table in safetensors, and its words.

Layouts are those of model2vec and wordllama: `tokenizer.json`, as Hugging Face's tokenizers write
it, beside a safetensors file with one table of a row for each piece. Of the tokenizer only its list
of pieces is read; it is never run. All of it may be a stranger's, so everything is bounded and
checked before anything is written. Does not know packs.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from groundswell.ask.packs.vectors.cutting import START
from groundswell.ask.packs.vectors.embedding import DIMENSIONS, SCALE_MAX, Rows
from groundswell.ask.packs.vectors.form import PIECES_BYTES_MAX, ROWS_MAX, is_piece
from groundswell.core.errors import BadRequest, Malformed
from groundswell.wire import safetensors
from groundswell.wire.safetensors import Tensor

TOKENIZER: Final = "tokenizer.json"
WEIGHTS: Final = "model.safetensors"
TOKENIZER_BYTES_MAX: Final = 64 << 20
WEIGHTS_BYTES_MAX: Final = 8 << 30
DIMENSIONS_MAX: Final = 4_096
# Where wordllama's package has its two files.
_INNER: Final = ("weights", "tokenizers")
_BLOCK_ROWS: Final = 4_096
_DTYPES: Final[Mapping[str, str]] = {"F32": "<f4", "F16": "<f2", "BF16": "<u2"}
_LINE_BYTES: Final = 6  # of a piece's line, beside the piece
_CONTINUES: Final = "##"  # what WordPiece puts before a piece that does not begin a word
_SPACE: Final = "Ġ"  # a space as byte-level BPE writes it


@dataclass(frozen=True, slots=True)
class StaticModel:
    """A model as packs hold it.

    Attributes:
        pieces: of words, sorted, in small letters.
        scales: how much the row of each weighs, 0 to SCALE_MAX.
        table: their rows, shape (pieces, DIMENSIONS).
        weights_sha256: of the file that the table is from.
        tokenizer_sha256: of the file that the pieces are from.
    """

    pieces: list[str]
    scales: list[int]
    table: Rows
    weights_sha256: str
    tokenizer_sha256: str


def refusal(why: str) -> BadRequest:
    """Why a folder is no model that vectors can be made with, and what is one."""
    return BadRequest(
        f"No vectors can be made with this model: {why}. A static embedding model is a folder with"
        f" {TOKENIZER} and one safetensors file that holds one table of {DIMENSIONS} columns, or of"
        " more where the first of them say most, as model2vec and wordllama write it."
    )


def read_model(folder: Path) -> StaticModel:
    """The model of a folder.

    Of tables with more than DIMENSIONS columns the first are taken: models that are trained so that
    the first say most (Matryoshka), or that were put in order of what they say, stay useful.

    Raises:
        BadRequest: it is none, or one that packs cannot hold; the message says why.
        OSError: a file cannot be read.
    """
    weights, tokenizer = model_files({str(each): each.name for each in _listed(folder)})
    data = _bounded(Path(tokenizer), TOKENIZER_BYTES_MAX)
    pieces = _pieces(data)
    path = Path(weights)
    table, tensor_dtype = _mapped(path)
    if max(pieces.values(), default=0) >= len(table):
        raise refusal("its tokenizer has more pieces than its table has rows")
    names = sorted(pieces)
    rows, scales = _quantised(table, tensor_dtype, np.array([pieces[each] for each in names]))
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return StaticModel(names, scales, rows, sha256, hashlib.sha256(data).hexdigest())


def model_files(names: Mapping[str, str]) -> tuple[str, str]:
    """Which of some files is the table and which the tokenizer: the keys of both.

    Args:
        names: the bare name of each file, by whatever it is known by.

    Raises:
        BadRequest: there are none, or several that might be.
    """
    weights = [key for key, name in names.items() if name.endswith(".safetensors")]
    exact = [key for key, name in names.items() if name == TOKENIZER]
    like = [
        key for key, name in names.items() if "tokenizer" in name.lower() and name.endswith(".json")
    ]
    tokenizers = exact or like
    if len(weights) != 1:
        raise refusal("it has " + ("no" if not weights else "more than one") + " safetensors file")
    if len(tokenizers) != 1:
        raise refusal(f"it has no {TOKENIZER}" if not tokenizers else "it has several tokenizers")
    return weights[0], tokenizers[0]


def _listed(folder: Path) -> Iterator[Path]:
    if not folder.is_dir():
        raise refusal(f"{folder} is no folder")
    for place in (folder, *(folder / name for name in _INNER)):
        if place.is_dir():
            yield from (each for each in sorted(place.iterdir()) if each.is_file())


def _bounded(path: Path, limit_bytes: int) -> bytes:
    if path.stat().st_size > limit_bytes:
        raise refusal(f"{path.name} is longer than {limit_bytes:,} bytes")
    return path.read_bytes()


# --- its pieces -----------------------------------------------------------------------------------


def _pieces(data: bytes) -> dict[str, int]:
    """The pieces that words are cut into, as `cutting` writes them, with their rows.

    Where the model knows a word only with capitals, that row stands for it.
    """
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise refusal("its tokenizer is not JSON in UTF-8") from error
    model = value.get("model") if isinstance(value, dict) else None
    listed = dict(_listed_pieces(model)) if isinstance(model, dict) else {}
    if not 0 < len(listed) <= ROWS_MAX:
        raise refusal(f"its tokenizer lists no pieces, or more than {ROWS_MAX:,}")
    write = _writing_of(listed, str(model.get("type", "")) if isinstance(model, dict) else "")
    found: dict[str, int] = {}
    folded: dict[str, int] = {}
    for piece, row in sorted(listed.items(), key=lambda each: each[1]):
        written = write(piece)
        small = written.lower()
        if is_piece(small):
            (found if small == written else folded).setdefault(small, row)
    if not found and not folded:
        raise refusal("its tokenizer has no piece that is a word or a part of one")
    pieces = {**folded, **found}
    if len("".join(pieces).encode()) + _LINE_BYTES * len(pieces) > PIECES_BYTES_MAX:
        raise refusal("its pieces are longer together than a pack may have")
    return pieces


def _listed_pieces(model: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    """What a tokenizer's model lists: text by number, or texts in their order with scores."""
    vocabulary = model.get("vocab")
    entries: Any = ()
    if isinstance(vocabulary, dict):
        entries = vocabulary.items()
    elif isinstance(vocabulary, list):
        entries = (
            (each[0] if isinstance(each, list) and each else None, row)
            for row, each in enumerate(vocabulary)
        )
    for piece, row in entries:
        if not isinstance(piece, str) or type(row) is not int or not 0 <= row < ROWS_MAX:
            raise refusal("a piece of its tokenizer is not a text with a number")
        yield piece, row


def _writing_of(listed: Mapping[str, int], kind: str) -> Callable[[str], str]:
    """How a tokenizer's pieces are written with a mark before those that begin a word."""
    if kind == "WordPiece":
        return lambda piece: (
            piece.removeprefix(_CONTINUES) if piece.startswith(_CONTINUES) else START + piece
        )
    if any(piece.startswith(START) for piece in listed):
        return lambda piece: piece
    if any(piece.startswith(_SPACE) for piece in listed):
        return _from_bytes
    raise refusal("its tokenizer does not say which pieces begin a word")


def _from_bytes(piece: str) -> str:
    """A piece of byte-level BPE as text; "" when its bytes are no whole characters."""
    octets = [_BYTES.get(each) for each in piece]
    if None in octets:
        return ""
    text = bytes(each for each in octets if each is not None).decode("utf-8", "ignore")
    written = text.removeprefix(" ")
    return START + written if written != text else text


def _byte_letters() -> dict[str, int]:
    """The byte of each letter that GPT-2 writes bytes as: those that can be seen as themselves."""
    seen = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [octet for octet in range(256) if octet not in seen]
    found = {chr(octet): octet for octet in seen}
    return found | {chr(256 + number): octet for number, octet in enumerate(others)}


_BYTES: Final = _byte_letters()


# --- its table ------------------------------------------------------------------------------------


def _mapped(path: Path) -> tuple[npt.NDArray[Any], str]:
    """The table of a safetensors file, in memory only as far as it is read, and its type."""
    size_bytes = path.stat().st_size
    if size_bytes > WEIGHTS_BYTES_MAX:
        raise refusal(f"{path.name} is longer than {WEIGHTS_BYTES_MAX:,} bytes")
    try:
        with path.open("rb") as file:
            prefix = file.read(safetensors.PREFIX_BYTES)
            length = safetensors.header_bytes(prefix, size_bytes)
            header = safetensors.parse_header(file.read(length), size_bytes)
    except Malformed as error:
        raise refusal(f"{path.name} is no safetensors file: {error.why}") from error
    if len(header.tensors) != 1:
        raise refusal(f"{path.name} holds {len(header.tensors)} tensors and not one table")
    (tensor,) = header.tensors
    _check_table(tensor)
    start = safetensors.PREFIX_BYTES + length + tensor.start
    dtype = np.dtype(_DTYPES[tensor.dtype])
    return np.memmap(path, dtype, "r", start, tensor.shape), tensor.dtype


def _check_table(tensor: Tensor) -> None:
    if len(tensor.shape) != 2 or tensor.dtype not in _DTYPES:
        raise refusal("its tensor is not a table of F32, F16 or BF16")
    rows, columns = tensor.shape
    if not 0 < rows <= ROWS_MAX:
        raise refusal(f"its table has {rows:,} rows, and may have {ROWS_MAX:,}")
    if not DIMENSIONS <= columns <= DIMENSIONS_MAX:
        raise refusal(
            f"its table has {columns:,} columns: {DIMENSIONS} are needed, and of at most"
            f" {DIMENSIONS_MAX:,} the first {DIMENSIONS} are taken"
        )


def _quantised(
    table: npt.NDArray[Any], dtype: str, rows: npt.NDArray[np.int64]
) -> tuple[Rows, list[int]]:
    """Rows of a table as whole numbers, each to its own largest, and what each weighs."""
    made = np.zeros((len(rows), DIMENSIONS), np.int8)
    largest = np.zeros(len(rows))
    for start in range(0, len(rows), _BLOCK_ROWS):
        taken = np.asarray(table[rows[start : start + _BLOCK_ROWS], :DIMENSIONS])
        if dtype == "BF16":  # the upper half of an F32
            taken = (taken.astype("<u4") << 16).view("<f4")
        numbers = taken.astype(np.float64)
        if not np.isfinite(numbers).all():
            raise refusal("its table holds something that is not a number")
        most = np.abs(numbers).max(axis=1)
        largest[start : start + len(numbers)] = most
        made[start : start + len(numbers)] = np.rint(
            numbers * 127 / np.maximum(most, np.finfo(np.float64).tiny)[:, None]
        )
    if not largest.any():
        raise refusal("its table holds nothing but noughts")
    scales = np.rint(largest * (SCALE_MAX / largest.max())).astype(int)
    return made, [int(each) for each in scales]
