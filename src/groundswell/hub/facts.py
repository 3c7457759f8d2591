"""What the files at the head of main say of a repository: card, configuration, weights.

Knows which files tell something and how much of each is read. Whatever strangers put there, it
answers with what it could read and the reasons why it could not read the rest (``faults``):
nothing here fails a commit. Bytes come through ``Files``, so that git and blobs stay outside.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from groundswell.core.errors import Corrupt, GroundswellError, Malformed, TooLarge
from groundswell.core.values import Entry, EntryKind, RepoKind
from groundswell.hub import cards
from groundswell.wire import gguf, safetensors
from groundswell.wire.cards import CARD_BYTES_MAX, Card, read_card

ROOT_ENTRIES_MAX: Final = 500
CONFIG_BYTES_MAX: Final = 2 * 1024 * 1024
TOKENIZER_CONFIG_BYTES_MAX: Final = 8 * 1024 * 1024
SHARDS_READ_MAX: Final = 300
HEADER_BYTES_READ_MAX: Final = 64 * 1024 * 1024
READING_SECONDS_MAX: Final = 20.0
PIECE_BYTES: Final = 1024 * 1024
CHAT_TEMPLATE_CHARACTERS_MAX: Final = 64 * 1024
TEXT_CHARACTERS_MAX: Final = 1000
ITEMS_MAX: Final = 100
DEPTH_MAX: Final = 4

# Which file tells the numbers of a model kept as safetensors, the most telling first.
_WEIGHTS: Final = (
    "model.safetensors",
    "model.safetensors.index.json",
    "adapter_model.safetensors",
    "diffusion_pytorch_model.safetensors",
)
_CONFIG_KEYS: Final = (
    "architectures",
    "model_type",
    "auto_map",
    "quantization_config",
    "_class_name",
    "task_specific_params",
)
_TOKENIZER_KEYS: Final = (
    "bos_token",
    "eos_token",
    "pad_token",
    "unk_token",
    "cls_token",
    "sep_token",
    "mask_token",
    "use_default_system_prompt",
)
_ADAPTER_KEYS: Final = ("base_model_name_or_path", "task_type", "peft_type")

Json = dict[str, Any]


class Files(Protocol):
    """The files of one commit, as far as facts are read from them."""

    def root(self, limit: int) -> Sequence[Entry]:
        """The first entries of the root folder."""
        ...

    def entry(self, path: str) -> Entry | None:
        """The entry at a path."""
        ...

    def read(self, entry: Entry, start: int, stop: int) -> bytes:
        """Content of the file, not of its pointer. Ranges end with the file.

        Raises:
            GroundswellError: the content is not here or damaged.
        """
        ...


@dataclass(frozen=True, slots=True)
class Description:
    """What becomes of the row. ``facts["faults"]`` maps a file to why it could not be read."""

    card: Json | None = None
    description: str | None = None
    library_name: str | None = None
    pipeline_tag: str | None = None
    sdk: str | None = None
    tags: tuple[str, ...] = ()
    parameter_count: int | None = None
    facts: Json = field(default_factory=dict)


def clean(text: str, characters_max: int = TEXT_CHARACTERS_MAX) -> str:
    """Text that every database and JSON reader can hold: no NUL, no half of a surrogate pair."""
    cut = text[:characters_max].replace("\0", "\ufffd")
    return cut.encode("utf-8", "replace").decode("utf-8")


def bounded(value: object, depth: int = DEPTH_MAX) -> Any:  # noqa: ANN401 - it is JSON
    """A JSON value cut down to what a row may hold: short texts, few items, finite numbers."""
    if isinstance(value, str):
        return clean(value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if abs(value) < 2**63 else str(value)[:40]
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if depth == 0:
        return None
    if isinstance(value, list):
        return [bounded(item, depth - 1) for item in value[:ITEMS_MAX]]
    if isinstance(value, dict):
        items = list(value.items())[:ITEMS_MAX]
        return {clean(str(key), 200): bounded(item, depth - 1) for key, item in items}
    return None


class _Reading:
    """One reading of one commit: collects faults, and stops when time is up."""

    def __init__(self, files: Files, previous: Mapping[str, Any], now: Callable[[], float]) -> None:
        self._files = files
        self._now = now
        self._deadline = now() + READING_SECONDS_MAX
        self._header_bytes_left = HEADER_BYTES_READ_MAX
        self._previous = previous
        self.faults: dict[str, str] = {}
        self.sources: dict[str, str] = {}
        self.root: dict[str, Entry] = {}
        try:
            entries = files.root(ROOT_ENTRIES_MAX)
        except GroundswellError as error:
            self.faults[""] = clean(error.message, 300)
        else:
            self.root = {e.path: e for e in entries if e.kind is EntryKind.FILE}

    def entry(self, path: str) -> Entry | None:
        found = self.root.get(path)
        if found is None and len(self.root) >= ROOT_ENTRIES_MAX // 2:
            found = self._files.entry(path)
        return found if found is not None and found.kind is EntryKind.FILE else None

    def guarded(self, path: str, read: Callable[[Entry], Any]) -> Any:  # noqa: ANN401 - as ``read``
        """What ``read`` makes of the file; None when it is not there or not as it should be."""
        entry = self.entry(path)
        if entry is None:
            return None
        try:
            return read(entry)
        except Malformed as error:
            self.faults[path] = clean(f"{error.where}: {error.why}", 300)
        except Corrupt:
            self.faults[path] = "its content failed the integrity check"
        except GroundswellError as error:
            self.faults[path] = clean(error.message, 300)
        return None

    def whole(self, entry: Entry, bytes_max: int) -> bytes:
        if entry.size_bytes > bytes_max:
            raise TooLarge(f"it is larger than {bytes_max} bytes")
        return self._files.read(entry, 0, entry.size_bytes) if entry.size_bytes else b""

    def object(self, path: str, bytes_max: int = CONFIG_BYTES_MAX) -> Json:
        """A JSON object, empty when there is none."""

        def read(entry: Entry) -> Json:
            try:
                value = json.loads(self.whole(entry, bytes_max))
            except (ValueError, RecursionError) as error:
                raise Malformed(path, "it is not JSON") from error
            if not isinstance(value, dict):
                raise Malformed(path, "it is not a JSON object")
            return value

        return self.guarded(path, read) or {}

    def once(self, name: str, entries: Sequence[Entry], read: Callable[[], Any]) -> Any:  # noqa: ANN401 - as ``read``
        """What ``read`` gives, unless the same files gave it the last time."""
        source = " ".join(entry.pointer.sha256 if entry.pointer else entry.oid for entry in entries)
        before = self._previous.get("sources", {}).get(name)
        if before == source and name in self._previous:
            self.sources[name] = source
            return self._previous[name]
        value = read()
        if value is not None:
            self.sources[name] = source
        return value

    def header(self, entry: Entry) -> safetensors.Header:
        """The safetensors header of a file."""
        if self._now() > self._deadline:
            raise TooLarge("reading the headers took too long")
        prefix = self._files.read(entry, 0, min(safetensors.PREFIX_BYTES, entry.size_bytes))
        size = safetensors.header_bytes(prefix, entry.size_bytes)
        self._header_bytes_left -= size
        if self._header_bytes_left < 0:
            raise TooLarge(f"its headers are larger than {HEADER_BYTES_READ_MAX} bytes together")
        start = safetensors.PREFIX_BYTES
        return safetensors.parse_header(
            self._files.read(entry, start, start + size), entry.size_bytes
        )

    def pieces(self, entry: Entry) -> Iterator[bytes]:
        """The file's bytes from its beginning, as far as somebody takes them."""
        for start in range(0, entry.size_bytes, PIECE_BYTES):
            yield self._files.read(entry, start, min(start + PIECE_BYTES, entry.size_bytes))


