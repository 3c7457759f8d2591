"""``swell faults``: what is broken at rest."""

from __future__ import annotations

from pathlib import Path

import click

from groundswell.cli._folder import data_option
from groundswell.cli._output import json_option, moment, print_rows
from groundswell.cli._upkeep import opened_premises
from groundswell.core.errors import Corrupt


@click.command("faults")
@click.option("--all", "with_healed", is_flag=True, help="Also what was healed.")
@json_option
@data_option
def command(*, with_healed: bool, as_json: bool, data: Path) -> int:
    """List what was found broken at rest and is not healed. Ends with 8 when there is anything.

    A hub at work looks for damage by itself; `swell scrub` does so now.
    """
    with opened_premises(data) as premises:
        found = premises.faults.list_faults(with_healed=with_healed, limit=10_000)
    rows: list[dict[str, object]] = [
        {
            "kind": each.kind,
            "key": each.key,
            "what": each.what,
            "place": each.place,
            "found_at": moment(each.found_at),
            "healed_at": moment(each.healed_at),
            "healed_by": each.healed_by,
        }
        for each in found
    ]
    print_rows(rows, as_json=as_json)
    return Corrupt.exit_code if any(each.is_open for each in found) else 0
