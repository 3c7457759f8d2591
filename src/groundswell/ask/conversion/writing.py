"""A folder of safetensors written as one GGUF file, tensor after tensor, a few rows at a time.

The same folder, quantisation and llama.cpp give the same bytes. Knows no process and no hub.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping
from typing import BinaryIO, Final

from groundswell.ask.conversion.numbers import Quantiser, rows_of
from groundswell.ask.conversion.quantising import file_number_of, number_of, size_of
from groundswell.ask.conversion.source import MODULES, POOLING, Folder, Source, source_of
from groundswell.ask.conversion.templates import DEFAULT, templates_of
from groundswell.ask.conversion.trying import settled
from groundswell.ask.conversion.values import Work, refusal
from groundswell.ask.conversion.vocabulary import vocabulary_of
from groundswell.wire.gguf_writing import Placed, Value, pack_header, padded

Progress = Callable[[int], None]

_QUANTISATION_VERSION: Final = 2
_MEAN, _CLASS, _LAST = 1, 2, 3
_POOLINGS: Final[Mapping[str, int]] = {
    "pooling_mode_mean_tokens": _MEAN,
    "pooling_mode_cls_token": _CLASS,
    "pooling_mode_lasttoken": _LAST,
}
_MODULES: Final = frozenset({"Transformer", "Pooling", "Normalize"})


def write_model(
    folder: Folder, quantisation: str, out: BinaryIO, library: ctypes.CDLL, progress: Progress
) -> None:
    """Write the file; ``progress`` is told how many bytes are.

    Raises:
        BadRequest: the folder is not converted, and why.
    """
    source = source_of(folder)
    vocabulary = vocabulary_of(folder, source.blueprint.vocabulary_size)
    pairs: dict[str, Value] = {
        **source.blueprint.pairs,
        **pooling_of(folder, source),
        "general.file_type": file_number_of(quantisation),
        "general.quantization_version": _QUANTISATION_VERSION,
        **settled(vocabulary, library),
        **_templates(folder),
    }
    works = source.works(quantisation)
    header = pack_header(pairs, [_placed(work) for work in works])
    out.write(header)
    done_bytes = len(header)
    quantiser = Quantiser(library)
    for work in works:
        size_bytes = 0
        for rows in rows_of(work, folder.read):
            octets = quantiser.rows(rows, work.type)
            out.write(octets)
            size_bytes += len(octets)
            progress(done_bytes + size_bytes)
        assert size_bytes == size_of(work.shape, work.type)
        out.write(bytes(padded(size_bytes) - size_bytes))
        done_bytes += padded(size_bytes)
    progress(done_bytes)


def _placed(work: Work) -> Placed:
    shape = tuple(reversed(work.shape))
    return Placed(work.target, shape, number_of(work.type), size_of(work.shape, work.type))


def _templates(folder: Folder) -> dict[str, Value]:
    found = templates_of(folder)
    pairs: dict[str, Value] = {}
    if DEFAULT in found:
        pairs["tokenizer.chat_template"] = found.pop(DEFAULT)
    if found:
        pairs["tokenizer.chat_templates"] = sorted(found)
        pairs |= {f"tokenizer.chat_template.{name}": found[name] for name in sorted(found)}
    return pairs


def pooling_of(folder: Folder, source: Source) -> dict[str, Value]:
    """How the vectors of tokens become one, for models that read and do not write.

    Raises:
        BadRequest: in a way that llama.cpp lacks.
    """
    name = source.blueprint.architecture
    if name != "bert":
        return {}
    modules = folder.json(MODULES)
    if not isinstance(modules, list | None) or not all(isinstance(m, dict) for m in modules or ()):
        raise refusal(f"{MODULES} is no list of objects")
    kinds = {str(each.get("type")).rpartition(".")[2] for each in modules or ()}
    if kinds - _MODULES:
        raise refusal(
            f"{MODULES}: {', '.join(sorted(kinds - _MODULES))[:100]} is not converted here"
        )
    told = folder.object(POOLING)
    wanted = [key for key, value in told.items() if key.startswith("pooling_mode_") and value]
    if any(key not in _POOLINGS for key in wanted) or len(wanted) > 1:
        raise refusal(f"{POOLING}: {', '.join(wanted)[:100]} is not converted here")
    # Without a word the mean is what libraries take.
    return {f"{name}.pooling_type": _POOLINGS[wanted[0]] if wanted else _MEAN}
