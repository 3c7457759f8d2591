"""Voices and ears of the hub: found for somebody, with their files.

Rights are decided here, at every call: a model that the asker may not read is not there. Knows
repositories and layouts, and what Piper writes beside a voice; starts nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from groundswell.ask.derivatives import HubFile
from groundswell.ask.runtime.models import ENTRIES_MAX, Models
from groundswell.ask.runtime.naming import ModelName, parse_name
from groundswell.ask.speech.layouts import layouts_of
from groundswell.ask.speech.values import Kind, Layout
from groundswell.core.errors import BadRequest, EntryNotFound, GroundswellError
from groundswell.core.policy import Action
from groundswell.core.recent import Recent
from groundswell.core.values import BytesPlan, EntryKind, Principal, RepoKind
from groundswell.hub.content import Content, Located
from groundswell.hub.repos import Repos, Repository
from groundswell.hub.search import ListQuery, Search, Sort

FILES_BYTES_MAX: Final = 4 << 30
LISTED_MAX: Final = 50
_SETTINGS_BYTES_MAX: Final = 1 << 20
_LAYOUTS_KEPT: Final = 256
_SYMBOLS_MAX: Final = 10_000
# The word of a card for each kind.
TASKS: Final = {Kind.VOICE: "text-to-speech", Kind.EAR: "automatic-speech-recognition"}
_NONE: Final = {
    Kind.VOICE: "No voice is in this repository: Piper's .onnx beside its .onnx.json, or "
    "sherpa-onnx's .onnx, tokens.txt and lexicon.txt.",
    Kind.EAR: "Nothing in this repository listens: a model of sherpa-onnx beside its tokens.txt.",
}


@dataclass(frozen=True, slots=True)
class SpeechModel:
    """A voice or an ear that was found for somebody, down to its bytes: find it again for each
    request. ``roles`` are names of its files by what sherpa-onnx calls them.
    """

    name: str
    layout: Layout
    files: tuple[HubFile, ...]
    roles: Mapping[str, str]
    language: str = ""

    @property
    def content(self) -> tuple[str, ...]:
        """What its bytes follow from."""
        return tuple(each for file in self.files for each in file.content)

    @property
    def size_bytes(self) -> int:
        """Of all its files."""
        return sum(file.size_bytes for file in self.files)


class SpeechModels:
    """Finds voices and ears. ``models`` says who may run models at all."""

    def __init__(self, repos: Repos, content: Content, search: Search, models: Models) -> None:
        self._repos = repos
        self._content = content
        self._search = search
        self._models = models
        self._layouts: Recent[tuple[int, str], list[Layout]] = Recent(_LAYOUTS_KEPT)

    def find(self, principal: Principal, text: str, kind: Kind) -> SpeechModel:
        """The voice or ear of that name: ``org/name[@rev][:file]``.

        Raises:
            RepoNotFound, RevisionNotFound, EntryNotFound: not there for this principal.
            GatedRepo, DisabledRepo, Unauthenticated: as for any file.
            BadRequest: nothing that speaks, or listens.
            NotServed, Unauthenticated: who may run models at all.
        """
        self._models.check_may_run(principal)
        name = parse_name(text)
        repository = self._repos.find(principal, name.repo_id, Action.READ)
        commit = self._content.resolve_revision(repository, name.revision)
        layout = self._layout(repository, commit, name, kind)
        return self._found(repository, commit, layout)

    def listed(
        self, principal: Principal, kind: Kind, author: str | None = None
    ) -> Iterator[Repository]:
        """Repositories with a voice or an ear whose cards say so, the last changed first."""
        query = ListQuery(
            author=author,
            pipeline_tag=TASKS[kind],
            sort=Sort.LAST_MODIFIED,
            limit=LISTED_MAX,
            details=False,
        )
        for repository in self._search.list(principal, RepoKind.MODEL, query).repositories:
            try:
                commit = self._content.resolve_revision(repository, "main")
            except GroundswellError:
                continue
            if any(each.kind is kind for each in self._known(repository, commit)):
                yield repository

    def _known(self, repository: Repository, commit: str) -> list[Layout]:
        key = (repository.id, commit)
        known = self._layouts.get(key)
        if known is None:
            page = self._content.tree(repository, commit, recursive=True, limit=ENTRIES_MAX)
            paths = [i.entry.path for i in page.items if i.entry.kind is EntryKind.FILE]
            known = self._layouts.put(key, layouts_of(paths, repository.full_name))
        return known

    def _layout(self, repository: Repository, commit: str, name: ModelName, kind: Kind) -> Layout:
        found = [each for each in self._known(repository, commit) if each.kind is kind]
        if not found:
            raise BadRequest(_NONE[kind])
        if not name.wanted:
            return found[0]
        for layout in found:
            if layout.path in {name.wanted, f"{name.wanted}.onnx"}:
                return layout
        raise EntryNotFound(name.wanted, commit, "No model of that name speaks or listens here.")

    def _found(self, repository: Repository, commit: str, layout: Layout) -> SpeechModel:
        located = {
            role: self._content.locate(repository, commit, path)
            for role, path in layout.roles.items()
        }
        if sum(each.entry.size_bytes for each in located.values()) > FILES_BYTES_MAX:
            raise BadRequest(f"Models of speech have at most {FILES_BYTES_MAX:,} bytes.")
        name = f"{repository.full_name}@{commit}:{layout.path}"
        settings = located.pop("settings", None)
        files = {role: _file(each) for role, each in located.items()}
        language = ""
        if settings is not None:
            told = self._settings(settings)
            language = _word(told, "espeak", "voice")
            if "tokens" not in files:
                files["model"] = replace(files["model"], tail=_metadata(told, language))
                files["tokens"] = _made("tokens.txt", _tokens(told))
        roles = {role: file.name for role, file in files.items()}
        return SpeechModel(name, layout, tuple(files.values()), roles, language)

    def _settings(self, located: Located) -> dict[str, Any]:
        try:
            told = json.loads(self._content.read_range(located, 0, _SETTINGS_BYTES_MAX))
        except (ValueError, RecursionError) as error:
            raise BadRequest(f"{located.entry.path} is not JSON.") from error
        if not isinstance(told, dict):
            raise BadRequest(f"{located.entry.path} is no object.")
        return told


def _file(located: Located) -> HubFile:
    name = located.entry.path.rpartition("/")[2]
    pointer = located.entry.pointer
    if pointer is not None:
        return HubFile(name, pointer.sha256, located.entry.size_bytes, located.plan)
    assert isinstance(located.plan, BytesPlan), "what has no pointer is in git"
    return _made(name, located.plan.content)


def _made(name: str, content: bytes) -> HubFile:
    sha256 = hashlib.sha256(content).hexdigest()
    return HubFile(name, sha256, len(content), BytesPlan(content))


def _value(told: dict[str, Any], group: str, key: str) -> object:
    found = told.get(group)
    return found.get(key) if isinstance(found, dict) else None


def _word(told: dict[str, Any], group: str, key: str) -> str:
    found = _value(told, group, key)
    if not isinstance(found, str) or not found.isascii() or not 0 < len(found) <= 40:
        raise BadRequest(f"The voice's settings tell no {group}.{key}.")
    return found


def _tokens(told: dict[str, Any]) -> bytes:
    """What sherpa-onnx reads of Piper's symbols: a line for each, with its number."""
    symbols = told.get("phoneme_id_map")
    if not isinstance(symbols, dict) or not 0 < len(symbols) <= _SYMBOLS_MAX:
        raise BadRequest("The voice's settings tell no phoneme_id_map.")
    lines: list[str] = []
    for symbol, numbers in symbols.items():
        first = numbers[0] if isinstance(numbers, list) and numbers else None
        if type(first) is not int or not 0 < len(symbol) <= 8 or "\n" in symbol:
            raise BadRequest("The voice's phoneme_id_map is broken.")
        lines.append(f"{symbol} {first}\n")
    return "".join(lines).encode()


