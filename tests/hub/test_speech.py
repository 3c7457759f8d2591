"""A real voice and a real ear run from the hub: one understands the other, and the hub outlives both."""

from __future__ import annotations

import json
import os
import re
import signal
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from groundswell.ask.building import build_runtime
from groundswell.ask.derivatives import Derivatives
from groundswell.ask.runtime import Limits
from groundswell.ask.speech.models import SpeechModel, SpeechModels
from groundswell.ask.speech.service import Speech, pieces_of
from groundswell.ask.speech.values import SOUND_BYTES_MAX, Kind, SpeechLimits
from groundswell.core.errors import (
    BadRequest,
    EntryNotFound,
    NotServed,
    RepoNotFound,
    RunnerFailed,
    TooLarge,
    TooManyRequests,
    Unauthenticated,
    Unavailable,
)
from groundswell.core.values import ANONYMOUS, Visibility
from groundswell.hub.search import Search
from groundswell.wire import wav
from tests.hub.git_world import GitWorld
from tests.speech_files import VOICE, ear, voice

TEXT = "Oslo is the capital of Norway. It was founded a long time ago."


class Stage:
    """A hub with a voice and an ear in it."""

    def __init__(self, folder: Path) -> None:
        self.world = GitWorld(folder)
        for name, files in (("joe", voice()), ("moonshine", ear())):
            repository = self.world.model(name)
            for path, content in files.items():
                self.world.large(repository, path, content)
        self.derivatives = Derivatives(self.world.folder.derived, self.world.blobs.open_content)
        self.speech = self.over(SpeechLimits(models=4))

    def over(self, limits: SpeechLimits, by: str = "users") -> Speech:
        world = self.world
        run = Limits(by=by)
        runtime = build_runtime(world.repos, world.content, self.derivatives, run, None)
        models = SpeechModels(world.repos, world.content, Search(world.database), runtime.models)
        return Speech(self.derivatives, models, limits)

    def voice(self, text: str = "alice/joe") -> SpeechModel:
        return self.speech.models.find(self.world.alice, text, Kind.VOICE)

    def ear(self, text: str = "alice/moonshine") -> SpeechModel:
        return self.speech.models.find(self.world.alice, text, Kind.EAR)

    def process(self, model: SpeechModel) -> int:
        seat = self.speech._seats[model.content]
        assert seat.worker is not None
        return seat.worker._process.pid


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    stage = Stage(tmp_path_factory.mktemp("speech"))
    yield stage
    stage.speech.close()
    stage.world.close()


def said(stage: Stage, text: str, speed: float = 1.0) -> bytes:
    with stage.speech.say(stage.voice(), text, speed) as pieces:
        return wav.written(b"".join(pieces), pieces.rate)


def heard(stage: Stage, sound: bytes) -> str:
    return next(stage.speech.hear(stage.ear(), sound))


def test_what_is_said_is_heard(stage: Stage) -> None:
    sound = said(stage, TEXT)
    rate, samples = wav.read(sound)
    assert rate == 22_050
    assert 3 < len(samples) / rate < 9
    words = re.findall(r"[a-z]+", heard(stage, sound).lower())
    # A voice never says the same twice: what is heard may be a letter off.
    assert len({"capital", "norway", "founded", "long", "time"} & set(words)) >= 4, words
    assert len(said(stage, TEXT, speed=2.0)) < 0.7 * len(sound)
    name = stage.voice().name
    assert re.fullmatch(rf"alice/joe@[0-9a-f]{{40}}:{re.escape(VOICE)}", name)
    assert stage.voice("alice/joe:en_US-joe-medium").content == stage.voice().content
    assert set(stage.speech.loaded()) == {name, stage.ear().name}


def test_silence_and_signs_alone_are_no_error(stage: Stage) -> None:
    said(stage, "… — !")
    assert heard(stage, wav.written(b"", 16_000)) == ""


def test_a_process_can_reach_nothing(stage: Stage) -> None:
    said(stage, "One.")
    status = Path(f"/proc/{stage.process(stage.voice())}/status").read_text()
    assert "NoNewPrivs:\t1" in status
    limits = Path(f"/proc/{stage.process(stage.voice())}/limits").read_text()
    assert re.search(r"Max file size +0 +0", limits)
    may = "from groundswell.hub.viewing.confinement import leave_network as f; print(f())"
    done = subprocess.run([sys.executable, "-c", may], capture_output=True, text=True, check=True)
    own = os.readlink("/proc/self/ns/net")
    has_left = os.readlink(f"/proc/{stage.process(stage.voice())}/ns/net") != own
    assert str(has_left) == done.stdout.strip()


def test_who_may_not_read_finds_nothing(stage: Stage) -> None:
    world = stage.world
    hidden = world.model("hidden-voice", Visibility.PRIVATE)
    world.files(hidden, **{"a.onnx": "x", "a.onnx.json": "{}"})
    find = stage.speech.models.find
    for name in ("alice/hidden-voice", "alice/absent-voice"):
        with pytest.raises(RepoNotFound):
            find(world.bob, name, Kind.VOICE)
    with pytest.raises(Unauthenticated):
        find(ANONYMOUS, "alice/joe", Kind.VOICE)
    with pytest.raises(NotServed):
        stage.over(SpeechLimits(), by="nobody").models.find(world.alice, "alice/joe", Kind.VOICE)
    with pytest.raises(EntryNotFound):
        stage.voice("alice/joe:other")
    with pytest.raises(BadRequest, match="No voice"):
        stage.voice("alice/moonshine")
    with pytest.raises(BadRequest, match="Nothing in this repository listens"):
        stage.ear("alice/joe")


