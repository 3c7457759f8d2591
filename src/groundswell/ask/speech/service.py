"""Voices and ears at work: loaded when first asked, shared, unloaded when idle or in the way.

Knows how many there may be and how long one may take. Does not know rights: models were found for
who asks (`speech.models`).
"""

from __future__ import annotations

import contextlib
import importlib.util
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final, Self

from groundswell.ask.derivatives import Derivatives
from groundswell.ask.runtime import needs
from groundswell.ask.sentences import sentences
from groundswell.ask.speech.models import SpeechModel, SpeechModels
from groundswell.ask.speech.process import Worker
from groundswell.ask.speech.values import (
    SOUND_BYTES_MAX,
    SOUND_SECONDS_MAX,
    SPEED_MAX,
    SPEED_MIN,
    TEXT_CHARACTERS_MAX,
    SpeechLimits,
)
from groundswell.core.errors import (
    BadRequest,
    NotServed,
    TooLarge,
    TooManyRequests,
    Unavailable,
)

NOT_INSTALLED: Final = "Speech takes sherpa-onnx: pip install 'groundswell[voice]'"
_LOOK_SECONDS_MAX: Final = 5.0
_MIB: Final = 1 << 20
# Of a model's size, with the buffers of what it computes: measured 2 to 3 times. Addresses are
# taken more freely than memory.
_SHARE: Final = 3
_OVERHEAD_BYTES: Final = 300 * _MIB
_SLACK_BYTES: Final = 4096 * _MIB
_PIECE_CHARACTERS_MAX: Final = 400
_PAUSE_SECONDS: Final = 0.25
_NUMBER_BYTES: Final = 2


@dataclass(slots=True)
class _Seat:
    """A model that is in memory, or on its way there. ``lock`` is held by who asks it."""

    model: SpeechModel
    users: int = 0
    used_at: float = field(default_factory=time.monotonic)
    worker: Worker | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)
    held: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)


class Said:
    """Sound of a text, piece by piece: numbers of 16 bits, ``rate`` a second. Any thread may
    ``close`` it: then no further piece is made.
    """

    def __init__(self, work: Callable[[Said], Iterator[bytes]]) -> None:
        self.rate = 0
        self.is_closed = False
        self._pieces = work(self)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes:
        return next(self._pieces)

    def close(self) -> None:
        """End it. From any thread, and more than once."""
        self.is_closed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()


class Heard:
    """What was said in a sound: an iterator of one text, which begins with the first ``next``."""

    def __init__(self, work: Callable[[], str]) -> None:
        self._work: Callable[[], str] | None = work

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        work, self._work = self._work, None
        if work is None:
            raise StopIteration
        return work()

    def close(self) -> None:
        """Nothing more is wanted. What is under way is short, and ends by itself."""
        self._work = None


