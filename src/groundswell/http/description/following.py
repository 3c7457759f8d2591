"""What the statements of a function do with values of a request: nothing is run.

Follows assignments, branches and loops, and calls of functions in our own packages. Knows Python's
syntax tree. Does not know which functions read a request: a `Reading` says so.
"""

from __future__ import annotations

import ast
import enum
import inspect
import textwrap
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from types import FunctionType, MethodType
from typing import Final, Protocol

from groundswell.http.description.shapes import Shape, Value
from groundswell.http.description.words import Names, Words, words_of

CALLS_MAX: Final = 12  # as deep as calls are followed
PACKAGES: Final = ("groundswell.http.", "groundswell.wire.")


class Reading(Protocol):
    """What knows which calls read a request."""

    query: Shape

    def call(self, follower: Follower, called: object, node: ast.Call) -> Value | None:
        """What this call reads; None when it is none of those."""

    def method(self, method: ast.Attribute) -> Value:
        """What the owner of this method is, when it is a part of the request."""


@cache
def _tree(function: FunctionType) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
    """A function's syntax, when its source is installed."""
    try:
        found = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    except (OSError, TypeError, SyntaxError):
        return None
    return found if isinstance(found, (ast.FunctionDef, ast.AsyncFunctionDef)) else None


_TYPES: Final = {
    dict: "object", list: "array", str: "string", int: "integer", bool: "boolean", float: "number",
}  # fmt: skip


