"""A hub of two people for tests of what stands on packs."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from groundswell import settings as configuration
from groundswell import wiring
from groundswell.ask.answering import Asking, answer
from groundswell.ask.library import Library
from groundswell.ask.publishing import Publishing
from groundswell.core.policy import Action
from groundswell.core.values import (
    AddRegular,
    CommitHeader,
    DeleteEntry,
    Principal,
    RepoId,
    RepoKind,
    Visibility,
)


@dataclass
class Desk:
    """A hub with two people, and where packs are built."""

    hub: wiring.Hub
    folder: Path
    ann: Principal
    bob: Principal

    @property
    def library(self) -> Library:
        assert self.hub.library is not None
        return self.hub.library

    @property
    def publishing(self) -> Publishing:
        assert self.hub.packs is not None
        return self.hub.packs.publishing

    def publish(self, name: str, folder: Path, visibility: str = "private") -> str:
        return self.publishing.publish(self.ann, of(name), folder, Visibility(visibility))

    def ask(self, who: Principal, question: str, *packs: str) -> list[Any]:
        refs = self.library.find_all(who, packs)
        with self.library.shelf(refs) as (shelf, calibrations):
            return list(answer(shelf, calibrations, Asking(question, risk=0.2)))

    def files(self, name: str, revision: str = "main") -> dict[str, str]:
        repository = self.hub.repos.find(self.ann, of(name), Action.READ)
        page = self.hub.content.tree(repository, revision, "", recursive=True)
        return {i.entry.path: i.entry.oid for i in page.items if i.entry.kind.value != "directory"}

    def put(self, name: str, **files: bytes | None) -> None:
        repository = self.hub.repos.find(self.ann, of(name), Action.READ)
        work = [
            DeleteEntry(path) if content is None else AddRegular(path, content)
            for path, content in files.items()
        ]
        self.hub.commits.commit(self.ann, repository, "main", CommitHeader("By hand"), work)


def of(name: str) -> RepoId:
    return RepoId.parse(RepoKind.DATASET, name)


@contextlib.contextmanager
def desk_in(data: Path, folder: Path) -> Iterator[Desk]:
    """A new hub with Ann and Bob."""
    hub = wiring.build(configuration.load({"data": data}, environment={}), serves=False)
    people = []
    for name in ("ann", "bob"):
        account = hub.accounts.create_user(name, by=None)
        people.append(hub.accounts.refresh(account.id, None, None))
    try:
        yield Desk(hub, folder, *people)
    finally:
        hub.close()


@contextlib.contextmanager
def desk_with(packs: dict[str, tuple[Path, str]], folder: Path) -> Iterator[Desk]:
    """One on which Ann has published packs: folder and visibility by their name."""
    with desk_in(folder / "data", folder) as desk:
        for name, (built, visibility) in packs.items():
            desk.publish(name, built, visibility)
        yield desk
