"""Models in memory: loaded when they are first asked, shared, and unloaded when idle or in the way.

Knows how many runners there may be and what they take. Does not know what they are asked. A runner
that died is forgotten; the next request begins a new one.
"""

from __future__ import annotations

import contextlib
import importlib.util
import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from groundswell.ask.conversion import Converter
from groundswell.ask.derivatives import Derivatives
from groundswell.ask.runtime import needs
from groundswell.ask.runtime.process import Orders, Runner
from groundswell.ask.runtime.values import Adapter, Limits, Mode, ModelRef, Phase, State
from groundswell.core.errors import (
    GroundswellError,
    NotServed,
    RunnerFailed,
    TooManyRequests,
    Unavailable,
)

LOG: Final = logging.getLogger("groundswell.runtime")

_TELL_SECONDS: Final = 0.2
_LOOK_SECONDS_MAX: Final = 5.0
# Beyond what a model should take: address space is not memory.
_SLACK_BYTES: Final = 4 << 30

NOT_INSTALLED: Final = "Running models takes llama.cpp: pip install 'groundswell[ask]'"

Key = tuple[Mode, tuple[str, ...]]
OnState = Callable[[State], None]


@dataclass(slots=True)
class _Seat:
    """A model that is in memory, or on its way there."""

    model: ModelRef
    mode: Mode
    needed_bytes: int
    phase: Phase = Phase.FETCHING
    done_bytes: int = 0
    users: int = 0
    used_at: float = field(default_factory=time.monotonic)
    runner: Runner | None = None
    error: GroundswellError | None = None
    held: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    @property
    def is_idle(self) -> bool:
        return self.users == 0 and self.phase in {Phase.READY, Phase.FAILED}

    def state(self) -> State:
        idle = 0.0 if self.users else time.monotonic() - self.used_at
        total = self.model.size_bytes
        peak = 0 if self.runner is None else self.runner.peak_bytes
        return State(
            self.model.name, self.mode, self.phase, self.done_bytes, total, self.users, idle, peak
        )


