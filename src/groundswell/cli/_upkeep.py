"""What the verbs of upkeep share: the opened data, a progress bar, a report for people.

The bar is drawn on a terminal's standard error and nowhere else.
"""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Self

import click

from groundswell.cli._output import moment
from groundswell.core.errors import BadRequest, Corrupt, NotFound

if TYPE_CHECKING:
    from groundswell.hub.identity import Rows
    from groundswell.hub.upkeep import Premises, Report
    from groundswell.store.layout import DataFolder
    from groundswell.wiring import Hub

_REDRAW_SECONDS = 0.1
_BAR_CHARACTERS = 30
_TELLS_AFTER_SECONDS = 5.0
_CLEAR = "\r\x1b[K"


@contextlib.contextmanager
def opened_hub(
    data: Path, *, alone: bool = False, rows: Rows = "kept", database_url: str | None = None
) -> Iterator[Hub]:
    """A hub's use cases on its data. ``alone``: refuse while a hub serves it, and let none begin.
    ``rows``: what became of them before.

    Raises:
        NotFound: there is no data folder of that name.
        Unavailable: a hub is at work on it.
        BadRequest: settings that cannot be used.
        ForeignData: the folder, the database or the bucket belongs to another hub.
    """
    import logging

    from groundswell import settings as configuration
    from groundswell import wiring

    # What is broken stands in the report: the hub's own log would say it a second time.
    logging.getLogger("groundswell").addHandler(logging.NullHandler())
    if not data.is_dir():
        msg = f"There is no data folder at {data}. Name it with --data."
        raise NotFound(msg)
    try:
        settings = configuration.load({"data": data, "database_url": database_url})
    except configuration.SettingsFault as fault:
        raise BadRequest(str(fault)) from fault
    if rows == "restored":
        # Its content lies in the folder. What the environment names is the old hub's.
        settings = settings.model_copy(update={"storage_url": None, "spool_folder": None})
    hub = wiring.build(settings, serves=alone, rows=rows)
    try:
        yield hub
    finally:
        hub.close()


@contextlib.contextmanager
def opened_premises(
    data: Path, *, alone: bool = False, rows: Rows = "kept", database_url: str | None = None
) -> Iterator[Premises]:
    """A hub's data, for upkeep. See ``opened_hub``."""
    from groundswell.hub.upkeep import Premises
    from groundswell.store.layout import DataFolder

    with opened_hub(data, alone=alone, rows=rows, database_url=database_url) as hub:
        folder = DataFolder(hub.settings.data)
        yield Premises(hub.database, hub.store, hub.git, folder, hub.clock)


@contextlib.contextmanager
def opened_restored(folder: DataFolder, database_url: str | None = None) -> Iterator[Premises]:
    """A folder that was restored just now, on its own stores whatever the settings name."""
    url = database_url or folder.database_url
    with opened_premises(folder.root, alone=True, rows="restored", database_url=url) as premises:
        yield premises


class ProgressBar:
    """Says on a terminal how far a long run is; silent everywhere else."""

    def __init__(self) -> None:
        self._is_shown = sys.stderr.isatty()
        self._what = ""
        self._total: int | None = None
        self._done = 0
        self._drawn_at = 0.0
        self._began_at = 0.0

    def begin(self, what: str, total: int | None) -> None:
        """A new part of the run."""
        self._what, self._total, self._done = what, total, 0
        self._began_at = time.monotonic()
        self._draw()

    def advance(self, count: int = 1) -> None:
        """So much more is done."""
        self._done += count
        if time.monotonic() - self._drawn_at >= _REDRAW_SECONDS:
            self._draw()

    def _draw(self) -> None:
        if not self._is_shown:
            return
        self._drawn_at = time.monotonic()
        click.echo(_CLEAR + self.text(), nl=False, err=True)

    def text(self) -> str:
        """What is drawn now."""
        if not self._total:
            return f"{self._what}: {self._done}"
        share = min(self._done / self._total, 1.0)
        bar = ("#" * int(share * _BAR_CHARACTERS)).ljust(_BAR_CHARACTERS, ".")
        return f"{self._what}: [{bar}] {share:4.0%} of {self._total}{self._left()}"

    def _left(self) -> str:
        """About how long it takes yet, once that can be told."""
        took_seconds = time.monotonic() - self._began_at
        if (
            not self._total
            or not 0 < self._done < self._total
            or took_seconds < _TELLS_AFTER_SECONDS
        ):
            return ""
        seconds = took_seconds * (self._total - self._done) / self._done
        return (
            f", about {seconds:.0f} s left"
            if seconds < 100
            else f", about {seconds / 60:.0f} min left"
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        if self._is_shown:
            click.echo(_CLEAR, nl=False, err=True)


def print_report(report: Report, *, as_json: bool, **more: str) -> int:
    """Print what was found; the exit code of the verb: 8 when something is damaged."""
    if as_json:
        click.echo(json.dumps({**report.as_json(), **more}, ensure_ascii=False, indent=2))
    else:
        for each in report.findings:
            action = f" ({each.action})" if each.action else ""
            click.echo(
                f"{each.severity.value}: {each.code.value}: {each.where}: {each.what}{action}"
            )
        looked = ", ".join(
            f"{count} {what.replace('_', ' ')}" for what, count in sorted(report.counted.items())
        )
        click.echo(f"{report.verb}: {looked or 'nothing there'}.")
        for line in _left_out(report):
            click.echo(line)
        click.echo(f"{report.error_count} errors, {report.note_count} notes.")
    return Corrupt.exit_code if report.error_count else 0


def _left_out(report: Report) -> Iterator[str]:
    """What was not read, and why: nobody shall take a run for more than it was."""
    if report.resumed_from is not None:
        yield f"Went on with the check that began at {moment(report.resumed_from)}."
    if report.left_out:
        counts = ", ".join(f"{count} {what}" for what, count in sorted(report.left_out.items()))
        since = moment(report.left_out_since)
        yield (
            f"Not read again, as unchanged since they were found sound: {counts}. "
            f"The first of them was read at {since}"
            + (", by this check." if report.resumed_from else "; --full reads everything again.")
        )
    if report.interrupted_at is not None:
        began = moment(report.interrupted_at)
        yield f"A deep check that began at {began} was interrupted: --resume goes on with it."
