"""A voice and an ear of the hub, asked by OpenAI's own client and by plain HTTP."""

import json
import os
import re
import wave
from pathlib import Path
from typing import Any

import pytest

from tests.clients.environments import environment
from tests.clients.stage import SCRIPTS, Answer, ask, ask_json, run
from tests.live import LiveHub, token_of
from tests.speech_files import EAR_CARD, VOICE_CARD, ear, voice

VOICE = "ada/speech-joe"
EAR = "ada/speech-moonshine"


@pytest.fixture(scope="module", autouse=True)
def _models(ada: Any) -> None:
    for name, files, card in ((VOICE, voice(), VOICE_CARD), (EAR, ear(), EAR_CARD)):
        ada.create_repo(name, exist_ok=True)
        for path, content in {**files, "README.md": card.encode()}.items():
            ada.upload_file(path_or_fileobj=content, path_in_repo=path, repo_id=name)


def speak(hub: LiveHub, who: str | None = "bob", **more: Any) -> Answer:
    token = None if who is None else token_of(who, "read")
    body = {"model": VOICE, "input": "Hello.", **more}
    return ask_json(hub, "POST", "/v1/audio/speech", body, token=token)


def test_openais_own_client(live_hub: LiveHub, tmp_path: Path) -> None:
    client = environment("openai")
    path = tmp_path / "said.wav"
    wanted = {"TOKEN": token_of("bob", "read"), "PATH": os.environ["PATH"], "NO_PROXY": "127.0.0.1"}
    script = SCRIPTS / "openai_speech.py"
    told = json.loads(run(client.program, script, live_hub.url, VOICE, EAR, str(path), env=wanted))
    assert told["kind"] == "audio/wav"
    with wave.open(str(path)) as sound:
        assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (22_050, 1, 2)
        assert 1 < sound.getnframes() / 22_050 < 5
    for heard in (told["heard"], told["plain"]):
        # A voice never says the same twice: what is heard may be a letter off.
        assert {"capital", "norway"} & set(re.findall("[a-z]+", heard.lower())), heard
    names, messages = zip(*told["faults"], strict=True)
    assert names == ("BadRequestError", "NotFoundError", "BadRequestError", "BadRequestError")
    assert "response_format" in messages[0]
    assert "RIFF" in messages[2]
    assert "listens" in messages[3]


def test_bounds_and_rights(live_hub: LiveHub, ada: Any) -> None:
    assert speak(live_hub, response_format="pcm").headers["content-type"] == "audio/pcm"
    for more in ({"input": 3}, {"speed": "fast"}, {"speed": 99}, {"model": None}, {"input": " "}):
        assert speak(live_hub, **more).status == 400, more
    assert speak(live_hub, input="a" * 5_000).status == 413
    assert speak(live_hub, input="a" * 200_000).status == 413
    assert speak(live_hub, None).status == 401
    ada.create_repo("ada/speech-hidden", private=True, exist_ok=True)
    for path, content in (
        ("a.onnx", b"x"),
        ("a.onnx.json", b"{}"),
        ("README.md", VOICE_CARD.encode()),
    ):
        ada.upload_file(path_or_fileobj=content, path_in_repo=path, repo_id="ada/speech-hidden")
    hidden, absent = (speak(live_hub, model=f"ada/speech-{each}") for each in ("hidden", "absent"))
    assert (hidden.status, hidden.body) == (absent.status, absent.body)
    assert hidden.status == 404
    for who, more in (("bob", set[str]()), ("ada", {"ada/speech-hidden"})):
        listed = ask(live_hub, "GET", "/v1/audio/models", token=token_of(who)).json()
        kinds = {each["id"]: each["kind"] for each in listed["data"]}
        assert kinds[VOICE] == "voice"
        assert kinds[EAR] == "ear"
        assert ({"ada/speech-hidden"} & set(kinds)) == more
    assert ask(live_hub, "GET", "/v1/audio/models").status == 401
