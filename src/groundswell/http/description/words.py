"""What names in a function mean: things of its module, and words that the code lists.

Knows Python's syntax tree and what is imported. Does not know requests; runs nothing.
"""

from __future__ import annotations

import ast
import builtins
import enum
from dataclasses import dataclass
from types import FunctionType, ModuleType
from typing import Any, Final

from groundswell.http.description.shapes import Value

_COLLECTIONS: Final = (tuple, list, set, frozenset, sorted)


@dataclass(frozen=True, slots=True)
class Words:
    """A name that stands for words, or for one."""

    words: tuple[str, ...]


class Names:
    """The names of one function. ``known`` are its own, as far as they were followed."""

    def __init__(self, function: FunctionType) -> None:
        self.known: dict[str, Value | Words] = {}
        self._globals = function.__globals__
        cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
        self._closure = {name: cell.cell_contents for name, cell in cells}

    def resolve(self, node: ast.expr) -> Any:  # noqa: ANN401 - whatever a module holds
        """What a name of the module means; None for what only running it would tell."""
        match node:
            case ast.Name(id=name):
                if name in self.known:
                    return None
                if name in self._closure:
                    return self._closure[name]
                return self._globals.get(name, getattr(builtins, name, None))
            case ast.Attribute(value=value, attr=attribute):
                owner = self.resolve(value)
                if isinstance(owner, (ModuleType, type)):
                    return getattr(owner, attribute, None)
        return None

    def words(self, node: ast.expr) -> tuple[str, ...]:
        """The words that an expression lists, or the one that it is."""
        match node:
            case ast.Constant(value=str() as word):
                return (word,)
            case ast.Name(id=name) if name in self.known:
                known = self.known[name]
                return known.words if isinstance(known, Words) else ()
            case ast.Tuple(elts=elements) | ast.List(elts=elements) | ast.Set(elts=elements):
                return tuple(word for each in elements for word in self.words(each))
            case ast.Call(args=[argument]) if self.resolve(node.func) in _COLLECTIONS:
                return self.words(argument)
            case ast.ListComp(generators=[part]):
                return self.words(part.iter)
            case ast.IfExp(body=body, orelse=other):
                return self.words(body) + self.words(other)
        return words_of(self.resolve(node))


def words_of(found: object) -> tuple[str, ...]:
    """The words of an enumeration, a collection, or a member."""
    if isinstance(found, str):
        return (str(found),)
    if isinstance(found, (tuple, list, frozenset, set, dict)) or (
        isinstance(found, type) and issubclass(found, enum.Enum)
    ):
        values = [each.value if isinstance(each, enum.Enum) else each for each in found]
        words = tuple(each for each in values if isinstance(each, str))
        return tuple(sorted(words)) if isinstance(found, (frozenset, set)) else words
    return ()