def test_bounds(stage: Stage) -> None:
    with pytest.raises(TooLarge):
        stage.speech.say(stage.voice(), "a" * 5_000)
    with pytest.raises(BadRequest, match="nothing to say"):
        stage.speech.say(stage.voice(), " \n ")
    for speed in (0.0, 9.0, float("nan")):
        with pytest.raises(BadRequest, match="speed"):
            stage.speech.say(stage.voice(), "a", speed)
    with pytest.raises(BadRequest, match="1 speakers"):
        next(stage.speech.say(stage.voice(), "a", speaker=1))
    with pytest.raises(TooLarge):
        stage.speech.hear(stage.ear(), bytes(SOUND_BYTES_MAX + 1))
    with pytest.raises(BadRequest, match="RIFF"):
        heard(stage, b"ID3 no wave at all")
    with pytest.raises(BadRequest, match="120 seconds"):
        heard(stage, wav.written(bytes(2 * 8_000 * 121), 8_000))
    lying = b"RIFF" + struct.pack("<I", 2**32 - 1) + wav.written(bytes(3_200), 16_000)[8:]
    assert heard(stage, lying) == ""
    assert all(len(piece) <= 400 for piece in pieces_of("word " * 700 + "x" * 900))


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ("{", "not JSON"),
        ("[]", "no object"),
        ("{}", "espeak.voice"),
        (json.dumps({"espeak": {"voice": "en-us"}}), "audio.sample_rate"),
        (
            json.dumps({"espeak": {"voice": "en"}, "audio": {"sample_rate": 16_000}}),
            "phoneme_id_map",
        ),
        (
            json.dumps(
                {
                    "espeak": {"voice": "en"},
                    "audio": {"sample_rate": 16_000},
                    "phoneme_id_map": {"a\n": [1]},
                }
            ),
            "broken",
        ),
    ],
)
def test_broken_settings_are_told(stage: Stage, settings: str, why: str) -> None:
    name = f"bad-{abs(hash(settings)) % 10**8}"
    repository = stage.world.model(name)
    stage.world.files(repository, **{"a.onnx": "x", "a.onnx.json": settings})
    with pytest.raises(BadRequest, match=re.escape(why)):
        stage.voice(f"alice/{name}")


def test_broken_files_end_their_process_alone(stage: Stage) -> None:
    settings = json.loads(voice()[f"{VOICE}.json"])
    repository = stage.world.model("broken-voice")
    files = {"a.onnx": "no model", "a.onnx.json": json.dumps(settings)}
    stage.world.files(repository, **files)
    broken = stage.voice("alice/broken-voice")
    with pytest.raises((RunnerFailed, BadRequest)):
        next(stage.speech.say(broken, "Hello."))
    assert broken.name not in stage.speech.loaded()
    settings["espeak"]["voice"] = "../../x"
    other = stage.world.model("odd-voice")
    stage.world.files(other, **{"a.onnx": "no model", "a.onnx.json": json.dumps(settings)})
    with pytest.raises(BadRequest, match="does not know the language"):
        next(stage.speech.say(stage.voice("alice/odd-voice"), "Hello."))
    said(stage, "The hub goes on.")


def test_a_killed_process_is_told_and_begun_again(stage: Stage) -> None:
    said(stage, "One.")
    pieces = stage.speech.say(stage.voice(), TEXT)
    next(pieces)
    os.kill(stage.process(stage.voice()), signal.SIGKILL)
    with pytest.raises(RunnerFailed, match="killed"):
        list(pieces)
    said(stage, "Two.")


def test_who_closes_stops_after_the_sentence(stage: Stage) -> None:
    pieces = stage.speech.say(stage.voice(), "One. Two. Three. Four.")
    next(pieces)
    pieces.close()
    assert len(list(pieces)) <= 1
    said(stage, "Free again.")


def test_time_room_and_rest(stage: Stage) -> None:
    limits = SpeechLimits(models=1, idle_seconds=0.4, waiting=0, answer_seconds=0.05)
    speech = stage.over(limits)
    try:
        with pytest.raises(Unavailable, match="too long"):
            next(speech.say(stage.voice(), "word " * 70))
        speech.limits = replace(limits, answer_seconds=60.0)
        first = speech.say(stage.voice(), TEXT)
        next(first)
        with pytest.raises(TooManyRequests):
            next(speech.say(stage.voice(), "Me too."))
        with pytest.raises(Unavailable, match="does not fit"):
            next(speech.hear(stage.ear(), wav.written(bytes(3_200), 16_000)))
        list(first)
        assert next(speech.hear(stage.ear(), wav.written(bytes(3_200), 16_000))) == ""
        assert speech.loaded() == (stage.ear().name,), "the idle voice made room"
        deadline = time.monotonic() + 20
        while speech.loaded() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert speech.loaded() == ()
    finally:
        speech.close()
    with pytest.raises(Unavailable):
        next(speech.say(stage.voice(), "After the end."))
    assert not [t for t in threading.enumerate() if isinstance(t, threading.Timer)]
