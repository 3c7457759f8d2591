"""The `swell` program: one module for each verb, found by its name.

A module here that does not begin with an underscore is a verb; its attribute ``command`` is the
click command or group. Verbs import what is heavy inside their functions, so that `swell --help`
stays quick. This is the edge of the command line: errors become one line and an exit code here.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import sys
import traceback

import click

from groundswell import __version__
from groundswell.core.errors import GroundswellError


class _Verbs(click.Group):
    """Commands that are imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        names = (module.name for module in pkgutil.iter_modules(__path__))
        return sorted(name.replace("_", "-") for name in names if not name.startswith("_"))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        module = importlib.import_module(f"{__name__}.{cmd_name.replace('-', '_')}")
        command: click.Command = module.command
        return command


@click.group(cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="swell")
def swell() -> None:
    """Groundswell, a self-hosted forge for open AI models."""


def main() -> None:
    """Run one verb and leave with its exit code."""
    try:
        code = swell.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("Stopped.", err=True)
        sys.exit(130)
    except GroundswellError as error:
        click.echo(f"Error: {error.message}", err=True)
        if error.hint:
            click.echo(error.hint, err=True)
        sys.exit(error.exit_code)
    except Exception as error:
        if os.environ.get("SWELL_TRACE"):
            traceback.print_exc()
        click.echo(f"Error: {type(error).__name__}: {error} (SWELL_TRACE=1 shows where)", err=True)
        sys.exit(1)
    sys.exit(code if isinstance(code, int) else 0)
