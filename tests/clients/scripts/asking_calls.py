"""What programs do with OpenAI's client and packs: `asking_calls.py URL MODEL PACK OTHER HIDDEN` prints JSON."""

import json
import os
import sys
from typing import Any

import openai

QUESTION = "Who climbed Mount Kenya first?"
RISK = {"risk": 0.2}


def said(text: str, *before: str) -> Any:
    roles = ["user", "assistant"] * len(before)
    talk = [{"role": role, "content": each} for role, each in zip(roles, before, strict=False)]
    return [*talk, {"role": "user", "content": text}]


def main(url: str, model: str, pack: str, other: str, hidden: str) -> None:
    client = openai.OpenAI(base_url=f"{url}/v1", api_key=os.environ["TOKEN"], max_retries=0)
    chat = client.chat.completions

    def whole(name: str, messages: Any) -> Any:
        return chat.create(model=name, messages=messages, extra_body=RISK)

    told: dict[str, Any] = {"models": [each.id for each in client.models.list()]}
    told["described"] = client.models.retrieve(f"ask:{pack}").id
    found = whole(f"ask:{pack}", said(QUESTION))
    message = found.choices[0].message
    told["quoted"] = {
        "model": found.model,
        "text": message.content,
        "annotations": [each.model_dump() for each in message.annotations],
        "usage": found.usage.completion_tokens,
        "receipt": found.receipt,
    }
    chunks = list(
        chat.create(
            model=f"ask:{model}+{pack}", messages=said(QUESTION), stream=True,
            stream_options={"include_usage": True}, extra_body=RISK,
        )
    )  # fmt: skip
    deltas = [each.choices[0] for each in chunks if each.choices]
    told["streamed"] = {
        "model": chunks[0].model,
        "text": "".join(each.delta.content or "" for each in deltas),
        "finish": deltas[-1].finish_reason,
        "annotations": [mark for each in deltas for mark in getattr(each.delta, "annotations", ())],
        "usage": chunks[-1].usage.completion_tokens,
        "receipt": chunks[-2].receipt,
    }
    told["again"] = whole(chunks[0].model, said(QUESTION)).choices[0].message.content
    talk = said("How high is it?", QUESTION, message.content)
    told["followed"] = whole(f"ask:{pack}", talk).choices[0].message.content
    both = whole(f"ask:{pack}+{other}", said("How high is Mount Kenya?"))
    told["conflict"] = both.choices[0].message.content
    told["errors"] = [
        _error(lambda: whole(f"ask:{hidden}", said(QUESTION))),
        _error(lambda: whole(f"ask:{pack}+{hidden}", said(QUESTION))),
        _error(lambda: whole(f"ask:ada/none+{pack}", said(QUESTION))),
        _error(lambda: whole("ask:", said(QUESTION))),
        _error(lambda: whole(f"ask:{pack}" + f"+{pack}" * 20, said(QUESTION))),
        _error(lambda: whole(f"ask:{pack}", said("a" * 100_000))),
        _error(lambda: whole(f"ask:{pack}", said("  "))),
    ]
    print(json.dumps(told))


def _error(call: Any) -> list[Any]:
    try:
        call()
    except openai.APIStatusError as error:
        return [type(error).__name__, error.code]
    return ["none", None]


if __name__ == "__main__":
    main(*sys.argv[1:])
