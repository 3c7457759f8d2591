"""A folder of safetensors as it is read: configuration, headers, and what its files become.

Knows the names of files and reads them by range, within bounds. The same code looks at a folder in
the hub, where only sizes are wanted, and in the process that converts it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from groundswell.ask.conversion.architectures import blueprint_of
from groundswell.ask.conversion.quantising import Model, size_of, type_of
from groundswell.ask.conversion.values import Blueprint, Json, Part, Place, Work, refusal
from groundswell.core.errors import Malformed
from groundswell.wire import safetensors
from groundswell.wire.gguf_writing import padded

Read = Callable[[str, int, int], bytes]

CONFIG: Final = "config.json"
TOKENIZER: Final = "tokenizer.json"
PIECES: Final = "tokenizer.model"
TOKENIZER_CONFIG: Final = "tokenizer_config.json"
SPECIAL: Final = "special_tokens_map.json"
ADDED: Final = "added_tokens.json"
TEMPLATE: Final = "chat_template.jinja"
TEMPLATE_JSON: Final = "chat_template.json"
GENERATION: Final = "generation_config.json"
MODULES: Final = "modules.json"
POOLING: Final = "1_Pooling/config.json"
WEIGHTS: Final = "model.safetensors"
INDEX: Final = "model.safetensors.index.json"

# What a conversion reads beside weights. The bound of each is what it may be long.
TEXTS: Final[Mapping[str, int]] = {
    CONFIG: 1 << 20,
    TOKENIZER: 64 << 20,
    PIECES: 16 << 20,
    TOKENIZER_CONFIG: 16 << 20,
    SPECIAL: 1 << 20,
    ADDED: 4 << 20,
    TEMPLATE: 1 << 20,
    TEMPLATE_JSON: 2 << 20,
    GENERATION: 1 << 20,
    MODULES: 1 << 20,
    POOLING: 1 << 20,
}
ADAPTER_CONFIG: Final = "adapter_config.json"
_OTHER_TEXTS: Final = {INDEX: safetensors.INDEX_BYTES_MAX, ADAPTER_CONFIG: 1 << 20}
SHARDS_MAX: Final = 256
TENSORS_MAX: Final = 20_000
HEADER_BYTES_MAX: Final = 4 << 20
HEADERS_BYTES_MAX: Final = 16 << 20
_READABLE: Final = frozenset({"F32", "F16", "BF16"})


@dataclass(frozen=True, slots=True)
class Folder:
    """The files that a conversion reads: their sizes by name, and how they are read."""

    sizes: Mapping[str, int]
    read: Read

    def text(self, name: str) -> bytes | None:
        """A whole file; None where it is not there."""
        size_bytes = self.sizes.get(name)
        if size_bytes is None:
            return None
        limit_bytes = {**TEXTS, **_OTHER_TEXTS}[name]
        if size_bytes > limit_bytes:
            raise refusal(f"{name} is longer than {limit_bytes:,} bytes")
        return self.read(name, 0, size_bytes)

    def json(self, name: str) -> Any:  # noqa: ANN401 - what JSON holds
        """A file of JSON; None where it is not there."""
        octets = self.text(name)
        if octets is None:
            return None
        try:
            return json.loads(octets)
        except (ValueError, RecursionError) as error:
            raise refusal(f"{name} is not JSON in UTF-8") from error

    def object(self, name: str) -> Json:
        """A file with an object; an empty one where it is not there."""
        value = self.json(name)
        if value is None:
            return {}
        if not isinstance(value, dict):
            raise refusal(f"{name} is no object")
        return value


@dataclass(frozen=True, slots=True)
class Source:
    """What a folder holds, checked against what its architecture needs."""

    blueprint: Blueprint
    config: Json
    found: tuple[tuple[Part, Place], ...]
    weights_bytes: int = 0
    model: Model = field(default=Model("", 0, has_output=False, shares_heads=False))

    def works(self, quantisation: str) -> tuple[Work, ...]:
        """Every tensor of the file that is made, in its order."""
        works = [
            Work(part.target, part.shape, self._type(part, quantisation), part, place)
            for part, place in self.found
        ]
        works += [
            Work(name, (len(numbers),), "F32", numbers=numbers)
            for name, numbers in self.blueprint.made.items()
        ]
        return tuple(works)

    def _type(self, part: Part, quantisation: str) -> str:
        return type_of(part.target, part.shape, quantisation, self.model)

    def size_bytes(self, quantisation: str) -> int:
        """What all tensors take; the vocabulary comes on top."""
        return sum(padded(size_of(work.shape, work.type)) for work in self.works(quantisation))

    @property
    def parameter_count(self) -> int:
        """How many numbers its tensors hold."""
        return sum(math.prod(part.shape) for part, _ in self.found)


def weight_files(folder: Folder) -> tuple[str, ...]:
    """The files that weights lie in; nothing where there are none of the usual names.

    Raises:
        BadRequest: an index that is none.
    """
    octets = folder.text(INDEX)
    if octets is None:
        return (WEIGHTS,) if WEIGHTS in folder.sizes else ()
    try:
        files = safetensors.parse_index(octets)
    except Malformed as error:
        raise refusal(f"{INDEX}: {error.why}") from error
    if not 0 < len(files) <= SHARDS_MAX or any("/" in name or "\\" in name for name in files):
        raise refusal(f"{INDEX} names {len(files)} files, or files elsewhere")
    return files


def source_of(folder: Folder) -> Source:
    """Look at a folder: at its configuration and the headers of its weights.

    Raises:
        BadRequest: something is missing, or is not what the configuration says.
    """
    if CONFIG not in folder.sizes:
        raise refusal(f"{CONFIG} is not there")
    config = folder.object(CONFIG)
    blueprint = blueprint_of(config)
    files = weight_files(folder)
    places = places_of(folder, files)
    found = tuple(_match(blueprint, places))
    has_output = any(part.target == "output.weight" for part, _ in found)
    heads, kv_heads = (
        blueprint.pairs.get(f"{blueprint.architecture}.attention.{key}")
        for key in ("head_count", "head_count_kv")
    )
    model = Model(
        blueprint.architecture, blueprint.layers, has_output=has_output,
        shares_heads=heads != kv_heads,
    )  # fmt: skip
    return Source(blueprint, config, found, sum(folder.sizes[file] for file in files), model)


def places_of(folder: Folder, files: tuple[str, ...]) -> dict[str, Place]:
    """Every tensor of some files by its name.

    Raises:
        BadRequest: a file is damaged, or a tensor stands in two.
    """
    found: dict[str, Place] = {}
    headers_bytes = 0
    for file in files:
        if file not in folder.sizes:
            raise refusal(f"the file {file[:100]} is missing")
        size_bytes = folder.sizes[file]
        tensors, begin = _header(folder, file, size_bytes)
        headers_bytes += begin
        if headers_bytes > HEADERS_BYTES_MAX:
            raise refusal(f"the headers of its files are longer than {HEADERS_BYTES_MAX:,} bytes")
        for tensor in tensors:
            if tensor.name in found:
                raise refusal(f"the tensor {tensor.name[:80]} stands in two files")
            start, stop = begin + tensor.start, begin + tensor.stop
            found[tensor.name] = Place(file, tensor.dtype, tensor.shape, start, stop)
        if len(found) > TENSORS_MAX:
            raise refusal(f"it holds more than {TENSORS_MAX:,} tensors")
    return found


def _header(
    folder: Folder, file: str, size_bytes: int
) -> tuple[tuple[safetensors.Tensor, ...], int]:
    """The tensors of a file, and where their data begins."""
    try:
        prefix = folder.read(file, 0, min(size_bytes, safetensors.PREFIX_BYTES))
        length = safetensors.header_bytes(prefix, size_bytes)
        if length > HEADER_BYTES_MAX:
            raise refusal(f"{file}: its header is longer than {HEADER_BYTES_MAX:,} bytes")
        begin = safetensors.PREFIX_BYTES + length
        octets = folder.read(file, safetensors.PREFIX_BYTES, begin)
        header = safetensors.parse_header(octets, size_bytes)
    except Malformed as error:
        raise refusal(f"{file}: {error.why}") from error
    return header.tensors, begin


def _match(blueprint: Blueprint, places: dict[str, Place]) -> list[tuple[Part, Place]]:
    """Each part with its tensor; all that is left must be known as needless."""
    left = dict(places)
    if blueprint.architecture == "bert":  # a masked model holds its encoder under a name
        left = {name.removeprefix("bert."): place for name, place in left.items()}
    found = []
    for part in blueprint.parts:
        place = left.pop(part.source, None)
        if place is None:
            if not part.is_optional:
                raise refusal(f"the tensor {part.source} is missing")
            continue
        if place.shape != part.shape:
            told = f"{list(place.shape)[:8]} and not {list(part.shape)}"
            raise refusal(f"the tensor {part.source} is {told}, as {CONFIG} has it")
        if place.dtype not in _READABLE:
            raise refusal(f"the tensor {part.source} holds {place.dtype}, and not bf16, f16 or f32")
        found.append((part, place))
    ignored = blueprint.ignored
    surplus = [name for name in left if not name.startswith(ignored) and not name.endswith(ignored)]
    if surplus:
        told = ", ".join(name[:60] for name in sorted(surplus)[:3])
        raise refusal(f"{len(surplus)} tensors are no part of {blueprint.architecture}: {told}")
    return found
