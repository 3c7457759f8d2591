"""The packs of a hub: found with the reader's rights of the moment, opened, kept open a while.

A pack is a dataset with a `pack.json` at its revision. Rights are asked each time a question is;
the open files behind it are shared by everybody who may read that repository. Files of packs lie
as derivatives (`derivatives`), checked against their hashes when they are written there, and are
held while the pack is open. Does not search and does not answer.
"""

from __future__ import annotations

import contextlib
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import Final, TypeVar

from groundswell.ask.calibration import Calibration
from groundswell.ask.derivatives import Derivatives
from groundswell.ask.library.files import PackFiles
from groundswell.ask.library.overlays import OverlayFiles, own_overlay
from groundswell.ask.library.sharing import Shared
from groundswell.ask.library.values import PackRef, Summary, whole
from groundswell.ask.packs.graphs import NO_CORRECTIONS, Corrections
from groundswell.ask.packs.opened import OpenPack
from groundswell.ask.retrieval.searching import Shelf, analyser_of
from groundswell.core.errors import (
    BadRequest,
    Corrupt,
    DisabledRepo,
    Forbidden,
    GatedRepo,
    NotFound,
    RepoNotFound,
    RevisionNotFound,
    Unauthenticated,
)
from groundswell.core.policy import Action
from groundswell.core.recent import Recent
from groundswell.core.values import Principal, RepoId, RepoKind
from groundswell.hub.content import Content
from groundswell.hub.repos import Repos, Repository
from groundswell.hub.search import ListQuery, Search
from groundswell.wire import packs
from groundswell.wire.corrections import TAG

# Asked together; each costs open files and memory of its index.
PACKS_MAX: Final = 8
OPEN_MAX: Final = 16
SHELVES_MAX: Final = 8
OVERLAYS_MAX: Final = 4
LISTED_MAX: Final = 100
SUMMARIES_KEPT: Final = 1_000


class _Held(Shared):
    """A pack with its files."""

    def __init__(self, pack: OpenPack, calibration: Calibration, stack: ExitStack) -> None:
        super().__init__(stack)
        self.pack = pack
        self.calibration = calibration


class _Stand(Shared):
    """A shelf, which uses its packs as long as it is open."""

    def __init__(self, held: Sequence[_Held]) -> None:
        stack = ExitStack()
        for each in held:
            each.enter()
            stack.callback(each.leave)
        with stack:
            with whole(", ".join(each.pack.name for each in held)):
                self.shelf = Shelf([each.pack for each in held])
            stack.callback(self.shelf.close)
            super().__init__(stack.pop_all())


_K = TypeVar("_K")
_U = TypeVar("_U", bound=Shared)


