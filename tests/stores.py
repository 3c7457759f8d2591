"""Which stores a live hub of the tests stands on: ``pytest --stores=postgresql`` and the like.

Without the option a hub has its own folder and SQLite. With it, every hub that `tests.live` starts
on a new folder gets a database of its own on one PostgreSQL server, a folder of its own in one
bucket, or both, by a `swell.toml` that verbs run beside it read as well.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

CHOICES: Final = ("postgresql", "s3")


class Stores:
    """Servers that live as long as the run. ``chosen`` names those that are used."""

    chosen: tuple[str, ...] = ()
    postgresql_folder: Path | None = None
    s3_endpoint: str | None = None
    _numbers = itertools.count()

    @classmethod
    def parse(cls, text: str) -> tuple[str, ...]:
        """From ``postgresql,s3``."""
        names = tuple(name for name in text.split(",") if name)
        assert set(names) <= set(CHOICES), f"--stores takes {', '.join(CHOICES)}"
        return names

    @classmethod
    def settings(cls) -> list[str]:
        """Lines of `swell.toml` for one more hub."""
        number = next(cls._numbers)
        lines: list[str] = []
        if cls.postgresql_folder is not None:
            from tests.contract import postgresql

            url = postgresql.fresh_url(cls.postgresql_folder, f"hub{number}")
            lines.append(f'database_url = "{url}"')
        if cls.s3_endpoint is not None:
            from tests.contract import object_storage

            lines += object_storage.settings(cls.s3_endpoint, f"hub{number}")
        return lines

    @classmethod
    def prepare(cls, data: Path) -> None:
        """Let a hub that is about to begin on a new folder stand on what was chosen."""
        if not cls.chosen or data.exists():
            return
        data.mkdir(mode=0o700, parents=True)
        (data / "swell.toml").write_text("\n".join([*cls.settings(), ""]), encoding="utf-8")


@contextmanager
def running(chosen: tuple[str, ...]) -> Iterator[None]:
    """The servers of the stores that were chosen."""
    with ExitStack() as stack:
        if "postgresql" in chosen:
            from tests.contract import postgresql

            Stores.postgresql_folder = stack.enter_context(postgresql.server())
        if "s3" in chosen:
            from tests.contract import object_storage

            Stores.s3_endpoint = stack.enter_context(object_storage.seaweedfs())
        Stores.chosen = chosen
        try:
            yield
        finally:
            Stores.chosen, Stores.postgresql_folder, Stores.s3_endpoint = (), None, None
