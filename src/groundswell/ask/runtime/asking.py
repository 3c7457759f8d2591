"""What people ask of a model, checked: a body in OpenAI's form becomes a request to a runner.

Only keys that are known go on, each within bounds: a runner would also fetch addresses, keep
slots, or never end. Knows the form of requests. Does not know models.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Final

from groundswell.ask.runtime.values import Json, Request
from groundswell.core.errors import BadRequest, TooLarge

MESSAGES_MAX: Final = 1_000
TEXT_CHARACTERS_MAX: Final = 2_000_000
STOPS_MAX: Final = 16
STOP_CHARACTERS_MAX: Final = 200
GRAMMAR_CHARACTERS_MAX: Final = 256 * 1024
TOOLS_MAX: Final = 128
INPUTS_MAX: Final = 256
BIASES_MAX: Final = 1_000
TOP_LOGPROBS_MAX: Final = 20
_SEED_MAX: Final = (1 << 32) - 1
_ROLES: Final = frozenset({"system", "developer", "user", "assistant", "tool"})
_FORMATS: Final = frozenset({"text", "json_object", "json_schema"})

_NUMBERS: Final[Mapping[str, tuple[float, float]]] = {
    "temperature": (0.0, 2.0),
    "top_p": (0.0, 1.0),
    "min_p": (0.0, 1.0),
    "frequency_penalty": (-2.0, 2.0),
    "presence_penalty": (-2.0, 2.0),
    "repeat_penalty": (0.1, 10.0),
    "top_k": (0, 1_000),
}
_WHOLE: Final = frozenset({"top_k"})

Body = Mapping[str, Any]


def chat(body: Body, tokens_max: int) -> Request:
    """A conversation to go on with.

    Raises:
        BadRequest, TooLarge: what is wrong with it.
    """
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise _wrong("messages", "is a list of at least one message")
    if len(messages) > MESSAGES_MAX:
        raise TooLarge(f"messages: at most {MESSAGES_MAX} of them.")
    found = _common(body, tokens_max)
    found["messages"] = [_message(message) for message in messages]
    found |= _tools(body)
    if body.get("logprobs") is True:
        found["logprobs"] = True
        found["top_logprobs"] = _integer(body, "top_logprobs", 0, TOP_LOGPROBS_MAX) or 0
    _check_size(found["messages"])
    return Request("/v1/chat/completions", found)


def completion(body: Body, tokens_max: int) -> Request:
    """A text to go on with.

    Raises:
        BadRequest, TooLarge: what is wrong with it.
    """
    prompt = body.get("prompt")
    if isinstance(prompt, list) and len(prompt) == 1:
        prompt = prompt[0]
    if not isinstance(prompt, str):
        raise _wrong("prompt", "is one text")
    found = _common(body, tokens_max)
    found["prompt"] = prompt
    count = _integer(body, "logprobs", 0, TOP_LOGPROBS_MAX)
    if count:
        found["logprobs"] = count
    _check_size(prompt)
    return Request("/v1/completions", found)


def embeddings(body: Body) -> Request:
    """Texts to be turned into vectors.

    Raises:
        BadRequest, TooLarge: what is wrong with them.
    """
    given = body.get("input")
    texts = [given] if isinstance(given, str) else given
    if not isinstance(texts, list) or not texts or not all(isinstance(t, str) for t in texts):
        raise _wrong("input", "is a text, or a list of texts")
    if len(texts) > INPUTS_MAX:
        raise TooLarge(f"input: at most {INPUTS_MAX} texts at a time.")
    if "" in texts:
        raise _wrong("input", "holds an empty text")
    encoding = body.get("encoding_format", "float")
    if encoding not in {"float", "base64"}:
        raise _wrong("encoding_format", "is float or base64")
    _check_size(texts)
    return Request("/v1/embeddings", {"input": texts, "encoding_format": encoding})


def rerank(body: Body) -> Request:
    """Documents to be put in order for a question.

    Raises:
        BadRequest, TooLarge: what is wrong with them.
    """
    query, documents = body.get("query"), body.get("documents")
    if not isinstance(query, str):
        raise _wrong("query", "is a text")
    if not isinstance(documents, list) or not documents:
        raise _wrong("documents", "is a list of texts")
    texts = [each.get("text") if isinstance(each, dict) else each for each in documents]
    if not all(isinstance(text, str) for text in texts):
        raise _wrong("documents", "is a list of texts")
    if len(texts) > INPUTS_MAX:
        raise TooLarge(f"documents: at most {INPUTS_MAX} at a time.")
    _check_size([query, *texts])
    found: Json = {"query": query, "documents": texts}
    top = _integer(body, "top_n", 1, INPUTS_MAX)
    if top is not None:
        found["top_n"] = top
    return Request("/v1/rerank", found)


# --- parts --------------------------------------------------------------------------------------


def _wrong(name: str, rule: str) -> BadRequest:
    return BadRequest(f"{name}: {rule}.")


def _common(body: Body, tokens_max: int) -> Json:
    if body.get("n") not in {None, 1}:
        raise _wrong("n", "is 1: one answer at a time")
    found: Json = {"cache_prompt": True}
    for name, (least, most) in _NUMBERS.items():
        value = _number(body, name, least, most)
        if value is not None:
            found[name] = int(value) if name in _WHOLE else value
    tokens = _integer(body, "max_completion_tokens", 1, None)
    if tokens is None:
        tokens = _integer(body, "max_tokens", 1, None)
    found["max_tokens"] = tokens_max if tokens is None else min(tokens, tokens_max)
    seed = _integer(body, "seed", -1, None)
    if seed is not None:
        found["seed"] = seed & _SEED_MAX
    return found | _stops(body) | _shape(body) | _biases(body)


def _number(body: Body, name: str, least: float, most: float) -> float | None:
    value = body.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise _wrong(name, "is a number")
    if not least <= value <= most:
        raise _wrong(name, f"is from {least:g} to {most:g}")
    return float(value)


def _integer(body: Body, name: str, least: int, most: int | None) -> int | None:
    value = body.get(name)
    if value is None:
        return None
    if type(value) is not int or value < least or (most is not None and value > most):
        rule = f"at least {least}" if most is None else f"from {least} to {most}"
        raise _wrong(name, f"is a whole number, {rule}")
    return value


def _stops(body: Body) -> Json:
    given = body.get("stop")
    if given is None:
        return {}
    stops = [given] if isinstance(given, str) else given
    if not isinstance(stops, list) or len(stops) > STOPS_MAX:
        raise _wrong("stop", f"is a text, or up to {STOPS_MAX} of them")
    for stop in stops:
        if not isinstance(stop, str) or not 0 < len(stop) <= STOP_CHARACTERS_MAX:
            raise _wrong("stop", f"holds texts of 1 to {STOP_CHARACTERS_MAX} characters")
    return {"stop": stops}


def _shape(body: Body) -> Json:
    """A grammar, or a JSON schema, that the answer keeps to."""
    grammar, form = body.get("grammar"), body.get("response_format")
    if grammar is not None and form is not None:
        raise _wrong("grammar", "goes without response_format")
    if grammar is not None:
        if not isinstance(grammar, str) or not grammar.strip():
            raise _wrong("grammar", "is a text in GBNF")
        if len(grammar) > GRAMMAR_CHARACTERS_MAX:
            raise TooLarge(f"grammar: at most {GRAMMAR_CHARACTERS_MAX} characters.")
        return {"grammar": grammar}
    if form is None:
        return {}
    if not isinstance(form, dict) or form.get("type") not in _FORMATS:
        raise _wrong("response_format", "has a type: text, json_object or json_schema")
    if form["type"] == "json_schema":
        inner = form.get("json_schema")
        schema = inner.get("schema") if isinstance(inner, dict) else None
        if not isinstance(schema, dict):
            raise _wrong("response_format", "holds json_schema.schema, an object")
        return {"response_format": {"type": "json_schema", "json_schema": {"schema": schema}}}
    return {"response_format": {"type": form["type"]}}


def _biases(body: Body) -> Json:
    given = body.get("logit_bias")
    if given is None:
        return {}
    if not isinstance(given, dict) or len(given) > BIASES_MAX:
        raise _wrong("logit_bias", f"is an object of up to {BIASES_MAX} tokens")
    pairs: list[list[float]] = []
    for token, bias in given.items():
        if not str(token).isdigit() or isinstance(bias, bool) or not isinstance(bias, int | float):
            raise _wrong("logit_bias", "gives a number for numbers of tokens")
        pairs.append([int(token), max(-100.0, min(100.0, float(bias)))])
    return {"logit_bias": pairs}


def _tools(body: Body) -> Json:
    given = body.get("tools")
    if given is None:
        return {}
    if not isinstance(given, list) or len(given) > TOOLS_MAX:
        raise _wrong("tools", f"is a list of up to {TOOLS_MAX}")
    if not all(isinstance(tool, dict) for tool in given):
        raise _wrong("tools", "holds objects")
    found: Json = {"tools": given}
    choice = body.get("tool_choice")
    if isinstance(choice, str | dict):
        found["tool_choice"] = choice
    return found


def _message(message: object) -> Json:
    if not isinstance(message, dict) or message.get("role") not in _ROLES:
        raise _wrong("messages", f"have a role, one of {', '.join(sorted(_ROLES))}")
    role = message["role"]
    found: Json = {"role": "system" if role == "developer" else role}
    found["content"] = _text_of(message.get("content"))
    kept: Mapping[str, Callable[[object], bool]] = {
        "name": lambda value: isinstance(value, str),
        "tool_call_id": lambda value: isinstance(value, str),
        "tool_calls": lambda value: isinstance(value, list),
    }
    for name, is_right in kept.items():
        if name in message and is_right(message[name]):
            found[name] = message[name]
    return found


def _text_of(content: object) -> str:
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        raise _wrong("messages", "hold content: a text, or parts of type text")
    texts = []
    for part in content:
        if not isinstance(part, dict) or part.get("type") != "text":
            raise _wrong("messages", "hold text alone: pictures and sound are not read here")
        text = part.get("text")
        if not isinstance(text, str):
            raise _wrong("messages", "hold parts with a text")
        texts.append(text)
    return "\n".join(texts)


def _check_size(value: object) -> None:
    """Bound all text together."""
    if _characters(value) > TEXT_CHARACTERS_MAX:
        raise TooLarge(f"At most {TEXT_CHARACTERS_MAX:,} characters at a time.")


def _characters(value: object) -> int:
    if isinstance(value, str):
        return len(value)
    if isinstance(value, list):
        return sum(_characters(each) for each in value)
    if isinstance(value, dict):
        return sum(_characters(each) for each in value.values())
    return 0
