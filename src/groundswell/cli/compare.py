"""``swell compare``: which model answers somebody's questions best."""

from __future__ import annotations

import json
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from groundswell.cli._output import json_option, print_rows
from groundswell.cli._packing import counting
from groundswell.core.errors import BadRequest, Forbidden, NotFound

if TYPE_CHECKING:
    from groundswell.cli._calling import Calling
    from groundswell.cli._contest import InFolder, InHub
    from groundswell.wire.questions import Item, SetManifest

NOT_AS_SAID: Final = 8
_MODEL: Final = "REPO[@REV][:FILE][+ADAPTER[=SCALE]]"


@click.command("compare")
@click.argument("models", metavar=f"{_MODEL}…", nargs=-1)
@click.option("--set", "set_name", required=True, metavar="REPO[@REV]|FOLDER",
              help="The questions: see `swell set`.")  # fmt: skip
@click.option("--pack", "packs", multiple=True, metavar="REPO[@REV]",
              help="Where passages are found that models answer from; may be repeated. "
              "Without it, those that the set was made from.")  # fmt: skip
@click.option("--closed-book", is_flag=True, help="Show no passages: what do models know?")
@click.option("--questions", default=0, help="Ask so many of them at most. 0: all.")
@click.option("--all", "asks_all", is_flag=True, help="Do not stop early when it is clear.")
@click.option("--minutes", default=60.0, show_default=True, help="Ask no longer than this.")
@click.option("--max-tokens", default=64, show_default=True, help="Longest answer.")
@click.option("--temperature", type=click.FloatRange(0, 2), default=0.0, show_default=True)
@click.option("--seed", default=0, show_default=True, help="Makes the same choices again.")
@click.option("--check", metavar="ID|FILE", default="",
              help="Instead: judge the answers of this result again, and compare.")  # fmt: skip
@click.option("--no-commit", is_flag=True, help="Only print: put nothing beside the set.")
@click.option("--hub", metavar="URL", envvar="SWELL_HUB", show_envvar=True, show_default=True,
              default="http://127.0.0.1:8000", help="The hub that runs the models.")  # fmt: skip
@click.option("--token", envvar="HF_TOKEN", show_envvar=True, help="To sign in there.")
@json_option
def command(models: tuple[str, ...], *, as_json: bool, **said: Any) -> int:  # noqa: ANN401
    """Ask models the questions of a set, and say whether one of them is better.

    A running hub answers, for whoever the token is of. Answers are judged by rules, not by a model.
    Asking ends early when it is clear; when it is interrupted, the same command goes on. The result
    is committed beside the questions. Ends with 8 when --check finds a result that is not as said.
    """
    from groundswell.cli._calling import Calling
    from groundswell.wire.questions import (
        MANIFEST,
        MANIFEST_BYTES_MAX,
        QUESTIONS,
        QUESTIONS_BYTES_MAX,
        unpack_items,
        unpack_set,
    )

    calling = Calling(said["hub"], said["token"])
    place = _place(said["set_name"], calling)
    if said["check"]:
        return _check(place, said["check"])
    if not models:
        raise BadRequest(f"Name the models to compare, each as {_MODEL}.")
    if len(set(models)) < len(models):
        raise BadRequest("The same model is named twice.")
    manifest = unpack_set(place.read(MANIFEST, MANIFEST_BYTES_MAX))
    items = unpack_items(place.read(QUESTIONS, QUESTIONS_BYTES_MAX))
    result = _compare(calling, place, manifest, items, models, said)
    if as_json:
        click.echo(json.dumps(result, ensure_ascii=False, indent=1))
    else:
        _print(result)
    return 0


def _place(text: str, calling: Calling) -> InFolder | InHub:
    from groundswell.cli._contest import InFolder, InHub

    folder = Path(text).expanduser()
    return InFolder(folder) if folder.is_dir() else InHub(calling, text)


def _packs(calling: Calling, manifest: SetManifest, said: dict[str, Any]) -> tuple[str, ...]:
    """The packs that are searched, each at a commit; none without sources."""
    from groundswell.cli._contest import pinned

    if said["closed_book"]:
        if said["packs"]:
            raise BadRequest("Either --pack or --closed-book.")
        return ()
    named = said["packs"] or [each for each in manifest.packs if "/" in each]
    if not named:
        msg = "This set names no pack of a hub: name one with --pack, or take --closed-book."
        raise BadRequest(msg)
    return tuple(pinned(calling, "datasets", each.removeprefix("datasets/")) for each in named)