class Library:
    """The hub's packs. Thread-safe.

    Args:
        repos: find repositories for somebody.
        content: reads them.
        search: lists them.
        derivatives: hold their files.
    """

    def __init__(
        self, repos: Repos, content: Content, search: Search, derivatives: Derivatives
    ) -> None:
        self._repos = repos
        self._content = content
        self._search = search
        self._files = PackFiles(content, derivatives)
        self._overlays = OverlayFiles(content)
        self._lock = threading.Lock()
        self._open: OrderedDict[tuple[int, str], _Held] = OrderedDict()
        self._shelves: OrderedDict[tuple[tuple[int, str], ...], _Stand] = OrderedDict()
        # Of commits, which do not change. A text says why one is no pack.
        self._summaries: Recent[tuple[int, str], Summary | str] = Recent(SUMMARIES_KEPT)
        self._opens: Recent[tuple[int, str], bool] = Recent(SUMMARIES_KEPT)

    def all(self, principal: Principal) -> tuple[Repository, ...]:
        """The packs that the principal may see, those in use most first."""
        query = ListQuery(filters=(packs.TAG,), limit=LISTED_MAX)
        return self._search.list(principal, RepoKind.DATASET, query).repositories

    def find(self, principal: Principal, text: str) -> PackRef:
        """The pack of ``namespace/name`` or ``namespace/name@revision``.

        Raises:
            RepoNotFound, RevisionNotFound: not there for this principal.
            GatedRepo, DisabledRepo, Unauthenticated: as for any file.
            BadRequest: it is no name.
        """
        name, _, revision = text.removeprefix("datasets/").partition("@")
        repo_id = RepoId.parse(RepoKind.DATASET, name)
        repository = self._repos.find(principal, repo_id, Action.READ)
        return PackRef(repository, self._content.resolve_revision(repository, revision or "main"))

    def find_all(self, principal: Principal, names: Sequence[str]) -> list[PackRef]:
        """The packs of these names; without any, those that the principal may read, as many as can
        be asked together. One that is broken is then passed over: it may be anybody's.

        Raises:
            BadRequest: there is no pack at all. Others as for `find`.
        """
        if names:
            return [self.find(principal, name) for name in names[: PACKS_MAX + 1]]
        refs: list[PackRef] = []
        analyser = ""
        for ref, summary in self.listed(principal):
            if (not refs or summary.analyser == analyser) and self._does_open(ref):
                analyser = summary.analyser
                refs.append(ref)
            if len(refs) == PACKS_MAX:
                break
        if not refs:
            msg = "There is no knowledge pack here. `swell pack build` makes one from a folder."
            raise BadRequest(msg)
        return refs

    def listed(self, principal: Principal) -> Iterator[tuple[PackRef, Summary]]:
        """The packs that the principal may read, those in use most first."""
        for repository in self.all(principal):
            with contextlib.suppress(
                GatedRepo, RepoNotFound, Unauthenticated, RevisionNotFound, BadRequest
            ):
                ref = self.find(principal, repository.full_name)
                yield ref, self.summary(ref)

    def summary(self, ref: PackRef) -> Summary:
        """What to tell of a pack. Raises BadRequest when the repository is none."""
        key = (ref.repository.id, ref.commit)
        known = self._summaries.get(key)
        if known is None:
            known = self._summaries.put(key, self._summary(ref))
        if isinstance(known, str):
            raise BadRequest(known)
        return known

    def _summary(self, ref: PackRef) -> Summary | str:
        try:
            manifest = self._files.manifest(ref)
        except BadRequest as error:
            return error.message
        name, languages = manifest.title or ref.name, manifest.languages
        return Summary(name, languages, manifest.licence, manifest.counts, analyser_of(manifest))

    def _does_open(self, ref: PackRef) -> bool:
        """Whether the pack can be asked; looked at once for each commit."""
        key = (ref.repository.id, ref.commit)
        known = self._opens.get(key)
        if known is None:
            try:
                with self.shelf([ref]):
                    known = True
            except Corrupt:
                return False  # what is damaged at rest may be healed: it is looked at again
            except BadRequest:
                known = False
            self._opens.put(key, known)
        return known

    def overlays(self, principal: Principal) -> tuple[Repository, ...]:
        """The sets of corrections that the principal may see, those in use most first."""
        query = ListQuery(filters=(TAG,), limit=LISTED_MAX)
        return self._search.list(principal, RepoKind.DATASET, query).repositories

    def corrections(self, principal: Principal, names: Sequence[str] | None = None) -> Corrections:
        """What these overlays say of edges, the last one with the last word; the principal's own
        where none are named, if there is one that can be read.

        Raises:
            BadRequest: a dataset that is named holds none, or they are too many. Others as `find`.
        """
        if names is not None:
            if len(names) > OVERLAYS_MAX:
                raise BadRequest(f"Name {OVERLAYS_MAX} sets of corrections at most.")
            refs = [self.find(principal, name) for name in names]
            return Corrections([self._overlays.read(ref) for ref in refs])
        if principal.is_anonymous:
            return NO_CORRECTIONS
        # Whoever has none, or has broken their own, still gets the packs' edges.
        with contextlib.suppress(NotFound, DisabledRepo, Forbidden, BadRequest):
            own = self.find(principal, own_overlay(principal))
            return Corrections([self._overlays.read(own)])
        return NO_CORRECTIONS

    @contextlib.contextmanager
    def shelf(self, refs: Sequence[PackRef]) -> Iterator[tuple[Shelf, list[Calibration]]]:
        """Packs open to be asked, with how sure their answers are. They stay open at least as long
        as the context is.

        Raises:
            BadRequest: none or too many, or one is no pack or does not hold what it says, or their
                languages do not fit.
            Corrupt: bytes at rest are not what their hash says.
            StorageFull: their files do not fit on the disk.
        """
        if not 0 < len(refs) <= PACKS_MAX:
            raise BadRequest(f"Name 1 to {PACKS_MAX} packs to be asked.")
        unique = {(ref.repository.id, ref.commit): ref for ref in refs}
        with ExitStack() as stack:
            held = [stack.enter_context(self._held(ref)) for ref in unique.values()]
            stand = stack.enter_context(self._stand(tuple(unique), held))
            yield stand.shelf, [each.calibration for each in held]

    @contextlib.contextmanager
    def opened(self, ref: PackRef) -> Iterator[OpenPack]:
        """One pack, to be read."""
        with self._held(ref) as held:
            yield held.pack

    def close(self) -> None:
        """Close everything that nobody uses at the moment."""
        with self._lock:
            stands, held = list(self._shelves.values()), list(self._open.values())
            self._shelves.clear()
            self._open.clear()
        for each in (*stands, *held):
            each.retire()

    # --- inside ---------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _held(self, ref: PackRef) -> Iterator[_Held]:
        key = (ref.repository.id, ref.commit)
        with self._lock:
            held = self._open.get(key)
            if held is not None:
                self._open.move_to_end(key)
                held.enter()
        if held is None:
            held = self._add(self._open, key, self._opened(ref), OPEN_MAX)
        try:
            yield held
        finally:
            held.leave()

    @contextlib.contextmanager
    def _stand(self, key: tuple[tuple[int, str], ...], held: Sequence[_Held]) -> Iterator[_Stand]:
        with self._lock:
            stand = self._shelves.get(key)
            if stand is not None:
                self._shelves.move_to_end(key)
                stand.enter()
        if stand is None:
            stand = self._add(self._shelves, key, _Stand(held), SHELVES_MAX)
        try:
            yield stand
        finally:
            stand.leave()

    def _add(self, kept: OrderedDict[_K, _U], key: _K, made: _U, count_max: int) -> _U:
        """Keep what was opened, in use by the caller, or what another thread opened before."""
        with self._lock:
            known = kept.get(key)
            if known is None:
                kept[key] = made
            else:
                made, known = known, made
            made.enter()
            old = [kept.popitem(last=False)[1] for _ in range(len(kept) - count_max)]
        for each in (*old, *([] if known is None else [known])):
            each.retire()
        return made

    def _opened(self, ref: PackRef) -> _Held:
        manifest = self._files.manifest(ref)
        with ExitStack() as stack:
            where = stack.enter_context(self._files.held(ref, manifest))
            with whole(ref.name):
                pack = OpenPack(ref.name, ref.commit, manifest, where.__getitem__)
            stack.callback(pack.close)
            with whole(ref.name):
                Shelf([pack]).close()  # an index that cannot be opened is told before it is shared
            return _Held(pack, self._files.calibration(ref), stack.pop_all())
