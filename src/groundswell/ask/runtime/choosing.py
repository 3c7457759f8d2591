"""Which GGUF of a repository: all of them as they are, and the one that fits this machine.

Knows how people name quantisations and split files. Reads no bytes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from groundswell.core.errors import BadRequest, EntryNotFound, Unavailable
from groundswell.core.values import Entry, EntryKind

_SPLIT: Final = re.compile(
    r"(?P<stem>.+)-(?P<number>\d{5})-of-(?P<count>\d{5})\.gguf", re.IGNORECASE
)
_QUANTISATION: Final = re.compile(
    r"(?<![A-Za-z0-9])((?:UD-)?(?:I?Q\d(?:_[A-Z0-9]+)*|TQ\d_\d|MXFP4(?:_MOE)?|BF16|F16|F32))"
    r"(?![A-Za-z0-9])",
    re.IGNORECASE,
)
SPLITS_MAX: Final = 64
_MIB: Final = 1 << 20
# Above this, a processor reads weights too slowly for a conversation: smaller ones come first.
COMFORTABLE_BYTES: Final = 5 << 30
# Bits of a weight: beyond the first nothing is gained, below the second too much is lost.
_BITS_MAX: Final = 9.0
_BITS_MIN: Final = 4.0
_BITS: Final = {"F32": 32.0, "F16": 16.0, "BF16": 16.0, "MXFP4": 4.25, "MXFP4_MOE": 4.25}


@dataclass(frozen=True, slots=True)
class Variant:
    """One model of a repository: a file, or the files that it is split into, in order.

    ``key`` is that of one which is made from safetensors: it has no entries, and its quantisation
    is its path.
    """

    path: str
    quantisation: str
    size_bytes: int
    entries: tuple[Entry, ...]
    key: str = ""

    @property
    def bits(self) -> float:
        """About how many bits a weight takes, as its name tells."""
        name = self.quantisation.upper().removeprefix("UD-")
        if name in _BITS:
            return _BITS[name]
        found = re.search(r"Q(\d)", name)
        return float(found[1]) + 0.5 if found else 0.0


@dataclass(frozen=True, slots=True)
class Variants:
    """Every model of a repository, the smallest first, and what was left out, in words."""

    items: tuple[Variant, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """A variant, and why in a sentence."""

    variant: Variant
    explanation: str


def variants_of(entries: Iterable[Entry]) -> Variants:
    """The models among the entries of a tree."""
    whole: list[Variant] = []
    splits: dict[tuple[str, int], dict[int, Entry]] = {}
    notes: list[str] = []
    for entry in entries:
        name = entry.path.rpartition("/")[2]
        if entry.kind is not EntryKind.FILE or not name.lower().endswith(".gguf"):
            continue
        if "mmproj" in name.lower():
            notes.append(f"{entry.path} reads pictures and is left out: models read text here.")
            continue
        found = _SPLIT.fullmatch(entry.path)
        if found is None:
            whole.append(Variant(entry.path, _named(name), entry.size_bytes, (entry,)))
        else:
            key = (found["stem"], int(found["count"]))
            splits.setdefault(key, {})[int(found["number"])] = entry
    for (stem, count), parts in splits.items():
        if count > SPLITS_MAX or set(parts) != set(range(1, count + 1)):
            notes.append(f"{stem} is split into {count} files, of which {len(parts)} are here.")
            continue
        ordered = tuple(parts[number] for number in sorted(parts))
        size_bytes = sum(entry.size_bytes for entry in ordered)
        name = _named(stem.rpartition("/")[2])
        whole.append(Variant(ordered[0].path, name, size_bytes, ordered))
    whole.sort(key=lambda variant: (variant.size_bytes, variant.path))
    return Variants(tuple(whole), tuple(notes))


def _named(name: str) -> str:
    """The quantisation in a file's name; "" without one."""
    found = _QUANTISATION.findall(name)
    return found[-1].upper() if found else ""


def pick(variants: Variants, wanted: str, commit: str) -> Choice:
    """The variant that somebody names: a file, or a quantisation.

    Raises:
        EntryNotFound: none of that name.
        BadRequest: several.
    """
    by_path = [v for v in variants.items if wanted in (v.path, v.path.rpartition("/")[2])]
    named = by_path or [v for v in variants.items if v.quantisation == wanted.upper()]
    if not named:
        have = ", ".join(v.quantisation or v.path for v in variants.items[:20]) or "none"
        msg = f"There is no model {wanted[:200]!r} in this repository. There are: {have}."
        raise EntryNotFound(wanted, commit, msg)
    if len(named) > 1:
        msg = f"Several files are {wanted!r}: name one of {', '.join(v.path for v in named[:20])}."
        raise BadRequest(msg)
    chosen = named[0]
    return Choice(chosen, f"{_told(chosen)}, as asked for.")


def choose(
    variants: Variants, needed_bytes: Callable[[int], int], free_bytes: int, preferred: set[str]
) -> Choice:
    """The variant that serves this machine best.

    Args:
        variants: to choose from; at least one.
        needed_bytes: what a model of that size takes in memory.
        free_bytes: what there is.
        preferred: paths of those that run already.

    Raises:
        Unavailable: none fits.
    """
    fitting = [v for v in variants.items if needed_bytes(v.size_bytes) <= free_bytes]
    if not fitting:
        smallest = variants.items[0]
        msg = (
            f"{_told(smallest)} takes about {mib(needed_bytes(smallest.size_bytes))} of memory, "
            f"and {mib(free_bytes)} are free."
        )
        raise Unavailable(msg, 60)
    running = [v for v in fitting if v.path in preferred]
    if running:
        return Choice(running[-1], f"{_told(running[-1])}, which runs already.")
    chosen, why = _best(fitting)
    if len(variants.items) == 1:
        why = "the only one here"
    needed = mib(needed_bytes(chosen.size_bytes))
    tail = f"takes about {needed} of {mib(free_bytes)} of free memory"
    return Choice(chosen, f"{_told(chosen)}: {why}; it {tail}.")


def _best(fitting: list[Variant]) -> tuple[Variant, str]:
    sane = [v for v in fitting if _BITS_MIN <= v.bits <= _BITS_MAX]
    quick = [v for v in sane if v.size_bytes <= COMFORTABLE_BYTES]
    if quick:
        best = quick[-1]
        larger = any(v.size_bytes > best.size_bytes for v in sane)
        return best, (
            "the best that is still quick" if larger else "the best that is worth its size"
        )
    if sane:
        return sane[0], "the smallest that keeps its quality"
    return fitting[-1], "the largest that fits"


def _told(variant: Variant) -> str:
    name = variant.quantisation or variant.path.rpartition("/")[2]
    parts = f", {len(variant.entries)} files" if len(variant.entries) > 1 else ""
    parts = ", made from safetensors" if variant.key else parts
    return f"{name} ({mib(variant.size_bytes)}{parts})"


def mib(size_bytes: int) -> str:
    """A size for people, in the units that memory is sold in."""
    if size_bytes >= 1 << 30:
        return f"{size_bytes / (1 << 30):.1f} GiB"
    return f"{size_bytes / _MIB:.0f} MiB"
