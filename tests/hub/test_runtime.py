"""A real model run from the hub: in its own words, within limits, and the hub outlives it."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
from jinja2.sandbox import ImmutableSandboxedEnvironment

from groundswell.ask.building import build_runtime
from groundswell.ask.derivatives import Derivatives
from groundswell.ask.runtime import Limits, Mode, ModelRef, Phase, Runtime, State, asking
from groundswell.ask.runtime.models import GOES_ON
from groundswell.ask.runtime.process import Orders, Runner
from groundswell.ask.runtime.remote import Remote
from groundswell.core.errors import (
    BadRequest,
    NotServed,
    RepoNotFound,
    RunnerFailed,
    StorageFull,
    TooManyRequests,
    Unauthenticated,
    Unavailable,
)
from groundswell.core.values import ANONYMOUS, AddBlob, Visibility
from groundswell.hub.repos import Repository
from groundswell.store.outbound import OutboundPolicy
from tests.hub.gguf_files import adapter, encoder, gguf, tiny
from tests.hub.git_world import GitWorld
from tests.hub.hf_folders import smol_gguf
from tests.packaged import SMOLLM2, smollm2

LIMITS = Limits(context_tokens=1024, answer_seconds=60, idle_seconds=300, models=2, waiting=1)
HELLO = [{"role": "user", "content": "Say hello."}]


class Stage:
    """A hub with the model in it, and runtimes over it."""

    def __init__(self, folder: Path) -> None:
        self.world = GitWorld(folder)
        self.repository = self.world.model("smol")
        self.world.large(self.repository, SMOLLM2, smollm2().read_bytes())
        self.derivatives = Derivatives(self.world.folder.derived, self.world.blobs.open_content)
        self.runtime = self.over(LIMITS)

    def over(self, limits: Limits, remote: Remote | None = None) -> Runtime:
        world = self.world
        return build_runtime(world.repos, world.content, self.derivatives, limits, remote)

    def model(self, text: str = "alice/smol") -> ModelRef:
        return self.runtime.models.find(self.world.alice, text)

    def process(self, runtime: Runtime | None = None) -> int:
        """The number of the one process that writes text."""
        pool = (runtime or self.runtime).pool
        seat = pool._seats[Mode.TEXT, self.model().content]
        assert seat.runner is not None
        assert seat.runner._process is not None
        return seat.runner._process.pid

    def close(self) -> None:
        self.runtime.close()
        self.world.close()


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    made = Stage(tmp_path_factory.mktemp("runtime"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def model(stage: Stage) -> ModelRef:
    return stage.model()


def text_of(answer: Any) -> str:
    return "".join(piece.text for piece in answer)


# --- answers ------------------------------------------------------------------------------------


def test_an_answer_comes_in_pieces_with_its_figures(stage: Stage, model: ModelRef) -> None:
    told: list[State] = []
    with stage.runtime.complete(model, HELLO, max_tokens=6, on_state=told.append) as answer:
        *pieces, last = answer
    assert 1 <= len(pieces) <= 6
    assert all(piece.text and piece.finish is None for piece in pieces)
    assert last.finish in {"stop", "length"}
    assert last.timing is not None
    assert last.timing.completion_tokens <= 6
    assert last.timing.prompt_tokens > 5
    assert 0 < last.timing.first_token_seconds < 60
    assert last.timing.tokens_per_second > 0
    assert told[-1].phase is Phase.READY
    assert told[-1].total_bytes == model.size_bytes


def test_the_template_is_the_repositorys_byte_for_byte(stage: Stage, model: ModelRef) -> None:
    template = model.facts.chat_template
    assert template is not None
    conversation = [
        {"role": "system", "content": "Be <b>brief</b>.\n"},
        {"role": "user", "content": "What is “ĳ” &\t{{ 1 + 1 }}?"},
        {"role": "assistant", "content": " A letter. "},
        {"role": "user", "content": "Übrigens {% raw %}…"},
    ]
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    for messages in (conversation, conversation[1:], HELLO):
        expected = environment.from_string(template).render(
            messages=messages, add_generation_prompt=True, bos_token="", eos_token="<|im_end|>"
        )
        assert stage.runtime.render(model, messages) == expected


def test_a_model_without_a_template_goes_on_with_what_is_written(stage: Stage) -> None:
    """No template is made up for it: it would write that one's marks on and on."""
    repository = stage.world.model("untalkative")
    content = smol_gguf(2, without=("tokenizer.chat_template",))
    stage.world.large(repository, "base.Q4_1.gguf", content)
    model = stage.model("alice/untalkative")
    assert model.notes == (GOES_ON,)
    said = [{"role": "system", "content": "A tale."}, {"role": "user", "content": "Once upon a"}]
    assert stage.runtime.render(model, said) == "A tale.\n\nOnce upon a"
    assert stage.runtime.render(model, said[1:]) == "Once upon a"
    assert stage.model().notes == ()


