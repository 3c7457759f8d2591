"""Asks a GGUF file one question by llama.cpp: `chat.py FILE QUESTION` prints the answer as JSON.

One thread: llama.cpp's threads wait for one another by spinning, which on a busy machine makes two
of them thirty times slower than one.
"""

import json
import sys

import xllamacpp


def main(path: str, question: str) -> None:
    parameters = xllamacpp.CommonParams()
    parameters.model.path = path
    parameters.n_ctx = 256
    parameters.n_gpu_layers = 0
    parameters.cpuparams.n_threads = 1
    parameters.cpuparams_batch.n_threads = 1
    parameters.port = 0
    server = xllamacpp.Server(parameters)
    messages = [{"role": "user", "content": question}]
    told = server.handle_chat_completions({"messages": messages, "max_tokens": 24})
    told = json.loads(told) if isinstance(told, str) else told
    answer = told["choices"][0]["message"]["content"]
    print(json.dumps({"answer": answer, "tokens": told["usage"]["completion_tokens"]}))


if __name__ == "__main__":
    main(*sys.argv[1:])
