"""Every place of the pages that shows what users wrote, filled with attacks.

A place takes some texts and gives the page that shows them, through what the hub itself renders
with: texts in Markdown by its Markdown, addresses by its quoting. Where a place is one field it
takes them joined. Knows nothing of what is an attack.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from groundswell.http.pages.content.notebooks import _output
from groundswell.http.pages.repositories import crumbs_of, place
from groundswell.http.pages.views import (
    BucketFileRow,
    BucketPage,
    CollectionPage,
    CommitPage,
    DiscussionsPage,
    HistoryPage,
    ItemRow,
    LabelRow,
    LabelsPage,
    NotebookCell,
    NotebookContent,
    QuestionRow,
    RefChoice,
    RefPicker,
    RefRow,
    RefsPage,
    RuleForm,
    RulesPage,
    SaidLine,
    TableCell,
    TableColumn,
    TableRow,
    TensorRow,
    ThreadCard,
    View,
)
from groundswell.wire import atom
from groundswell.wire.highlight import highlight_file
from groundswell.wire.markdown import LinkBase, linked
from groundswell.wire.markdown import render as render_markdown
from groundswell.wire.notebooks import read_notebook
from tests.web import examples as of

Texts = Sequence[str]
BASE = LinkBase(of.REPO.url, "main", "", "http://127.0.0.1:8000", refers=True)
EXAMPLES: dict[str, Any] = dict(of.EXAMPLES)


def _html(text: str) -> str:
    return render_markdown(text, BASE).html


def _cards(texts: Texts) -> View:
    return replace(EXAMPLES["card"], card_html="".join(map(_html, texts)))


def _comments(texts: Texts) -> View:
    entries = tuple(
        replace(
            of.TALK[0], id=number, html=_html(text), text=text, author=text,
            earlier=(replace(of.TALK[0].earlier[0], text=text),),
        )
        for number, text in enumerate(texts)
    )  # fmt: skip
    return replace(EXAMPLES["discussion"], entries=entries, text=texts[0], error=texts[0])


def _timeline(texts: Texts) -> View:
    said = [f"renamed this from “{text}”" for text in texts]
    entries = tuple(replace(of.TALK[2], id=n, text=text) for n, text in enumerate(said))
    return replace(EXAMPLES["discussion"], entries=entries)


def _threads(texts: Texts) -> tuple[ThreadCard, ...]:
    return tuple(
        ThreadCard(
            n, text, "line 2",
            (SaidLine(n, text, of.NOW, _html(text), tuple(text.split("\n")), may_apply=True),),
            tuple(text.split("\n")), may_reply=True, resolved_by=text, is_resolved=n % 2 == 0,
        )
        for n, text in enumerate(texts)
    )  # fmt: skip


def _line_comments(texts: Texts) -> View:
    lines = tuple(replace(of.DIFF[3], text=text, threads=_threads([text])) for text in texts)
    change = replace(of.CHANGES[0], path=texts[0], mark="0", lines=lines)
    return replace(EXAMPLES["proposal-reviewed"], changes=(change,), outdated=_threads(texts))


def _reviews(texts: Texts) -> View:
    card = EXAMPLES["discussion-reviewed"].entries[1]
    entries = tuple(
        replace(
            card, id=n, html=_html(text),
            review=replace(card.review, threads=_threads([text]), dismissed_by=text, dismissal_reason=text),
        )
        for n, text in enumerate(texts)
    )  # fmt: skip
    return replace(EXAMPLES["discussion-reviewed"], entries=entries)


def _check(texts: Texts) -> View:
    html = "".join(map(_html, texts))
    check = replace(of.CHECKS[1], name=texts[0], reporter=texts[1])
    return replace(EXAMPLES["check"], check=check, summary_html=html, log="\n".join(texts))


def _check_names(texts: Texts) -> View:
    checks = tuple(
        replace(of.CHECKS[1], name=text, url=f"/checks/{quote(text, safe='')}") for text in texts
    )
    return replace(EXAMPLES["commit"], checks=checks)


def _labels(texts: Texts) -> View:
    rows = tuple(LabelRow(n, text, "pink", text, "/x") for n, text in enumerate(texts))
    return LabelsPage(of.REPO, rows, ("pink",), texts[0], texts[0], texts[0])


def _discussions(texts: Texts) -> View:
    rows = tuple(
        replace(
            of.DISCUSSION, title=text, author=text, assignees=(text,),
            labels=(LabelRow(1, text, "pink", text, f"/x?{quote(text)}"),),
        )
        for text in texts
    )  # fmt: skip
    return DiscussionsPage(of.REPO, rows, "open", texts[0])


def _rules(texts: Texts) -> View:
    rules = tuple(
        RuleForm(str(n), pattern=text, names=text, checks=text, words=(text,))
        for n, text in enumerate(texts)
    )
    return RulesPage(of.REPO, rules, RuleForm("", pattern=texts[0]), True, texts[0], "1")


def _commits(texts: Texts) -> View:
    commits = tuple(replace(of.COMMIT, title=text, message=text, author=text) for text in texts)
    return HistoryPage(of.REPO, "main", "", of.PICKER, of.CRUMBS, commits, 4000, None, None)


def _commit(texts: Texts) -> View:
    message = "\n\n".join(texts)
    line = replace(of.COMMIT, title=texts[0], message=message)
    html = linked(message, BASE)
    return CommitPage(of.REPO, line, linked(texts[0], BASE), html, (), "/x", of.CHANGES)


def _branches(texts: Texts) -> View:
    rows = tuple(
        RefRow(text, place(of.REPO, "tree", text), "3f" * 20, "/x", may_delete=True)
        for text in texts
    )
    return RefsPage(of.REPO, rows, rows, rows, texts[0])


def _files(texts: Texts) -> View:
    rows = tuple(
        replace(
            of.FILES[1], name=text, url=place(of.REPO, "blob", text, text),
            download_url=place(of.REPO, "resolve", text, text), last_commit=replace(of.COMMIT, title=text),
        )
        for text in texts
    )  # fmt: skip
    picked = tuple(RefChoice(text, place(of.REPO, "tree", text)) for text in texts)
    return replace(
        EXAMPLES["tree"], revision=texts[0], path=texts[0], rows=rows,
        picker=RefPicker(texts[0], "branch", picked), crumbs=crumbs_of(of.REPO, texts[0], texts[1]),
    )  # fmt: skip


def _lines(texts: Texts) -> View:
    lines = [line for text in texts for line in highlight_file("a.py", text)]
    return replace(of.FILE, content=replace(of.FILE.content, lines_html=lines))


def _changes(texts: Texts) -> View:
    changes = tuple(
        replace(
            of.CHANGES[0], path=text, old_path=text, url=place(of.REPO, "blob", "main", text),
            lines=tuple(replace(of.DIFF[3], text=line) for line in text.split("\n")), note=text,
        )
        for text in texts
    )  # fmt: skip
    return replace(EXAMPLES["commit"], changes=changes)


def _editor(texts: Texts) -> View:
    text = "\n".join(texts)
    return replace(of.EDIT, text=text, file=texts[0], summary=texts[0], description=text)


def _notebook(texts: Texts) -> View:
    cells: list[dict[str, Any]] = []
    for text in texts:
        data: dict[str, Any] = {"text/html": text, "text/plain": text}
        outputs: list[dict[str, Any]] = [
            {"output_type": "display_data", "data": data, "metadata": {}},
            {"output_type": "display_data", "data": {"image/svg+xml": text}, "metadata": {}},
            {"output_type": "display_data", "data": {"text/markdown": text}, "metadata": {}},
            {"output_type": "display_data", "data": {"image/png": text}, "metadata": {}},
            {"output_type": "stream", "name": "stdout", "text": text},
            {"output_type": "error", "ename": text, "evalue": text, "traceback": [text]},
        ]
        cells.append({"cell_type": "markdown", "source": text, "metadata": {}})
        cells.append({"cell_type": "raw", "source": text, "metadata": {}})
        cells.append(
            {"cell_type": "code", "source": text, "outputs": outputs, "execution_count": 1}
        )
    told = {"nbformat": 4, "metadata": {"language_info": {"name": texts[0]}}, "cells": cells}
    found = read_notebook(json.dumps(told), BASE)
    shown = tuple(
        NotebookCell(
            cell.kind, cell.html, cell.count,
            tuple(_output(each.kind, each.content) for each in cell.outputs),
        )
        for cell in found.cells
    )  # fmt: skip
    return replace(of.FILE, content=NotebookContent(found.language, shown), source_url="/x")


def _table(texts: Texts) -> View:
    kinds = ("text", "other", "number", "bytes")
    content = replace(
        of.TABLE,
        columns=tuple(TableColumn(text, text, "text") for text in texts),
        rows=tuple(
            TableRow(n, tuple(TableCell(kind, text, 9, "/x", text) for text in texts))
            for n, kind in enumerate(kinds)
        ),
        facts=tuple((text, text) for text in texts),
        find=texts[0],
        statistics=tuple(
            replace(of.TABLE.statistics[1], name=text, type=text, values=((text, 1, 2),))
            for text in texts
        ),
    )
    return replace(of.FILE, content=content)


def _tensors(texts: Texts) -> View:
    rows = tuple(TensorRow(text, text, text, 1, 1) for text in texts)
    pairs = tuple((text, text) for text in texts)
    return replace(of.FILE, content=replace(of.TENSORS, rows=rows, pairs=pairs, find=texts[0]))


def _collection(texts: Texts) -> View:
    items = tuple(ItemRow(f"{n:024x}", "model", text, "/x", text) for n, text in enumerate(texts))
    shown: CollectionPage = EXAMPLES["collection"]
    row = replace(of.COLLECTION, title=texts[0], description="\n".join(texts))
    return replace(shown, row=row, items=items)


def _collections(texts: Texts) -> View:
    rows = tuple(
        replace(of.COLLECTION, title=text, description=text, items=(text,)) for text in texts
    )
    return replace(EXAMPLES["account-collections"], collections=rows, fullname=texts[0])


def _notifications(texts: Texts) -> View:
    rows = tuple(replace(of.NOTICES[0], title=text, actor=text) for text in texts)
    return replace(EXAMPLES["notifications"], rows=rows)


def _activities(texts: Texts) -> View:
    rows = tuple(
        replace(of.ACTIVITY[2], title=text, excerpt=text, target=text, actor=text) for text in texts
    )
    return replace(EXAMPLES["feed"], rows=rows)


def _webhooks(texts: Texts) -> View:
    rows = tuple(replace(of.HOOK, address=text, watched=(text,)) for text in texts)
    return replace(EXAMPLES["webhooks"], rows=rows)


def _delivery(texts: Texts) -> View:
    text = "\n".join(texts)
    shown = EXAMPLES["delivery"]
    row = replace(shown.row, problem=texts[0], repository=texts[0])
    return replace(
        shown, row=row, request=text, response=text, webhook=replace(of.HOOK, address=text)
    )


def _bucket(texts: Texts) -> View:
    rows = tuple(
        BucketFileRow(
            text, f"/buckets/a/b/tree/{quote(text)}", False, 1, of.NOW, f"/x/{quote(text)}"
        )
        for text in texts
    )
    shown: BucketPage = EXAMPLES["bucket"]
    return replace(shown, rows=rows, path=texts[0], crumbs=crumbs_of(of.REPO, "main", texts[0]))


def _gate(texts: Texts) -> View:
    kinds = ("text", "select", "checkbox", "date_picker")
    questions = tuple(
        QuestionRow(
            f"answer-{n}", text, kinds[n % 4], ((text, text),), is_required=True, value=text
        )
        for n, text in enumerate(texts)
    )
    gate = replace(
        of.GATE, heading=texts[0], prompt_html="".join(map(_html, texts)), button=texts[0],
        description=" ".join(texts), questions=questions, error=texts[0],
    )  # fmt: skip
    return replace(of.GATED, gate=gate)


def _asked(texts: Texts) -> View:
    rows = tuple(
        replace(of.ASKED[0], name=text, fullname=text, answers=((text, text),), reason=text)
        for text in texts
    )
    return replace(EXAMPLES["access"], rows=rows, error=texts[0])


def _repositories(texts: Texts) -> View:
    rows = tuple(
        of.row("ada/m", description=text, license=text, library_name=text, pipeline_tag=text)
        for text in texts
    )
    return replace(
        EXAMPLES["list"], rows=rows, form=replace(EXAMPLES["list"].form, search=texts[0])
    )


def feed_of(texts: Texts) -> bytes:
    """An Atom feed, which a browser shows as a document of its own."""
    entries = [
        atom.Entry(f"http://x.example/{n}", text, f"http://x.example/{quote(text)}", of.NOW, text, text)
        for n, text in enumerate(texts)
    ]  # fmt: skip
    return atom.write(atom.Feed(texts[0], "http://x.example/feed", "http://x.example/", entries))


PLACES: dict[str, Callable[[Texts], View]] = {
    "card": _cards,
    "comment": _comments,
    "timeline": _timeline,
    "line comment and suggestion": _line_comments,
    "review": _reviews,
    "check summary and log": _check,
    "check name": _check_names,
    "label": _labels,
    "discussion title": _discussions,
    "rule": _rules,
    "commits": _commits,
    "commit message": _commit,
    "branch name": _branches,
    "file name": _files,
    "text file": _lines,
    "change": _changes,
    "editor": _editor,
    "notebook": _notebook,
    "table": _table,
    "tensors": _tensors,
    "collection": _collection,
    "collection title": _collections,
    "notification": _notifications,
    "activity": _activities,
    "webhook": _webhooks,
    "delivery": _delivery,
    "bucket path": _bucket,
    "gate form": _gate,
    "access request": _asked,
    "repository": _repositories,
}
