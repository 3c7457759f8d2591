"""A real model run by the hub, asked by OpenAI's own client and by plain HTTP."""

import contextlib
import http.client
import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.clients.environments import environment
from tests.clients.stage import SCRIPTS, Answer, ask, ask_json, run
from tests.live import LiveHub, token_of
from tests.packaged import SMOLLM2, smollm2

HELLO = [{"role": "user", "content": "Say hello."}]


@pytest.fixture(scope="module")
def model(hf: Any, ada: Any) -> str:
    """A repository with a model that runs."""
    ada.create_repo("ada/run-smol", exist_ok=True)
    ada.upload_file(
        path_or_fileobj=smollm2(),
        path_in_repo=SMOLLM2,
        repo_id="ada/run-smol",
    )
    return "ada/run-smol"


def post(hub: LiveHub, path: str, body: Any, who: str | None = "ada") -> Answer:
    token = None if who is None else token_of(who, "read")
    return ask_json(hub, "POST", path, body, token=token)


def chat(hub: LiveHub, model: str, who: str | None = "ada", **more: Any) -> Answer:
    body = {"model": model, "messages": HELLO, "max_tokens": 4, **more}
    return post(hub, "/v1/chat/completions", body, who)


def events(answer: Answer) -> list[Any]:
    lines = answer.body.decode().split("\n\n")
    return [json.loads(line[6:]) for line in lines if line.startswith("data: {")]


def test_openais_own_client(live_hub: LiveHub, model: str) -> None:
    client = environment("openai")
    wanted = {"TOKEN": token_of("bob", "read"), "PATH": os.environ["PATH"], "NO_PROXY": "127.0.0.1"}
    told = json.loads(
        run(client.program, SCRIPTS / "openai_calls.py", live_hub.url, model, env=wanted)
    )
    assert model in told["models"]
    name, text, finish = told["chat"]
    assert name == told["described"]
    assert name.startswith(f"{model}@")
    assert name.endswith(f":{SMOLLM2}")
    assert text
    assert finish in {"stop", "length"}
    assert 0 < told["usage"] <= 5
    assert "".join(filter(None, told["pieces"]))
    assert told["finish"] in {"stop", "length"}
    assert 0 < told["stream_usage"] <= 5
    assert json.loads(told["shaped"])["n"] in range(10)
    assert told["completion"] == "three"
    assert told["vectors"] == [576, 576]
    assert told["errors"] == [
        ["NotFoundError", "model_not_found"],
        ["BadRequestError", "BadRequest"],
        ["AuthenticationError", "Unauthorized"],
    ]


def test_a_private_model_is_not_there(live_hub: LiveHub, ada: Any, model: str) -> None:
    ada.create_repo("ada/run-hidden", private=True, exist_ok=True)
    ada.upload_file(path_or_fileobj=b"GGUF1234", path_in_repo="a.gguf", repo_id="ada/run-hidden")
    hidden = chat(live_hub, "ada/run-hidden", "eve")
    absent = chat(live_hub, "ada/run-absent", "eve")
    assert (hidden.status, hidden.body) == (absent.status, absent.body)
    assert hidden.status == 404
    assert hidden.json()["error"]["code"] == "model_not_found"
    assert chat(live_hub, "ada/run-hidden").json()["error"]["message"].startswith("a.gguf is no")
    listed = ask(live_hub, "GET", "/v1/models", token=token_of("eve")).json()["data"]
    assert model in {each["id"] for each in listed}
    assert "ada/run-hidden" not in {each["id"] for each in listed}
    lora = chat(live_hub, model, "eve", lora=["ada/run-hidden"])
    assert (lora.status, lora.json()["error"]["code"]) == (404, "model_not_found")
    anonymous = chat(live_hub, model, None)
    assert anonymous.status == 401
    assert anonymous.json()["error"]["type"] == "authentication_error"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"model": None}, "model"),
        ({"messages": "hello"}, "messages"),
        ({"messages": [{"role": "nobody", "content": "a"}]}, "role"),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": "x"}]}]},
            "text alone",
        ),
        ({"temperature": "hot"}, "temperature"),
        ({"temperature": 9}, "temperature"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"n": 2}, "n:"),
        ({"stop": [""]}, "stop"),
        ({"grammar": 'root ::= "a"', "response_format": {"type": "json_object"}}, "grammar"),
        ({"grammar": "root ::= ((("}, "grammar"),
        ({"response_format": {"type": "xml"}}, "response_format"),
        ({"lora": [{"scale": 1}]}, "lora"),
        ({"lora": ["ada/run-smol"]}, "no adapter"),
        ({"stream": "perhaps"}, "stream"),
        ({"messages": [{"role": "user", "content": "word " * 9000}]}, "context"),
    ],
)
def test_what_cannot_be_is_told(
    change: dict[str, Any], why: str, live_hub: LiveHub, model: str
) -> None:
    answer = post(live_hub, "/v1/chat/completions", {"model": model, "messages": HELLO, **change})
    assert answer.status == 400
    error = answer.json()["error"]
    assert error["type"] == "invalid_request_error"
    assert why in error["message"]


def test_a_stream_tells_how_far_the_model_is(live_hub: LiveHub, model: str) -> None:
    answer = chat(live_hub, model, stream=True, progress=True)
    assert answer.headers["Content-Type"].startswith("text/event-stream")
    assert answer.headers["Cache-Control"] == "no-store"
    text = answer.body.decode()
    assert ": ready " in text
    assert text.endswith("data: [DONE]\n\n")
    chunks = events(answer)
    assert all(each["choices"] for each in chunks), "no usage unless asked for"
    assert chunks[-1]["choices"][0]["finish_reason"] in {"stop", "length"}
    assert all(each["model"].startswith(f"{model}@") for each in chunks)
    # An error after the beginning is the last event.
    late = events(chat(live_hub, model, stream=True, progress=True, grammar="root ::= ((("))
    assert late[-1]["error"]["type"] == "invalid_request_error"


