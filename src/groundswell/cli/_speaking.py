"""An answer written as sound, by a voice of the hub in the data folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from groundswell.ask.speech.values import Kind
from groundswell.ask.speech.words import words_of
from groundswell.cli._upkeep import opened_hub
from groundswell.core.errors import BadRequest
from groundswell.core.values import Principal
from groundswell.wire import wav

if TYPE_CHECKING:
    from groundswell.ask.answering import Event


def speak(events: Sequence[Event], path: Path, voice: str, data: Path) -> None:
    """Write what is said of an answer.

    Raises:
        BadRequest: no voice is named.
        GroundswellError: as `Speech.say`.
    """
    with opened_hub(data) as hub:
        name = voice or hub.settings.speak_model
        if not name:
            raise BadRequest("Name a voice of the hub: --voice REPO, or the setting speak_model.")
        operator = Principal(account_id=0, name="operator", is_admin=True)
        model = hub.speech.models.find(operator, name, Kind.VOICE)
        with hub.speech.say(model, words_of(events)) as said:
            numbers = b"".join(said)
        path.write_bytes(wav.written(numbers, said.rate))