def test_a_grammar_and_a_schema_are_kept(stage: Stage, model: ModelRef) -> None:
    runtime = stage.runtime
    grammar = 'root ::= "[" [0-9] [0-9] "]"'
    assert re.fullmatch(r"\[\d\d\]", text_of(runtime.complete(model, HELLO, grammar=grammar)))
    schema = {
        "type": "object",
        "properties": {"ok": {"type": "boolean"}, "kind": {"enum": ["a", "b"]}},
        "required": ["ok", "kind"],
        "additionalProperties": False,
    }
    found = json.loads(text_of(runtime.complete(model, HELLO, json_schema=schema)))
    assert set(found) == {"ok", "kind"}
    assert isinstance(found["ok"], bool)
    assert found["kind"] in {"a", "b"}
    with pytest.raises(BadRequest, match="grammar"):
        text_of(runtime.complete(model, HELLO, grammar="root ::= ((("))


def test_the_same_seed_writes_the_same(stage: Stage, model: ModelRef) -> None:
    texts = {
        text_of(stage.runtime.complete(model, prompt="Once", max_tokens=6, temperature=1, seed=7))
        for _ in range(2)
    }
    assert len(texts) == 1


def test_a_stop_ends_and_is_no_part_of_it(stage: Stage, model: ModelRef) -> None:
    grammar = 'root ::= "one two three"'
    answer = stage.runtime.complete(model, prompt="Count:", grammar=grammar, stop=["three"])
    assert text_of(answer).strip() == "one two"


def test_several_ask_at_once(stage: Stage, model: ModelRef) -> None:
    runtime = stage.runtime
    answers = [runtime.complete(model, prompt=f"{n}:", max_tokens=400) for n in range(3)]
    for answer in answers:
        next(answer) if answer is not answers[2] else None
    # Two write; one may wait; the next is sent away.
    waits = threading.Thread(target=lambda: next(answers[2], None))
    waits.start()
    deadline = time.monotonic() + 10
    while runtime.pool.states()[0].users < 3 and time.monotonic() < deadline:
        time.sleep(0.01)
    with pytest.raises(TooManyRequests):
        next(runtime.complete(model, prompt="4:", max_tokens=4))
    for answer in answers:
        answer.close()
    waits.join(20)
    assert runtime.pool.states()[0].users == 0


def test_closing_stops_the_computing(stage: Stage, model: ModelRef) -> None:
    answer = stage.runtime.complete(model, prompt="Once upon a time", max_tokens=900)
    next(answer)
    threading.Timer(0.2, answer.close).start()
    began = time.monotonic()
    pieces = list(answer)
    assert time.monotonic() - began < 20
    assert len(pieces) < 600
    stat = Path(f"/proc/{stage.process()}/stat")
    time.sleep(0.5)
    before = sum(map(int, stat.read_text().split()[13:15]))
    time.sleep(0.5)
    assert sum(map(int, stat.read_text().split()[13:15])) - before <= 5, "it computes on"


def test_embeddings_and_no_reranking(stage: Stage, model: ModelRef) -> None:
    request = asking.embeddings({"input": ["a cat", "a kitten"]})
    vectors = [each["embedding"] for each in stage.runtime.embed(model, request)["data"]]
    assert len(vectors) == 2
    assert {len(vector) for vector in vectors} == {576}
    assert abs(sum(number * number for number in vectors[0]) - 1) < 1e-3
    with pytest.raises(BadRequest, match="no reranker"):
        stage.runtime.rerank(model, asking.rerank({"query": "a", "documents": ["b"]}))


def test_encoders_embed_and_rerankers_put_in_order(stage: Stage) -> None:
    put(stage, stage.world.model("mean"), {"mean.gguf": encoder(1)})
    put(stage, stage.world.model("order"), {"order.gguf": encoder(4)})
    mean, order = stage.model("alice/mean"), stage.model("alice/order")
    found = stage.runtime.embed(mean, asking.embeddings({"input": ["a cat", "the dog"]}))
    assert [len(each["embedding"]) for each in found["data"]] == [32, 32]
    with pytest.raises(BadRequest, match="writes none"):
        stage.runtime.complete(mean, prompt="a")
    asked = asking.rerank(
        {"query": "a cat", "documents": ["the dog", "a cat", "the sky"], "top_n": 2}
    )
    results = stage.runtime.rerank(order, asked)["results"]
    assert len(results) == 2
    assert {each["index"] for each in results} < {0, 1, 2}
    assert results[0]["relevance_score"] >= results[1]["relevance_score"]
    with pytest.raises(BadRequest, match="makes no embeddings"):
        stage.runtime.embed(order, asking.embeddings({"input": "a"}))