def _compare(
    calling: Calling,
    place: InFolder | InHub,
    manifest: SetManifest,
    items: list[Item],
    models: tuple[str, ...],
    said: dict[str, Any],
) -> dict[str, Any]:
    from groundswell.ask.comparing.asking import Comparing, order_of
    from groundswell.ask.comparing.results import Setting, check_distinct, result_id, result_of
    from groundswell.cli import _contest
    from groundswell.cli._talking import Sampling

    packs = _packs(calling, manifest, said)
    sampling = Sampling(said["max_tokens"], said["temperature"], said["seed"])
    contestants = [_contest.Asked(calling, said["token"], each, sampling) for each in models]
    setting = Setting(
        place.name, place.commit, packs, said["max_tokens"], said["temperature"], said["seed"],
        not said["asks_all"], max(0, said["questions"]),
    )  # fmt: skip
    ordered = order_of(items, is_open=bool(packs), most=setting.questions)
    found = [each.model() for each in contestants]
    check_distinct(found)
    kept = _contest.KeptAnswers(_contest.kept_path(result_id(setting, found, items)))
    is_done = False
    try:
        with counting("questions") as tell:
            comparing = Comparing(
                ordered, contestants, partial(_contest.search, calling, packs) if packs else None,
                kept, setting.stops_early, time.monotonic() + 60 * said["minutes"],
                tell,
            )  # fmt: skip
            asked = comparing.run()
        result = result_of(setting, [each.model() for each in contestants], items, asked)
        if not said["no_commit"]:
            _put(place, result)
        # What time cut short goes on where it was.
        is_done = asked.stopped != "time" and not said["no_commit"]
    finally:
        kept.close(is_done=is_done)
    return result


def _put(place: InFolder | InHub, result: dict[str, Any]) -> None:
    """Commit a result beside its set; where that may not be, keep it in a folder here."""
    from groundswell.ask.comparing.report import picture_of, with_result
    from groundswell.ask.comparing.results import FOLDER, pack_result
    from groundswell.ask.evaluation.cards import CARD
    from groundswell.ask.evaluation.keeping import CARD_BYTES_MAX
    from groundswell.cli._contest import InFolder, InHub

    name = f"{FOLDER}/{result['id']}"
    files = {f"{name}.json": pack_result(result)}
    if result["pairs"]:
        files[f"{name}.svg"] = picture_of(result)
    try:
        now = place.newest() if isinstance(place, InHub) else place
        card = _card(now, CARD, CARD_BYTES_MAX)
        summary = f"Compare {len(result['models'])} models on {result['asked']} questions"
        where = now.write({**files, CARD: with_result(card, result).encode()}, summary)
    except (Forbidden, NotFound, BadRequest) as error:
        click.echo(f"The result is not committed: {error.message}", err=True)
        where = InFolder(Path()).write(files, "")
    click.echo(f"{name}.json: {where}", err=True)


def _card(place: InFolder | InHub, name: str, bytes_max: int) -> str:
    try:
        return place.read(name, bytes_max).decode("utf-8", "replace")
    except NotFound:
        return ""


def _print(result: dict[str, Any]) -> None:
    rows = [
        {
            "model": model["label"],
            "right": f"{model['right']} of {result['asked']}",
            "seconds": f"{model['seconds_per_question']:.2f}",
            "first word": f"{model['first_token_seconds']:.2f}",
            "tokens/s": f"{model['tokens_per_second']:.0f}",
            "memory": f"{model['peak_bytes'] >> 20} MiB" if model["peak_bytes"] else "-",
        }
        for model in sorted(result["models"], key=lambda each: -each["right"])
    ]
    print_rows(rows, as_json=False)
    click.echo("")
    for pair in result["pairs"]:
        click.echo(pair["sentence"])
    for model in result["models"]:
        if model["grades"]["failed"]:
            times, why = model["grades"]["failed"], "; ".join(model["failures"])
            click.echo(f"{model['label']} gave no answer to {times} of them, which is wrong: {why}")
    if result["stopped"] != "all":
        reasons = {"early": "no further answer could change that", "time": "the time was over"}
        left = f"{result['asked']} of {result['planned']} questions were asked"
        click.echo(f"{left}: {reasons[result['stopped']]}.")


def _check(place: InFolder | InHub, name: str) -> int:
    """Judge the answers of a result again."""
    from groundswell.ask.comparing.results import (
        FOLDER,
        RESULTS_BYTES_MAX,
        differences,
        unpack_result,
    )
    from groundswell.cli._contest import InHub
    from groundswell.wire.questions import QUESTIONS, QUESTIONS_BYTES_MAX, unpack_items

    path = Path(name)
    if path.is_file():
        data = path.read_bytes()
    else:
        data = place.read(f"{FOLDER}/{name.removesuffix('.json')}.json", RESULTS_BYTES_MAX)
    result = unpack_result(data)
    commit = str(result.get("set", {}).get("commit", ""))
    if isinstance(place, InHub) and commit:
        place = place.at(commit)
    found = differences(result, unpack_items(place.read(QUESTIONS, QUESTIONS_BYTES_MAX)))
    for each in found:
        click.echo(each)
    if not found:
        click.echo("Every answer is graded as the rules say, and the verdicts follow from them.")
    return NOT_AS_SAID if found else 0
