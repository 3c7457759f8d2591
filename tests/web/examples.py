"""One example of every page, with content as large and awkward as stored content may be."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from groundswell.core.values import RepoId, RepoKind
from groundswell.http.pages.door import PAGE_HEADERS
from groundswell.http.pages.graph_drawing import picture_of
from groundswell.http.pages.relations import lineage_page
from groundswell.http.pages.templating import STATIC_PREFIX, render, static_files
from groundswell.http.pages.views import (
    AccessListPage,
    AccessRow,
    AccountPage,
    ActivityRow,
    AddingEdge,
    AnswerBox,
    ArticleBlock,
    ArticlePage,
    ArticleStretch,
    AskedRow,
    AskPage,
    AuditPage,
    AuditRow,
    BinaryContent,
    BlameLine,
    BlamePage,
    BlameStretch,
    BucketFileRow,
    BucketPage,
    BucketRow,
    BuildBox,
    CardPage,
    CheckPage,
    CheckRow,
    ChoreRow,
    ChoresPage,
    Collecting,
    CollectionEditPage,
    CollectionPage,
    CollectionRow,
    CollectionsPage,
    CollidingFile,
    ColumnFigures,
    CommentCard,
    CommitLine,
    CommitPage,
    ConnectionRow,
    ContributePage,
    Crumb,
    DeleteFilePage,
    DeliveryPage,
    DeliveryRow,
    DevicePage,
    DiffLine,
    DiffView,
    DiscussionPage,
    DiscussionRow,
    DiscussionsPage,
    DocumentContent,
    Drawing,
    DrawnNode,
    EarlierText,
    EdgeRow,
    EditPage,
    EntityLink,
    ErrorPage,
    FacetGroup,
    FacetOption,
    Fact,
    FaultRow,
    FaultsPage,
    FeedPage,
    FileChange,
    FilePage,
    FileRow,
    ForkState,
    Found,
    GateBox,
    GraphPage,
    HistoryPage,
    Home,
    HubSettingsPage,
    ItemRow,
    KeepForm,
    KeepPage,
    KnotForm,
    LabelRow,
    LabelsPage,
    LikersPage,
    LineageBox,
    ListForm,
    MailLinkPage,
    MailPage,
    MediaContent,
    MemberRow,
    MergeBox,
    NamespaceRow,
    NeedRow,
    NetworkPage,
    NetworkRow,
    NewCollectionPage,
    NewDiscussionPage,
    NewForkPage,
    NewPackPage,
    NewRepoPage,
    NewTokenPage,
    NotebookCell,
    NotebookContent,
    NotebookOutput,
    NotificationRow,
    NotificationsPage,
    Origin,
    PackChoice,
    PackPage,
    PendingContent,
    PersonRow,
    PlaceForm,
    PlaygroundPage,
    ProfilePage,
    ProposalPage,
    QuestionRow,
    QueuePage,
    QueueRow,
    QuoteRow,
    ReactionChip,
    RefChoice,
    RefPicker,
    RefRow,
    RefsPage,
    ReplyBox,
    ReplyEnd,
    RepoActivityPage,
    RepoHead,
    RepoList,
    RepoRow,
    RepoSettingsPage,
    ResolvePage,
    ReviewBar,
    ReviewCard,
    ReviewersBox,
    RuleForm,
    RulesPage,
    SaidLine,
    SearchPage,
    SentenceRow,
    SettingRow,
    Share,
    Shell,
    SideRow,
    SignInPage,
    Snippet,
    SourceBranch,
    StandingRow,
    StoragePage,
    SyncPage,
    TableCell,
    TableColumn,
    TableContent,
    TableRow,
    Tag,
    TensorRow,
    TensorsContent,
    TextContent,
    TextPiece,
    ThreadCard,
    TimelineLine,
    TokenRow,
    TokensPage,
    TreePage,
    UploadPage,
    UserRow,
    UsersPage,
    View,
    Viewer,
    ViewerPage,
    WebhookFormPage,
    WebhookPage,
    WebhookRow,
    WebhooksPage,
    WholeCell,
)
from groundswell.http.pages.views.comparisons import (
    AnswerRow,
    ComparisonPage,
    ComparisonRow,
    ComparisonsPage,
    GivenCell,
    IntervalRow,
    ModelRow,
)
from groundswell.hub.discussions.reactions import KINDS
from groundswell.hub.relations import Ancestry, Bond, Relation, Relative, Seen
from groundswell.wire.highlight import highlight_file
from groundswell.wire.markdown import LinkBase
from groundswell.wire.markdown import render as render_markdown

NOW = 1_795_000_000_000_000
HOUR = 3_600_000_000
LONG = (
    "a-rather-long-name.that_nobody-would-choose-but-somebody-does-because-the-limit-allows-it-0001"
)

CARD = """# SmolLM2 135M Instruct

