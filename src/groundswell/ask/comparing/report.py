"""A result for people: a part of the set's card, and a small picture of the intervals.

Knows words, tables and lines. Texts of others (names of models, reasons of failures) are written so
that they stay text. Reads results as they were made here; does not check them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final
from xml.sax.saxutils import escape

from groundswell.ask.comparing.results import FOLDER

Json = dict[str, Any]

# A card shows so many comparisons, the newest first; older ones stay in their folder.
SHOWN_MAX: Final = 10
PAIRS_MAX: Final = 12
_LABEL_CHARACTERS_MAX: Final = 46
_HEAD: Final = "## Which model answers these questions best"
_START: Final = "<!-- results -->"
_END: Final = "<!-- end of results -->"
_BEGIN: Final = "<!-- result "
_ID: Final = re.compile(r"[0-9a-f]{16}(?= -->\n)", re.ASCII)
# A space at which no line ends.
_FIXED: Final = "\u00a0"
_MARKS: Final = re.compile(r"([\\`*_{}\[\]<>|~#!&])")
STOPPED: Final = {
    "all": "all of them were asked",
    "early": "stopped early, when no further answer could have changed what is said",
    "time": "stopped when the time was over",
}
KINDS: Final = {
    "row": "values",
    "lead": "names",
    "cloze": "gaps",
    "hidden": "not in the sources",
    "altered": "altered facts",
    "human": "asked by people",
}


def with_result(card: str, result: Json) -> str:
    """A card with one more result, or the same one again, in its place for results."""
    part = part_of(result)
    before, _, rest = card.partition(_START)
    shown, _, after = rest.partition(_END)
    others = [part for name, part in _parts(shown) if name != result["id"]]
    listed = "\n".join([part, *others][:SHOWN_MAX])
    if not before.endswith("\n\n"):
        before = before.rstrip("\n") + "\n\n"
    return f"{before}{_START}\n{_HEAD}\n\n{listed}{_END}\n{after.lstrip()}"


def _parts(shown: str) -> Iterator[tuple[str, str]]:
    """The results of a card; what people wrote between them is not kept."""
    for piece in shown.split(_BEGIN)[1:]:
        name = _ID.match(piece)
        if name is not None:
            text, end, _ = piece.partition(f"<!-- end {name[0]} -->\n")
            if end:
                yield name[0], f"{_BEGIN}{text}{end}"


def part_of(result: Json) -> str:
    """What a card says of one comparison: verdicts in words, then figures."""
    name = result["id"]
    said = [f"**{_plain(pair['sentence'])}**" for pair in result["pairs"]]
    lines = [f"{_BEGIN}{name} -->", *_apart(said or ["One model was measured alone."])]
    if result["pairs"]:
        words = "How far the second is ahead, in points of 100, with 95 % intervals."
        lines += [f"![{words}]({FOLDER}/{name}.svg)", ""]
    lines += [*_table(result), "", *_kinds(result), ""]
    lines += [*_failures(result), _how(result), f"<!-- end {name} -->", ""]
    return "\n".join(lines)


def _apart(lines: list[str]) -> list[str]:
    return [each for line in lines for each in (line, "")]


def _table(result: Json) -> list[str]:
    head = "| model | right | a question | first word | tokens/s | memory |"
    rows = [head, "|---|---|---|---|---|---|"]
    for model in sorted(result["models"], key=lambda each: -each["right"]):
        share = 100 * model["right"] / max(1, result["asked"])
        cells = (
            _plain(model["label"]),
            f"{model['right']} of {result['asked']} ({share:.0f} %)".replace(" ", _FIXED),
            f"{model['seconds_per_question']:.2f} s",
            f"{model['first_token_seconds']:.2f} s",
            f"{model['tokens_per_second']:.0f}",
            f"{model['peak_bytes'] / (1 << 20):.0f} MiB" if model["peak_bytes"] else "not known",
        )
        rows.append("| " + " | ".join(each.replace(" s", f"{_FIXED}s") for each in cells) + " |")
    return rows


def _kinds(result: Json) -> list[str]:
    kinds = sorted({kind for model in result["models"] for kind in model["by_kind"]})
    if len(kinds) < 2:
        return []
    names = [KINDS.get(kind, kind) for kind in kinds]
    rows = [f"| right, by kind | {' | '.join(names)} |", "|---|" + "---|" * len(kinds)]
    for model in result["models"]:
        cells = []
        for kind in kinds:
            right, asked = model["by_kind"].get(kind, [0, 0])
            cells.append(f"{right} of {asked}")
        rows.append(f"| {_plain(model['label'])} | {' | '.join(cells)} |")
    return rows


def _failures(result: Json) -> list[str]:
    found = []
    for model in result["models"]:
        count = model["grades"]["failed"]
        if count:
            why = _plain("; ".join(model["failures"])[:300])
            found.append(
                f"{_plain(model['label'])} gave no answer to {count} of them, which counts as"
                f" wrong: {why}."
            )
    return _apart(found)


def _how(result: Json) -> str:
    sources = ", ".join(f"`{_short_name(name)}`" for name in result["settings"]["sources"])
    how = f"with passages of {sources}" if sources else "without sources"
    asked = f"{result['asked']} of {result['planned']} questions, {STOPPED[result['stopped']]}"
    models = ", ".join(
        f"`{'+'.join(_short_name(each) for each in (model['name'], *model['adapters']))}`"
        for model in result["models"]
    )
    return (
        f"Asked {how}: {asked}. Answers were judged by rules, not by a model. Models: {models}. "
        f"All answers: [`{FOLDER}/{result['id']}.json`]({FOLDER}/{result['id']}.json)."
    )


def _short_name(name: str) -> str:
    """A name with as much of its commit as people compare; the result has all of it."""
    return re.sub(r"(?<=@)([0-9a-f]{12})[0-9a-f]{28,52}", r"\1", name.replace("`", ""))


def _plain(text: str) -> str:
    """Text that Markdown shows as it is, in one line."""
    return _MARKS.sub(r"\\\1", " ".join(str(text).split()))


# --- the picture ----------------------------------------------------------------------------------

# Narrow enough that its words can be read on a telephone.
_WIDTH: Final = 380
_ROW: Final = 66
_LEFT: Final = 10
_RIGHT: Final = 370
_COLOURS: Final = """
svg{font:13px system-ui,sans-serif;--ink:#1f2328;--soft:#667079;--line:#2563a8}
@media (prefers-color-scheme:dark){svg{--ink:#e6e8ea;--soft:#9aa3ab;--line:#79b4f0}}
text{fill:var(--ink)}.soft{fill:var(--soft)}.zero{stroke:var(--soft);stroke-dasharray:3 3}
.bar{stroke:var(--line);stroke-width:3;stroke-linecap:round}.dot{fill:var(--line)}
"""


def picture_of(result: Json) -> bytes:
    """The intervals of a result's pairs, as SVG: further right, the second is better."""
    pairs = result["pairs"][:PAIRS_MAX]
    ends = [abs(pair[end]) for pair in pairs for end in ("low", "high")]
    most = max(0.05, *ends) if ends else 0.05
    height = _ROW * len(pairs) + 34
    size = f'width="{_WIDTH}" height="{height}" viewBox="0 0 {_WIDTH} {height}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">',
        "<title>Differences between models, with 95 % intervals</title>",
        f"<style>{_COLOURS}</style>",
        f'<line class="zero" x1="{_at(0, most)}" x2="{_at(0, most)}" y1="0" y2="{height - 24}"/>',
    ]
    for number, pair in enumerate(pairs):
        parts += _row(pair, number * _ROW, result["asked"], most)
    foot = height - 6
    worst = f"{100 * most:.0f}"
    left, right = f"← better by {worst} of 100", f"better by {worst} of 100 →"
    parts += [
        f'<text class="soft" x="{_LEFT}" y="{foot}">{left}</text>',
        f'<text class="soft" x="{_at(0, most)}" y="{foot}" text-anchor="middle">equal</text>',
        f'<text class="soft" x="{_RIGHT}" y="{foot}" text-anchor="end">{right}</text>',
        "</svg>",
    ]
    return "\n".join(parts).encode() + b"\n"


def _row(pair: Json, top: int, asked: int, most: float) -> list[str]:
    middle = (pair["second_alone"] - pair["first_alone"]) / max(1, asked)
    low, dot, high = (_at(each, most) for each in (pair["low"], middle, pair["high"]))
    name, other, line = top + 16, top + 34, top + 50
    return [
        f'<text x="{_LEFT}" y="{name}">{_short(pair["first"])}</text>',
        f'<text x="{_RIGHT}" y="{other}" text-anchor="end">{_short(pair["second"])}</text>',
        f'<line class="bar" x1="{low}" x2="{high}" y1="{line}" y2="{line}"/>',
        f'<circle class="dot" cx="{dot}" cy="{line}" r="5"/>',
    ]


def _at(share: float, most: float) -> int:
    half = (_RIGHT - _LEFT) / 2
    return round(_LEFT + half + half * share / most)


def _short(text: str) -> str:
    plain = " ".join(str(text).split())
    # The end tells models of one family apart.
    if len(plain) > _LABEL_CHARACTERS_MAX:
        plain = "…" + plain[-_LABEL_CHARACTERS_MAX:]
    return escape(plain)
