"""``swell run``: talk to a model of the hub in the terminal.

The answer goes to standard output, everything else to standard error, so that it works in pipes.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from groundswell.cli._folder import data_option
from groundswell.core.errors import BadRequest, GroundswellError, TooLarge

if TYPE_CHECKING:
    from groundswell.ask.runtime import Piece, State
    from groundswell.cli._talking import Sampling, Talker

FILE_BYTES_MAX: Final = 1 << 20
_CLEAR: Final = "/clear"
_ENDS: Final = frozenset({"/bye", "/exit", "/quit"})
_PROMPT: Final = "> "
_HELP: Final = "Ctrl-C stops an answer, Ctrl-D or /bye ends, /clear forgets what was said."


@click.command("run")
@click.argument("model", metavar="REPO[@REV][:FILE|QUANTISATION]")
@click.option("--prompt", help="Ask this and end, instead of a conversation.")
@click.option("--system", help="What the model is told before everything else.")
@click.option(
    "--file", "files", multiple=True, metavar="PATH", type=click.Path(allow_dash=True),
    help="A text that goes before the first question; - is standard input. May be repeated.",
)  # fmt: skip
@click.option(
    "--adapter", "adapters", multiple=True, metavar="REPO[=SCALE]",
    help="A LoRA adapter over the model. May be repeated.",
)  # fmt: skip
@click.option("--max-tokens", type=click.IntRange(1), help="Longest answer.")
@click.option("--temperature", type=click.FloatRange(0, 2), default=0.7, show_default=True)
@click.option("--seed", type=int, help="Makes the same choices again.")
@click.option("--hub", metavar="URL", envvar="SWELL_HUB", show_envvar=True,
              help="Let the hub at this address run it, instead of this machine.")  # fmt: skip
@click.option("--token", envvar="HF_TOKEN", show_envvar=True, help="To sign in there.")
@click.option("--quiet", is_flag=True, help="Print the answer alone.")
@data_option
def command(model: str, data: Path, prompt: str | None, **options: Any) -> None:  # noqa: ANN401
    """Run a model of the hub and talk to it.

    Without --prompt a conversation begins; where standard input is no terminal, it is the question.
    """
    from groundswell.cli._talking import Sampling

    sampling = Sampling(options["max_tokens"], options["temperature"], options["seed"])
    adapters = [_adapter(text) for text in options["adapters"]]
    before = "".join(f"{_read(path)}\n\n" for path in options["files"])
    with _talker(model, data, options, adapters) as talker:
        told = _Told(is_quiet=options["quiet"])
        told.lines(talker.told)
        chat = _Chat(talker, sampling, told, options["system"], before)
        if prompt is None and not sys.stdin.isatty():
            prompt = sys.stdin.read(FILE_BYTES_MAX)
        if prompt is not None:
            sys.exit(0 if chat.ask(prompt) else 1)
        chat.converse()


@contextlib.contextmanager
def _talker(
    model: str, data: Path, options: dict[str, Any], adapters: Sequence[tuple[str, float]]
) -> Iterator[Talker]:
    from groundswell.cli._talking import There, run_here

    if options["hub"]:
        yield There(options["hub"], options["token"], model, adapters)
        return
    with run_here(data, model, adapters) as talker:
        yield talker


def _adapter(text: str) -> tuple[str, float]:
    name, equals, scale = text.partition("=")
    try:
        return name, float(scale) if equals else 1.0
    except ValueError as error:
        raise BadRequest(f"--adapter {text}: {scale!r} is no number.") from error


def _read(path: str) -> str:
    with click.open_file(path, encoding="utf-8", errors="replace") as source:
        text: str = source.read(FILE_BYTES_MAX + 1)
    if len(text) > FILE_BYTES_MAX:
        raise TooLarge(f"{path} is longer than {FILE_BYTES_MAX:,} characters.")
    return text


class _Told:
    """What goes to standard error: how far the model is, and figures."""

    def __init__(self, *, is_quiet: bool) -> None:
        self._is_quiet = is_quiet
        self._moves = sys.stderr.isatty()
        self._last = ""
        self._phase = ""

    def lines(self, lines: Sequence[str]) -> None:
        if not self._is_quiet:
            for line in filter(None, lines):
                click.secho(line, err=True, dim=True)

    def state(self, state: State) -> None:
        """Where nothing can move, a line for each phase; else one line that changes."""
        if self._is_quiet:
            return
        total = max(1, state.total_bytes)
        text = f"{state.phase.value} {min(100, 100 * state.done_bytes // total)} %"
        if self._moves and text != self._last:
            click.echo(f"\r\x1b[K{text}", nl=False, err=True)
        elif not self._moves and state.phase != self._phase:
            click.echo(state.phase.value, err=True)
        self._last, self._phase = text, state.phase
        if state.phase == "ready":
            self.clear()

    def clear(self) -> None:
        """Remove the line that moves."""
        if self._moves and self._last:
            click.echo("\r\x1b[K", nl=False, err=True)
        self._last = ""

    def figures(self, piece: Piece) -> None:
        timing = piece.timing
        if timing is None:
            return
        ended = {"length": "; the answer was cut at its longest", "time": "; its time was over"}
        text = (
            f"first token after {timing.first_token_seconds:.2f} s"
            f" ({timing.loading_seconds:.2f} s of it loading), "
            f"{timing.tokens_per_second:.1f} tokens/s, "
            f"{timing.prompt_tokens} + {timing.completion_tokens} tokens"
            f"{ended.get(piece.finish or '', '')}"
        )
        self.lines([text])


class _Chat:
    """One conversation."""

    def __init__(
        self, talker: Talker, sampling: Sampling, told: _Told, system: str | None, before: str
    ) -> None:
        self._talker = talker
        self._sampling = sampling
        self._told = told
        self._start = [{"role": "system", "content": system}] if system else []
        self._messages = list(self._start)
        self._before = before

    def converse(self) -> None:
        """Until the end of input."""
        with contextlib.suppress(ImportError):
            import readline  # noqa: F401 - lines can be edited once it is loaded
        self._talker.load(self._told.state)
        self._told.lines([_HELP])
        while True:
            try:
                text = input(_PROMPT).strip()
            except EOFError:
                click.echo(err=True)
                return
            except KeyboardInterrupt:
                click.echo(err=True)
                continue
            if text in _ENDS:
                return
            if text == _CLEAR:
                self._messages = list(self._start)
            elif text:
                self._try(text)

    def _try(self, text: str) -> None:
        try:
            self.ask(text)
        except GroundswellError as error:
            self._told.clear()
            click.echo(f"{error.message} {error.hint}".strip(), err=True)

    def ask(self, text: str) -> bool:
        """Print the answer while it comes; whether it was complete."""
        question = {"role": "user", "content": f"{self._before}{text}"}
        said: list[str] = []
        answer = self._talker.ask([*self._messages, question], self._sampling, self._told.state)
        is_whole = False
        try:
            for piece in answer:
                if piece.text and not said:
                    self._told.clear()
                said.append(piece.text)
                click.echo(piece.text, nl=False)
                if piece.finish is not None:
                    click.echo()
                    self._told.figures(piece)
                    is_whole = True
        except KeyboardInterrupt:
            self._told.clear()
            click.echo()
            self._told.lines(["(stopped)"])
        finally:
            answer.close()
        self._before = ""
        self._messages += [question, {"role": "assistant", "content": "".join(said)}]
        return is_whole
