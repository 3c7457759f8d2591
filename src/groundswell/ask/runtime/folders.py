"""Repositories that keep safetensors, as models that can run: what they would become, and of which
files.

Knows which files a conversion reads and that a commit never changes. Converts nothing.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

from groundswell.ask.conversion import (
    QUANTISATIONS,
    Folder,
    Making,
    Source,
    adapters,
    converts,
    source_of,
    weight_files,
)
from groundswell.ask.conversion.quantising import file_number_of
from groundswell.ask.conversion.source import (
    ADAPTER_CONFIG,
    INDEX,
    PIECES,
    TEXTS,
    TOKENIZER,
    WEIGHTS,
)
from groundswell.ask.conversion.templates import DEFAULT, templates_of
from groundswell.ask.conversion.writing import pooling_of
from groundswell.ask.derivatives import HubFile
from groundswell.ask.runtime import needs
from groundswell.ask.runtime.choosing import Variant, Variants
from groundswell.ask.runtime.values import Facts
from groundswell.core.errors import BadRequest, EntryNotFound
from groundswell.core.recent import Recent
from groundswell.core.values import BytesPlan, RepoKind
from groundswell.hub.content import Content, Located
from groundswell.hub.repos import Repository
from groundswell.wire.gguf import Header
from groundswell.wire.gguf_writing import Value

_KEPT: Final = 16
_TOKEN_BYTES: Final = 16
_SIGNS_NOTE: Final = (
    "llama.cpp leaves out vowel signs of Korean, Hindi and their like in models of this kind: "
    "vectors of such texts differ from those of other libraries."
)
_MADE_NOTE: Final = "It is made from safetensors when it is first asked for, and kept."

NAMES: Final = (*TEXTS, INDEX, WEIGHTS)


@dataclass(frozen=True, slots=True)
class Looked:
    """What was found in a folder, once for each commit; ``refusal`` says why it does not run."""

    source: Source | None
    values: dict[str, Value]
    weights: tuple[str, ...]
    refusal: str = ""


def may_run(repository: Repository) -> bool:
    """Whether what is known of a repository says that it holds a model that may run."""
    facts = repository.facts
    has_weights = "safetensors" in facts and converts(facts.get("config", {}))
    return repository.kind is RepoKind.MODEL and ("gguf" in facts or has_weights)


def _making(source: Source, files: tuple[tuple[str, HubFile], ...], quantisation: str) -> Making:
    tokens = dict(files).get(TOKENIZER) or dict(files)[PIECES]
    size_bytes = source.size_bytes(quantisation) + tokens.size_bytes
    size_bytes += _TOKEN_BYTES * source.blueprint.vocabulary_size
    return Making(files, f"{quantisation}.gguf", size_bytes, quantisation)


def _variant(making: Making) -> Variant:
    return Variant(making.quantisation, making.quantisation, making.size_bytes, (), making.key)


class Folders:
    """Looks at repositories that were found for somebody. Thread-safe."""

    def __init__(self, content: Content) -> None:
        self._content = content
        self._looked: Recent[tuple[int, str], Looked] = Recent(_KEPT)

    def variants(self, repository: Repository, commit: str) -> Variants:
        """What weights at the root can become, the smallest first; nothing where there are none.
        Why not, where they cannot, is told as a note.
        """
        looked = self._look(repository, commit)
        if looked is None:
            return Variants((), ())
        if looked.source is None:
            return Variants((), (looked.refusal,))
        files = self._files(repository, commit, looked)
        items = [_variant(_making(looked.source, files, name)) for name in QUANTISATIONS]
        items.reverse()  # of those that take the same, the better comes last
        items.sort(key=lambda variant: variant.size_bytes)
        notes = [_MADE_NOTE]
        if looked.source.blueprint.architecture == "bert":
            notes.append(_SIGNS_NOTE)
        return Variants(tuple(items), tuple(notes))

    def facts(self, repository: Repository, commit: str, quantisation: str) -> Facts:
        """What the header will say."""
        looked = self._look(repository, commit)
        assert looked is not None
        assert looked.source is not None
        source = looked.source
        values = {**looked.values, "general.file_type": file_number_of(quantisation)}
        kept = {name: v for name, v in values.items() if isinstance(v, bool | int | float | str)}
        counts = {quantisation: source.parameter_count}
        return needs.facts_of(Header(3, False, kept, {}, len(source.found), counts))

    def making(self, repository: Repository, commit: str, quantisation: str) -> Making:
        """How it is made: of these files, as they lie now."""
        looked = self._look(repository, commit)
        assert looked is not None
        assert looked.source is not None
        return _making(looked.source, self._files(repository, commit, looked), quantisation)

    def adapter(self, repository: Repository, commit: str, base: Facts) -> Making | None:
        """How an adapter of PEFT is made for that base; None where there is none."""
        names = (ADAPTER_CONFIG, adapters.WEIGHTS)
        if any(self._located(repository, commit, name) is None for name in names):
            return None
        files = tuple((name, self._file(repository, commit, name)) for name in names)
        size = adapters.size_bytes_of(files[1][1].size_bytes)
        turned = (base.architecture, base.head_width)
        return Making(files, "adapter.gguf", size, base=turned)

    # --- inside ---------------------------------------------------------------------------------

    def _files(
        self, repository: Repository, commit: str, looked: Looked
    ) -> tuple[tuple[str, HubFile], ...]:
        texts = [
            name for name in (*TEXTS, INDEX) if self._located(repository, commit, name) is not None
        ]
        names = (*texts, *looked.weights)
        return tuple((name, self._file(repository, commit, name)) for name in names)

    def _look(self, repository: Repository, commit: str) -> Looked | None:
        key = (repository.id, commit)
        known = self._looked.get(key)
        if known is None:
            names = {
                name: found.entry.size_bytes
                for name in NAMES
                if (found := self._located(repository, commit, name)) is not None
            }
            if INDEX not in names and WEIGHTS not in names:
                return None
            known = self._looked.put(key, self._looked_at(repository, commit, names))
        return known

    def _looked_at(self, repository: Repository, commit: str, names: dict[str, int]) -> Looked:
        def read(name: str, start: int, stop: int) -> bytes:
            located = self._located(repository, commit, name)
            assert located is not None
            return self._content.read_range(located, start, stop)

        try:
            files = weight_files(Folder(names, read))
            shards = {
                name: found.entry.size_bytes
                for name in files
                if (found := self._located(repository, commit, name)) is not None
            }
            folder = Folder({**names, **shards}, read)
            source = source_of(folder)
            values: dict[str, Value] = {**source.blueprint.pairs, **pooling_of(folder, source)}
            template = templates_of(folder).get(DEFAULT)
            if template is not None:
                values["tokenizer.chat_template"] = template
            if TOKENIZER not in names and PIECES not in names:
                return Looked(None, {}, files, f"Neither {TOKENIZER} nor {PIECES} is here.")
        except BadRequest as error:
            return Looked(None, {}, (), error.message)
        return Looked(source, values, files)

    def _located(self, repository: Repository, commit: str, name: str) -> Located | None:
        try:
            return self._content.locate(repository, commit, name)
        except EntryNotFound:
            return None

    def _file(self, repository: Repository, commit: str, name: str) -> HubFile:
        located = self._content.locate(repository, commit, name)
        pointer = located.entry.pointer
        if pointer is not None:
            sha256 = pointer.sha256
        else:
            assert isinstance(located.plan, BytesPlan), "texts in git are at hand"
            sha256 = hashlib.sha256(located.plan.content).hexdigest()
        return HubFile(name.rpartition("/")[2], sha256, located.entry.size_bytes, located.plan)