# --- limits -------------------------------------------------------------------------------------


def test_the_process_is_shut_in(stage: Stage, model: ModelRef) -> None:
    stage.runtime.load(model)
    process = Path(f"/proc/{stage.process()}")
    assert (process / "oom_score_adj").read_text().strip() == "1000"
    assert "NoNewPrivs:\t1" in (process / "status").read_text()
    limits = (process / "limits").read_text()
    assert re.search(r"Max file size +0 +0", limits)
    assert re.search(r"Max core file size +0 +0", limits)
    environment = (process / "environ").read_bytes()
    assert b"PYTEST" not in environment
    may = "from groundswell.hub.viewing.confinement import leave_network as f; print(f())"
    told = subprocess.run([sys.executable, "-c", may], capture_output=True, text=True, check=True)
    has_left = os.readlink(process / "ns/net") != os.readlink("/proc/self/ns/net")
    assert told.stdout.strip() == str(has_left), "it leaves the network where the kernel lets it"


def test_a_killed_model_is_an_error_and_the_next_request_starts_it_again(
    stage: Stage, model: ModelRef
) -> None:
    answer = stage.runtime.complete(model, prompt="Once upon a time", max_tokens=900)
    next(answer)
    os.kill(stage.process(), signal.SIGKILL)
    with pytest.raises(RunnerFailed, match="killed"):
        list(answer)
    assert text_of(stage.runtime.complete(model, HELLO, max_tokens=3))


def test_what_is_too_long_is_refused(stage: Stage, model: ModelRef) -> None:
    with pytest.raises(BadRequest, match="context"):
        text_of(stage.runtime.complete(model, prompt="word " * 3000, max_tokens=3))


def test_an_endless_answer_ends(stage: Stage, model: ModelRef) -> None:
    short = Runtime(stage.runtime.pool, stage.runtime.models, replace(LIMITS, answer_seconds=1.5))
    *_, last = short.complete(model, prompt="a", grammar='root ::= ("a" | "b")*', max_tokens=900)
    assert last.finish in {"time", "length"}
    few = Runtime(stage.runtime.pool, stage.runtime.models, replace(LIMITS, answer_tokens=3))
    *_, last = few.complete(model, prompt="a", grammar='root ::= ("a" | "b")*', max_tokens=900)
    assert last.finish == "length"
    assert last.timing is not None
    assert last.timing.completion_tokens == 3


def test_memory_that_is_not_there_is_told(stage: Stage, model: ModelRef) -> None:
    with pytest.raises(Unavailable, match="free"):
        stage.over(replace(LIMITS, memory_bytes=100 << 20)).models.find(
            stage.world.alice, "alice/smol"
        )
    tight = stage.over(replace(LIMITS, memory_bytes=200 << 20))
    try:
        with pytest.raises(Unavailable, match="fit"):
            tight.load(model)
    finally:
        tight.close()


def test_idle_models_go_for_others_and_by_themselves(stage: Stage, model: ModelRef) -> None:
    runtime = stage.over(replace(LIMITS, models=1, idle_seconds=1.5))
    try:
        runtime.load(model)
        pid = stage.process(runtime)
        runtime.embed(model, asking.embeddings({"input": "a"}))
        assert [state.mode for state in runtime.pool.states()] == [Mode.EMBEDDINGS]
        assert not Path(f"/proc/{pid}").exists()
        deadline = time.monotonic() + 15
        while runtime.pool.states() and time.monotonic() < deadline:
            time.sleep(0.1)
        assert runtime.pool.states() == ()
    finally:
        runtime.close()


