"""Packs asked with a real model by programs: the hub's own events, OpenAI's client, and MCP's."""

import contextlib
import http.client
import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from groundswell.ask.answering import Quote
from groundswell.ask.answering.prose import prompt_of
from groundswell.ask.making import make_pack
from groundswell.ask.packs.building import Options
from groundswell.ask.packs.sources import FolderSource
from groundswell.wire.packs import Citation
from tests.clients.environments import environment
from tests.clients.stage import SCRIPTS, Answer, ask, ask_json, run, sha256
from tests.clients.test_openai import cpu_ticks, runners
from tests.live import LiveHub, token_of
from tests.packaged import SMOLLM2, smollm2

MODEL, PACK, HIDDEN, OTHER = "ada/asking-smol", "ada/asking-a", "ada/asking-hidden", "ada/asking-b"
QUESTION = "Who climbed Mount Kenya first?"
NOWHERE = Citation("a/b", "0" * 40, "c", 0, 1, "0" * 64)
KENYA = """# Mount Kenya

Mount Kenya is the highest mountain in Kenya. Mount Kenya is {high} metres high.

## Climbing

The first people known to have climbed Mount Kenya were Halford Mackinder and two guides.
They reached its summit on 13 September 1899 after a long journey on foot from Nairobi.
"""


def upload(ada: Any, repo: str, folder: Path, text: str, **options: Any) -> None:
    (folder / "notes").mkdir(parents=True)
    (folder / "notes" / "kenya.md").write_text(text)
    made = Options(repo, "en", "", "", 1)
    make_pack([FolderSource(folder / "notes")], folder / "pack", made)
    ada.create_repo(repo, repo_type="dataset", **options)
    ada.upload_folder(folder_path=folder / "pack", repo_id=repo, repo_type="dataset")


@pytest.fixture(scope="module")
def packs(hf: Any, ada: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    folder = tmp_path_factory.mktemp("packs")
    ada.create_repo(MODEL)
    ada.upload_file(
        path_or_fileobj=smollm2(),
        path_in_repo=SMOLLM2,
        repo_id=MODEL,
    )
    upload(ada, PACK, folder / "a", KENYA.format(high="5,199"))
    upload(ada, OTHER, folder / "b", KENYA.format(high="5,895"))
    upload(ada, HIDDEN, folder / "c", "# Vault\n\nThe vault opens with marzipan.\n", private=True)
    yield
    for repo in (PACK, OTHER, HIDDEN):  # a question without packs asks all that there are
        ada.delete_repo(repo, repo_type="dataset")


pytestmark = pytest.mark.usefixtures("packs")


def post(hub: LiveHub, body: Any, who: str | None = "bob", path: str = "/v1/ask") -> Answer:
    return ask_json(hub, "POST", path, body, token=None if who is None else token_of(who, "read"))


def asked(**more: Any) -> dict[str, Any]:
    return {"question": QUESTION, "packs": [PACK], "risk": 0.2, "model": MODEL, **more}


def events(text: str) -> list[tuple[str, Any]]:
    frames = [frame.partition("\ndata: ") for frame in text.split("\n\n") if "\ndata: " in frame]
    return [(head.removeprefix("event: "), json.loads(data)) for head, _, data in frames]


def test_sentences_follow_the_quote(live_hub: LiveHub) -> None:
    answer = post(live_hub, asked())
    assert answer.headers["Content-Type"].startswith("text/event-stream")
    told = events(answer.body.decode())
    names = [name for name, _ in told]
    assert names[:2] == ["plan", "evidence"]
    assert names.index("extract") < names.index("writing") < len(names) - 1
    assert set(names[names.index("writing") + 1 : -1]) <= {"sentence"}
    data = dict(told)
    receipt, known = data["done"]["receipt"], {each["id"] for each in data["evidence"]["quotes"]}
    shown = [each for name, each in told if name == "sentence"]
    for each in shown:
        assert each["support"] in {"quoted", "supported", "weak"}
        assert each["cites"]
        assert set(each["cites"]) <= known
    counted = data["done"]["sentences"]
    assert sum(counted.values()) == len(receipt["prose"])
    assert sum(counted.values()) - counted["dropped"] == len(shown)
    assert receipt["model"] == data["writing"]["model"]
    assert receipt["model"].startswith(f"{MODEL}@")
    assert receipt["writing"]["files"] == [sha256(smollm2().read_bytes())]
    assert receipt["writing"]["engine"].startswith("llama.cpp")
    assert receipt["writing"]["settings"]["temperature"] == 0.0
    # The same question of the same packs is the same prompt, and so the same answer.
    whole = post(live_hub, asked(stream=False)).json()
    assert whole["receipt"]["writing"] == receipt["writing"]
    assert whole["prose"] == shown
    sources = [Quote(each["id"], each["title"], tuple(each["headings"]), each["text"], NOWHERE)
               for each in data["evidence"]["quotes"] if each["id"] in receipt["writing"]["sources"]]  # fmt: skip
    sources.sort(key=lambda each: receipt["writing"]["sources"].index(each.id))
    assert prompt_of(receipt["asked"], sources).sha256 == receipt["writing"]["prompt_sha256"]


def test_what_is_not_there_needs_no_model(live_hub: LiveHub) -> None:
    told = post(live_hub, asked(question="Who painted the Sistine Chapel?", stream=False)).json()
    assert told["abstain"]
    assert told["sentences"] is None
    assert told["receipt"]["model"] is None


def test_rights_are_those_of_the_question(live_hub: LiveHub, ada: Any) -> None:
    ada.create_repo("ada/asking-smol-hidden", private=True, exist_ok=True)
    for change in ({"packs": [HIDDEN]}, {"model": "ada/asking-smol-hidden"}):
        hidden = post(live_hub, asked(**change), "eve")
        absent = post(
            live_hub, json.loads(json.dumps(asked(**change)).replace("hidden", "absent")), "eve"
        )
        assert (hidden.status, hidden.body) == (absent.status, absent.body)
        assert hidden.status == 404
    assert post(live_hub, asked(), None).status == 401, "who is nobody runs no model"
    assert post(live_hub, asked(model=""), None).status == 200
    assert post(live_hub, asked(model="x" * 2000)).status == 400
    assert post(live_hub, asked(model=7)).status == 400


def begun(hub: LiveHub, body: Any) -> http.client.HTTPConnection:
    """A question whose model has begun to write."""
    connection = http.client.HTTPConnection("127.0.0.1", hub.port, timeout=60)
    headers = {"Authorization": f"Bearer {token_of('ada')}"}
    connection.request("POST", "/v1/ask", json.dumps(body), headers)
    return connection


def computing(hub: LiveHub) -> list[Path]:
    """The processes that run models, once they are at work."""
    deadline = time.monotonic() + 40
    while True:
        processes = runners(hub)
        before = cpu_ticks(processes)
        time.sleep(0.3)
        if processes and cpu_ticks(processes) >= before + 5:
            return processes
        assert time.monotonic() < deadline, "it does not write"


def test_who_leaves_stops_the_model(live_hub: LiveHub) -> None:
    for streams in (True, False):
        connection = begun(live_hub, asked(longer=True, stream=streams))
        if streams:
            answer = connection.getresponse()
            while not answer.readline().startswith(b"event: writing"):
                pass
        processes = computing(live_hub)
        connection.close()
        deadline = time.monotonic() + 15
        while True:
            before = cpu_ticks(processes)
            time.sleep(0.5)
            if cpu_ticks(processes) - before <= 3:
                break
            assert time.monotonic() < deadline, "it writes for nobody"


def test_a_model_that_dies_leaves_the_quote(live_hub: LiveHub) -> None:
    with contextlib.closing(begun(live_hub, asked(longer=True))) as connection:
        answer = connection.getresponse()
        text = b""
        while b"event: writing" not in text:
            line = answer.readline()
            assert line, text
            text += line
        for process in computing(live_hub):
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(process.name), signal.SIGKILL)
        told = dict(events((text + answer.read()).decode()))
    assert "Mackinder" in told["extract"]["text"]
    assert told["unfinished"]["code"] == "RunnerFailed"
    assert told["done"]["receipt"]["writing"]["unfinished"] == "RunnerFailed"
    assert told["done"]["receipt"]["extract"][0]["text"] == told["extract"]["text"]


