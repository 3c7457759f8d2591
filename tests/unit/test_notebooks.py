"""Notebooks as they were saved: what is shown of them, and what never is."""

import base64
import json
import time
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

import pytest

from groundswell.core.errors import Malformed
from groundswell.wire.markdown import LinkBase
from groundswell.wire.notebooks import CELLS_MAX, Notebook, read_notebook
from tests.web.attacks import vectors

BASE = LinkBase("/ada/words")
PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(60)).decode()


def notebook(*cells: Any, **more: Any) -> Notebook:
    told = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": list(cells), **more}
    return read_notebook(json.dumps(told), BASE)


def code(*outputs: Any, source: Any = "x = 1", count: Any = 3) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "source": source,
        "execution_count": count,
        "outputs": list(outputs),
    }


def shows(**data: Any) -> dict[str, Any]:
    forms = {name.replace("_", "/"): value for name, value in data.items()}
    return {"output_type": "display_data", "data": forms}


def test_prose_code_and_outputs_in_their_order() -> None:
    found = notebook(
        {"cell_type": "markdown", "source": ["# Title\n", "*words*"]},
        code(
            {"output_type": "stream", "name": "stdout", "text": ["a\n", "\x1b[31mred\x1b[0m"]},
            {"output_type": "error", "traceback": ["\x1b[0;31mValueError\x1b[0m: no"]},
        ),
        {"cell_type": "raw", "source": "raw <b> text"},
    )
    prose, cell, raw = found.cells
    assert "<em>words</em>" in prose.html
    assert cell.count == 3
    assert 'class="hl-n">x' in cell.html
    assert [(each.kind, each.content) for each in cell.outputs] == [
        ("text", "a\nred"),
        ("error", "ValueError: no"),
    ]
    assert (raw.kind, raw.html) == ("raw", "raw &lt;b&gt; text")


def test_a_picture_stands_for_its_text_and_html_is_sanitised() -> None:
    picture = shows(image_png=PNG, text_plain="<Figure>")
    table = shows(text_html="<style>b{}</style><table onclick=x><tr><td>1</td></tr></table>")
    found = notebook(code(picture, table, shows(text_plain=["a", "b"]))).cells[0].outputs
    assert found[0].content == f"data:image/png;base64,{PNG}"
    assert found[1].kind == "html"
    assert "<td>1</td>" in found[1].content
    assert "onclick" not in found[1].content
    assert "style" not in found[1].content
    assert found[2].content == "ab"


@pytest.mark.parametrize(
    "data",
    [
        base64.b64encode(b"<svg onload=x>").decode(),
        'iVBORw0KGgo="><script>',
        "####",
        "",
        {"a": 1},
        base64.b64encode(b"<html>" * 99).decode(),
    ],
)
def test_what_says_it_is_a_picture_and_is_none(data: Any) -> None:
    (output,) = notebook(code(shows(image_png=data))).cells[0].outputs
    assert output.kind == "note"
    assert "<" not in output.content


class Targets(HTMLParser):
    """Where the links and pictures of a text lead; what is written out as text is none."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value or "" for name, value in attrs if name in {"href", "src", "action"}]


def test_targets_are_found() -> None:
    assert Targets('<a href="javascript:x">&lt;a href=y&gt;</a>').found == ["javascript:x"]


def test_no_vector_survives_in_html() -> None:
    for text in vectors():
        cells = notebook({"cell_type": "markdown", "source": text}, code(shows(text_html=text)))
        html = cells.cells[0].html + "".join(
            o.content for o in cells.cells[1].outputs if o.kind == "html"
        )
        assert "<script" not in html.lower()
        for target in Targets(html).found:
            assert urlsplit(target.strip()).scheme in {"", "http", "https", "mailto"}, text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"nbformat": 3, "worksheets": []}',
        '{"nbformat": 4}',
        '{"nbformat": 4, "cells": {}}',
        "[" * 100_000,
        '{"nbformat": 4, "cells": ' + "[" * 50_000 + "]" * 50_000 + "}",
    ],
)
def test_what_is_no_notebook_is_refused(text: str) -> None:
    with pytest.raises(Malformed):
        read_notebook(text, BASE)


def test_cells_of_the_wrong_shape_are_survived() -> None:
    found = notebook(
        1, None, [], {}, {"cell_type": 5, "source": {"a": 1}}, code(1, None, {"output_type": []}, {"data": 3}, {"data": {"text/plain": 9}}, source=[1, "b"], count="x"),
        {"cell_type": "code", "source": "y", "outputs": {"a": 1}}, metadata={"language_info": {"name": ["x"]}},
    )  # fmt: skip
    assert [cell.kind for cell in found.cells] == ["raw", "raw", "code", "code"]
    assert found.cells[2].count is None


def test_large_notebooks_are_cut() -> None:
    many = notebook(*({"cell_type": "markdown", "source": "x"},) * (CELLS_MAX + 7))
    assert (len(many.cells), many.left_out) == (CELLS_MAX, 7)
    begun = time.monotonic()
    loud = notebook(*(code({"output_type": "stream", "text": "x" * 300_000}),) * 40)
    assert sum(len(o.content) for c in loud.cells for o in c.outputs) < 7 << 20
    assert time.monotonic() - begun < 10
