"""Which parts of a page are text, and which are its frame.

Knows tags, and the classes that MediaWiki and other makers of pages give to what nobody reads as
text. Does not read anything.
"""

from __future__ import annotations

from typing import Final

from groundswell.wire.documents.normal import words_of

DROPPED_TAGS: Final = words_of(
    "script style noscript template head nav iframe object embed audio video canvas svg"
    " button input select textarea datalist dialog map track source meta link base noframes"
    " noembed -comment -doctype area applet math img"
)
BLOCK_TAGS: Final = words_of(
    "address article aside blockquote body caption center dd details dir div dl dt fieldset"
    " figcaption figure footer form h1 h2 h3 h4 h5 h6 header hgroup hr html legend li main"
    " menu ol p pre search section summary table tbody td tfoot th thead tr ul"
)
HEADINGS: Final = {f"h{level}": level for level in range(1, 7)}

DROPPED: Final = ",".join(  # noqa: FLY002 - one line for each maker of pages
    (
        # hidden
        "[hidden],[style*='display:none'],[style*='display: none'],[style*='visibility:hidden']",
        "[role=navigation],[role=search],[role=banner],[role=contentinfo],[role=dialog]",
        # MediaWiki: tools, marks of references and their list, boxes that lead elsewhere
        ".mw-editsection,.editsection,.mw-jump-link,.mw-empty-elt,.mw-cite-backlink",
        "sup.reference,.mw-ref,.references,.reflist,.mw-references-wrap,.refbegin",
        ".navbox,.vertical-navbox,.navbar,.sidebar,.sistersitebox,.portalbox,.side-box,.portal-bar",
        ".metadata,.ambox,.tmbox,.ombox,.fmbox,.cmbox,.stub,.noprint,.printfooter,.catlinks",
        ".mw-indicators,.mw-authority-control,.authority-control,.sortkey,.geo-nondefault",
        "#toc,.toc,.tocnumber,#siteSub,#contentSub,#jump-to-nav,#mw-navigation,#mw-head,#mw-panel",
        "#coordinates,.zim-footer,.mw-footer,.shortdescription,.Template-Fact,.noexcerpt-nowiki",
        ".hatnote,.dablink,.rellink",
        # other makers: marks of notes, and what leads from a note back to its mark. Some write a
        # note as a list of definitions, which defines nothing.
        ".footnote-reference,.footnote-ref,.footnote-backref,.fn-backref,.backrefs",
        "dl.footnote>dt,.footnote>.label,.footnote>.fn-bracket,[role=doc-noteref],[role=doc-backlink]",
        # lists of what stands elsewhere in the book
        ".toctree-wrapper,.contents.local,nav.contents",
        # other pages
        ".breadcrumb,.breadcrumbs,.pagination,.skip-link,.visually-hidden,.sr-only,.screen-reader-text",
        ".headerlink,.anchorjs-link,.cookie-banner,.social-share,.share-buttons",
    )
)
INFOBOXES: Final = "table.infobox,.infobox table,table.infobox_v2,table.taxobox,table.vcard"
TERMS: Final = "dt,.pi-data-label"
MEANINGS: Final = "dd,.pi-data-value"
ROOTS: Final = ("#mw-content-text", "main", "[role=main]", "#bodyContent")
TITLES: Final = ("#firstHeading", "#titleHeading", "h1")