class Speech:
    """Speaks and listens. Thread-safe; what it holds is given back by ``close``."""

    def __init__(
        self, derivatives: Derivatives, models: SpeechModels, limits: SpeechLimits
    ) -> None:
        self.models = models
        self.limits = limits
        self._derivatives = derivatives
        self._changed = threading.Condition()
        self._seats: dict[tuple[str, ...], _Seat] = {}
        self._keeper: threading.Thread | None = None
        self._is_closed = False

    @property
    def is_installed(self) -> bool:
        """Whether what speaks and listens is installed."""
        return importlib.util.find_spec("sherpa_onnx") is not None

    def say(self, voice: SpeechModel, text: str, speed: float = 1.0, speaker: int = 0) -> Said:
        """The sound of a text; nothing is made before the first ``next``.

        Raises:
            BadRequest: nothing to say, or a speed that is none.
            TooLarge: a text that is too long.
            From the iterator: NotServed, Unavailable, TooManyRequests, RunnerFailed, BadRequest,
            Corrupt, StorageFull.
        """
        if len(text) > TEXT_CHARACTERS_MAX:
            raise TooLarge(f"At most {TEXT_CHARACTERS_MAX:,} characters are said at a time.")
        pieces = pieces_of(text)
        if not pieces:
            raise BadRequest("There is nothing to say.")
        if not SPEED_MIN <= speed <= SPEED_MAX:
            raise BadRequest(f"speed: is from {SPEED_MIN} to {SPEED_MAX}.")
        how = {"speed": speed, "speaker": speaker}
        return Said(lambda said: self._say(said, voice, pieces, how))

    def _say(
        self, said: Said, voice: SpeechModel, pieces: list[str], how: dict[str, float]
    ) -> Iterator[bytes]:
        deadline = time.monotonic() + self.limits.answer_seconds
        with self._asked(voice) as worker:
            said.rate = int(worker.facts["rate"])
            for piece in pieces:
                if said.is_closed:
                    return
                left = max(0.1, deadline - time.monotonic())
                yield worker.ask({"text": piece, **how}, b"", left)
                yield bytes(_NUMBER_BYTES * int(_PAUSE_SECONDS * said.rate))

    def hear(self, ear: SpeechModel, sound: bytes) -> Heard:
        """What is said in a WAV file.

        Raises:
            TooLarge: more bytes than are read.
            From the iterator: as ``say``; BadRequest: no WAV, or one that is too long.
        """
        if len(sound) > SOUND_BYTES_MAX:
            raise TooLarge(f"At most {SOUND_BYTES_MAX:,} bytes of sound are heard at a time.")

        def work() -> str:
            with self._asked(ear) as worker:
                asked = {"seconds": SOUND_SECONDS_MAX}
                heard = worker.ask(asked, sound, self.limits.answer_seconds)
            return heard.decode("utf-8", "replace")

        return Heard(work)

    # --- seats ----------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _asked(self, model: SpeechModel) -> Iterator[Worker]:
        """The model's process, for this thread alone."""
        seat = self._sit(model)
        try:
            if not seat.lock.acquire(timeout=self.limits.answer_seconds):
                raise Unavailable("The model is busy. Try again in a moment.", 20)
            try:
                yield self._begun(seat)
            finally:
                seat.lock.release()
        finally:
            with self._changed:
                seat.users -= 1
                seat.used_at = time.monotonic()
                is_dead = seat.worker is None or not seat.worker.is_alive
                if is_dead and self._seats.get(model.content) is seat:
                    del self._seats[model.content]
                is_left = self._seats.get(model.content) is not seat and not seat.users
            if is_left:
                seat.held.close()

    def _sit(self, model: SpeechModel) -> _Seat:
        if not self.is_installed:
            raise NotServed(NOT_INSTALLED)
        gone: list[_Seat] = []
        try:
            with self._changed:
                if self._is_closed:
                    raise Unavailable("The hub is stopping.")
                seat = self._seats.get(model.content)
                if seat is None:
                    self._make_room(model, gone)
                    seat = self._seats[model.content] = _Seat(model)
                if seat.users > self.limits.waiting:
                    raise TooManyRequests("Many are asking this model. Try again in a moment.")
                seat.users += 1
                if self._keeper is None:
                    self._keeper = threading.Thread(target=self._keep, daemon=True, name="speech")
                    self._keeper.start()
                return seat
        finally:
            for old in gone:
                old.held.close()

    def _make_room(self, model: SpeechModel, gone: list[_Seat]) -> None:
        idle = sorted((s.used_at, key) for key, s in self._seats.items() if not s.users)
        while len(self._seats) >= self.limits.models and idle:
            gone.append(self._seats.pop(idle.pop(0)[1]))
        has_place = len(self._seats) < self.limits.models
        if not has_place or _needed_bytes(model) > needs.free_bytes():
            raise Unavailable("This model does not fit beside others now. Try again soon.", 20)

    def _begun(self, seat: _Seat) -> Worker:
        """Loaded now if it is not. The seat's lock is held."""
        if seat.worker is not None and seat.worker.is_alive:
            return seat.worker
        seat.held.close()
        model = seat.model
        paths = seat.held.enter_context(self._derivatives.files(list(model.files)))
        orders = {
            "kind": model.layout.kind.value,
            "family": model.layout.family,
            "language": model.language,
            "roles": {role: str(paths[name]) for role, name in model.roles.items()},
            "folder": str(paths[model.files[0].name].parent),
            "threads": self.limits.threads or needs.threads(),
            "memory_bytes": _needed_bytes(model) + _SLACK_BYTES,
        }
        worker = Worker(orders, self.limits.load_seconds)
        seat.held.callback(worker.stop)
        seat.worker = worker
        return worker

    # --- upkeep ---------------------------------------------------------------------------------

    def loaded(self) -> tuple[str, ...]:
        """The names of what is in memory."""
        with self._changed:
            return tuple(seat.model.name for seat in self._seats.values())

    def _keep(self) -> None:
        """On a thread of its own: unload what is idle for too long."""
        while True:
            with self._changed:
                self._changed.wait(min(_LOOK_SECONDS_MAX, self.limits.idle_seconds / 4))
                if self._is_closed:
                    return
                now = time.monotonic()
                over = [
                    key
                    for key, seat in self._seats.items()
                    if not seat.users and now - seat.used_at > self.limits.idle_seconds
                ]
                gone = [self._seats.pop(key) for key in over]
            for seat in gone:
                seat.held.close()

    def close(self) -> None:
        """End every model."""
        with self._changed:
            self._is_closed = True
            gone = list(self._seats.values())
            self._seats.clear()
            self._changed.notify_all()
        for seat in gone:
            seat.held.close()


def _needed_bytes(model: SpeechModel) -> int:
    return model.size_bytes * _SHARE + _OVERHEAD_BYTES


def pieces_of(text: str) -> list[str]:
    """Sentences, none longer than a voice takes at once: cut between words where it has to be."""
    found: list[str] = []
    for start, stop in sentences(" ".join(text.split())):
        rest = " ".join(text.split())[start:stop]
        while len(rest) > _PIECE_CHARACTERS_MAX:
            at = rest.rfind(" ", 1, _PIECE_CHARACTERS_MAX)
            at = at if at > 0 else _PIECE_CHARACTERS_MAX
            found.append(rest[:at])
            rest = rest[at:].lstrip()
        found.append(rest)
    return found