def _read_readme(reading: _Reading) -> Card:
    def read(entry: Entry) -> Card:
        text = reading.whole(entry, CARD_BYTES_MAX).decode("utf-8", "replace")
        return read_card(text)

    return reading.guarded("README.md", read) or Card(None, "")


def _read_config(reading: _Reading) -> Json:
    """The part of the configuration that the Hub's ``config`` shows."""
    found: Json = {}
    config = reading.object("config.json")
    found |= {key: bounded(config[key]) for key in _CONFIG_KEYS if config.get(key) is not None}
    if isinstance(config.get("vision_config"), dict):
        found["vision_config"] = {}
    index = reading.object("model_index.json")
    if isinstance(index.get("_class_name"), str):
        found["diffusers"] = {"_class_name": bounded(index["_class_name"])}
    adapter = reading.object("adapter_config.json")
    if adapter:
        found["peft"] = {
            key: bounded(adapter[key]) for key in _ADAPTER_KEYS if adapter.get(key) is not None
        }
    tokenizer = reading.object("tokenizer_config.json", TOKENIZER_CONFIG_BYTES_MAX)
    known: Json = {key: bounded(tokenizer[key]) for key in _TOKENIZER_KEYS if key in tokenizer}
    template = tokenizer.get("chat_template")
    if template is None:
        entry = reading.entry("chat_template.jinja")
        if entry is not None and entry.size_bytes <= CHAT_TEMPLATE_CHARACTERS_MAX:
            raw = reading.guarded(entry.path, lambda e: reading.whole(e, e.size_bytes))
            template = (raw or b"").decode("utf-8", "replace") or None
    if isinstance(template, str) and len(template) <= CHAT_TEMPLATE_CHARACTERS_MAX:
        known["chat_template"] = clean(template, CHAT_TEMPLATE_CHARACTERS_MAX)
    if known:
        found["tokenizer_config"] = known
    return found