def test_openais_own_client_asks_packs(live_hub: LiveHub) -> None:
    client = environment("openai")
    wanted = {"TOKEN": token_of("bob", "read"), "PATH": os.environ["PATH"], "NO_PROXY": "127.0.0.1"}
    arguments = (live_hub.url, MODEL, PACK, OTHER, HIDDEN)
    told = json.loads(run(client.program, SCRIPTS / "asking_calls.py", *arguments, env=wanted))
    assert {f"ask:{PACK}", f"ask:{OTHER}"} <= set(told["models"])
    assert f"ask:{HIDDEN}" not in told["models"]
    quoted = told["quoted"]
    assert quoted["model"].startswith(f"ask:{PACK}@")
    assert quoted["usage"] == 0
    for mark in quoted["annotations"]:
        cited = mark["url_citation"]
        assert cited["title"] == "Mount Kenya"
        assert cited["url"].startswith(f"{live_hub.url}/datasets/{PACK}/article/")
        assert "Mackinder" in quoted["text"][cited["start_index"] : cited["end_index"]]
        assert mark["citation"]["address"].startswith(f"hub://{PACK}@")
    assert quoted["receipt"]["model"] is None
    streamed = told["streamed"]
    assert streamed["model"].startswith(f"ask:{MODEL}@")
    assert streamed["text"].startswith(quoted["text"])
    assert streamed["finish"] == "stop"
    assert streamed["usage"] > 0
    assert streamed["receipt"]["model"].startswith(f"{MODEL}@")
    assert next(each["url_citation"]["start_index"] for each in streamed["annotations"]) == 0
    # The name that an answer tells means the same for ever.
    assert told["again"] == streamed["text"]
    assert "5,199 metres" in told["followed"]
    assert "The packs do not agree" in told["conflict"]
    assert told["described"].startswith(f"ask:{PACK}@")
    assert (
        told["errors"]
        == [["NotFoundError", "model_not_found"]] * 3 + [["BadRequestError", "BadRequest"]] * 4
    )


