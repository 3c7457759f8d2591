"""What a check finds, and how far it is: values that a person or a program reads.

Knows every kind of finding by its code. Does not know how to find them.
"""

from __future__ import annotations

import enum
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

FINDINGS_MAX: Final = 10_000


class Severity(enum.StrEnum):
    """An error is damage: something was promised and is not there, or is wrong. A note is not."""

    ERROR = "error"
    NOTE = "note"


class Code(enum.StrEnum):
    """What may be found; docs/howto/check-integrity.md says what to do about each."""

    DATABASE_DAMAGED = "database-damaged"
    ROW_WRONG = "row-wrong"
    REPOSITORY_MISSING = "repository-missing"
    REPOSITORY_DAMAGED = "repository-damaged"
    REPOSITORY_STRAY = "repository-stray"
    REPOSITORY_RECOVERED = "repository-recovered"
    ACCOUNT_RECOVERED = "account-recovered"
    IDENTITY_WRONG = "identity-wrong"
    HEAD_WRONG = "head-wrong"
    REFERENCE_BROKEN = "reference-broken"
    OBJECT_BROKEN = "object-broken"
    OBJECT_UNUSUAL = "object-unusual"
    POINTER_UNLINKED = "pointer-unlinked"
    BUCKET_WRONG = "bucket-wrong"
    LEFTOVER = "leftover"
    XORB_MISSING = "xorb-missing"
    XORB_CORRUPT = "xorb-corrupt"
    XORB_ORPHAN = "xorb-orphan"
    SHARD_CORRUPT = "shard-corrupt"
    SHARD_ORPHAN = "shard-orphan"
    RECIPE_BROKEN = "recipe-broken"
    RECIPE_UNSHARDED = "recipe-unsharded"
    BLOB_CORRUPT = "blob-corrupt"
    USE_MISSING = "use-missing"
    USE_EXTRA = "use-extra"
    KEY_CHANGED = "key-changed"
    FAULT_OPEN = "fault-open"


_NOTES: Final = frozenset(
    {
        Code.REPOSITORY_STRAY,
        Code.REPOSITORY_RECOVERED,
        Code.ACCOUNT_RECOVERED,
        Code.OBJECT_UNUSUAL,
        Code.LEFTOVER,
        Code.XORB_ORPHAN,
        Code.SHARD_ORPHAN,
        Code.RECIPE_UNSHARDED,
        Code.USE_EXTRA,
    }
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found. ``where`` names it, ``what`` says it in words.

    ``action`` is what was done about it, empty for nothing.
    """

    code: Code
    where: str
    what: str
    action: str = ""

    @property
    def severity(self) -> Severity:
        """How bad it is."""
        return Severity.NOTE if self.code in _NOTES else Severity.ERROR


@dataclass(slots=True)
class Report:
    """Everything found in one run. The first ``FINDINGS_MAX`` are kept, all are counted.

    ``counted`` says how much was looked at, by words such as ``repositories`` or ``bytes``.
    ``left_out`` says of how much nothing was read again, as it was found sound before and has not
    changed; ``left_out_since`` when the first of it was, and ``resumed_from`` when the interrupted
    run began that this one went on with, ``interrupted_at`` when one began that nobody went on
    with yet (microseconds since the epoch).
    """

    verb: str
    started_at: int
    finished_at: int | None = None
    findings: list[Finding] = field(default_factory=list)
    counted: Counter[str] = field(default_factory=Counter)
    by_code: Counter[Code] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    left_out_since: int | None = None
    resumed_from: int | None = None
    interrupted_at: int | None = None

    def leave_out(self, what: str, checked_at: int) -> None:
        """Write down that something was found sound then, and is not looked at again."""
        self.left_out[what] += 1
        self.left_out_since = min(checked_at, self.left_out_since or checked_at)

    def add(self, code: Code, where: str, what: str, action: str = "") -> None:
        """Write down one finding."""
        self.by_code[code] += 1
        if len(self.findings) < FINDINGS_MAX:
            self.findings.append(Finding(code, where, what, action))

    def join(self, part: Report) -> None:
        """Take over what another run found; of what both counted, the larger figure."""
        self.findings += part.findings[: FINDINGS_MAX - len(self.findings)]
        self.by_code += part.by_code
        self.counted |= part.counted
        self.left_out |= part.left_out
        self.left_out_since = part.left_out_since or self.left_out_since
        self.resumed_from = part.resumed_from or self.resumed_from
        self.finished_at = part.finished_at

    @property
    def error_count(self) -> int:
        """How many findings are damage."""
        return sum(count for code, count in self.by_code.items() if code not in _NOTES)

    @property
    def note_count(self) -> int:
        """How many are not."""
        return sum(count for code, count in self.by_code.items() if code in _NOTES)

    def as_json(self) -> dict[str, Any]:
        """The report as JSON values; the times are microseconds since the epoch."""
        return {
            "verb": self.verb,
            "started_at": self.started_at,
            "finished_at": self.finished_at,
            "errors": self.error_count,
            "notes": self.note_count,
            "counted": dict(sorted(self.counted.items())),
            "left_out": dict(sorted(self.left_out.items())),
            "left_out_since": self.left_out_since,
            "resumed_from": self.resumed_from,
            "interrupted_at": self.interrupted_at,
            "by_code": {code.value: count for code, count in sorted(self.by_code.items())},
            "findings": [
                {
                    "severity": each.severity.value,
                    "code": each.code.value,
                    "where": each.where,
                    "what": each.what,
                    **({"action": each.action} if each.action else {}),
                }
                for each in self.findings
            ],
        }


class Progress(Protocol):
    """Told how far a long run is. Must not block."""

    def begin(self, what: str, total: int | None) -> None:
        """A new part of the run; ``total`` None when its length is not known."""
        ...

    def advance(self, count: int = 1) -> None:
        """So much more of the part is done."""
        ...


class Silence:
    """Progress that nobody follows."""

    def begin(self, what: str, total: int | None) -> None:
        """Nothing."""
        del what, total

    def advance(self, count: int = 1) -> None:
        """Nothing."""
        del count
