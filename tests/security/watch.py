"""What a hub does between two moments. Knows no attack."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from tests.hub.blobs.world import World


class Watch:
    """What a hub does between two moments: the statements of its database, the reads of its store."""

    def __init__(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        self.done: list[str] = []
        real = type(world.store).open

        def opened(store: object, kind: str, key: str) -> object:
            self.done.append(f"open a {kind}")
            return real(store, kind, key)  # type: ignore[arg-type]

        monkeypatch.setattr(type(world.store), "open", opened)
        event.listen(sa.Engine, "before_cursor_execute", self._note)

    def _note(self, conn: object, cursor: object, statement: str, *rest: object) -> None:
        self.done.append(statement)

    def close(self) -> None:
        event.remove(sa.Engine, "before_cursor_execute", self._note)

    def taken(self) -> list[str]:
        done, self.done = self.done, []
        return done
