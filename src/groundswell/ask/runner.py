"""The runner: a process that holds one model and answers on a socket in a folder of its own.

Started by `runtime.process` with its orders as one line of JSON on standard input; tells "ready" on
standard output when the model is loaded, and ends when standard input does. The process is shut in
before the first byte of a model is read. What it can still do is read its model, compute, and
answer on its socket: no network, no file, no log but standard error. It is the first that the
kernel ends when memory runs out.

It stands outside `runtime`, so that it imports nothing of the hub but what shuts it in.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from groundswell.hub.viewing.confinement import bind, bounds, leave_network, lock_paths

if TYPE_CHECKING:
    import xllamacpp

READY: Final = "ready"
_MACHINE: Final = ("/sys/devices/system", "/proc/meminfo", "/proc/cpuinfo")
_OPEN_FILES_MAX: Final = 256
_BATCH_TOKENS: Final = 512
_NICE: Final = 2
# Of earlier conversations, so that their beginning need not be read again.
_KEPT_PROMPTS_MIB: Final = 256
_ANYBODY_ELSE_FIRST: Final = 1000
# Of a model without one: what was written, and nothing that it never saw. Else llama.cpp takes
# ChatML, whose marks such a model writes on and on.
_AS_WRITTEN: Final = (
    "{% for message in messages %}{{ message['content'] }}"
    "{% if not loop.last %}{{ '\n\n' }}{% endif %}{% endfor %}"
)

Orders = dict[str, Any]


def main() -> None:
    """Load, tell, and wait for the end."""
    orders: Orders = json.loads(sys.stdin.readline())
    _step_back()
    import xllamacpp  # noqa: PLC0415 - it starts threads, after which no network can be left

    parameters = _parameters(orders)
    _shut_in(orders)
    server = xllamacpp.Server(parameters)
    print(READY, flush=True)  # noqa: T201 - this is how it tells
    sys.stdin.read()
    del server  # what it frees is freed faster by the end of the process
    os._exit(0)


def _step_back() -> None:
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(str(_ANYBODY_ELSE_FIRST), "ascii")
    os.nice(_NICE)
    leave_network()


def _shut_in(orders: Orders) -> None:
    bind(bounds(orders["memory_bytes"], open_files=_OPEN_FILES_MAX))
    readable = [Path(path) for path in (*orders["readable"], *_MACHINE)]
    lock_paths(readable, Path(orders["socket"]).parent)


def _parameters(orders: Orders) -> xllamacpp.CommonParams:
    import xllamacpp  # noqa: PLC0415 - as above

    found = xllamacpp.CommonParams()
    found.model.path = orders["model"]
    found.model_alias = {orders["name"]}
    adapter = xllamacpp.CommonAdapterLoraInfo
    found.lora_adapters = [adapter(path, 1.0) for path in orders["adapters"]]
    found.hostnames = [orders["socket"]]
    found.port = 1  # a path has none, and 0 is taken for "not listening"
    found.api_keys = [orders["key"]]
    found.n_gpu_layers = 0
    found.n_parallel = orders["slots"]
    found.n_ctx = orders["context_tokens"] * orders["slots"]
    is_text = orders["mode"] == "text"
    # What is read as a whole has to fit into one batch.
    found.n_batch = found.n_ubatch = _BATCH_TOKENS if is_text else orders["context_tokens"]
    found.cache_ram_mib = _KEPT_PROMPTS_MIB
    found.n_ctx_checkpoints = 4
    for processors in (found.cpuparams, found.cpuparams_batch):
        processors.n_threads = orders["threads"]
        processors.poll = 0  # waiting threads that spin take time from those that work
    found.use_jinja = True  # the repository's own template, as it is
    if not orders["has_template"]:
        found.chat_template = _AS_WRITTEN
    found.warmup = False
    found.fit_params = False  # that loads twice, to fit a card that is not there
    found.ui = False
    found.offline = True
    found.endpoint_slots = False
    found.embedding = not is_text
    pooling = xllamacpp.llama_pooling_type
    if orders["mode"] == "rerank":
        found.pooling_type = pooling.LLAMA_POOLING_TYPE_RANK
    elif orders["mode"] == "embeddings" and orders["pools_by_mean"]:
        found.pooling_type = pooling.LLAMA_POOLING_TYPE_MEAN
    return found


if __name__ == "__main__":
    main()