def _metadata(told: dict[str, Any], language: str) -> bytes:
    """What sherpa-onnx asks of a model, as it stands behind the model: ONNX is protobuf, where
    fields that follow belong to the message before them.
    """
    rate, speakers = _value(told, "audio", "sample_rate"), told.get("num_speakers", 1)
    if type(rate) is not int or type(speakers) is not int:
        raise BadRequest("The voice's settings tell no audio.sample_rate.")
    told_words = {
        "model_type": "vits",
        "comment": "piper",
        "language": language,
        "voice": language,
        "has_espeak": "1",
        "n_speakers": str(speakers),
        "sample_rate": str(rate),
    }
    return b"".join(
        _field(_METADATA, _field(_KEY, key.encode()) + _field(_VALUE, value.encode()))
        for key, value in told_words.items()
    )


# Numbers of ONNX's fields: `metadata_props` of a model, and what stands in one.
_METADATA: Final = 14
_KEY: Final = 1
_VALUE: Final = 2
_BYTES: Final = 2  # the wire type
_SHORT_MAX: Final = 0x7F


def _field(number: int, content: bytes) -> bytes:
    assert len(content) <= _SHORT_MAX, "lengths of one byte: every word here is short"
    return bytes([number << 3 | _BYTES, len(content)]) + content