class Pool:
    """All runners. Thread-safe; its threads and processes begin when first needed."""

    def __init__(
        self,
        derivatives: Derivatives,
        limits: Limits,
        free_bytes: Callable[[], int] = needs.free_bytes,
    ) -> None:
        self._derivatives = derivatives
        self._converter = Converter(derivatives)
        self._limits = limits
        self._free_bytes = free_bytes
        self._changed = threading.Condition()
        self._seats: dict[Key, _Seat] = {}
        self._keeper: threading.Thread | None = None
        self._is_closed = False

    @property
    def is_installed(self) -> bool:
        """Whether what runs models is installed."""
        return importlib.util.find_spec("xllamacpp") is not None

    @contextlib.contextmanager
    def lease(
        self, model: ModelRef, mode: Mode, on_state: OnState | None = None
    ) -> Iterator[Runner]:
        """A runner of the model, loaded if it has to be; it stays while the context is open.

        Raises:
            NotServed: nothing is installed that runs models.
            Unavailable: no memory or place for it now, or too many wait for it already.
            RunnerFailed: it could not be loaded.
            Corrupt, StorageFull: its files could not be had.
        """
        seat = self._sit(model, mode)
        try:
            yield self._await(seat, on_state)
        finally:
            with self._changed:
                seat.users -= 1
                seat.used_at = time.monotonic()
                self._changed.notify_all()

    def states(self) -> tuple[State, ...]:
        """What is in memory or on its way."""
        with self._changed:
            return tuple(seat.state() for seat in self._seats.values())

    def state(self, model: ModelRef, mode: Mode) -> State | None:
        """How far this model is; None when it is not in memory."""
        with self._changed:
            seat = self._seats.get((mode, model.content))
            return None if seat is None else seat.state()

    def contents(self) -> frozenset[str]:
        """The sha256 of every file that is in memory."""
        with self._changed:
            return frozenset(sha256 for _mode, content in self._seats for sha256 in content)

    def unload_idle(self) -> int:
        """Unload what nobody uses; how many."""
        with self._changed:
            idle = [key for key, seat in self._seats.items() if seat.is_idle]
            gone = [self._seats.pop(key) for key in idle]
        _end(gone)
        return len(gone)

    def close(self) -> None:
        """End every runner. Who waits for one is told."""
        with self._changed:
            self._is_closed = True
            seats, self._seats = list(self._seats.values()), {}
            self._changed.notify_all()
        self._converter.close()
        _end(seats)

    # --- taking a seat --------------------------------------------------------------------------

    def _sit(self, model: ModelRef, mode: Mode) -> _Seat:
        key = (mode, model.content)
        gone: list[_Seat] = []
        try:
            with self._changed:
                if self._is_closed:
                    raise Unavailable("The hub is stopping.")
                seat = self._seats.get(key)
                if seat is not None and _is_dead(seat):
                    gone.append(self._seats.pop(key))
                    seat = None
                if seat is None:
                    seat = self._begin(key, model, mode, gone)
                if seat.users >= self._limits.slots + self._limits.waiting:
                    msg = "Many are asking this model. Try again in a moment."
                    raise TooManyRequests(msg)
                seat.users += 1
                return seat
        finally:
            _end(gone)

    def _begin(self, key: Key, model: ModelRef, mode: Mode, gone: list[_Seat]) -> _Seat:
        """A new seat, with a thread that loads it. Seats that have to go are put into ``gone``."""
        if not self.is_installed:
            raise NotServed(NOT_INSTALLED)
        limits = self._limits
        needed = needs.needed_bytes(
            model.size_bytes, model.facts, model.context_tokens, limits.slots
        )
        gone += self._make_room(needed)
        phase = Phase.FETCHING if model.making is None else Phase.CONVERTING
        seat = self._seats[key] = _Seat(model, mode, needed, phase)
        threading.Thread(target=self._load, args=(key, seat), daemon=True, name="loading").start()
        if self._keeper is None:
            self._keeper = threading.Thread(target=self._keep, daemon=True, name="runners")
            self._keeper.start()
        return seat

    def _make_room(self, needed_bytes: int) -> list[_Seat]:
        """The idle seats that have to go, those unused for longest first."""
        idle = sorted((seat.used_at, key) for key, seat in self._seats.items() if seat.is_idle)
        gone: list[_Seat] = []
        while not self._fits(needed_bytes, gone):
            if not idle:
                msg = "Other models are at work, and this one does not fit beside them now."
                for seat in gone:  # in vain: they stay
                    self._seats[(seat.mode, seat.model.content)] = seat
                raise Unavailable(msg, 20)
            gone.append(self._seats.pop(idle.pop(0)[1]))
        return gone

    def _fits(self, needed_bytes: int, gone: list[_Seat]) -> bool:
        if len(self._seats) >= self._limits.models:
            return False
        held = sum(seat.needed_bytes for seat in self._seats.values())
        if self._limits.memory_bytes:
            return held + needed_bytes <= self._limits.memory_bytes
        # The kernel counts mapped weights as memory that could be had: they could, and every
        # answer would read them from the disk again.
        mapped = sum(seat.model.size_bytes for seat in self._seats.values())
        returned = sum(seat.needed_bytes - seat.model.size_bytes for seat in gone)
        return needed_bytes <= self._free_bytes() - mapped + returned

    # --- loading --------------------------------------------------------------------------------

    def _await(self, seat: _Seat, on_state: OnState | None) -> Runner:
        deadline = time.monotonic() + self._limits.load_seconds
        if on_state is not None:
            with self._changed:
                state = seat.state()
            on_state(state)  # where it begins, however short that is
        while True:
            with self._changed:
                if seat.phase not in {Phase.READY, Phase.FAILED} and not self._is_closed:
                    self._changed.wait(_TELL_SECONDS)
                state, error, runner = seat.state(), seat.error, seat.runner
            if on_state is not None:
                on_state(state)
            if error is not None:
                raise type(error)(error.message) from error
            if self._is_closed:
                raise Unavailable("The hub is stopping.")
            if seat.phase is Phase.READY and runner is not None:
                return runner
            if time.monotonic() > deadline:
                raise Unavailable("The model is still being loaded. Try again in a moment.", 20)

    def _load(self, key: Key, seat: _Seat) -> None:
        """On a thread of its own."""
        try:
            self._fetch_and_start(seat)
        except GroundswellError as error:
            LOG.warning("%s was not loaded: %s", seat.model.name, error.message)
            with self._changed:
                seat.error, seat.phase = error, Phase.FAILED
                if self._seats.get(key) is seat:
                    del self._seats[key]
                self._changed.notify_all()
            _end([seat])
        with self._changed:
            self._changed.notify_all()

    def _fetch_and_start(self, seat: _Seat) -> None:
        model = seat.model
        path = self._file_of(seat)
        adapters = tuple(self._adapter_of(seat, adapter) for adapter in model.adapters)
        limits = self._limits
        size_bytes = model.size_bytes
        runner = Runner(
            Orders(
                name=model.name,
                mode=seat.mode,
                model=path,
                adapters=adapters,
                size_bytes=size_bytes,
                context_tokens=model.context_tokens,
                slots=limits.slots if seat.mode is Mode.TEXT else 1,
                threads=limits.threads or needs.threads(),
                memory_bytes=seat.needed_bytes + size_bytes + _SLACK_BYTES,
                pools_by_mean=model.facts.writes_text,
                has_template=model.facts.chat_template is not None,
            )
        )
        seat.held.callback(runner.stop)
        self._note(seat, Phase.LOADING, 0)
        runner.start()
        deadline = time.monotonic() + limits.load_seconds
        runner.wait(deadline, lambda done: self._note(seat, Phase.LOADING, done))
        with self._changed:
            seat.runner, seat.phase, seat.used_at = runner, Phase.READY, time.monotonic()
            is_wanted = not self._is_closed
        if not is_wanted:
            raise RunnerFailed("The hub is stopping.")

    def _file_of(self, seat: _Seat) -> Path:
        """The model's file, fetched or made; it stays while the seat does."""
        model = seat.model
        if model.making is None:
            told = partial(self._fetched, seat)
            files = seat.held.enter_context(self._derivatives.files(list(model.files), told))
            return files[model.files[0].name]
        note = partial(self._note, seat, Phase.CONVERTING)
        return seat.held.enter_context(self._converter.made(model.making, note))

    def _adapter_of(self, seat: _Seat, adapter: Adapter) -> Path:
        if adapter.making is None:
            assert adapter.file is not None
            return seat.held.enter_context(self._derivatives.file(adapter.file))
        return seat.held.enter_context(self._converter.made(adapter.making, lambda _: None))

    def _fetched(self, seat: _Seat, done_bytes: int, _total_bytes: int) -> None:
        self._note(seat, Phase.FETCHING, done_bytes)

    def _note(self, seat: _Seat, phase: Phase, done_bytes: int) -> None:
        with self._changed:
            seat.phase, seat.done_bytes = phase, done_bytes

    # --- upkeep ---------------------------------------------------------------------------------

    def _keep(self) -> None:
        """On a thread of its own: unload what is idle for too long, forget what died."""
        while True:
            with self._changed:
                self._changed.wait(min(_LOOK_SECONDS_MAX, self._limits.idle_seconds / 4))
                if self._is_closed:
                    return
                now = time.monotonic()
                over = [
                    key
                    for key, seat in self._seats.items()
                    if seat.is_idle
                    and (_is_dead(seat) or now - seat.used_at > self._limits.idle_seconds)
                ]
                gone = [self._seats.pop(key) for key in over]
            _end(gone)


def _is_dead(seat: _Seat) -> bool:
    has_ended = seat.runner is not None and not seat.runner.is_alive
    return seat.phase is Phase.FAILED or has_ended


def _end(seats: list[_Seat]) -> None:
    for seat in seats:
        seat.held.close()
