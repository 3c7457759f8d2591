"""``swell store cool``: write weights small now, instead of when a running hub comes to it."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from groundswell.cli._folder import data_option
from groundswell.cli._output import json_option
from groundswell.cli._upkeep import opened_premises

_DAY_SECONDS = 24 * 3600


@click.command("cool")
@click.option(
    "--older-than-days",
    type=click.FloatRange(0),
    default=0.0,
    show_default=True,
    help="Only what was uploaded that long ago.",
)
@json_option
@data_option
def cool(*, older_than_days: float, as_json: bool, data: Path) -> None:
    """Write weights small: fine-tunes as their difference to the base that their card names.

    Nobody who reads them notices but by the speed. A hub may be running meanwhile.
    """
    from groundswell.hub.upkeep.cooling import Cooling

    with opened_premises(data) as premises:
        tally = Cooling(premises).run(older_than_days * _DAY_SECONDS)
    if as_json:
        click.echo(json.dumps(asdict(tally), indent=2))
        return
    click.echo(
        f"{tally.made_cold} xorbs became cold: {tally.plain_bytes} bytes are now "
        f"{tally.cold_bytes}. {tally.left_plain} stay plain, as little would be gained."
    )
    if tally.settled:
        click.echo(f"{tally.settled} that an earlier run left half done were settled.")
