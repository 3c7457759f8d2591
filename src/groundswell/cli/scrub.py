"""``swell scrub``: read everything that a hub keeps, now."""

from __future__ import annotations

from pathlib import Path

import click

from groundswell.cli._folder import data_option
from groundswell.cli._output import json_option
from groundswell.cli._upkeep import ProgressBar, opened_premises, print_report


@click.command("scrub")
@click.option("--again", is_flag=True, help="Begin anew instead of going on where it stopped.")
@json_option
@data_option
def command(*, again: bool, as_json: bool, data: Path) -> int:
    """Read and check every byte; put what is broken aside, and heal it from what the hub has.

    A hub at work does the same in the background, a little at a time. Stopped, it goes on where
    it was. Ends with 8 when something is broken and not healed.
    """
    from groundswell.hub.upkeep import Code, Report
    from groundswell.hub.upkeep.scrubbing import Scrub

    with opened_premises(data) as premises, ProgressBar() as progress:
        report = Report("scrub", premises.clock())
        scrub = Scrub(premises)
        scrub.begin(again=again)
        scrub.run(progress=progress)
        report.finished_at = premises.clock()
        report.counted["objects"] = scrub.state.last_objects
        report.counted["bytes_read"] = scrub.state.last_size_bytes
        report.counted["faults_found"] = scrub.state.last_faults
        for each in premises.faults.list_faults(limit=10_000):
            report.add(Code.FAULT_OPEN, f"{each.kind}/{each.key}", each.what, each.place)
    return print_report(report, as_json=as_json)