def test_a_broken_model_is_told_in_words(stage: Stage) -> None:
    repository = stage.world.model("broken")
    content = smollm2().read_bytes()
    stage.world.large(repository, "cut-Q4_1.gguf", content[: len(content) // 2])
    broken = stage.model("alice/broken")
    with pytest.raises(
        RunnerFailed, match=r"could not be loaded: tensor .* is not within"
    ) as caught:
        stage.runtime.load(broken)
    assert "/tmp" not in caught.value.message
    stage.world.large(repository, "cut-Q4_1.gguf", b"GGUF" + bytes(1000))
    with pytest.raises(BadRequest, match="no model that runs"):
        stage.model("alice/broken")


def test_more_memory_than_it_may_have_is_told(stage: Stage, model: ModelRef) -> None:
    with stage.derivatives.files(list(model.files)) as files:
        orders = Orders("m", Mode.TEXT, files[SMOLLM2], (), model.size_bytes, 1024, 1, 1, 60 << 20)
        runner = Runner(orders)
        try:
            runner.start()
            with pytest.raises(RunnerFailed, match="memory"):
                runner.wait(time.monotonic() + 60, lambda _: None)
        finally:
            runner.stop()


def test_what_a_killed_hub_left_is_removed(stage: Stage, model: ModelRef) -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    temporary = Path(tempfile.gettempdir())
    left, kept = (temporary / f"swell-run-{pid}-left" for pid in (ended.pid, os.getppid()))
    with stage.derivatives.files(list(model.files)) as files:
        orders = Orders("m", Mode.TEXT, files[SMOLLM2], (), model.size_bytes, 1024, 1, 1, 1 << 30)
        try:
            for folder in (left, kept):
                folder.mkdir()
                (folder / "s.sock").touch()
            Runner(orders).stop()
            assert not left.exists()
            assert (kept / "s.sock").exists(), "of a process that is there"
        finally:
            shutil.rmtree(kept)


def test_without_the_extra_one_is_told_how_to_get_it(
    stage: Stage, model: ModelRef, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "xllamacpp", None)
    runtime = stage.over(LIMITS)
    with pytest.raises(NotServed, match="pip install"):
        runtime.load(model)


def test_a_full_cache_is_told(stage: Stage, model: ModelRef) -> None:
    world = stage.world
    small = Derivatives(
        world.folder.root / "small", world.blobs.open_content, size_bytes_max=1 << 20
    )
    runtime = build_runtime(world.repos, world.content, small, LIMITS, None)
    try:
        with pytest.raises(StorageFull):
            runtime.load(model)
    finally:
        runtime.close()


# --- finding ------------------------------------------------------------------------------------


def put(stage: Stage, repository: Repository, files: dict[str, bytes]) -> None:
    operations = [
        AddBlob(path, stage.world.upload(repository, content), len(content))
        for path, content in files.items()
    ]
    stage.world.commit(repository, *operations)


def test_the_quantisation_that_fits_is_chosen_and_explained(stage: Stage) -> None:
    repository = stage.world.model("many")
    names = ("Q2_K", "Q4_K_M", "Q8_0", "F16")
    put(
        stage,
        repository,
        {
            **{f"many-{name}.gguf": tiny() + bytes(n * 30_000) for n, name in enumerate(names)},
            "big-Q6_K-00001-of-00002.gguf": tiny() + bytes(200_000),
            "big-Q6_K-00002-of-00002.gguf": tiny() + bytes(200_001),
            "lost-Q5_K-00001-of-00003.gguf": tiny(),
            "mmproj-many-f16.gguf": tiny(),
        },
    )
    found = stage.model("alice/many")
    assert found.file == "big-Q6_K-00001-of-00002.gguf"
    assert [file.name[-21:] for file in found.files] == [
        "Q6_K-00001-of-00002.gguf"[-21:],
        "Q6_K-00002-of-00002.gguf"[-21:],
    ]
    assert found.explanation.startswith("Q6_K (0 MiB, 2 files): the best that is worth its size")
    assert any("mmproj" in note for note in found.notes)
    assert any("split into 3 files, of which 1 are here" in note for note in found.notes)
    assert stage.model("alice/many:q4_k_m").file == "many-Q4_K_M.gguf"
    assert stage.model("alice/many@main:many-F16.gguf").explanation.endswith("as asked for.")
    with pytest.raises(Exception, match="There are: Q2_K"):
        stage.model("alice/many:Q3_K")


def test_a_broken_file_stands_in_nobodys_way(stage: Stage) -> None:
    repository = stage.world.model("mixed")
    files = {"a-Q4_0.gguf": b"GGUF", "b-Q8_0.gguf": tiny() + bytes(90_000)}
    put(stage, repository, {**files, "lora-Q5_0.gguf": tiny(general__type="adapter")})
    found = stage.model("alice/mixed")
    assert found.file == "b-Q8_0.gguf"
    *others, goes_on = found.notes
    assert [note.partition(" is ")[0] for note in others] == ["a-Q4_0.gguf"]
    assert goes_on == GOES_ON
    with pytest.raises(BadRequest, match="no model that runs"):
        stage.model("alice/mixed:Q4_0")


def test_rights_are_decided_at_each_call(stage: Stage) -> None:
    hidden = stage.world.model("hidden", Visibility.PRIVATE)
    put(stage, hidden, {"a-Q8_0.gguf": tiny()})
    find = stage.runtime.models.find
    assert find(stage.world.alice, "alice/hidden").file == "a-Q8_0.gguf"
    for name in ("alice/hidden", "alice/none", "no name", "a/b/c", ""):
        with pytest.raises(RepoNotFound):
            find(stage.world.bob, name)
    with pytest.raises(Unauthenticated):
        find(ANONYMOUS, "alice/smol")
    assert stage.over(replace(LIMITS, by="everybody")).models.find(ANONYMOUS, "alice/smol")
    with pytest.raises(NotServed):
        stage.over(replace(LIMITS, by="nobody")).models.find(stage.world.alice, "alice/smol")


def test_an_adapter_changes_what_is_said_by_its_scale(stage: Stage, model: ModelRef) -> None:
    put(stage, stage.world.model("turned"), {"turned-f32.gguf": adapter()})

    def said(*adapters: tuple[str, float]) -> str:
        found = stage.runtime.models.find(stage.world.alice, "alice/smol", adapters)
        answer = stage.runtime.complete(found, prompt="The sky is", max_tokens=6)
        return text_of(answer)

    plain, turned = said(), said(("alice/turned", 1.0))
    assert turned != plain
    assert said(("alice/turned", 0.0)) == plain, "the same process, with the adapter off"
    assert said(("alice/turned", 1.0)) == turned


def test_adapters_go_over_their_own_kind(stage: Stage) -> None:
    find = stage.runtime.models.find
    alice = stage.world.alice
    put(stage, stage.world.model("lora"), {"lora.gguf": tiny(general__type="adapter")})
    other = gguf({"general.architecture": "gemma", "general.type": "adapter"})
    put(stage, stage.world.model("other"), {"lora.gguf": other})
    [found] = find(alice, "alice/smol", [("alice/lora", 0.5)]).adapters
    assert (found.file.name, found.scale) == ("lora.gguf", 0.5)
    assert found.name.startswith("alice/lora@")
    for wrong, why in (("alice/other", "for gemma"), ("alice/smol", "no adapter")):
        with pytest.raises(BadRequest, match=why):
            find(alice, "alice/smol", [(wrong, 1.0)])
    with pytest.raises(BadRequest, match="over its base"):
        find(alice, "alice/lora")


# --- the other server ---------------------------------------------------------------------------


class _Other(BaseHTTPRequestHandler):
    """A server of somebody else's, as far as it matters."""

    asked: ClassVar[list[dict[str, Any]]] = []

    def log_message(self, *_arguments: object) -> None:
        return

    def do_GET(self) -> None:
        self._send(json.dumps({"data": [{"id": "theirs"}]}).encode())

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.asked.append({**body, "key": self.headers["Authorization"]})
        lines = [
            {"choices": [{"delta": {"content": "Hel"}}]},
            {"choices": [{"delta": {"content": "lo"}, "finish_reason": "stop"}]},
            {"choices": [], "usage": {"prompt_tokens": 4, "completion_tokens": 2}},
        ]
        text = "".join(f"data: {json.dumps(line)}\n\n" for line in lines)
        self._send(f"{text}data: [DONE]\n\n".encode() if body["prompt"] != "cut" else text.encode())

    def _send(self, content: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def test_models_may_run_at_another_server(stage: Stage) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Other)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        url = f"http://127.0.0.1:{server.server_port}/v1"
        runtime = stage.over(LIMITS, Remote(url, "secret", OutboundPolicy()))
        model = runtime.models.find(stage.world.bob, "remote:theirs")
        *pieces, last = runtime.complete(model, prompt="Hi", max_tokens=5)
        assert "".join(piece.text for piece in pieces) == "Hello"
        assert last.finish == "stop"
        assert last.timing is not None
        assert last.timing.completion_tokens == 2
        assert _Other.asked[0]["model"] == "theirs"
        assert _Other.asked[0]["key"] == "Bearer secret"
        assert "cache_prompt" not in _Other.asked[0]
        with pytest.raises(RunnerFailed, match="other server"):
            text_of(runtime.complete(model, prompt="cut"))
        with pytest.raises(Unauthenticated):
            runtime.models.find(ANONYMOUS, "remote:theirs")
    finally:
        server.shutdown()
        server.server_close()
    with pytest.raises(RunnerFailed, match="does not answer"):
        runtime.models.find(stage.world.bob, "remote:theirs")