def test_nobody_asks_open_packs(live_hub: LiveHub) -> None:
    body = {
        "model": f"ask:{PACK}",
        "messages": [{"role": "user", "content": QUESTION}],
        "risk": 0.2,
    }
    answer = post(live_hub, body, None, "/v1/chat/completions")
    assert "Mackinder" in answer.json()["choices"][0]["message"]["content"]
    hidden = post(live_hub, {**body, "model": f"ask:{HIDDEN}"}, None, "/v1/chat/completions")
    absent = post(live_hub, {**body, "model": "ask:ada/none"}, None, "/v1/chat/completions")
    assert (hidden.status, hidden.body) == (absent.status, absent.body)
    assert (
        post(
            live_hub, {**body, "model": f"ask:{MODEL}+{PACK}"}, None, "/v1/chat/completions"
        ).status
        == 401
    )


def test_mcps_own_client(live_hub: LiveHub) -> None:
    """Over HTTP and standard streams, with and without a handshake: the same each time."""
    client = environment("mcp")
    wanted = {"TOKEN": token_of("bob", "read"), "PATH": os.environ["PATH"], "NO_PROXY": "127.0.0.1"}
    arguments = (live_hub.url, sys.executable, PACK, HIDDEN)
    told = json.loads(run(client.program, SCRIPTS / "mcp_calls.py", *arguments, env=wanted))
    assert {each["version"] for each in told.values()} == {"2025-11-25", "2026-07-28"}
    first = told["http legacy"]
    for each in told.values():
        assert {**each, "version": ""} == {**first, "version": ""}
    assert first["server"] == "groundswell"
    assert first["tools"] == ["ask", "packs", "open_citation"]
    quote = first["quotes"][0]
    assert f"“{quote['text']}”" in first["text"]
    assert quote["url"].startswith(f"{live_hub.url}/datasets/{PACK}/article/")
    assert first["opened"]["quoted"] == quote["text"]
    assert (
        first["opened"]["after"].startswith("\nThey reached its summit") or quote["text"] in KENYA
    )
    assert first["opened"]["title"] == "Mount Kenya"
    assert {PACK, OTHER} <= set(first["packs"])
    assert HIDDEN not in first["packs"]
    assert first["answered"] is False
    assert all(is_error for is_error, _ in first["errors"].values())
    words = {name: text for name, (_, text) in first["errors"].items()}
    assert words["hidden"] == words["absent"]
    assert words["hidden place"] == words["absent place"]
    assert "may have 2000 characters" in words["long"]
    assert "There is no question" in words["empty"]
    assert "no such tool" in first["unknown"]


@pytest.mark.parametrize(
    ("message", "status", "code"),
    [
        (b"", 400, -32700),
        (b"{", 400, -32700),
        (b"[" * 100_000, 400, -32700),
        (b'{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":' + b"[" * 40 + b"]" * 40 + b"}}", 400, -32600),
        (b"[]", 400, -32600),
        (b'{"jsonrpc":"1.0","id":1,"method":"ping"}', 400, -32600),
        (b'{"jsonrpc":"2.0","id":1}', 400, -32600),
        (b'{"jsonrpc":"2.0","id":[],"method":"ping"}', 400, -32600),
        (b'{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}', 400, -32602),
        (b'{"jsonrpc":"2.0","id":1,"method":"resources/list"}', 404, -32601),
        (b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"ask","arguments":[]}}', 400, -32602),
        (b'{"jsonrpc":"2.0","id":1,"method":"ping","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}', 400, -32020),
        (b'{"jsonrpc":"2.0","id":1,"method":"ping"}', 200, 0),
        (b'{"jsonrpc":"2.0","method":"notifications/initialized"}', 202, 0),
        (b'{"jsonrpc":"2.0","id":1,"result":{}}', 202, 0),
    ],
)  # fmt: skip
def test_odd_messages_are_refused(
    live_hub: LiveHub, message: bytes, status: int, code: int
) -> None:
    answer = ask(live_hub, "POST", "/mcp", body=message)
    assert answer.status == status, answer.body
    assert code == (answer.json().get("error", {}).get("code", 0) if answer.body else 0)


def test_who_may_speak_to_the_tools(live_hub: LiveHub) -> None:
    ping = b'{"jsonrpc":"2.0","id":1,"method":"ping"}'
    assert ask(live_hub, "GET", "/mcp").status == 405
    assert ask(live_hub, "DELETE", "/mcp").status == 405
    assert ask(live_hub, "POST", "/mcp", body=b"x" * 300_000).status == 413
    assert ask(live_hub, "POST", "/mcp", body=ping, token="hf_wrong").status == 401
    elsewhere = ask(live_hub, "POST", "/mcp", body=ping, headers={"Origin": "https://example.org"})
    assert elsewhere.status == 403
    assert ask(live_hub, "POST", "/mcp", body=ping, headers={"Origin": live_hub.url}).status == 200
