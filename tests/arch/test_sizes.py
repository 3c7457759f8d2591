"""The size budget: what is short enough to be read in one go is read."""

from tests.arch.tree import Function, Source, package_sources

MODULE_LINES_MAX = 400
FUNCTION_LINES_P90 = 35
FUNCTION_LINES_MAX = 70
REASON = "# long: "


def length(function: Function) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


def has_reason(source: Source, function: Function) -> bool:
    """A reason stands on the `def` line, after `# long: `."""
    return len(source.lines[function.lineno - 1].partition(REASON)[2].strip()) >= 10


def test_no_module_is_longer_than_its_budget() -> None:
    found = [
        f"{source.path}: {len(source.lines)} lines; make it a folder of the same name"
        for source in package_sources()
        if len(source.lines) > MODULE_LINES_MAX
    ]
    assert not found


def test_no_function_is_long_without_a_reason() -> None:
    found = [
        f"{source.at(function)} {function.name}: {length(function)} lines"
        for source in package_sources()
        for function in source.functions()
        if length(function) > FUNCTION_LINES_MAX and not has_reason(source, function)
    ]
    assert not found


def test_nine_functions_in_ten_are_short() -> None:
    lengths = sorted(
        length(function) for source in package_sources() for function in source.functions()
    )
    assert lengths, "no function found: the budget is looking at nothing"
    assert lengths[len(lengths) * 9 // 10] <= FUNCTION_LINES_P90
