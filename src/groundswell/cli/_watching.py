"""`swell pack watch`: folders are looked at, and a pack follows them.

Knows when to try again. Nothing is published but a whole pack, in one commit; what is asked
meanwhile is the pack before.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from groundswell.cli._packing import (
    Target,
    copied_model,
    is_folder,
    is_model,
    make,
    model_folder,
    options_of,
    print_made,
)
from groundswell.cli._upkeep import opened_hub
from groundswell.core.errors import BadRequest, GroundswellError, NotFound

if TYPE_CHECKING:
    from groundswell.ask.making import Made

LOOK_SECONDS: Final = 1.0
AGAIN_SECONDS_MAX: Final = 60.0


class _Later(Exception):
    """It cannot be done now; the message says why."""


def watch(texts: tuple[str, ...], output: str, data: Path, quiet: float, said: Any) -> None:  # noqa: ANN401
    """Follow the folders until somebody ends it."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with ExitStack() as stack:
        follower = _Follower(texts, output, data, said, stack)
        follower.begin()
        _follow(follower, texts, quiet)


def _follow(follower: _Follower, texts: tuple[str, ...], quiet: float) -> None:
    from groundswell.ask.packs.watching import Watch, snapshot

    watching = Watch(quiet)
    wait_seconds = LOOK_SECONDS
    click.echo(f"Watching {', '.join(texts)}. Ctrl-C ends it.")
    try:
        while True:
            try:
                seen = snapshot([Path(text) for text in texts])
                if watching.look(seen, time.monotonic()):
                    is_same = lambda: snapshot([Path(text) for text in texts]) == seen  # noqa: E731, B023
                    if follower.follow(is_same):
                        watching.built(seen)
                wait_seconds = LOOK_SECONDS
            except (_Later, OSError) as error:
                wait_seconds = min(max(wait_seconds * 2, 2.0), AGAIN_SECONDS_MAX)
                why = error.strerror if isinstance(error, OSError) else str(error)
                click.secho(f"  {why or error} Tried again in {wait_seconds:.0f} s.", err=True)
            time.sleep(wait_seconds)
    except KeyboardInterrupt:
        click.echo("Not watched any more; what is published stays.")


class _Follower:
    """Makes the pack of what is there now, and publishes it."""

    def __init__(
        self,
        texts: tuple[str, ...],
        output: str,
        data: Path,
        said: Any,  # noqa: ANN401
        stack: ExitStack,
    ) -> None:
        self._texts = texts
        self._output = output
        self._data = data
        self._said = said
        self._stack = stack
        self._options = options_of(said)

    def begin(self) -> None:
        """Find out at once what could never be. Raises as the commands do."""
        from groundswell.ask.packs.sources import open_source
        from groundswell.ask.packs.vectors.models import read_model

        for text in self._texts:
            open_source(text)
        wanted = self._said["vectors"]
        model = model_folder(wanted)
        if not is_folder(self._output) or is_model(wanted):
            with opened_hub(self._data) as hub:
                if not is_folder(self._output):
                    Target(hub, self._output, self._said)
                account = self._said["account"]
                model = self._stack.enter_context(copied_model(hub, wanted, account))
        if model is not None:
            read_model(model)
        self._options = options_of(self._said, model)

    def follow(self, is_same: Callable[[], bool]) -> bool:
        """Whether the pack is now what the folders are. Raises _Later."""
        from groundswell.ask.packs.sources import open_source

        if is_folder(self._output):
            sources = [open_source(text) for text in self._texts]
            return self._told(make(sources, Path(self._output), self._options), self._output)
        # A data folder that is away must not be made anew.
        if not (self._data / "identity").exists():
            raise _Later("The hub's data folder is not there at the moment.")
        try:
            with opened_hub(self._data) as hub:
                target = Target(hub, self._output, self._said)
                sources = [open_source(text) for text in self._texts]
                made = self._made(sources, target.folder)
                if made is None:
                    return True
                if not is_same():
                    return False  # it changed while it was read: what was read may be half of it
                target.publish()
        except GroundswellError as error:
            raise _Later(error.message) from error
        return self._told(made, f"datasets/{target.repo_id.full_name}")

    def _made(self, sources: Any, folder: Path) -> Made | None:  # noqa: ANN401
        try:
            return make(sources, folder, self._options)
        except (BadRequest, NotFound) as error:
            click.secho(f"  {error.message} The pack stays as it was.", err=True)
            return None

    def _told(self, made: Made, place: str) -> bool:
        print_made(made, {"place": place}, as_json=False)
        return True