def _read_safetensors(reading: _Reading) -> Json | None:
    """``{"parameters": {dtype: count}, "total": count}`` over all shards."""
    path = next((name for name in _WEIGHTS if reading.entry(name) is not None), None)
    if path is None:
        single = [name for name in reading.root if name.endswith(".safetensors")]
        path = single[0] if len(single) == 1 else None
    if path is None:
        return None

    def read(entry: Entry) -> Json:
        shards = [entry]
        if path.endswith(".json"):
            index = reading.whole(entry, safetensors.INDEX_BYTES_MAX)
            shards = _shards(reading, safetensors.parse_index(index))
        counted: Json = reading.once("safetensors", shards, lambda: _count(reading, shards))
        return counted

    result: Json | None = reading.guarded(path, read)
    return result


def _shards(reading: _Reading, names: Sequence[str]) -> list[Entry]:
    if len(names) > SHARDS_READ_MAX:
        raise TooLarge(f"it names more than {SHARDS_READ_MAX} files")
    shards: list[Entry] = []
    for name in names:
        entry = reading.entry(name)
        if entry is None:
            raise Malformed("safetensors index", f"{name[:100]!r} is not in the repository")
        shards.append(entry)
    return shards


def _count(reading: _Reading, shards: Sequence[Entry]) -> Json:
    parameters: dict[str, int] = {}
    for shard in shards:
        for dtype, count in reading.header(shard).parameters().items():
            parameters[dtype] = parameters.get(dtype, 0) + count
    total = sum(parameters.values())
    if total >= 2**63:
        raise Malformed("safetensors header", "the tensors' size overflows 64 bits")
    return {"parameters": parameters, "total": total}


def _read_gguf(reading: _Reading) -> Json | None:
    """What the first GGUF file in the root says; shards and projectors come after others."""
    names = sorted(name for name in reading.root if name.lower().endswith(".gguf"))
    models = [name for name in names if not name.lower().startswith("mmproj")] or names
    if not models:
        return None

    def read(entry: Entry) -> Json:
        told: Json = reading.once("gguf", [entry], lambda: _gguf_facts(reading, entry))
        return told

    result: Json | None = reading.guarded(models[0], read)
    return result


def _gguf_facts(reading: _Reading, entry: Entry) -> Json:
    header = gguf.parse_header(reading.pieces(entry))
    found: Json = {"total": header.parameter_count}
    if header.architecture is not None:
        found["architecture"] = bounded(header.architecture)
    if header.context_length is not None:
        found["context_length"] = bounded(header.context_length)
    if header.quantisation is not None:
        found["quantisation"] = header.quantisation
    template = header.chat_template
    if template is not None and len(template) <= CHAT_TEMPLATE_CHARACTERS_MAX:
        found["chat_template"] = clean(template, CHAT_TEMPLATE_CHARACTERS_MAX)
    return found


def describe(
    files: Files,
    kind: RepoKind,
    previous: Mapping[str, Any] | None = None,
    now: Callable[[], float] = time.monotonic,
) -> Description:
    """Read what a commit says of its repository.

    ``previous`` are the facts of the last reading: headers of unchanged files are not read again.
    Never raises for what the files hold.
    """
    reading = _Reading(files, previous or {}, now)
    readme = _read_readme(reading)
    card = readme.metadata or {}
    facts: Json = {}
    if kind in {RepoKind.MODEL, RepoKind.KERNEL}:
        parts = {
            "config": _read_config(reading),
            "safetensors": _read_safetensors(reading),
            "gguf": _read_gguf(reading),
        }
        facts |= {name: part for name, part in parts.items() if part}
    config = facts.get("config", {})
    library = pipeline_tag = None
    if kind is RepoKind.MODEL:
        if (known := cards.transformers_info(config)) is not None:
            facts["transformersInfo"] = known
        library = cards.library_of(card, config, reading.root)
        pipeline_tag = cards.pipeline_tag_of(card, library, facts)
    telling = facts | {"library_name": library, "pipeline_tag": pipeline_tag}
    tags = cards.tags_of_card(kind, card, telling, reading.root, readme.body)
    if reading.faults:
        facts["faults"] = reading.faults
    if reading.sources:
        facts["sources"] = reading.sources
    numbers = facts.get("safetensors") or facts.get("gguf") or {}
    return Description(
        card=readme.metadata,
        description=cards.description_of(card, readme.body),
        library_name=library,
        pipeline_tag=pipeline_tag,
        sdk=cards.word(card.get("sdk")) if kind is RepoKind.SPACE else None,
        tags=tags,
        parameter_count=numbers.get("total"),
        facts=facts,
    )
