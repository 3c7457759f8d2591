"""Habits that a look at the code can check: what is caught, named, annotated and called."""

import ast
import re
from pathlib import PurePosixPath

from tests.arch.tree import Source, dotted, package_sources, sources

# The three edges where an unexpected error is turned into an answer, a record or an exit code.
EDGES = (
    "src/groundswell/http/edge.py",
    "src/groundswell/http/edge/",
    "src/groundswell/jobs/",
    "src/groundswell/cli/",
)

EMPTY_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "managers", "data",
               "info", "misc"}  # fmt: skip

# Modules that run what they read.
UNSAFE_MODULES = {"pickle", "cPickle", "marshal", "shelve", "dill", "cloudpickle", "joblib"}

# Calls that run what they are given, or hand it to a shell.
UNSAFE_CALLS = {
    "eval", "exec", "__import__", "os.system", "os.popen", "subprocess.getoutput",
    "subprocess.getstatusoutput", "yaml.load", "yaml.load_all", "yaml.unsafe_load",
    "yaml.full_load", "pickle.load", "pickle.loads", "marshal.load", "marshal.loads",
    "torch.load", "tempfile.mktemp", "ssl._create_unverified_context",
}  # fmt: skip

UNSAFE_KEYWORDS = {"shell", "allow_pickle", "trust_remote_code"}


def is_broad(caught: ast.expr | None) -> bool:
    if caught is None:
        return True
    if isinstance(caught, ast.Tuple):
        return any(is_broad(each) for each in caught.elts)
    return dotted(caught) in {"Exception", "BaseException", "builtins.Exception"}


def swallows(handler: ast.ExceptHandler) -> bool:
    """Whether a handler may end without raising: cleaning up and raising again hides nothing."""
    last = handler.body[-1]
    return not (isinstance(last, ast.Raise) and last.exc is None)


def broad_excepts(source: Source) -> list[str]:
    found = []
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ExceptHandler) and is_broad(node.type) and swallows(node):
            found.append(f"{source.at(node)}: except {ast.unparse(node.type or ast.Name(''))}")
        is_suppress = isinstance(node, ast.Call) and dotted(node.func).endswith("suppress")
        if is_suppress and any(is_broad(each) for each in node.args):
            found.append(f"{source.at(node)}: suppress")
    return found


def test_nothing_but_the_edges_catches_everything() -> None:
    found = [
        each
        for source in package_sources()
        if not source.path.startswith(EDGES)
        for each in broad_excepts(source)
    ]
    assert not found


def test_no_star_imports() -> None:
    found = [
        source.at(node)
        for source in sources("src", "tests", "bench", "examples")
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ImportFrom) and any(each.name == "*" for each in node.names)
    ]
    assert not found


def test_modules_are_named_for_what_they_hold() -> None:
    found = [
        source.path
        for source in package_sources()
        if EMPTY_NAMES & set(PurePosixPath(source.path).with_suffix("").parts)
    ]
    assert not found


def test_every_module_says_what_it_knows() -> None:
    migrations = "src/groundswell/store/migrations/versions/"
    found = [
        source.path
        for source in package_sources()
        if not source.path.startswith(migrations) and not ast.get_docstring(source.tree)
    ]
    assert not found


def test_every_public_function_is_annotated() -> None:
    found = []
    for source in package_sources():
        for function in source.functions():
            if function.name.startswith("_") and not function.name.startswith("__"):
                continue
            given = function.args
            named = given.posonlyargs + given.args + given.kwonlyargs
            named += [each for each in (given.vararg, given.kwarg) if each]
            bare = [each.arg for each in named if each.annotation is None]
            bare = [each for each in bare if each not in {"self", "cls", "mcs"}]
            if bare or function.returns is None:
                found.append(f"{source.at(function)} {function.name}: {bare or 'what it returns'}")
    assert not found


def test_nothing_runs_what_it_reads() -> None:
    """No pickle, no eval, no shell: weights and cards come from strangers."""
    found = []
    for source in sources("src", "tests", "bench", "examples"):
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Call):
                if dotted(node.func) in UNSAFE_CALLS:
                    found.append(f"{source.at(node)}: {dotted(node.func)}")
                found += [
                    f"{source.at(node)}: {each.arg}"
                    for each in node.keywords
                    if each.arg in UNSAFE_KEYWORDS
                    and not (isinstance(each.value, ast.Constant) and each.value.value is False)
                ]
    for source in package_sources():
        for node in ast.walk(source.tree):
            modules = [each.name for each in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                modules = [node.module or ""]
            found += [
                f"{source.at(node)}: import {each}"
                for each in modules
                if each.split(".")[0] in UNSAFE_MODULES
            ]
    assert not found


def test_nothing_is_left_half_done() -> None:
    marks = re.compile(r"#.*\b(TODO|FIXME|XXX|HACK|STUB)\b|#\s*(stub|placeholder)\b")
    found = [
        f"{source.path}:{number}: {line.strip()}"
        for source in sources("src", "tests", "bench", "examples")
        if source.path != "tests/arch/test_code.py"
        for number, line in enumerate(source.lines, start=1)
        if marks.search(line)
    ]
    found += [
        f"{source.at(node)}: raise NotImplementedError"
        for source in package_sources()
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Raise)
        and node.exc is not None
        and dotted(node.exc.func if isinstance(node.exc, ast.Call) else node.exc)
        == "NotImplementedError"
    ]
    assert not found


def test_no_test_is_skipped_or_speaks_to_a_mock() -> None:
    skipping = {"skip", "skipif", "skipIf", "xfail", "importorskip", "skipTest"}
    found = []
    for source in sources("tests"):
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Attribute) and node.attr in skipping:
                found.append(f"{source.at(node)}: {node.attr}")
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("unittest.mock"):
                found.append(f"{source.at(node)}: {node.module}")
    assert not found
