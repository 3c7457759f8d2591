"""``swell verify``: is this revision whole?"""

from __future__ import annotations

from pathlib import Path

import click

from groundswell.cli._folder import data_option
from groundswell.cli._output import json_option
from groundswell.cli._upkeep import ProgressBar, opened_premises, print_report
from groundswell.core.values import RepoId


@click.command("verify")
@click.argument("repo", metavar="REPO[@REV]")
@json_option
@data_option
def command(*, repo: str, as_json: bool, data: Path) -> int:
    """Prove a revision of a repository from end to end, beside a running hub.

    REPO is namespace/name, with datasets/ or spaces/ before it where it is one; REV a branch, tag
    or commit (main). Every git object of the revision, every pointer and link, every chunk and the
    sha256 of every file are read and compared. Ends with 8 when anything is wrong.
    """
    from groundswell.hub.upkeep import verify

    name, _, revision = repo.partition("@")
    with opened_premises(data) as premises, ProgressBar() as progress:
        report = verify(premises, RepoId.parse_path(name), revision or "main", progress)
    return print_report(report, as_json=as_json)
