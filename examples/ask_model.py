"""Ask a GGUF file one question with llama.cpp: ``ask_model.py FILE QUESTION`` prints JSON."""

from __future__ import annotations

import json
import sys
import time

import xllamacpp


def main(path: str, question: str) -> None:
    """Load, ask, print ``{"answer", "tokens", "seconds"}`` as the last line."""
    parameters = xllamacpp.CommonParams()
    parameters.model.path = path
    parameters.n_ctx = 1024
    parameters.n_gpu_layers = 0
    parameters.cpuparams.n_threads = 2
    parameters.port = 0
    server = xllamacpp.Server(parameters)
    request = {
        "messages": [{"role": "user", "content": question}],
        "max_tokens": 96,
        "temperature": 0,
    }
    began = time.perf_counter()
    result = server.handle_chat_completions(request)
    seconds = time.perf_counter() - began
    if isinstance(result, str):
        result = json.loads(result)
    answer = result["choices"][0]["message"]["content"].strip()
    tokens = result["usage"]["completion_tokens"]
    print(json.dumps({"answer": answer, "tokens": tokens, "seconds": seconds}))


if __name__ == "__main__":
    main(*sys.argv[1:])