A small **instruction** model for machines without an accelerator. See [the paper](https://example.com/paper),
[usage](#usage) and [the config](config.json).

![loss curve](https://example.com/loss.svg) ![local](pictures/loss.png)

## Usage

```python
from transformers import AutoModelForCausalLM, AutoTokenizer

model = AutoModelForCausalLM.from_pretrained("ada/smollm2", device_map="auto")  # a line that is long enough to need its own scroll bar
print(model.config)
```

## Results

| task | metric | value | a column | another column | and one more to be wide |
|---|---|--:|---|---|---|
| hellaswag | acc_norm | 42.1 | x | y | z |
| arc | acc | 28.9 | x | y | z |

- [x] trained
- [ ] evaluated on everything

> A quotation that says where it comes from.

### Limits

Loss is $\\mathcal{L} = -\\sum_i \\log p_i$ and so on.[^1]

[^1]: Not in the paper.
"""

PROGRAM = '''"""A file."""
import math

def area(radius: float) -> float:
    """Of a circle, in the unit of the radius squared, however large that may become in practice."""
    return math.pi * radius**2  # no check

print(f"{area(2):.2f}")
'''


def row(name: str, **changed: Any) -> RepoRow:
    known = RepoRow(
        "model", name, f"/{name}", NOW - 5 * HOUR, 12_345, 42, 269_060_552,
        is_private=False, is_gated=False, pipeline_tag="text-generation", library_name="transformers",
        license="apache-2.0", parameter_count=134_515_008,
    )  # fmt: skip
    return replace(known, **changed)


ROWS = (
    row("ada/smollm2-135m-instruct", description="A small instruction model."),
    row(f"{LONG}/{LONG}", is_private=True, is_gated=True, downloads=0),
    row("grace/tiny", pipeline_tag=None, library_name=None, license=None, parameter_count=None),
)
REPO = RepoHead(
    "model", "ada", "smollm2-135m-instruct", "/ada/smollm2-135m-instruct", is_private=True,
    gate="manual", is_disabled=False, likes=3, may_write=True, may_contribute=True,
    may_administer=True, discussions=2, watch="all",
)  # fmt: skip
COMMIT = CommitLine(
    "3f" * 20, f"{REPO.url}/commit/{'3f' * 20}", "Quantise to 4 bits, keep the embedding in 16 and say why in the card",
    "ada", NOW - 26 * HOUR, "Longer words.\nOver two lines.",
)  # fmt: skip
PICKER = RefPicker(
    "main", "branch",
    (RefChoice("main", f"{REPO.url}/tree/main", is_current=True), RefChoice("fix/" + LONG, "/x")),
    (RefChoice("v1.0", "/x"),), (RefChoice("refs/pr/1", "/x"),),
)  # fmt: skip
CRUMBS = (
    Crumb("smollm2-135m-instruct", f"{REPO.url}/tree/main"),
    Crumb("a-folder", f"{REPO.url}/tree/main/a-folder"),
    Crumb("config.json", f"{REPO.url}/blob/main/config.json"),
)
FACTS = (
    Fact("Parameters", "135M", note="134,515,008"),
    Fact("Size", "269 MB"),
    Fact("Licence", "apache-2.0", "/models?license=apache-2.0"),
    Fact("Base model", "HuggingFaceTB/SmolLM2-135M-with-a-long-name", "/x"),
    Fact("Downloads", "12,345"),
)
DIFF = (
    DiffLine("hunk", None, None, "@@ -1,3 +1,4 @@"),
    DiffLine("context", 1, 1, "{"),
    DiffLine("delete", 2, None, '  "bits": 16,'),
    DiffLine(
        "add",
        None,
        2,
        '  "bits": 4,' + " " * 40 + '"a long line that makes the table scroll sideways": true',
    ),
    DiffLine("context", 3, 3, "}"),
)
CHANGES = (
    FileChange("config.json", None, "modified", "/x", 1, 1, DIFF),
    FileChange("model.gguf", None, "added", "/x", 0, 0, None, "A large file: 98.3 MB."),
)
LABEL = LabelRow(1, "fault", "pink", "It breaks", "/x", is_on=True)
CHECKS = (
    CheckRow("unit", "passed", "/x", "ada", NOW - HOUR, has_log=True),
    CheckRow(
        "scan/" + "x" * 90,
        "failed",
        "/x",
        "ada",
        NOW - HOUR,
        "https://ci.example/" + "x" * 200,
        has_log=True,
    ),
    CheckRow("eval", "running", "/x", "", NOW),
    CheckRow("licence", "awaited", awaited=("ci-bot",)),
    CheckRow("docs", "skipped", "/x", "ada", NOW),
    CheckRow("gpu", "errored", "/x", "ada", NOW),
    CheckRow("long", "queued", "/x", "ada", NOW),
)
NEEDS = (
    NeedRow(is_met=True, words="2 of 2 approvals by ada, ben"),
    NeedRow(is_met=False, words="@legal or @acme has to approve data/legal/" + "x" * 120),
)
DISCUSSION = DiscussionRow(
    7,
    "Say where the data comes from",
    f"{REPO.url}/discussions/7",
    "draft",
    True,
    "grace",
    NOW - HOUR,
    labels=(
        LABEL,
        LabelRow(2, "a label as long as names of labels may be, about 50", "purple", "", "/x"),
    ),
    assignees=("ada", "grace"),
)
SAID = (
    SaidLine(1, "grace", NOW - HOUR, "<p>Why four? " + "word " * 40 + "</p>", may_remove=True, is_edited=True, earlier=(EarlierText("Why " * 60, NOW - HOUR * 2), EarlierText("x" * 300, NOW - HOUR))),
    SaidLine(2, "ada", NOW, "<p>This is better.</p>", ('  "bits": 8,', "x" * 300), may_apply=True, is_pending=True, may_edit=True, text="This is better."),
    SaidLine(3, "grace", NOW, "", (), "3f3f3f3f", "/x"),
    SaidLine(4, "ada", NOW, "", is_hidden=True),
)  # fmt: skip
THREAD = ThreadCard(1, "config.json", "line 2", SAID, ('  "bits": 4,' + " " * 300,), may_reply=True, may_resolve=True)  # fmt: skip
WORDS_ONLY = replace(THREAD, id=2, said=SAID[:1], excerpt=("x" * 300, "y"), is_outdated=True)
RESOLVED = replace(
    THREAD,
    id=3,
    said=tuple(replace(each, id=each.id + 10) for each in SAID),
    path=LONG * 9,
    is_resolved=True,
    resolved_by="ada",
    excerpt=(),
)
PLACE_FORM = PlaceForm("config.json", "new", 2, 2, "3f" * 20, "A comment", "/x")
REVIEWED = (
    replace(
        CHANGES[0],
        mark="0",
        threads=(WORDS_ONLY,),
        lines=(
            DIFF[0],
            *(replace(each, mark=f"0n{place}") for place, each in enumerate(DIFF[1:-1])),
            replace(DIFF[-1], mark="0n3", threads=(THREAD, RESOLVED), form=PLACE_FORM),
        ),
    ),
    replace(CHANGES[1], mark="1"),
)
REVIEWERS = ReviewersBox(
    (
        AskedRow(LONG, "ada", NOW - HOUR, is_answered=True, may_remove=True),
        AskedRow("grace", LONG, NOW - 9 * HOUR, may_remove=True),
    ),
    ("ben", LONG),
    may_ask=True,
)
STANDING = (
    StandingRow("grace", "approved", NOW - HOUR, is_stale=True, may_write=False),
    StandingRow("ada", "changes_requested", NOW - HOUR, is_stale=False, may_write=True),
)
FILES = (
    FileRow("assets", "/x", is_folder=True, last_commit=COMMIT),
    FileRow(
        "README.md", "/x", is_folder=False, size_bytes=4213, download_url="/x", last_commit=COMMIT
    ),
    FileRow(
        LONG + ".safetensors",
        "/x",
        is_folder=False,
        size_bytes=269_060_552,
        is_large=True,
        download_url="/x",
        last_commit=COMMIT,
    ),
)
RENDERED = render_markdown(CARD, LinkBase(REPO.url))
SNIPPETS = (
    Snippet(
        "transformers",
        "python",
        'import os\nos.environ["HF_ENDPOINT"] = "http://127.0.0.1:8000"\n\nfrom transformers import pipeline\npipe = pipeline("text-generation", "ada/smollm2")',
    ),
    Snippet(
        "hf download", "bash", "export HF_ENDPOINT=http://127.0.0.1:8000\nhf download ada/smollm2"
    ),
    Snippet("git clone", "bash", "git clone http://127.0.0.1:8000/ada/smollm2"),
    Snippet(
        "llama.cpp",
        "bash",
        "MODEL_ENDPOINT=http://127.0.0.1:8000/ llama-cli -hf ada/smollm2",
        "Needs a build with -hf.",
    ),
)
GATE = GateBox(
    "form", REPO.url, "model", "ada", "Agree before you read", RENDERED.html, "It takes two or three days.",
    "I agree", (
        QuestionRow("answer-0", "Institute", "text", (), is_required=True, value="The Fleet"),
        QuestionRow("answer-1", "Country", "country", (("FR", "France"), ("DE", "Germany")), is_required=True, value="DE"),
        QuestionRow("answer-2", "Until when do you need it, and " + LONG, "date_picker", (), is_required=False),
        QuestionRow("answer-3", "Where from", "ip_location", (), is_required=True),
        QuestionRow("answer-4", "I use it for science only, and tell nobody what " + LONG + " means", "checkbox", (), is_required=True),
    ),
    "d1", "192.0.2.7", days=30, error="“Institute” has to be answered.",
)  # fmt: skip
GATED = CardPage(REPO, "<p>Words.</p>", (), "", FACTS, (), SNIPPETS, is_empty=False, gate=GATE)
ASKED = (
    AccessRow("a1", "grace", "Grace Hopper", "grace@example.com", NOW - HOUR, None, "", (("Institute", "The Fleet"), ("I agree to everything that is said in " + LONG, "yes")), "", None),
    AccessRow("a2", LONG, "", "", None, NOW - HOUR, "ada", (), "Say who you are. " + LONG, NOW + 900 * HOUR),
)  # fmt: skip
FILE = FilePage(
    REPO, "main", "a-folder/config.py", PICKER, CRUMBS, 1234, is_large=False, sha256=None,
    download_url="/x", raw_url="/x", history_url="/x", permalink_url="/x", delete_url="/x", edit_url="/x", blame_url="/x",
    commit=COMMIT, content=TextContent(highlight_file("a.py", PROGRAM), 1, None, "/x", "/x", "/x", here="/x", note="Lines 1 to 12", reason="This is shown as text: as a table it has a fault."),
)  # fmt: skip
CELLS = (
    TableCell("number", "12345678901234567890", 20), TableCell("text", "word " * 60, 9000, "/x"), TableCell("none", "", 0),
    TableCell("other", "{'a': " + "1" * 200 + "}", 200), TableCell("bytes", LONG, 12, None, "12 B"), TableCell("image", "a.png", 12, "/x.png", "12 B"),
    TableCell("audio", "", 12, "/x.wav", "12 B"), TableCell("media", "", 4, "/x.png", "image, 4 B"),
)  # fmt: skip
TABLE = TableContent(
    "/x", (("part", "1"),), tuple(TableColumn(f"c<b>{n}" + "x" * (n * 30), "STRUCT(bytes BLOB, path VARCHAR)" * 3, "text") for n in range(8)),
    tuple(TableRow(n * 1_000_000, CELLS) for n in range(4)), 12_000_000, "Rows 0 to 3 of 12,000,000", (("Row groups", "48"), ("Written by", LONG)),
    "find <me>", "/x", "/x", "Next rows", "Part 2 of 70: text has no index, so it is read 16.8 MB at a time.", "/x", "/x", "Columns 51 to 100 of 1,200", "/x", "/x", "/x",
    (
        ColumnFigures("x", "DOUBLE", (("Lowest", "-1.5"), ("Mean", "12,345.6")), tuple((n * 10, n * 3, f"{n}: {n}") for n in range(20)), (), "From 0 to 20."),
        ColumnFigures(LONG, "VARCHAR", (("Missing", "3 (1.0 %)"),), (), ((LONG, 12, 200), ("b", 3, 50))),
    ), "Counted over 100 000 rows, taken from 8 places of the file.",
)  # fmt: skip
TENSORS = TensorsContent(
    "/x", "norm", 290, 134_515_008, 269_000_000, (Share("BF16", 280, 134_000_000, 268_000_000, 990, 0), Share("F32", 10, 500_000, 1_000_000, 9, 990)),
    (Share("model.layers.0", 9, 3_500_000, 7_000_000, 26, 0, "/x"), Share(LONG, 1, 1, 4, 0, 26)), 12,
    (TensorRow("model.layers.0.self_attn.q_proj.weight", "BF16", "576 \u00d7 576", 331_776, 663_552), TensorRow("x" * 250, "F32", "scalar", 1, 4)), 200, 290, "/x", "/x",
    (("tokenizer.chat_template", "{% for m in messages %}" * 40), ("general.name", "SmolLM2"), (LONG, LONG)),
)  # fmt: skip
NOTEBOOK = NotebookContent("python", (
    NotebookCell("prose", "<h2>Title</h2><p>Words</p>", None, ()),
    NotebookCell("code", '<span class="hl-n">x</span> = 1  # ' + "long " * 60, 12, (NotebookOutput("text", "out " * 100), NotebookOutput("error", "ZeroDivisionError: " + "x" * 300), NotebookOutput("html", "", "<table><tr><td>1</td></tr></table>"), NotebookOutput("picture", "data:image/png;base64,iVBORw0KGgo="), NotebookOutput("note", "An output that is too large to show here."))),
    NotebookCell("raw", "raw text", None, ()),
), 3)  # fmt: skip
EDIT = EditPage(
    REPO, "main", "a-folder/README.md", CRUMBS, "/x", "/x", "a-folder/README.md",
    "\n# A card\n" + "word " * 200 + "</textarea><script>alert(1)</script>\n", "3f" * 20,
    must_propose=False, may_propose=True,
)  # fmt: skip
BLAME = BlamePage(
    REPO, "main", "a-folder/config.py", PICKER, CRUMBS, "/x", "/x",
    tuple(
        BlameStretch(COMMIT, tuple(BlameLine(first + at, "x = " + "1" * 90) for at in range(3)))
        for first in (1, 4, 7)
    ),
)  # fmt: skip
TALK = (
    CommentCard(1, "ada", NOW - 90 * HOUR, "<p>Please take this: <code>config.json</code> names a head that is not there.</p>", is_hidden=False, hidden_by="", is_first=True, text="Please", may_edit=True, may_hide=True, earlier=(EarlierText("Pleas " + "x" * 200, NOW - 91 * HOUR),)),
    TimelineLine(2, "ada", "history", "brought 2 commits", NOW - 80 * HOUR, (COMMIT, COMMIT)),
    TimelineLine(3, "somebody-with-a-very-long-name-" + "x" * 40, "gear", "renamed this from “" + "word" * 60 + "”", NOW - 70 * HOUR),
    CommentCard(4, "eve", NOW - HOUR, "", is_hidden=True, hidden_by="ada", is_first=False),
    CommentCard(5, "eve", NOW - HOUR, "<p>" + "unbroken" * 60 + '</p><pre tabindex="0"><code>' + "x" * 300 + "</code></pre>", is_hidden=False, hidden_by="", is_first=False, may_hide=True, reactions=(ReactionChip("yes", "👍", 12, "ada, grace and 10 others", is_own=True), ReactionChip("heart", "❤️", 1, "eve"))),
)  # fmt: skip


COLLECTION = CollectionRow(
    "Small models that run anywhere", "/collections/ada/small-models-0123", "ada",
    "For machines without an accelerator.\nTried on each of them.", "orange", is_private=True,
    upvotes=1234, item_count=4, updated_at=NOW - HOUR, items=("ada/smollm2", f"{LONG}/{LONG}", "2307.09288"),
)  # fmt: skip
FACETS = tuple(
    FacetGroup(
        heading, field, (FacetOption("text-generation", 212, "/x"), FacetOption(LONG, 3, "/x"))
    )
    for heading, field in (("Task", "pipeline_tag"), ("Library", "library"), ("Tag", "filter"))
)
COLLECTIONS = tuple(
    replace(COLLECTION, theme=theme, is_private=False)
    for theme in ("blue", "green", "indigo", "orange", "pink", "purple")
)
ITEMS = (
    ItemRow("0" * 24, "model", f"{LONG}/{LONG}", "/x", "A note that says\nwhy. " + LONG, "12 likes", is_private=True),
    ItemRow("1" * 24, "paper", "2307.09288", None, ""),
    ItemRow("2" * 24, "collection", "Others", "/x", "See also.", "by grace"),
)  # fmt: skip
PEOPLE = (PersonRow("grace", "Grace Hopper"), PersonRow(LONG, "", is_organisation=True))
BUCKETS = (
    BucketRow("ada/runs", "/x", False, 0, 0, NOW - HOUR),
    BucketRow(f"{LONG}/{LONG}", "/x", True, 1234567, 10**13, NOW - 900 * HOUR),
)
BUCKET_FILES = (
    BucketFileRow("logs", "/x", is_folder=True),
    BucketFileRow(
        "checkpoint-0001.safetensors",
        "/x",
        is_folder=False,
        size_bytes=10**10,
        uploaded_at=NOW - HOUR,
        download_url="/x",
    ),
    BucketFileRow(
        LONG * 2,
        "/x",
        is_folder=False,
        size_bytes=1,
        uploaded_at=NOW - 9000 * HOUR,
        download_url="/x",
    ),
)
ACCOUNT = AccountPage(
    "ada", "Ada Lovelace", "organisation", NOW - 9000 * HOUR,
    (MemberRow("grace", "Grace", "admin"),), ROWS, (), (), may_create=True, is_followed=True,
    tabs=(("repositories", "Repositories", 1234), ("buckets", "Buckets", 2), ("collections", "Collections", 6), ("likes", "Likes", 0), ("followers", "Followers", 2), ("following", "Following", 2)),
)  # fmt: skip


def activity(icon: str, text: str, target: str, **more: Any) -> ActivityRow:
    return ActivityRow(
        icon, "grace", text, target, "/x", f"ada/{LONG}", f"/ada/{LONG}", NOW - 5 * HOUR, **more
    )


ACTIVITY = (
    activity("model", "made the model", f"ada/{LONG}", is_private=True),
    activity("history", "committed to main:", "3f3f3f3f"),
    activity(
        "talk",
        "said something in the discussion",
        "#12",
        title="Why <b>so</b> large? " + LONG,
        excerpt="Because " * 40,
    ),
    activity("heart", "likes", f"ada/{LONG}"),
)
NOTICES = (
    NotificationRow(
        "access-9",
        "lock",
        "Requests for access",
        "/x",
        "ada/m",
        "/x",
        None,
        "bob",
        "asks for access",
        "you decide about them",
        NOW - HOUR,
        is_read=False,
    ),
    NotificationRow(
        "1",
        "talk",
        "Why <b>so</b> large? " + LONG,
        "/x",
        f"ada/{LONG}",
        "/x",
        12,
        "grace",
        "said something",
        "you are mentioned",
        NOW - HOUR,
        is_read=False,
        is_private=True,
    ),
    NotificationRow(
        "2",
        "branch",
        "Quantise",
        "/x",
        "ada/m",
        "/x",
        3,
        "bob",
        "merged it",
        "you take part",
        NOW - 30 * HOUR,
        is_read=True,
    ),
)

QUOTE = QuoteRow(
    "Mount Kenya is the highest mountain in Kenya. " + LONG,
    "Mount Kenya " + LONG,
    ("Geography", LONG),
    "/x#quote",
    f"{LONG}/{LONG}",
)
END = ReplyEnd("4 ms, 93% sure, shown from 56% on", '{\n "format": "' + "x" * 300 + '"\n}', "/x")
REPLY = ReplyBox(
    (QUOTE, replace(QUOTE, text="It rises " + "5,199 " * 60)),
    "",
    (),
    f"35,000 passages of {LONG}/{LONG}",
    lambda: END,
    about=LONG,
    connections=(
        ConnectionRow("Mount Kenya", "/x", "links to", LONG, "/x", QUOTE.text, "/x#quote"),
    ),
)
KEEP = KeepForm(
    "How high is Mount Kenya? " + LONG, "ada/notes@" + "0" * 40, "/ask?q=a", "ada/my-questions",
    "ada/notes@" + "0" * 40, LONG, "0", "9", taken="“5,199 m (Batian)” or “5,199 m”",
)  # fmt: skip
COMPARED_SENTENCES = (
    f"For your 120 questions, {LONG}:Q8_0 is better than ada/smollm2:Q4_1 (95 % sure): 64 right instead of 52; it takes 1.4 times as long.",
    "On your 120 questions, ada/smollm2:Q4_1 and ada/third cannot be told apart: 52 and 50 right. They take equally long.",
)
GRADES = ("right", "wrong", "abstained", "memory", "failed")
COMPARISON = ComparisonPage(
    replace(REPO, kind="dataset", url="/datasets/ada/lake-questions"), "0" * 16, "/x", "/y",
    sentences=COMPARED_SENTENCES,
    how="Asked with passages of ada/lakes: 120 of 120 questions, all of them were asked. Answers were judged by rules, not by a model.",
    check="passed", check_words=("Checked by this hub: every answer is graded as the rules say, and what is said here follows.",),
    intervals=(
        IntervalRow("ada/smollm2:Q4_1", LONG + ":Q8_0", 58, 76, 98, "10 ahead in 100 questions; most likely between 3 ahead and 18 ahead."),
        IntervalRow("ada/smollm2:Q4_1", "ada/third", 22, 46, 71, "2 behind in 100 questions; most likely between 10 behind and 7 ahead."),
    ),
    ends="18",
    models=(
        ModelRow(LONG + ":Q8_0", LONG + "@" + "0" * 40, "64 of 120 (53 %)", "0.98 s", "0.41 s", "61", "331 MB", ("40 of 60", "12 of 30", "12 of 30")),
        ModelRow("ada/smollm2:Q4_1", "ada/smollm2@" + "0" * 40, "52 of 120 (43 %)", "0.70 s", "0.33 s", "84", "not known", ("30 of 60", "10 of 30", "12 of 30"), failures=LONG + " gave no answer to 3 of them, which counts as wrong: its process ended"),
    ),
    kinds=("values", "altered facts", "not in the sources"),
    columns=("ada/smollm2:Q4_1", LONG + ":Q8_0", "ada/third", "b", "c"),
    answers=(
        AnswerRow("How deep is Lake Luma? " + LONG, "“82 m” or “82 metres”", "values", "", tuple(GivenCell("It is 82 m deep. " + "deep " * 40, each) for each in GRADES)),
        AnswerRow("Who owns it?", "Nothing answers it: the right answer is to say so.", "altered facts", "Lake Luma > depth: 39 m", tuple(GivenCell(LONG, each) for each in reversed(GRADES))),
    ),
    found="Page 1 of 5",
    filters=(("All 120", "/x", True), ("Where they differ: 38", "/x", False)),
    older_url="/x",
)  # fmt: skip
COMPARISON_ROWS = (
    ComparisonRow("0" * 16, "/x", COMPARED_SENTENCES, ("a", "b", "c"), 120, NOW - 5 * HOUR),
    ComparisonRow("1" * 16, "/x", (), ("a",), 1, None),
    ComparisonRow("2" * 16, "/x", (), (), 0, NOW, fault="it is no JSON"),
)
SENTENCES = (
    SentenceRow("Mount Kenya is the highest mountain in Kenya.", "quoted", (QUOTE,)),
    SentenceRow("Mount Kenya is " + "very " * 40 + "high.", "supported", (QUOTE, QUOTE)),
    SentenceRow("It may be " + LONG, "weak", (QUOTE,)),
)
RISKS = (
    ("0.01", "careful: 1 in 100 wrong", False),
    ("0.05", "5 in 100", True),
    ("0.2", "daring: 20 in 100", False),
)
ASK = AskPage(
    risks=RISKS,
    packs=(
        PackChoice(
            "ada/notes", "Notes", "12 articles, 35 passages, en, CC0-1.0", "/x", is_chosen=True
        ),
        PackChoice(f"{LONG}/{LONG}", LONG, LONG, "/x"),
    ),
    packs_left_out=True,
    without_about_url="/x",
)
ENTITY = EntityLink("Mount Kenya", "ada/notes", "/x", "/mount")
OTHER = EntityLink("Halford Mackinder " + LONG, f"{LONG}/{LONG}", "/x", "/halford")
EDGE_ROWS = (
    EdgeRow(ENTITY, OTHER, "link", "links to", "Climbing", QUOTE.text, "/x#quote", 1),
    EdgeRow(OTHER, ENTITY, "same name", "has the name of", "", "A mountain.", "/x#quote", 2),
)
SAYS = (('["confirm"]', "It holds", "passed"), ('["reject"]', "It does not", "failed"))
SAID = ("confirmed", "rejected", "added by people")
CORRECTED_ROWS = tuple(
    replace(EDGE_ROWS[0], number=number, mark=mark, note=LONG, says=SAYS)
    for number, mark in enumerate(SAID, 1)
)
PACKS_OF_GRAPH = (ENTITY.pack, OTHER.pack)
GRAPH = GraphPage(
    packs=ASK.packs,
    kinds=(("link", "links to", True), ("same name", "has the name of", False)),
    hops=(("1", "one hop", True), ("2", "two hops", False)),
)
GRAPH_FULL = replace(
    GRAPH,
    entity="Mount Kenya",
    centre=ENTITY,
    ask_url="/x",
    others=(OTHER,),
    legend=PACKS_OF_GRAPH,
    picture=picture_of(((ENTITY, 0), (OTHER, 1)), EDGE_ROWS, PACKS_OF_GRAPH),
    rows=EDGE_ROWS,
    left_out=True,
)
BUILD = BuildBox(
    "building",
    "Reading the documents",
    is_under_way=True,
    share=0.4,
    figures="400 of 1,000 documents, 812 articles, 3.1 MB, about 40 s left",
    why="",
    asked_at=NOW,
    ended_at=None,
)
PACK = PackPage(
    replace(REPO, kind="dataset"),
    "/x",
    title="Notes " + LONG,
    languages=(("en", "English"), ("und", "another one")),
    documents="12 documents or more",
)
ARTICLE = (
    ArticleStretch(
        "heading",
        (ArticleBlock((TextPiece("Mount Kenya"),), 1), ArticleBlock((TextPiece(LONG),), 2)),
    ),
    ArticleStretch(
        "text",
        (
            ArticleBlock(
                (
                    TextPiece("Before. "),
                    TextPiece("Quoted ", "", "first"),
                    TextPiece(LONG, "/x", "more"),
                    TextPiece(" after."),
                )
            ),
        ),
    ),
    ArticleStretch("item", (ArticleBlock((TextPiece("one"),)), ArticleBlock((TextPiece(LONG),)))),
    ArticleStretch("fact", (ArticleBlock((TextPiece("Mount Kenya — elevation: 5,199 m."),)),)),
    ArticleStretch("quote", (ArticleBlock((TextPiece("He said so. " * 40),)),)),
    ArticleStretch("code", (ArticleBlock((TextPiece("a = 1\n" + "b" * 300),)),)),
)

UPSTREAM = Tag(f"{LONG}/{LONG}", "/x")
FORK = replace(REPO, upstream=UPSTREAM, forks=1234)
COLLIDING = (
    CollidingFile("config.json", "<<<<<<< a\n1\n=======\n2\n>>>>>>> b\n" + "x" * 300),
    CollidingFile("model.safetensors" * 9, None),
)
NETWORK = (
    NetworkRow("ada/smollm2", "/x", is_private=False, is_here=False),
    NetworkRow(f"{LONG}/{LONG}", "/x", is_private=True, is_here=True, upstream=UPSTREAM, forked_at=NOW - HOUR, ahead=3, behind=1200),
    NetworkRow("eve/fork", "/x", is_private=False, is_here=False, upstream=UPSTREAM, forked_at=NOW - 900 * HOUR, ahead=0, behind=0),
    NetworkRow("grace/fork", "/x", is_private=False, is_here=False, upstream=UPSTREAM, forked_at=NOW - 900 * HOUR),
)  # fmt: skip
PICTURE = Drawing(640, 150, 520, (
    DrawnNode("ada/smollm2", 14, 22, "", is_here=False, ahead=None, behind=None),
    DrawnNode("grace/a-fork-of-it", 40, 56, "M14 22V56H40", is_here=True, ahead=3, behind=1200, ahead_length=16, behind_length=60),
    DrawnNode("eve/fork", 66, 90, "M40 56V90H66", is_here=False, ahead=0, behind=0),
    DrawnNode("bob/fork", 40, 124, "M14 22V124H40", is_here=False, ahead=40, behind=0, ahead_length=43),
))  # fmt: skip

ANCESTRY = Ancestry(
    (
        Relative("ada/smollm2", RepoKind.MODEL, Seen(1, RepoId(RepoKind.MODEL, "ada", "smollm2"), is_private=False)),
        Relative(f"{LONG}/{LONG}", RepoKind.MODEL, None),
        Relative("ada/tiny-stories", RepoKind.DATASET, Seen(2, RepoId(RepoKind.DATASET, "ada", "tiny-stories"), is_private=True)),
        *(Relative(f"eve/tune-{n}", RepoKind.MODEL, Seen(n, RepoId(RepoKind.MODEL, "eve", f"tune-{n}"), is_private=n == 5)) for n in range(3, 12)),
    ),
    (
        Relation(1, 0, Bond.DERIVED), Relation(2, 0, Bond.DATASET), Relation(0, 3, Bond.FINETUNE), Relation(0, 4, Bond.ADAPTER),
        Relation(0, 5, Bond.QUANTIZED), Relation(0, 6, Bond.FORK), Relation(3, 7, Bond.MERGE), Relation(4, 7, Bond.MERGE),
        Relation(0, 7, Bond.MERGE), Relation(7, 8, Bond.QUANTIZED), Relation(8, 0, Bond.FINETUNE), Relation(6, 9, Bond.FORK),
        Relation(9, 10, Bond.FINETUNE), Relation(0, 11, Bond.FINETUNE),
    ),
    is_whole=False,
)  # fmt: skip

HOOK = WebhookRow(
    "/settings/webhooks/0123", "https://ci.example.org:8443/a-rather-long/place/to/be/told?of=" + "x" * 120,
    ("ada", LONG, "datasets/ada/data"), ("repo", "discussion"), has_secret=True, is_disabled=False, created_at=NOW - 900 * HOUR,
)  # fmt: skip
DELIVERIES = (
    DeliveryRow("/settings/webhooks/0123/deliveries/1", "commit landed", "ada/smollm2", "delivered", NOW - HOUR, 1, NOW - HOUR, None, 200, 42),
    DeliveryRow("/settings/webhooks/0123/deliveries/2", "discussion commented", "", "failed", NOW - 30 * HOUR, 8, NOW - HOUR, None, 502, 15_000, "It answered 502."),
    DeliveryRow("/settings/webhooks/0123/deliveries/3", "pull request merged", LONG, "waiting", NOW - HOUR, 2, NOW - HOUR, NOW + HOUR, None, 5_001, "Nobody answers at this address."),
    DeliveryRow("/settings/webhooks/0123/deliveries/4", "test", "", "dropped", NOW - HOUR, 0, problem="The webhook was switched off."),
)  # fmt: skip
EXAMPLES: dict[str, View] = {
    "feed": FeedPage(ACTIVITY, (row("ada/words", kind="dataset"), *ROWS), ROWS, "/?cursor=1", "/"),
    "feed-empty": FeedPage((), (), ()),
    "repo-activity": RepoActivityPage(REPO, ACTIVITY, (("Activity", "/x.atom"), ("Commits", "/y.atom")), "/x", "/y"),
    "repo-activity-none": RepoActivityPage(REPO, (), ()),
    "account-activity": replace(ACCOUNT, tab="activity", activities=ACTIVITY, next_url="/x"),
    "notifications": NotificationsPage(NOTICES, "all", "/notifications?which=all", "ada/m", "models/ada/m", "/x", "/y"),
    "notifications-none": NotificationsPage((), "unread", "/notifications"),
    "mail": MailPage(can_send=True, email="ada@example.org", is_confirmed=True, choice="mentions"),
    "mail-unconfirmed": MailPage(can_send=True, email="ada@example.org", is_confirmed=False, choice="off", error="A message was sent a moment ago."),
    "mail-off": MailPage(can_send=False, email="", is_confirmed=False, choice="off"),
    "mail-stop": MailLinkPage(is_end=True),
    "mail-confirm": MailLinkPage(is_end=False, email="ada@example.org"),
    "mail-confirmed": MailLinkPage(is_end=False, is_done=True),
    "home": Home(ROWS, (row("ada/words", kind="dataset"),), (row("ada/demo", kind="space"),)),
    "home-empty": Home(),
    "list": RepoList("model", ListForm(search="smol", license="mit"), ROWS, 20345, "/models?cursor=x", "/models", FACETS, 300),
    "admin-storage": StoragePage(FACTS, (NamespaceRow("ada", 10**12, 10**11, None, 100), NamespaceRow(LONG, 10**9, 10**8, 10**10, 0))),
    "admin-storage-empty": StoragePage((), ()),
    "admin-chores": ChoresPage((ChoreRow("collect", "6 h", NOW - HOUR, "1.20 s", "ok", 12), ChoreRow("publish-xorbs", "15 s", None, "", "waiting", 0), ChoreRow("scrub", "1 s", NOW, "0.01 s", "failed", 0))),
    "admin-chores-none": ChoresPage(()),
    "admin-settings": HubSettingsPage((SettingRow("data", "/srv/hub", "Folder that holds everything the hub keeps.", is_default=False), SettingRow("public_url", "not set", "word " * 60, is_default=True))),
    "admin-audit": AuditPage((AuditRow("repository.created", NOW, "ada", f"{LONG}/{LONG}", "kind: model, " + "x" * 500),) * 3, "repository.", "ada", "", "/x"),
    "admin-audit-none": AuditPage(()),
    "search": SearchPage("smol", (Found("model", ROWS, "/x"), Found("dataset", ROWS[:1], None)), (COLLECTION,), (PersonRow("ada", "Ada Lovelace", is_organisation=False),)),
    "search-empty": SearchPage("", (), (), ()),
    "list-empty": RepoList("dataset", ListForm(), (), 0, None, None),
    "account": ACCOUNT,
    "account-collections": replace(ACCOUNT, tab="collections", collections=COLLECTIONS),
    "account-buckets": replace(ACCOUNT, tab="buckets", buckets=BUCKETS, next_url="/x"),
    "account-buckets-none": replace(ACCOUNT, tab="buckets"),
    "bucket": BucketPage(BUCKETS[1], "ada", LONG, False, "a-folder", (Crumb(LONG, "/x"), Crumb("a-folder", "/x")), BUCKET_FILES, (Snippet("Send a folder", "bash", f"export HF_ENDPOINT=https://hub.example.org\nhf buckets sync ./folder hf://buckets/{LONG}/{LONG}", "Only what changed is sent."), Snippet("Fetch all of it", "bash", "hf buckets sync hf://buckets/a/b ./folder")), "/x", "/x"),
    "bucket-empty": BucketPage(BUCKETS[0], "ada", "runs", True, "", (Crumb("runs", "/x"),), (), (Snippet("Send a folder", "bash", "hf buckets sync ./folder hf://buckets/ada/runs"),)),
    "account-likes": replace(ACCOUNT, tab="likes", likes=ROWS, next_url="/x"),
    "account-followers": replace(ACCOUNT, tab="followers", people=PEOPLE, is_self=True),
    "account-nobody": replace(ACCOUNT, tab="following"),
    "likers": LikersPage(REPO, PEOPLE, is_liked=True, next_url="/x"),
    "likers-none": LikersPage(REPO, ()),
    "collections": CollectionsPage(COLLECTIONS, "small", next_url="/x"),
    "collections-none": CollectionsPage(()),
    "collection": CollectionPage(COLLECTION, ITEMS, is_upvoted=True, may_change=True),
    "collection-empty": CollectionPage(COLLECTIONS[0], ()),
    "new-collection": NewCollectionPage(("ada", "lab"), "ada", item=f"models/{LONG}/{LONG}", error="There is one."),
    "edit-collection": CollectionEditPage(COLLECTION, ITEMS, ("blue", "orange"), ("model", "paper"), "No such thing.", "add"),
    "card": CardPage(REPO, RENDERED.html, tuple((h.level + 1, h.text, h.anchor) for h in RENDERED.headings), "", FACTS, tuple(Tag(t, "/x") for t in ("text-generation", "en", "region:" + LONG)), SNIPPETS, is_empty=False, is_liked=True, collecting=Collecting((Tag("Small models", "/x"),), (("a/b-0", "ada: Small models"),), "models/ada/x"), lineage=LineageBox((Origin("merge", "merge of", "ada/x", "/x", is_declared=True), Origin("merge", "merge of", LONG + "/" + LONG, "", is_declared=True)), ("more than 500 finetunes", "1 fork"), "/x")),
    "card-fork": CardPage(FORK, "<p>Words.</p>", (), "", FACTS, (), SNIPPETS, is_empty=False, fork=ForkState(UPSTREAM, 3, 1200, is_related=True, may_sync=True, may_contribute=True)),
    "card-fork-even": CardPage(FORK, "<p>Words.</p>", (), "", FACTS, (), SNIPPETS, is_empty=False, fork=ForkState(UPSTREAM, 0, 0, is_related=True, may_sync=True)),
    "card-fork-far": CardPage(FORK, "<p>Words.</p>", (), "", FACTS, (), SNIPPETS, is_empty=False, fork=ForkState(UPSTREAM, None, None, is_related=True, may_sync=True, may_contribute=True)),
    "fork": NewForkPage(FORK, ("ada", "lab"), "ada", "x", 269_060_552, error="That name is taken."),
    "fork-public": NewForkPage(replace(FORK, is_private=False, gate="open"), ("ada", "lab"), "ada", "x", 0, "private", all_branches=True),
    "forks": NetworkPage(FORK, NETWORK, PICTURE, is_whole=False),
    "lineage": lineage_page(FORK, ANCESTRY, ((Bond.FINETUNE, 501), (Bond.ADAPTER, 1))),
    "lineage-none": lineage_page(REPO, Ancestry(ANCESTRY.relatives[:1], (), is_whole=True)),
    "forks-none": NetworkPage(REPO, NETWORK[:1], None),
    "contribute": ContributePage(FORK, UPSTREAM, "main", ("main", "fix/" + LONG), (COMMIT,) * 2, 12, is_related=True, opens=True, collisions=COLLIDING, title="Better", error="A title has 1 to 500 characters."),
    "contribute-clean": ContributePage(FORK, UPSTREAM, "main", ("main",), (COMMIT,), 1, is_related=True, opens=False),
    "contribute-nothing": ContributePage(FORK, UPSTREAM, "main", ("main",), (), 0, is_related=True, opens=False),
    "contribute-strange": ContributePage(FORK, UPSTREAM, "main", ("main",), (COMMIT,), 1, is_related=False, opens=False),
    "sync": SyncPage(FORK, UPSTREAM, "Changed on both sides: config.json", COLLIDING, may_propose=True),
    "sync-refused": SyncPage(FORK, UPSTREAM, "The two histories do not meet."),
    "card-empty": CardPage(REPO, None, (), "", FACTS[:1], (), SNIPPETS, is_empty=True),
    "card-fault": CardPage(REPO, "<p>Words.</p>", (), "line 3: not a mapping", FACTS, (), SNIPPETS, is_empty=False, gate=replace(GATE, state="fault", error="form of the gate: it has more than 30 questions")),
    "card-gate": GATED,
    "card-gate-at-once": replace(GATED, gate=replace(GATE, is_at_once=True, heading="", button="", description="", error="", questions=(), days=None)),
    "card-gate-anonymous": replace(GATED, gate=replace(GATE, state="sign-in", error="")),
    "card-gate-ended": replace(GATED, gate=replace(GATE, state="ended", ends_at=NOW - HOUR, error="")),
    "card-gate-waits": replace(GATED, gate=replace(GATE, state="pending", asked_at=NOW - HOUR)),
    "card-gate-rejected": replace(GATED, gate=replace(GATE, state="rejected", reason="Say where you work: " + LONG)),
    "card-gate-accepted": replace(GATED, gate=replace(GATE, state="accepted", ends_at=NOW + 900 * HOUR)),
    "access": AccessListPage(replace(REPO, waiting=12), "pending", ASKED, 12, "/x", "/x", 30, "There is no such access request."),
    "access-accepted": AccessListPage(REPO, "accepted", ASKED, 2, None, "/x"),
    "access-empty": AccessListPage(REPO, "ended", (), 0, None, "/x"),
    "tree": TreePage(REPO, "main", "", PICKER, CRUMBS[:1], FILES, "/x", "/x", "/x", "/x", COMMIT),
    "tree-empty": TreePage(REPO, "main", "", PICKER, CRUMBS[:1], (), None, "/x", None, None, None),
    "file": FILE,
    "file-document": replace(FILE, content=DocumentContent(RENDERED.html), source_url="/x"),
    "file-binary": replace(FILE, content=BinaryContent("This is not text: 98.3 MB."), is_large=True, sha256="ab" * 32),
    "file-image": replace(FILE, content=MediaContent("image", "/-/static/" + static_files().version + "/favicon.svg", "image/svg+xml")),
    "file-sound": replace(FILE, content=MediaContent("audio", "/x.wav", "audio/wav")),
    "file-wrapped": replace(FILE, content=replace(FILE.content, is_wrapped=True), is_source=True, source_url="/x"),
    "file-pending": replace(FILE, content=PendingContent("/x", "This table")),
    "file-table": replace(FILE, content=TABLE),
    "file-table-counting": replace(FILE, content=replace(TABLE, statistics=(), statistics_note="The columns are being counted.", is_pending=True)),
    "file-table-cell": replace(FILE, content=replace(TABLE, cell=WholeCell(LONG, "VARCHAR", 1234567, "word " * 3000, 300_000, is_cut=True, back_url="/x"))),
    "file-tensors": replace(FILE, content=TENSORS, is_large=True, sha256="ab" * 32),
    "file-tensors-index": replace(FILE, content=replace(TENSORS, groups=(), rows=(), find="", pairs=(), files=(Share("model-00001-of-00002.safetensors", 100, 10**9, 2 * 10**9, 500, 0, "/x"),), files_left=3)),
    "file-notebook": replace(FILE, content=NOTEBOOK, source_url="/x"),
    "viewer": ViewerPage(replace(REPO, kind="dataset"), (("train: data/train.parquet", "/x", True), (LONG, "/x", False)), True, "data/train.parquet", "/x", TABLE),
    "ask": replace(ASK, question="How high is Mount Kenya? " + LONG, about=LONG, reply=REPLY),
    "ask-keep": replace(ASK, question="How high?", keeps_in="ada/my-questions", reply=replace(REPLY, quotes=(QUOTE,), keep=KEEP)),
    "keep": KeepPage(KEEP.into, back_url="/ask?q=a", form=replace(KEEP, taken="", answers="<b>5,199 m</b>\n" + LONG), fault="ada/x is a dataset of something else: it has no set.json.", code=400),
    "kept": KeepPage(LONG, "/x", "/ask?q=a"),
    "kept-none": KeepPage("ada/my-questions", back_url="/ask"),
    "comparisons": ComparisonsPage(COMPARISON.repo, COMPARISON_ROWS, True, "/x", "/x"),
    "comparisons-none": ComparisonsPage(COMPARISON.repo),
    "comparison": COMPARISON,
    "comparison-strange": replace(COMPARISON, check="failed", check_words=("What is said here does not follow from the answers. Do not rely on it.", "The verdicts are others."), intervals=(), kinds=(), filters=(), columns=COMPARISON.columns[:1], answers=()),
    "comparison-unchecked": replace(COMPARISON, check="skipped", check_words=("Not checked here, as its questions are not in this dataset. In the terminal: swell compare --check " + LONG,)),
    "comparison-broken": ComparisonPage(COMPARISON.repo, "0" * 16, "/x", "/y", fault="This comparison cannot be shown: it is no JSON."),
    "ask-carried": replace(ASK, question="How high is it?", about=LONG, reply=replace(REPLY, carried=LONG, taken_as=f"How high is {LONG}?", as_written_url="/x", quotes=(QUOTE,))),
    "ask-conflict": replace(ASK, question="How high?", reply=replace(REPLY, differs="number", sides=(SideRow(("5199",), QUOTE), SideRow(("5895", LONG), replace(QUOTE, text="It rises 5,895 metres."))))),
    "ask-prose": replace(ASK, question="How high?", models=(("", "nobody: quotes alone", False), (LONG, LONG, True)), reply=replace(REPLY, model="ada/smol@" + "3f" * 20 + ":" + LONG, sentences=SENTENCES, end=lambda: replace(END, told="2 of 4 sentences supported; 1 not shown", longer_url="/x", receipt_url="data:application/json;base64,e30=", has_receipt_in_url=True))),
    "ask-unfinished": replace(ASK, question="How high?", reply=replace(REPLY, model="ada/smol", sentences=SENTENCES[:1], end=lambda: replace(END, problem="The model stopped in the middle of an answer: its process was killed."))),
    "ask-none": replace(ASK, question="Who?", reply=ReplyBox((), "Nothing in 12 passages of Notes answers this well enough. These come nearest.", (QUOTE, replace(QUOTE, headings=())), "12 passages of ada/notes", lambda: ReplyEnd("2 ms", "{}", "/x"))),
    "ask-aloud": replace(ASK, question="How high?", ear="ada/moonshine", speech_url="/x", reply=replace(REPLY, quotes=(QUOTE,), words="It rises. From Mount Kenya, Notes.")),
    "ask-new": ASK,
    "ask-nothing": AskPage(risks=RISKS),
    "ask-namesake": AskPage(risks=RISKS, packs=ASK.packs, namesake_url="/users/ask"),
    "pack-new": NewPackPage(("ada", LONG), "ada", "notes", error="That name is taken."),
    "pack-new-missing": NewPackPage((), "ada", is_installed=False),
    "pack-make": PACK,
    "pack-empty": replace(PACK, has_documents=False),
    "pack-missing": replace(PACK, is_installed=False),
    "pack-builds": replace(PACK, build=BUILD),
    "pack-waits": replace(PACK, build=replace(BUILD, stage="waiting", words="Waits for its turn", share=None, figures="3 packs before it")),
    "pack-done": replace(PACK, build=replace(BUILD, stage="done", words="The pack is ready", is_under_way=False, share=None, figures="12 articles, 35 passages", ended_at=NOW, left_out=((f"{LONG}.pdf", "it is damaged " + LONG), ("b.md", "it cannot be read")), left_out_more=7, target=f"ada/{LONG}", is_here=False)),
    "pack-failed": replace(PACK, error="Choose one of the languages.", build=replace(BUILD, stage="failed", words="No pack was made", is_under_way=False, share=None, figures="", why="There is nothing in it that can be read: no pack was made. " + LONG)),
    "ask-problem": replace(ASK, packs=(), problem="8 packs can be asked together.", code=400),
    "ask-missing": AskPage(is_installed=False),
    "graph": GRAPH_FULL,
    "graph-way": replace(GRAPH_FULL, to="Halford", target=OTHER, way=EDGE_ROWS),
    "graph-no-way": replace(GRAPH_FULL, to="Halford", target=OTHER, no_way="No connection was found."),
    "graph-alone": replace(GRAPH_FULL, picture=None, rows=(), legend=(), others=()),
    "graph-corrected": replace(
        GRAPH_FULL,
        rows=CORRECTED_ROWS,
        rejected=(replace(CORRECTED_ROWS[1], number=0),),
        overlays=(("ada/corrections", "yours, ada/corrections", True), (LONG, LONG, False)),
        heeded=(("ada/corrections", "/x"), (LONG, "/x")),
        adding=AddingEdge("ada/notes", "mount.md", LONG, False, LONG, QUOTE.text, LONG),
        here="/graph?entity=a",
        fault="That sentence stands in neither of the two articles.",
    ),
    "graph-new": GRAPH,
    "graph-unknown": replace(GRAPH, entity="X", problem="Nothing in these packs is called “X”.", code=404),
    "graph-nothing": GraphPage(),
    "graph-missing": GraphPage(is_installed=False),
    "article": ArticlePage(replace(REPO, kind="dataset"), "Mount Kenya " + LONG, f"notes/{LONG}.md", "0" * 40, ARTICLE, has_quote=True, left_out="100,000 of its 1,300,000 characters are shown here, around what is quoted.", licence="CC-BY-SA-4.0", attribution="By the editors of Notes " + LONG, source_revision=LONG, address="https://example.org/" + LONG, address_url="https://example.org/" + LONG, ask_url="/ask", graph_url="/x"),
    "article-plain": ArticlePage(replace(REPO, kind="dataset"), "A", "a.md", "0" * 40, ARTICLE[1:2], address="javascript:alert(1)", ask_url="/ask"),
    "playground": PlaygroundPage(REPO, "Q8_0 (138 MiB): the best that is worth its size; it takes about 0.6 GiB of 12.0 GiB of free memory.", (LONG,), variants=(("a-Q4_0.gguf", "Q4_0"), ("a-Q8_0.gguf", "Q8_0"), (LONG, LONG)), variant="a-Q8_0.gguf", second="ada/other:Q4_0", prompt="Why is the sky blue?", system="Be brief.", answers=(AnswerBox("ada/bert:a-Q8_0.gguf", "Because it " + "scatters " * 80 + LONG, "first word after 0.31 s, 71.2 tokens/s, 84 tokens"), AnswerBox("ada/other:Q4_0", problem="The model stopped in the middle of an answer: its process was killed, most likely because memory ran out."))),
    "playground-none": PlaygroundPage(REPO, problem="Sign in to run models.", sign_in_url="/login"),
    "viewer-none": ViewerPage(replace(REPO, kind="dataset"), (), False, "", "", None),
    "history": HistoryPage(REPO, "main", "", PICKER, CRUMBS[:1], (COMMIT,) * 4, 4000, "/x", "/x"),
    "commit": CommitPage(REPO, COMMIT, COMMIT.title, COMMIT.message, (Tag("00112233", "/x"),), "/x", CHANGES, 12, checks=CHECKS),
    "check": CheckPage(REPO, CHECKS[1], "3f" * 20, "/x", NOW - HOUR, NOW, "<p>2 of <strong>9</strong> failed</p>", "line\n" * 60 + "x" * 900, "/x", 1200),
    "check-plain": CheckPage(REPO, CHECKS[0], "3f" * 20, "/x"),
    "rules": RulesPage(REPO, (RuleForm("1", pattern="main", pushers="named", names="ada", approvals="2", checks="unit @ci-bot\nscan", flags=frozenset({"queue", "sign_off"}), words=("pushed by ada", "2 approvals", "checks: unit @ci-bot, scan", "merge queue")), RuleForm("2", "tag", "release/" + "x" * 150, words=("nobody pushes directly",))), RuleForm("", pattern="main"), may_set=True, error="There is a rule for the branch main already.", error_in="1"),
    "rules-none": RulesPage(REPO, (), RuleForm(""), may_set=False),
    "queue": QueuePage(REPO, (QueueRow(1, 12, LONG, "/x", "ada", NOW, "3f" * 20, "/x"), QueueRow(2, 13, "Another", "/x", "ada", NOW, awaits=("the check unit has not reported",)))),
    "queue-empty": QueuePage(REPO, ()),
    "refs": RefsPage(REPO, (RefRow("main", "/x", "3f" * 20, "/x", may_delete=False), RefRow("fix/" + LONG, "/x", "3f" * 20, "/x", may_delete=True)), (), (RefRow("refs/pr/1", "/x", "3f" * 20, "/x", may_delete=False),), "Reference exists."),
    "repo-settings": RepoSettingsPage(REPO, ("ada", "lab"), error="That name is taken.", error_in="name"),
    "repo-settings-held": RepoSettingsPage(REPO, ("ada", "lab"), 30, is_held=True),
    "upload": UploadPage(REPO, "main", "a-folder", CRUMBS[:2], must_propose=False, action_url="/x"),
    "upload-fault": UploadPage(REPO, "main", "", CRUMBS[:1], must_propose=True, action_url="/x", error="Invalid path 'a:b': no colons."),
    "upload-pack": UploadPage(REPO, "main", "", CRUMBS[:1], must_propose=False, action_url="/x", then_url="/x"),
    "edit-file": EDIT,
    "edit-preview": replace(EDIT, is_preview=True, document_html=RENDERED.html, change=CHANGES[0], error="config.json was changed meanwhile. Your text is kept here."),
    "new-file": replace(EDIT, path="", file="a-folder/", text="", must_propose=True),
    "blame": BLAME,
    "blame-pending": replace(BLAME, stretches=None),
    "blame-none": replace(BLAME, stretches=(), reason="This file is not a text."),
    "delete-file": DeleteFilePage(REPO, "main", "a-folder/config.json", "/x", "/x", "3f" * 20, must_propose=True),
    "discussions": DiscussionsPage(REPO, (DISCUSSION,) * 3, "open", "/x"),
    "labels": LabelsPage(REPO, (LABEL, LabelRow(2, "question", "blue", "", "/x")), ("blue", "pink"), "bad", "", "There is a label bad already."),
    "labels-none": LabelsPage(REPO, (), ("blue",)),
    "resolve": ResolvePage(
        REPO, DISCUSSION, "3f" * 20, "4e" * 20,
        (
            KnotForm(0, "config.json", "{\n<<<<<<< config.json\n  1\n=======\n  2\n>>>>>>> config.json\n}\n", "text", "/x", "/x"),
            KnotForm(1, LONG + ".safetensors", None, "", "/x", None),
        ),
        error="config.json still holds marks of both sides.",
    ),
    "resolve-too-much": ResolvePage(REPO, DISCUSSION, "3f" * 20, "4e" * 20, (), is_too_much=True),
    "discussions-none": DiscussionsPage(REPO, (), "closed", "words"),
    "discussion": DiscussionPage(
        REPO, replace(DISCUSSION, status="open", is_locked=True), TALK, "/x?before=9", 940, "/x/files", "/x",
        MergeBox(3, 12, is_related=True, collisions=(CollidingFile("config.json", "<<<<<<< a\n1\n=======\n2\n>>>>>>> b\n" + "x" * 300), CollidingFile("model.safetensors" * 9, None)), may_merge=True, may_update=True),
        None, may_comment=True, may_change=True, may_write=True, hears=True,
        labels=(LABEL, LabelRow(2, "question", "blue", "", "/x")), signs=tuple(KINDS.items()), text="What I said", error="Changed on both sides: config.json",
    ),
    "discussion-clean": DiscussionPage(
        REPO, replace(DISCUSSION, status="open"), TALK[:1], None, 0, "/x/files", "/x",
        MergeBox(1, 2, is_related=True, may_merge=True, may_update=True), None, may_comment=True, may_change=True, may_write=True,
        source=SourceBranch(UPSTREAM, "main", has_more=True),
    ),
    "discussion-blocked": DiscussionPage(
        REPO, replace(DISCUSSION, status="open"), TALK[:1], None, 0, "/x/files", "/x",
        MergeBox(1, 2, is_related=True, may_merge=True, may_update=True, needs=NEEDS, checks=CHECKS, is_blocked=True, may_pass_over=True),
        None, may_comment=True, may_change=True, may_write=True,
    ),
    "discussion-queued": DiscussionPage(
        REPO, replace(DISCUSSION, status="open"), TALK[:1], None, 0, "/x/files", "/x",
        MergeBox(1, 0, is_related=True, may_merge=True, checks=CHECKS[:1], has_queue=True, queue_url="/x", queue_place=3),
        None, may_comment=True, may_change=True, may_write=True,
    ),
    "discussion-merged": DiscussionPage(
        REPO, replace(DISCUSSION, status="merged"), TALK[:2], None, 0, "/x/files", "/x", None, "3f" * 20,
    ),
    "discussion-reviewed": DiscussionPage(
        REPO, replace(DISCUSSION, status="open"),
        (
            TALK[0],
            replace(TALK[0], id=901, html="", is_first=False, review=ReviewCard(1, "approved", "3f3f3f3f", "/x", threads=(THREAD, RESOLVED), threads_left_out=3, may_dismiss=True)),
            replace(TALK[0], id=902, is_first=False, review=ReviewCard(2, "changes_requested", "3f3f3f3f", "/x", "grace", "Too old. " + LONG)),
            replace(TALK[0], id=903, is_first=False, review=ReviewCard(3, "comment", "3f3f3f3f", "/x")),
        ),
        None, 0, "/x/files", "/x", None, None, STANDING, may_comment=True, may_change=True, may_write=True,
        reviewers=REVIEWERS,
    ),
    "new-discussion": NewDiscussionPage(REPO, "A title", "A text", "A title has 1 to 500 characters."),
    "proposal": ProposalPage(REPO, DISCUSSION, (COMMIT,) * 2, CHANGES, 12),
    "proposal-reviewed": ProposalPage(
        REPO, DISCUSSION, (COMMIT,), REVIEWED, 0,
        ReviewBar("3f" * 20, 2, may_decide=True, text="A text", suggestions=2, asks_sign_off=True), STANDING,
        (replace(WORDS_ONLY, id=9, path=LONG * 9),), 3, "The lines have changed.",
    ),
    "proposal-file-form": ProposalPage(
        REPO, replace(DISCUSSION, is_locked=True), (COMMIT,),
        (replace(CHANGES[1], mark="0", form=replace(PLACE_FORM, first_line=None, last_line=None, suggest_url="")),),
        bar=ReviewBar("3f" * 20),
    ),
    "proposal-split": ProposalPage(REPO, DISCUSSION, (COMMIT,), CHANGES, 12, diff=DiffView(is_split=True, other_url="/x")),
    "proposal-empty": ProposalPage(REPO, DISCUSSION, (), ()),
    "new": NewRepoPage(("model", "dataset", "space", "bucket"), ("ada", "lab"), "model", "ada", "x", licenses=("mit", "apache-2.0"), error="That name is taken."),
    "sign-in": SignInPage("/", "ada", "Wrong name or password."),
    "profile": ProfilePage("ada", "Ada Lovelace", "ada@example.com", (MemberRow("lab", "The Lab", "admin"),)),
    "tokens": TokensPage((TokenRow(1, "laptop", "write", "abcd", NOW - HOUR, None, None), TokenRow(2, "ci", "fineGrained", "wxyz", NOW - 900 * HOUR, NOW - HOUR, NOW + HOUR, ("ada/smollm2 (write)",), is_expired=True)), "laptop", "hf_" + "x" * 37),
    "tokens-empty": TokensPage(()),
    "new-token": NewTokenPage({"role": "fineGrained", "name": "ci"}, "Name a repository."),
    "webhooks": WebhooksPage((HOOK, replace(HOOK, is_disabled=True, disabled_reason="Every delivery failed for 5 days.", has_secret=False), replace(HOOK, failing_since=NOW - HOUR, watched=("ada",), domains=("repo",)))),
    "webhooks-empty": WebhooksPage((), is_possible=False),
    "new-webhook": WebhookFormPage({"url": "http://10.0.0.1/", "watched": "ada", "repo": "on"}, "The address leads into the hub's own network."),
    "edit-webhook": WebhookFormPage({"url": HOOK.address, "watched": "ada/smollm2"}, row=HOOK),
    "webhook": WebhookPage(HOOK, DELIVERIES, "/settings/webhooks/0123?cursor=1-2"),
    "webhook-off": WebhookPage(replace(HOOK, is_disabled=True), (), error="This webhook is off: switch it on first."),
    "delivery": DeliveryPage(DELIVERIES[1], HOOK, "0123456789abcdef01234567", '{\n  "event": {\n    "action": "update",\n    "scope": "repo.content"\n  },\n  "long": "' + "x" * 300 + '"\n}', "<h1>Bad gateway</h1>"),
    "delivery-waiting": DeliveryPage(DELIVERIES[2], HOOK, "0123456789abcdef01234567"),
    "device": DevicePage(),
    "device-asked": DevicePage("ABCD-EFGH", "Hugging Face client", ("read what you can read", "write where you may write")),
    "device-done": DevicePage(outcome="approved"),
    "users": UsersPage((UserRow("ada", "Ada Lovelace", "ada@example.com", "user", is_admin=True, is_disabled=True, created_at=NOW),), "/x"),
    "faults": FaultsPage((FaultRow("xorbs", "3f" * 32, "The xorb has changed in chunk 7.", "quarantine/xorbs/" + "3f" * 32, NOW - HOUR, None, ""), FaultRow("repositories", "12", "object 3f3f is missing", "", NOW - 900 * HOUR, NOW, "backup")), 1),
    "faults-none": FaultsPage((), 0),
    "error": ErrorPage(404, "Nothing under this address", "The address may be mistyped, or what stood here has moved.", "Check the name.", (Tag("To the start", "/"),)),
    "error-500": ErrorPage(500, "Something broke here", "Internal error.", "", (Tag("To the start", "/"),)),
}  # fmt: skip

_REVIEWED = EXAMPLES["proposal-reviewed"]
assert isinstance(_REVIEWED, ProposalPage)
EXAMPLES["proposal-split-reviewed"] = replace(
    _REVIEWED, diff=DiffView(is_split=True, other_url="/x")
)

ANONYMOUS_EXAMPLES = {"card-gate-anonymous", "home", "home-empty", "sign-in", "error"}


def shell_of(name: str) -> Shell:
    viewer = None if name in ANONYMOUS_EXAMPLES else Viewer("ada", is_admin=True)
    note = "Saved." if name == "profile" else ""
    return Shell(
        viewer, "csrf", "http://127.0.0.1:8000", f"/{name}", NOW, note, request_id="0123", unread=12
    )


async def app(scope: Any, receive: Any, send: Callable[[Any], Awaitable[None]]) -> None:
    """The examples and the static files, sent with the policy that the hub sends."""
    path = scope["path"]
    name = path.removeprefix("/")
    files = static_files()
    if path.startswith(f"{STATIC_PREFIX}/"):
        file = files.by_name[path.rpartition("/")[2]]
        status, media_type, body = 200, file.media_type, file.content
    elif name in EXAMPLES:
        status, media_type = 200, "text/html; charset=utf-8"
        cookie = dict(scope["headers"]).get(b"cookie", b"").decode().removeprefix("theme=")
        body = render(EXAMPLES[name], replace(shell_of(name), theme=cookie)).encode()
    else:
        status, media_type, body = 404, "text/plain", b"no such example"
    headers = {**PAGE_HEADERS, "Content-Type": media_type}
    raw = [(k.lower().encode(), v.encode()) for k, v in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})
