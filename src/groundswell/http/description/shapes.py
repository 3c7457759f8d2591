"""What is known of a value that a request carries: its type, its words, its fields, its items.

Knows JSON Schema. Does not know where the value stands in a request, or who found out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass(slots=True, eq=False)
class Shape:
    """One value, as far as the code that reads it tells.

    ``types`` are JSON Schema's words, in the order found; none: anything. ``words`` are the only
    values, where that is so. ``level``: how many conditions stand around the place that has it.
    """

    level: int = 0
    types: list[str] = field(default_factory=list)
    words: list[str | bool] = field(default_factory=list)
    fields: dict[str, Shape] = field(default_factory=dict)
    required: set[str] = field(default_factory=set)
    items: Shape | None = None
    least: int | None = None

    def of_type(self, *types: str) -> Shape:
        """The same, known to be of one of these types."""
        self.types += [each for each in types if each not in self.types]
        return self

    def one_of(self, words: Iterable[str | bool]) -> None:
        """Note words that it may be."""
        self.words += [word for word in words if word not in self.words]

    def named(self, name: str, level: int) -> Shape:
        """Its field of this name."""
        if not self.types:
            self.types.append("object")
        return self.fields.setdefault(name, Shape(level))

    def each(self, level: int) -> Shape:
        """Any of its items."""
        if self.items is None:
            self.items = Shape(level)
        self.items.level = level
        return self.items

    def schema(self) -> Json:
        """In JSON Schema. Fields that nobody read are ignored, not refused."""
        if self.words:
            return {"enum": list(self.words)}
        found: Json = {}
        if len(self.types) == 1:
            found["type"] = self.types[0]
        elif self.types:
            found["type"] = list(self.types)
        if self.fields:
            found["properties"] = {name: each.schema() for name, each in self.fields.items()}
            found["additionalProperties"] = True
        if self.required:
            found["required"] = sorted(self.required)
        if self.items is not None and "array" in self.types:
            found["items"] = self.items.schema()
        if self.least is not None:
            found["minimum"] = self.least
        return found


# What a name may stand for: values of either branch of a condition.
Value = tuple[Shape, ...]