class Follower:
    """Follows one function. ``above`` are those that called it, ``level`` the conditions around."""

    def __init__(
        self,
        read: Reading,
        function: FunctionType,
        above: tuple[FunctionType, ...] = (),
        level: int = 0,
    ) -> None:
        self._read = read
        self._function = function
        self._above = (*above, function)
        self.level = level
        self.names = Names(function)
        self._returned: Value = ()
        self._refuses = False  # whether what a condition finds is refused

    @property
    def _known(self) -> dict[str, Value | Words]:
        return self.names.known

    @_known.setter
    def _known(self, known: dict[str, Value | Words]) -> None:
        self.names.known = known

    def run(self, given: dict[str, Value | Words]) -> Value:
        """What the function returns, when its parameters stand for these."""
        tree = _tree(self._function)
        if tree is not None:
            self._known = dict(given)
            self._statements(tree.body)
        return self._returned

    # --- statements -------------------------------------------------------------------------------

    def _statements(self, body: Iterable[ast.stmt]) -> None:
        before = self.level
        for statement in body:
            self._statement(statement)
            if isinstance(statement, ast.If) and any(_leaves(statement.body)):
                self.level += 1  # what follows happens only where that did not return
        self.level = before

    def _statement(self, node: ast.stmt) -> None:
        match node:
            case ast.Assign(targets=[target], value=value):
                self._assign(target, value)
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                self._assign(target, value)
            case ast.AugAssign(value=value) | ast.Expr(value=value):
                self.value(value)
            case ast.Return(value=ast.expr() as value):
                self._returned += self.value(value)
            case ast.If():
                self._refuses = isinstance(node.body[-1], ast.Raise)
                self.value(node.test)
                self._refuses = False
                self._branches(node.body, node.orelse)
            case ast.For() | ast.AsyncFor():
                self._loop(node.target, node.iter, lambda: self._statements(node.body))
            case ast.With() | ast.AsyncWith():
                for item in node.items:
                    self.value(item.context_expr)
                self._statements(node.body)
            case ast.Try():
                self._statements(node.body)
                for handler in node.handlers:
                    self._branches(handler.body, ())
                self._statements([*node.orelse, *node.finalbody])
            case ast.While():
                self.value(node.test)
                self._branches(node.body, ())

    def _branches(self, *bodies_: Iterable[ast.stmt]) -> None:
        before = dict(self._known)
        merged: dict[str, Value | Words] = {}
        with self._conditional():
            for body in bodies_:
                self._known = dict(before)
                self._statements(body)
                for name, value in self._known.items():
                    other = merged.get(name, ())
                    if isinstance(value, tuple) and isinstance(other, tuple):
                        merged[name] = tuple(dict.fromkeys(other + value))
                    else:
                        merged[name] = value
        self._known = merged

    def _assign(self, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
            for one, other in zip(target.elts, value.elts, strict=False):
                self._assign(one, other)
            return
        found: Value | Words = self.value(value)
        if isinstance(target, ast.Tuple) and target.elts:
            # `paths, expand = await _paths_in(request)`: the parts cannot be told apart.
            return
        if not isinstance(target, ast.Name):
            return
        if not found and (words := self.names.words(value)):
            found = Words(words)
        self._known[target.id] = found

    def _loop(self, target: ast.expr, over: ast.expr, inside: Callable[[], None]) -> None:
        values = self.value(over)
        words = () if values else self.names.words(over)
        with self._conditional():
            if isinstance(target, ast.Name) and words:
                for word in words:
                    self._known[target.id] = Words((word,))
                    inside()
                return
            if isinstance(target, ast.Name):
                self._known[target.id] = tuple(
                    each.each(self.level) for each in values if "object" not in each.types
                )
            elif isinstance(target, ast.Tuple) and self._read.query in values:
                for part in target.elts:
                    if isinstance(part, ast.Name):
                        self._known[part.id] = ()
            inside()

    @contextmanager
    def _conditional(self) -> Iterator[None]:
        self.level += 1
        yield
        self.level -= 1

    # --- expressions ------------------------------------------------------------------------------

    def value(self, node: ast.expr) -> Value:
        """What an expression may stand for, of what the request carries."""
        match node:
            case ast.Name(id=name):
                known = self._known.get(name, ())
                return known if isinstance(known, tuple) else ()
            case ast.Await(value=inner) | ast.Starred(value=inner):
                return self.value(inner)
            case ast.Call():
                return self._call(node)
            case ast.UnaryOp(op=ast.Not(), operand=ast.Call() as call):
                return self._call(call, denied=True)
            case ast.Subscript(value=owner, slice=ast.Constant(value=str() as name)):
                return self.named(self.value(owner), name)
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
                return self._comprehension(node)
            case ast.BoolOp() | ast.IfExp():
                return self._either(node)
            case _:
                return self._parts(node)

    def _either(self, node: ast.BoolOp | ast.IfExp) -> Value:
        """One of several, the later ones only where those before are not taken."""
        found: Value = ()
        if isinstance(node, ast.IfExp):
            self.value(node.test)
            others = [node.body, node.orelse]
        else:
            found, others = self.value(node.values[0]), node.values[1:]
        with self._conditional():
            for other in others:
                found += self.value(other)
        return found

    def _parts(self, node: ast.expr) -> Value:
        """An expression that is made of others: what they stand for, where it stands for them."""
        if isinstance(node, ast.Compare):
            self._compare(node)
            return ()
        found: Value = ()
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                found += self.value(child)
        return () if isinstance(node, (ast.Attribute, ast.Dict)) else found

    def _comprehension(
        self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp
    ) -> Value:
        outer = dict(self._known)
        part = node.generators[0]

        def inside() -> None:
            for test in part.ifs:
                self.value(test)
            if isinstance(node, ast.DictComp):
                self.value(node.key)
                self.value(node.value)
            else:
                self.value(node.elt)

        values = self.value(part.iter)
        if self._read.query in values:
            self._pairs(part)
        self._loop(part.target, part.iter, inside)
        self._known = outer
        return values if isinstance(node, ast.DictComp) else ()

    def _pairs(self, part: ast.comprehension) -> None:
        """``for field, text in query if field == "search"``: a field of the query."""
        for test in part.ifs:
            match test:
                case ast.Compare(ops=[ast.Eq()], comparators=[ast.Constant(value=str() as name)]):
                    self._read.query.named(name, self.level).of_type("string")

    def _compare(self, node: ast.Compare) -> None:
        found, how, other = self.value(node.left), node.ops[0], node.comparators[0]
        if isinstance(how, (ast.In, ast.NotIn)):
            for owner in self.value(other):
                if not {"array", "string"} & set(owner.types):
                    for name in self.names.words(node.left):
                        owner.named(name, self.level)
        if isinstance(how, ast.In) or (isinstance(how, ast.NotIn) and self._refuses):
            for each in found:
                each.one_of(self.names.words(other))
        if isinstance(how, ast.Is) and isinstance(other, ast.Constant):
            for each in found:
                each.one_of([other.value] if isinstance(other.value, bool) else [])

    def named(self, owners: Value, name: str) -> Value:
        found = tuple(each.named(name, self.level) for each in owners if "array" not in each.types)
        for each in found:
            if any(owner is self._read.query for owner in owners) and not each.types:
                each.of_type("string")
        return found

    # --- calls ------------------------------------------------------------------------------------

    def _call(self, node: ast.Call, *, denied: bool = False) -> Value:
        called = self.names.resolve(node.func)
        if called is isinstance:
            return self._is_instance(node, denied=denied)
        if isinstance(called, (FunctionType, type)):
            known = self._read.call(self, called, node)
            if known is not None:
                return known
        if isinstance(called, type) and issubclass(called, enum.Enum):
            found = self.value(node.args[0]) if node.args else ()
            for each in found:
                if not each.words:
                    each.one_of(words_of(called))
            return found
        if isinstance(called, MethodType):
            called = called.__func__
        values = [self.value(each) for each in node.args]
        named = {each.arg: self.value(each.value) for each in node.keywords if each.arg}
        if isinstance(called, FunctionType) and called.__module__.startswith(PACKAGES):
            handed = self._handed_on(node, values)
            skipped = 1 if isinstance(self.names.resolve(node.func), MethodType) else 0
            return handed + self._follow(called, node, values, named, skipped)
        if isinstance(node.func, ast.Attribute):
            return self._method(node, node.func)
        return tuple(shape for value in values for shape in value) if called is str else ()

    def _method(self, node: ast.Call, function: ast.Attribute) -> Value:
        """A method of a value: ``get`` names a field; the rest make another text of it."""
        owners = self.value(function.value) or self._read.method(function)
        if function.attr == "get" and owners and (names := self.names.words(node.args[0])):
            return self.named(owners, names[0])
        return owners

    def _is_instance(self, node: ast.Call, *, denied: bool) -> Value:
        types = node.args[1].elts if isinstance(node.args[1], ast.Tuple) else [node.args[1]]
        words = [_TYPES[t] for each in types if (t := self.names.resolve(each)) in _TYPES]
        for each in self.value(node.args[0]):
            if denied or not each.types:
                if denied and "boolean" in each.types:
                    each.types.clear()  # `isinstance(x, bool) or not isinstance(x, int)`
                each.of_type(*words)
        return ()

    def _handed_on(self, node: ast.Call, values: list[Value]) -> Value:
        """``answer(request, right, work, …)``: ``work`` gets what follows it, after its own."""
        for index, argument in enumerate(node.args):
            work = self.names.resolve(argument)
            if isinstance(work, FunctionType) and work.__module__.startswith(PACKAGES):
                rest = values[index + 1 :]
                named = {each.arg: self.value(each.value) for each in node.keywords if each.arg}
                skipped = max(0, work.__code__.co_argcount - len(rest))
                return self._follow(work, None, rest, named, skipped)
        return ()

    def _follow(
        self,
        function: FunctionType,
        node: ast.Call | None,
        values: list[Value],
        named: dict[str, Value],
        skipped: int,
    ) -> Value:
        """Read a function that is called with these values."""
        if function in self._above or len(self._above) > CALLS_MAX:
            return ()
        names = function.__code__.co_varnames[skipped : function.__code__.co_argcount]
        given: dict[str, Value | Words] = dict(zip(names, values, strict=False))
        given |= named
        arguments = dict(zip(names, node.args if node else (), strict=False))
        arguments |= {each.arg: each.value for each in node.keywords if each.arg} if node else {}
        for name, argument in arguments.items():
            if not given[name] and (words := self.names.words(argument)):
                given[name] = Words(words)
        for name, words in _defaults(function).items():
            given.setdefault(name, Words(words))
        return Follower(self._read, function, self._above, self.level).run(given)


def _defaults(function: FunctionType) -> dict[str, tuple[str, ...]]:
    """The words that parameters list where nothing is handed to them."""
    names = function.__code__.co_varnames[: function.__code__.co_argcount]
    values = function.__defaults__ or ()
    last = dict(zip(names[len(names) - len(values) :], values, strict=True))
    found = {name: words_of(value) for name, value in last.items() if not isinstance(value, str)}
    return {name: words for name, words in found.items() if words}


def _leaves(body: Iterable[ast.stmt]) -> Iterator[bool]:
    """Whether each statement is a return: what follows then happens in other cases only."""
    return (isinstance(each, ast.Return) for each in body)
