"""What `swell compare` reaches over the network and on the disk: models, sources, sets, and answers
that survive an interruption.

Knows addresses and files. Does not know what is compared how.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import quote

from groundswell.ask.comparing.asking import (
    SOURCES_MAX,
    TEXT_CHARACTERS_MAX,
    Answered,
    Message,
    Source,
)
from groundswell.ask.comparing.results import Model
from groundswell.cli._calling import Calling
from groundswell.cli._talking import Sampling, There
from groundswell.core.errors import (
    BadRequest,
    Forbidden,
    GroundswellError,
    NotFound,
    TooLarge,
    Unavailable,
)
from groundswell.wire.questions import Item

_BUSY_SECONDS: Final = (2.0, 6.0)
_CARRIED_BYTES_MAX: Final = 512 << 20


# --- models ---------------------------------------------------------------------------------------


class Asked:
    """A model of a hub, asked through its API.

    ``text`` is ``REPO[@REV][:FILE]``, and after a "+" adapters over it: ``+REPO[=SCALE]``.
    """

    def __init__(self, calling: Calling, token: str | None, text: str, sampling: Sampling) -> None:
        self.label = text
        self._calling = calling
        self._sampling = sampling
        name, *adapters = text.split("+")
        pinned = [_adapter(calling, each) for each in adapters]
        self._adapters = tuple(f"{each}={scale:g}" for each, scale in pinned)
        self._there = There(calling.url, token, name, pinned)
        self._found = self._there.described()

    def begin(self) -> None:
        one = Sampling(1, 0.0, 0)
        with contextlib.suppress(BadRequest, Unavailable):  # the first question will tell
            self._say([{"role": "user", "content": "."}], one)

    def ask(self, messages: Sequence[Message]) -> Answered:
        for wait_seconds in (*_BUSY_SECONDS, None):
            began = time.monotonic()
            try:
                return self._say(messages, self._sampling)
            except (Forbidden, NotFound):
                raise  # nobody could be asked: the rights or the model are gone
            except GroundswellError as error:
                # Whether it was the model or the hub that failed.
                self._calling.read("/healthz", 1 << 16)
                if not isinstance(error, Unavailable) or wait_seconds is None:
                    took = time.monotonic() - began
                    return Answered("", error.message[:300] or error.code, took)
                time.sleep(wait_seconds)
        raise AssertionError("the last try returns")

    def _say(self, messages: Sequence[Message], sampling: Sampling) -> Answered:
        began = time.monotonic()
        pieces: list[str] = []
        first, rate = 0.0, 0.0
        with self._there.ask(messages, sampling, lambda _state: None) as answer:
            for piece in answer:
                pieces.append(piece.text)
                if piece.timing is not None:
                    first = piece.timing.first_token_seconds
                    rate = piece.timing.tokens_per_second
        took = time.monotonic() - began
        text = "".join(pieces)[:TEXT_CHARACTERS_MAX]
        return Answered(text, "", round(took, 4), round(first, 4), round(rate, 2))

    def model(self) -> Model:
        """What it is, down to its bytes, and the most memory that it took."""
        with contextlib.suppress(GroundswellError):
            self._found = {**self._found, "peak": self._there.described().get("peak", 0)}
        found = self._found
        sha256 = tuple(map(str, found.get("sha256", ())))
        size, peak = int(found.get("size", 0)), int(found.get("peak", 0))
        return Model(self.label, str(found["id"]), sha256, size, peak, self._adapters)


def _adapter(calling: Calling, text: str) -> tuple[str, float]:
    name, equals, scale = text.partition("=")
    try:
        strength = float(scale) if equals else 1.0
    except ValueError as error:
        raise BadRequest(f"{text}: {scale!r} is no number.") from error
    return pinned(calling, "models", name), strength


def pinned(calling: Calling, kind: str, text: str) -> str:
    """``name@commit`` of ``name`` or ``name@revision``."""
    name, _, revision = text.partition("@")
    if name.count("/") != 1:
        raise BadRequest(f"{text}: name a repository as namespace/name.")
    path = f"/api/{kind}/{quote(name)}/revision/{quote(revision or 'main', safe='')}"
    return f"{name}@{calling.json(path)['sha']}"


def search(calling: Calling, packs: Sequence[str], item: Item) -> list[Source]:
    """What the packs say nearest to a question; of a hidden one more, as some is left out."""
    body = {"question": item.question, "packs": list(packs), "risk": 0.2, "stream": False}
    found = calling.json("/v1/ask", body)["evidence"]
    return [
        Source(
            " > ".join(dict.fromkeys((each["title"], *each["headings"]))),
            each["citation"]["article"],
            each["text"],
        )
        for each in found[: 2 * SOURCES_MAX]
    ]


# --- sets -----------------------------------------------------------------------------------------


class Place(Protocol):
    """Where a set lies."""

    name: str
    commit: str

    def read(self, path: str, bytes_max: int) -> bytes:
        """A file of it. Raises NotFound, TooLarge."""
        ...

    def write(self, files: Mapping[str, bytes], summary: str) -> str:
        """Put files there; where, in words."""
        ...


class InFolder:
    """A set in a folder."""

    def __init__(self, folder: Path) -> None:
        self.name, self.commit = folder.resolve().name, ""
        self._folder = folder

    def read(self, path: str, bytes_max: int) -> bytes:
        try:
            with (self._folder / path).open("rb") as file:
                data = file.read(bytes_max + 1)
        except FileNotFoundError as error:
            raise NotFound(f"There is no {path} in {self._folder}.") from error
        if len(data) > bytes_max:
            raise TooLarge(f"{path} is larger than {bytes_max:,} bytes.")
        return data

    def find(self, path: str, bytes_max: int) -> bytes | None:
        """A file of it; None where there is none."""
        try:
            return self.read(path, bytes_max)
        except NotFound:
            return None

    def write(self, files: Mapping[str, bytes], summary: str) -> str:  # noqa: ARG002 - no history
        for name, data in files.items():
            path = self._folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            work = path.with_name(f"{path.name}.part")
            work.write_bytes(data)
            work.replace(path)
        return str(self._folder)


class InHub:
    """A set in a dataset of a hub. What is read is of one commit; results go on its main branch."""

    def __init__(self, calling: Calling, text: str) -> None:
        name = text.removeprefix("datasets/")
        self.name, _, self.commit = pinned(calling, "datasets", name).partition("@")
        self._calling = calling

    def read(self, path: str, bytes_max: int, commit: str = "") -> bytes:
        where = f"/datasets/{quote(self.name)}/resolve/{commit or self.commit}/{quote(path)}"
        return self._calling.read(where, bytes_max)

    def write(self, files: Mapping[str, bytes], summary: str) -> str:
        # The card is what others may have changed while models were asked.
        head = pinned(self._calling, "datasets", self.name).partition("@")[2]
        commit = self._calling.commit(self.name, files, summary, head)
        return f"{self._calling.url}/datasets/{self.name} at {commit[:12]}"

    def newest(self) -> InHub:
        """The same set as it is now."""
        return InHub(self._calling, self.name)

    def at(self, commit: str) -> InHub:
        """The same set as it was at a commit."""
        return InHub(self._calling, f"{self.name}@{commit}")


# --- answers that are kept ------------------------------------------------------------------------


class KeptAnswers:
    """Answers as they come, in a file: a line each, so that an interruption loses one at most."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._known: dict[tuple[str, str], Answered] = {}
        if path.exists() and path.stat().st_size <= _CARRIED_BYTES_MAX:
            for line in path.read_bytes().split(b"\n"):
                # The last line may have been cut off in the middle.
                with contextlib.suppress(ValueError, TypeError, KeyError):
                    told = json.loads(line)
                    self._known[told["label"], told["id"]] = Answered(**told["answered"])
        self._file = path.open("ab")
        if path.stat().st_size:
            self._file.write(b"\n")

    def __len__(self) -> int:
        return len(self._known)

    def get(self, label: str, item_id: str) -> Answered | None:
        return self._known.get((label, item_id))

    def put(self, label: str, item_id: str, answered: Answered) -> None:
        self._known[label, item_id] = answered
        told = {"label": label, "id": item_id, "answered": asdict(answered)}
        self._file.write(json.dumps(told).encode() + b"\n")
        self._file.flush()

    def close(self, *, is_done: bool) -> None:
        """Close the file; what was written down elsewhere is no longer needed here."""
        self._file.close()
        if is_done:
            self.path.unlink(missing_ok=True)


def kept_path(result_id: str) -> Path:
    """Where the answers of a comparison are kept until it is done."""
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(cache) / "groundswell" / "comparisons" / f"{result_id}.jsonl"
