"""Models of the hub that can run: found for somebody, with what they are and which file is best.

Rights are decided here, at every call: a model that the asker may not read is not there. Knows
repositories and headers; starts nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Final

from groundswell.ask.derivatives import HubFile
from groundswell.ask.runtime import needs
from groundswell.ask.runtime.choosing import Choice, Variant, Variants, choose, pick, variants_of
from groundswell.ask.runtime.folders import Folders
from groundswell.ask.runtime.naming import REMOTE, parse_name
from groundswell.ask.runtime.remote import Remote
from groundswell.ask.runtime.values import Adapter, Facts, Limits, ModelRef
from groundswell.core.errors import (
    BadRequest,
    EntryNotFound,
    Malformed,
    NotServed,
    RepoNotFound,
    Unauthenticated,
)
from groundswell.core.policy import Action
from groundswell.core.recent import Recent
from groundswell.core.values import Principal
from groundswell.hub.content import Content, Located
from groundswell.hub.repos import Repos, Repository
from groundswell.wire import gguf

ENTRIES_MAX: Final = 10_000
ADAPTERS_MAX: Final = 4
_FACTS_KEPT: Final = 256
_TRIES: Final = 16
_PIECE_BYTES: Final = 1 << 20

GOES_ON: Final = (
    "It has no chat template: it was not made to be talked to, and goes on with what is written."
)
NOT_RUNNABLE: Final = (
    "Nothing in this repository runs here: models run from GGUF files, or from safetensors with "
    "their configuration and tokenizer."
)


class Models:
    """Finds models. ``running`` gives the sha256 of what is in memory now."""

    def __init__(
        self,
        repos: Repos,
        content: Content,
        limits: Limits,
        running: Callable[[], Collection[str]],
        remote: Remote | None = None,
        free_bytes: Callable[[], int] = needs.free_bytes,
    ) -> None:
        self._repos = repos
        self._content = content
        self._limits = limits
        self._running = running
        self._free_bytes = free_bytes
        self._folders = Folders(content)
        self.remote = remote
        self._facts: Recent[str, Facts] = Recent(_FACTS_KEPT)

    def find(
        self, principal: Principal, text: str, adapters: Sequence[tuple[str, float]] = ()
    ) -> ModelRef:
        """The model of that name, with adapters (name, scale) over it.

        Raises:
            RepoNotFound, RevisionNotFound, EntryNotFound: not there for this principal.
            GatedRepo, DisabledRepo, Unauthenticated: as for any file.
            BadRequest: nothing that runs, or adapters that do not fit.
            Unavailable: nothing that fits into this machine's memory now.
            NotServed, Unauthenticated: who may run models at all.
        """
        self.check_may_run(principal)
        if text.startswith(REMOTE):
            return self._find_remote(principal, text, adapters)
        name = parse_name(text)
        repository = self._repos.find(principal, name.repo_id, Action.READ)
        commit = self._content.resolve_revision(repository, name.revision)
        choice, facts, notes = self._chosen(repository, commit, name.wanted)
        if facts.is_adapter:
            msg = f"{text} is an adapter: run it over its base, as `lora` or --adapter."
            raise BadRequest(msg)
        if len(adapters) > ADAPTERS_MAX:
            msg = f"At most {ADAPTERS_MAX} adapters at a time."
            raise BadRequest(msg)
        if facts.writes_text and facts.chat_template is None:
            notes = (*notes, GOES_ON)
        is_made = bool(choice.variant.key)
        return ModelRef(
            name=f"{repository.full_name}@{commit}:{choice.variant.path}",
            repo_id=repository.repo_id,
            commit=commit,
            file=choice.variant.path,
            files=self._files(repository, commit, choice.variant),
            facts=facts,
            context_tokens=max(1, min(facts.context_tokens, self._limits.context_tokens)),
            adapters=tuple(self._adapter(principal, *each, facts) for each in adapters),
            explanation=choice.explanation,
            notes=notes,
            making=self._folders.making(repository, commit, choice.variant.path)
            if is_made
            else None,
        )

    def check_may_run(self, principal: Principal) -> None:
        """Nothing when the principal may run models at all.

        Raises:
            NotServed: nobody may.
            Unauthenticated: whoever has an account may.
        """
        if self._limits.by == "nobody":
            raise NotServed("Models do not run on this hub.")
        if self._limits.by == "users" and principal.is_anonymous:
            raise Unauthenticated("Sign in to run models.")

    def _find_remote(
        self, principal: Principal, text: str, adapters: Sequence[tuple[str, float]]
    ) -> ModelRef:
        if principal.is_anonymous:
            raise Unauthenticated("Sign in to run models of the other server.")
        if self.remote is None:
            raise RepoNotFound
        if adapters:
            raise BadRequest("Adapters go over models of this hub.")
        return self.remote.find(text.removeprefix(REMOTE))

    def variants(self, repository: Repository, revision: str) -> Variants:
        """Every model in a repository that was found for somebody.

        Raises:
            RevisionNotFound: no such revision.
        """
        page = self._content.tree(repository, revision, recursive=True, limit=ENTRIES_MAX)
        found = variants_of(item.entry for item in page.items)
        if found.items:
            return found
        commit = self._content.resolve_revision(repository, revision)
        made = self._folders.variants(repository, commit)
        return Variants(made.items, found.notes + made.notes)

    def _chosen(
        self, repository: Repository, commit: str, wanted: str
    ) -> tuple[Choice, Facts, tuple[str, ...]]:
        """What runs, what it is, and what was left out. A file that is broken, and an adapter
        beside models, stand in nobody's way.
        """
        found = self.variants(repository, commit)
        items, notes = list(found.items), list(found.notes)
        if not items:
            raise BadRequest(" ".join(notes) or NOT_RUNNABLE)
        if wanted:
            choice = pick(found, wanted, commit)
            return choice, self._read(repository, commit, choice.variant), tuple(notes)
        for _ in range(_TRIES):
            smallest = items[0]
            tried = smallest
            try:
                first = self._read(repository, commit, smallest)
                choice = self._choose(items, first)
                tried = choice.variant
                facts = self._read(repository, commit, tried)
                if not facts.is_adapter or len(items) == 1:
                    return choice, facts, tuple(notes)
                notes.append(f"{tried.path} is an adapter and is left out.")
            except BadRequest as error:
                if len(items) == 1:
                    raise
                notes.append(error.message)
            items.remove(tried)
        raise BadRequest("Too many files here are broken: name one that is not.")

    def _choose(self, items: list[Variant], smallest: Facts) -> Choice:
        context_tokens = min(smallest.context_tokens, self._limits.context_tokens)
        running = self._running()
        return choose(
            Variants(tuple(items), ()),
            lambda size: needs.needed_bytes(size, smallest, context_tokens, self._limits.slots),
            self._limits.memory_bytes or self._free_bytes(),
            {variant.path for variant in items if _runs(variant, running)},
        )

    def _read(self, repository: Repository, commit: str, variant: Variant) -> Facts:
        """What the header of a model says."""
        if variant.key:
            return self._folders.facts(repository, commit, variant.path)
        located = self._content.locate(repository, commit, variant.path)
        known = self._facts.get(located.etag)
        if known is None:
            try:
                header = gguf.parse_header(self._pieces(located))
            except Malformed as error:
                msg = f"{variant.path} is no model that runs: {error.why}."
                raise BadRequest(msg) from error
            known = self._facts.put(located.etag, needs.facts_of(header))
        return known

    def _pieces(self, located: Located) -> Iterator[bytes]:
        for start in range(0, located.entry.size_bytes, _PIECE_BYTES):
            yield self._content.read_range(located, start, start + _PIECE_BYTES)

    def _files(self, repository: Repository, commit: str, variant: Variant) -> tuple[HubFile, ...]:
        return tuple(self._file(repository, commit, entry.path) for entry in variant.entries)

    def _file(self, repository: Repository, commit: str, path: str) -> HubFile:
        located = self._content.locate(repository, commit, path)
        pointer = located.entry.pointer
        if pointer is None:
            msg = f"{path} is stored as text in git: weights are stored as large files."
            raise BadRequest(msg)
        name = path.rpartition("/")[2]
        return HubFile(name, pointer.sha256, located.entry.size_bytes, located.plan)

    def _adapter(self, principal: Principal, text: str, scale: float, base: Facts) -> Adapter:
        name = parse_name(text)
        repository = self._repos.find(principal, name.repo_id, Action.READ)
        commit = self._content.resolve_revision(repository, name.revision)
        variants = self.variants(repository, commit)
        if not variants.items or variants.items[0].key:
            making = self._folders.adapter(repository, commit, base)
            if making is None:
                raise BadRequest(f"{text} holds no adapter: neither a GGUF file nor PEFT's.")
            told = f"{repository.full_name}@{commit}:{making.name}"
            return Adapter(told, None, scale, making)
        items = variants.items
        chosen = pick(variants, name.wanted, commit).variant if name.wanted else items[-1]
        facts = self._read(repository, commit, chosen)
        if not facts.is_adapter:
            raise BadRequest(f"{text} is a whole model and no adapter.")
        if facts.architecture != base.architecture:
            msg = f"{text} is an adapter for {facts.architecture}, the base is {base.architecture}."
            raise BadRequest(msg)
        if len(chosen.entries) > 1:
            raise EntryNotFound(chosen.path, commit, "Adapters come in one file.")
        file = self._file(repository, commit, chosen.path)
        return Adapter(f"{repository.full_name}@{commit}:{chosen.path}", file, scale)


def _runs(variant: Variant, running: Collection[str]) -> bool:
    if variant.key:
        return variant.key in running
    return all(e.pointer is not None and e.pointer.sha256 in running for e in variant.entries)
