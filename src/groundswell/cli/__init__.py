"""The ``swell`` program: one module for each verb, found by its name.

A module here that does not begin with an underscore is a verb; its attribute ``command`` is the
click command or group. Verbs import what is heavy inside their functions, so that ``swell --help``
stays quick. This is the edge of the command line: errors become one line and an exit code here.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import sys
import traceback
from collections.abc import Sequence
from typing import Final, NoReturn

import click

from groundswell import __version__
from groundswell.core.errors import GroundswellError

TRACE_VARIABLE: Final = "SWELL_TRACE"
EXIT_INTERRUPTED: Final = 130  # as shells count: 128 + SIGINT
EXIT_BROKEN_PIPE: Final = 141  # 128 + SIGPIPE


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


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run one verb and leave with its exit code (docs/reference/errors.md)."""
    try:
        code = swell.main(arguments, prog_name="swell", standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        _say("stopped.")
        code = EXIT_INTERRUPTED
    except GroundswellError as error:
        _say(error.message, error.hint)
        code = error.exit_code
    except BrokenPipeError:
        # Whoever read our output went away; the interpreter must not complain while it exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = EXIT_BROKEN_PIPE
    except Exception as error:
        if os.environ.get(TRACE_VARIABLE):
            traceback.print_exc()
        _say(f"{type(error).__name__}: {error}", f"({TRACE_VARIABLE}=1 shows where.)")
        code = GroundswellError.exit_code
    sys.exit(code if isinstance(code, int) else 0)


def _say(message: str, hint: str = "") -> None:
    click.echo(" ".join(f"swell: {message} {hint}".split()), err=True)
