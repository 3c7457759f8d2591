"""Speech with OpenAI's own client: `openai_speech.py URL VOICE EAR FILE` prints JSON."""

import json
import os
import sys
from pathlib import Path

import openai


def main(url: str, voice: str, ear: str, path: str) -> None:
    client = openai.OpenAI(base_url=f"{url}/v1", api_key=os.environ["TOKEN"], max_retries=0)
    text = "The capital of Norway is Oslo."
    with client.audio.speech.with_streaming_response.create(
        model=voice, voice="0", input=text, response_format="wav", speed=1.0
    ) as said:
        said.stream_to_file(path)
        kind = said.headers["content-type"]
    with Path(path).open("rb") as sound:
        heard = client.audio.transcriptions.create(model=ear, file=sound)
    plain = client.audio.transcriptions.create(
        model=ear, file=("a.wav", Path(path).read_bytes()), response_format="text", language="en"
    )
    faults = []
    for call in (
        lambda: client.audio.speech.create(
            model=voice, voice="0", input=text, response_format="mp3"
        ),
        lambda: client.audio.speech.create(model="ada/none", voice="0", input=text),
        lambda: client.audio.transcriptions.create(model=ear, file=b"no sound"),
        lambda: client.audio.transcriptions.create(model=voice, file=b"no sound"),
    ):
        try:
            call()
        except openai.APIStatusError as error:
            faults.append([type(error).__name__, error.message])
    print(json.dumps({"kind": kind, "heard": heard.text, "plain": plain, "faults": faults}))


main(*sys.argv[1:])
