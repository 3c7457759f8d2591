"""What programs do with OpenAI's own client: `openai_calls.py URL MODEL` prints JSON."""

import json
import os
import sys
from typing import Any

import openai


def main(url: str, model: str) -> None:
    client = openai.OpenAI(base_url=f"{url}/v1", api_key=os.environ["TOKEN"], max_retries=0)
    messages: Any = [{"role": "user", "content": "Say hello."}]
    told: dict[str, Any] = {"models": [each.id for each in client.models.list()]}
    told["described"] = client.models.retrieve(model).id
    whole = client.chat.completions.create(model=model, messages=messages, max_tokens=5)
    told["chat"] = [whole.model, whole.choices[0].message.content, whole.choices[0].finish_reason]
    told["usage"] = whole.usage and whole.usage.completion_tokens
    stream = client.chat.completions.create(
        model=model, messages=messages, max_tokens=5, temperature=0, stream=True,
        stream_options={"include_usage": True},
    )  # fmt: skip
    chunks = list(stream)
    told["pieces"] = [each.choices[0].delta.content for each in chunks if each.choices]
    told["finish"] = [each.choices[0].finish_reason for each in chunks if each.choices][-1]
    told["stream_usage"] = chunks[-1].usage and chunks[-1].usage.completion_tokens
    schema = {"type": "object", "properties": {"n": {"type": "integer", "maximum": 9, "minimum": 0}},
              "required": ["n"], "additionalProperties": False}  # fmt: skip
    shaped = client.chat.completions.create(
        model=model, messages=messages, max_tokens=40,
        response_format={"type": "json_schema", "json_schema": {"name": "n", "schema": schema}},
    )  # fmt: skip
    told["shaped"] = shaped.choices[0].message.content
    text = client.completions.create(
        model=model, prompt="One two", max_tokens=4, extra_body={"grammar": 'root ::= "three"'}
    )
    told["completion"] = text.choices[0].text
    vectors = client.embeddings.create(model=model, input=["a cat", "a dog"])
    told["vectors"] = [len(each.embedding) for each in vectors.data]
    told["errors"] = [
        _error(lambda: client.chat.completions.create(model="ada/none", messages=messages)),
        _error(lambda: client.chat.completions.create(model=model, messages=[])),
        _error(client.with_options(api_key="hf_wrong").models.list),
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
