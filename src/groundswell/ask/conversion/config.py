"""``config.json``: numbers taken out of it within bounds, and how positions are turned.

Knows the words that libraries write there. What this module does not know it refuses: a model that
is converted nearly right says wrong things with conviction.
"""

from __future__ import annotations

import math
from typing import Final

from groundswell.ask.conversion.values import Json, refusal
from groundswell.wire.gguf_writing import Value

_THETA_MAX: Final = 1e12
_FACTOR_MAX: Final = 1e4


class Config:
    """A configuration, read by name."""

    def __init__(self, values: Json) -> None:
        self.values = values

    def natural(self, key: str, most: int, default: int | None = None) -> int:
        """A whole number from 1 to ``most``."""
        value = self.values.get(key)
        value = default if value is None else value
        if type(value) is not int or not 1 <= value <= most:
            raise refusal(f"config.json: {key} is no whole number from 1 to {most:,}")
        return value

    def real(self, key: str, most: float, default: float | None = None) -> float:
        """A number above 0, at most ``most``."""
        value = self.values.get(key)
        value = default if value is None else value
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= most:
            raise refusal(f"config.json: {key} is no number above 0 and up to {most:g}")
        return float(value)

    def flag(self, key: str, *, default: bool) -> bool:
        """Whether something holds."""
        value = self.values.get(key, default)
        return default if value is None else bool(value)

    def demand(self, key: str, allowed: tuple[object, ...]) -> None:
        """Nothing, when the value is one of these, or not there."""
        if key in self.values and self.values[key] not in (*allowed, None):
            raise refusal(
                f"config.json: {key} is {str(self.values[key])[:60]!r}, which llama.cpp lacks"
            )

    # --- positions ------------------------------------------------------------------------------

    def rope(self, kind: str = "full_attention") -> Json:
        """How positions are turned, whichever way it is written."""
        given = self.values.get("rope_parameters") or self.values.get("rope_scaling") or {}
        if isinstance(given, dict) and isinstance(given.get(kind), dict):
            given = given[kind]
        if not isinstance(given, dict):
            raise refusal("config.json: how positions are turned is no object")
        return given

    def theta(self, default: float) -> float:
        """The base of the turning."""
        value = self.rope().get("rope_theta", self.values.get("rope_theta"))
        return Config({"rope_theta": value}).real("rope_theta", _THETA_MAX, default)

    def rope_pairs(self, name: str) -> dict[str, Value]:
        """What llama.cpp is told of it."""
        rope = Config(self.rope())
        kind = rope.values.get("rope_type", rope.values.get("type", "default"))
        if kind in ("default", "llama3", None):
            return {}
        if kind not in ("linear", "yarn"):
            raise refusal(
                f"positions are turned by {str(kind)[:60]!r}, which is not converted here"
            )
        pairs: dict[str, Value] = {
            f"{name}.rope.scaling.type": str(kind),
            f"{name}.rope.scaling.factor": rope.real("factor", _FACTOR_MAX),
        }
        if kind == "yarn":
            length = rope.natural("original_max_position_embeddings", 1 << 30)
            pairs[f"{name}.rope.scaling.original_context_length"] = length
            for key in ("attention_factor", "beta_fast", "beta_slow", "mscale", "mscale_all_dim"):
                if rope.values.get(key) is not None:
                    raise refusal(f"config.json: {key} of yarn is not converted here")
        return pairs

    def rope_factors(self, width: int) -> tuple[float, ...]:
        """By what each turning is slowed, where that is told as Llama 3 does; else nothing."""
        rope = Config(self.rope())
        if rope.values.get("rope_type", rope.values.get("type")) != "llama3":
            return ()
        base, factor = self.theta(10000.0), rope.real("factor", _FACTOR_MAX, 8.0)
        low = rope.real("low_freq_factor", _FACTOR_MAX, 1.0)
        high = rope.real("high_freq_factor", _FACTOR_MAX, 4.0)
        length = rope.natural("original_max_position_embeddings", 1 << 30, 8192)
        if low >= high:
            raise refusal("config.json: low_freq_factor is not below high_freq_factor")
        found = []
        for place in range(0, width, 2):
            wave = 2 * math.pi * base ** (place / width)
            if wave < length / high:
                found.append(1.0)
            elif wave > length / low:
                found.append(factor)
            else:
                smooth = (length / wave - low) / (high - low)
                found.append(1 / ((1 - smooth) / factor + smooth))
        return tuple(found)