def test_what_a_model_is_can_be_asked(live_hub: LiveHub, model: str) -> None:
    told = ask(live_hub, "GET", f"/v1/models/{model}", token=token_of("bob")).json()
    assert told["quantisation"] == "Q4_1"
    assert told["context_tokens"] == 4096
    assert told["explanation"].startswith("Q4_1 (94 MiB)")
    encoded = model.replace("/", "%2F")
    assert ask(live_hub, "GET", f"/v1/models/{encoded}", token=token_of("bob")).json() == told
    rerank = post(live_hub, "/v1/rerank", {"model": model, "query": "a", "documents": ["b"]})
    assert (rerank.status, rerank.json()["error"]["code"]) == (400, "BadRequest")


def runners(hub: LiveHub) -> list[Path]:
    """The processes of the hub that run models."""
    found = []
    for process in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if b"groundswell.ask.runner" in (process / "cmdline").read_bytes():
                parent = (process / "stat").read_text().rpartition(")")[2].split()[1]
                if int(parent) == hub.process.pid:
                    found.append(process)
    return found


def cpu_ticks(processes: list[Path]) -> int:
    return sum(sum(map(int, (p / "stat").read_text().split()[13:15])) for p in processes)


def test_who_goes_away_stops_the_computing(live_hub: LiveHub, model: str) -> None:
    for stream in (True, False):
        connection = http.client.HTTPConnection("127.0.0.1", live_hub.port, timeout=30)
        body = {"model": model, "messages": HELLO, "max_tokens": 3000, "stream": stream}
        body["grammar"] = 'root ::= "a"*'
        headers = {"Authorization": f"Bearer {token_of('ada')}"}
        connection.request("POST", "/v1/chat/completions", json.dumps(body), headers)
        if stream:
            assert b"data:" in connection.getresponse().readline()
        else:
            time.sleep(1.0)
        connection.close()
        processes = runners(live_hub)
        assert processes
        deadline = time.monotonic() + 15
        while True:
            before = cpu_ticks(processes)
            time.sleep(0.5)
            if cpu_ticks(processes) - before <= 3:
                break
            assert time.monotonic() < deadline, "it computes for nobody"


def talk(hub: LiveHub, *arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "groundswell.cli", "run", *arguments],
        input=text,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "HF_TOKEN": token_of("bob", "read"), "SWELL_DATA": str(hub.data)},
    )


@pytest.mark.own_folder
def test_swell_run_beside_the_hub(live_hub: LiveHub, model: str, tmp_path: Path) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("The sky is green.")
    found = talk(
        live_hub, model, "--prompt", "Say hello.", "--max-tokens=4", "--seed=1",
        "--system", "Be brief.", "--file", str(notes),
    )  # fmt: skip
    assert found.returncode == 0, found.stderr
    assert found.stdout.strip()
    told = found.stderr
    assert f"{model}@" in told
    assert "Q4_1 (94 MiB): the only one here" in told
    assert told.index("ready") < told.index("first token after")
    assert "tokens/s" in told


def test_swell_run_asks_a_hub(live_hub: LiveHub, model: str) -> None:
    found = talk(live_hub, model, "--hub", live_hub.url, "--max-tokens=4", text="Say hello.")
    assert found.returncode == 0, found.stderr
    assert found.stdout.strip()
    assert "tokens/s" in found.stderr
    quiet = talk(live_hub, f"{model}:Q4_1", "--hub", live_hub.url, "--max-tokens=4", "--quiet",
                 "--prompt", "Say hello.")  # fmt: skip
    assert (quiet.returncode, quiet.stderr) == (0, "")
    absent = talk(live_hub, "ada/nothing", "--hub", live_hub.url, "--prompt", "a")
    assert absent.returncode != 0
    assert absent.stderr.startswith("swell: ")
    adapter = talk(live_hub, model, "--hub", live_hub.url, "--adapter", model, "--prompt", "a")
    assert "no adapter" in adapter.stderr


def test_ctrl_c_stops_the_answer_and_not_the_program(live_hub: LiveHub, model: str) -> None:
    here, there = pty.openpty()
    # Tests that run in the background were told to ignore this signal, and programs inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(
        [sys.executable, "-m", "groundswell.cli", "run", model, "--data", str(live_hub.data),
         "--hub", live_hub.url, "--token", token_of("bob", "read"), "--max-tokens", "2000"],
        stdin=there, stdout=there, stderr=there, start_new_session=True,
    )  # fmt: skip
    os.close(there)
    seen = b""

    def until(wanted: bytes) -> None:
        nonlocal seen
        deadline = time.monotonic() + 60
        while wanted not in seen:
            assert time.monotonic() < deadline, seen
            if select.select([here], [], [], 1)[0]:
                seen += os.read(here, 65536)
        seen = seen.partition(wanted)[2]

    try:
        until(b"> ")
        os.write(here, b"Write a very long story about a dog, a cat and a mouse.\n")
        until(b"100 %")
        until(b" a")  # words come: it is the answer that is stopped, and not what came before it
        os.kill(process.pid, signal.SIGINT)
        until(b"(stopped)")
        until(b"> ")
        os.write(here, b"/bye\n")
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait()
        os.close(here)
