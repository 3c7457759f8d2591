"""Makes documents by hand: zip archives of XML, a PDF, pages as encyclopedias have them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

Printed = tuple[float, float, float, str]  # from the left, from below, size, words


def zipped(files: Mapping[str, str | bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in files.items():
            # As books ask for: programs look for the words behind the first name.
            way = zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED
            packed.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), content, way)
    return out.getvalue()


def replaced(archive: bytes, files: Mapping[str, str | bytes]) -> bytes:
    """The same archive with other parts in it."""
    with zipfile.ZipFile(io.BytesIO(archive)) as packed:
        parts: dict[str, str | bytes] = {name: packed.read(name) for name in packed.namelist()}
    return zipped(parts | dict(files))


W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
RELS = 'xmlns="http://schemas.openxmlformats.org/package/2006/relationships"'
CORE = '<cp:coreProperties xmlns:cp="c" xmlns:dc="d" xmlns:dcterms="t"><dc:title>{title}</dc:title><dc:language>en-GB</dc:language><dcterms:modified>2026-05-01T10:00:00Z</dcterms:modified></cp:coreProperties>'


def paragraph(words: str, style: str = "", more: str = "") -> str:
    named = f'<w:pStyle w:val="{style}"/>' if style else ""
    return (
        f'<w:p><w:pPr>{named}{more}</w:pPr><w:r><w:t xml:space="preserve">{words}</w:t></w:r></w:p>'
    )


def docx(body: str = "", title: str = "Hydrology of Lakes") -> bytes:
    body = body or (
        paragraph("Hydrology of Lakes", "Titel")
        + paragraph("Water levels", "berschrift1")
        + "<w:p><w:r><w:t>The lake </w:t></w:r><w:r><w:t>rose</w:t></w:r><w:r><w:tab/><w:t>by 3 m, see </w:t></w:r>"
        '<w:hyperlink r:id="rId5"><w:r><w:t>the survey</w:t></w:r></w:hyperlink><w:del><w:r><w:t>gone</w:t></w:r></w:del><w:r><w:t>.</w:t></w:r></w:p>'
        + paragraph("First item", "", '<w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr>')
        + "<w:tbl><w:tr>" + "".join(f"<w:tc>{paragraph(each)}</w:tc>" for each in ("Lake", "Depth", "Area"))
        + '</w:tr><w:tr><w:tc><w:tcPr><w:vMerge w:val="restart"/></w:tcPr>' + paragraph("Turkana") + "</w:tc>"
        + "".join(f"<w:tc>{paragraph(each)}</w:tc>" for each in ("109 m", "6,405 km²"))
        + "</w:tr></w:tbl>"
        + "<mc:AlternateContent><mc:Choice><w:p><w:r><w:t>In a box</w:t></w:r></w:p></mc:Choice><mc:Fallback><w:p><w:r><w:t>In a box</w:t></w:r></w:p></mc:Fallback></mc:AlternateContent>"
    )  # fmt: skip
    return zipped(
        {
            "[Content_Types].xml": "<Types/>",
            "docProps/core.xml": CORE.format(title=title),
            "word/styles.xml": f'<w:styles {W}><w:style w:styleId="Titel"><w:name w:val="Title"/></w:style><w:style w:styleId="berschrift1"><w:name w:val="heading 1"/></w:style></w:styles>',
            "word/_rels/document.xml.rels": f'<Relationships {RELS}><Relationship Id="rId5" Target="https://example.org/survey?x=1#y" TargetMode="External"/></Relationships>',
            "word/document.xml": f"<w:document {W}><w:body>{body}</w:body></w:document>",
        }
    )


ODF = 'xmlns:office="o" xmlns:text="t" xmlns:table="tb" xmlns:xlink="x" xmlns:dc="d" xmlns:meta="m" xmlns:draw="dr"'


def odt() -> bytes:
    content = (
        '<text:h text:outline-level="1">Rivers</text:h><text:p>The<text:s text:c="3"/>Tana is <text:a xlink:href="../tana.odt">long</text:a>'
        "<text:note><text:note-body><text:p>a note</text:p></text:note-body></text:note>.</text:p>"
        "<text:list><text:list-item><text:p>one</text:p></text:list-item></text:list>"
        "<table:table><table:table-header-rows><table:table-row><table:table-cell><text:p>River</text:p></table:table-cell><table:table-cell><text:p>Length</text:p></table:table-cell></table:table-row></table:table-header-rows>"
        "<table:table-row><table:table-cell><text:p>Tana</text:p></table:table-cell><table:table-cell><text:p>1,000 km</text:p></table:table-cell></table:table-row></table:table>"
    )
    return zipped(
        {
            "mimetype": "application/vnd.oasis.opendocument.text",
            "meta.xml": f"<office:document-meta {ODF}><office:meta><dc:language>en</dc:language><dc:date>2026-02-03</dc:date></office:meta></office:document-meta>",
            "content.xml": f"<office:document-content {ODF}><office:body><office:text>{content}</office:text></office:body></office:document-content>",
        }
    )


def ods() -> bytes:
    row = "<table:table-row{more}>{cells}</table:table-row>"
    cell = "<table:table-cell{more}><text:p>{words}</text:p></table:table-cell>"
    header = row.format(
        more="", cells="".join(cell.format(more="", words=w) for w in ("Name", "Born"))
    )
    rows = row.format(
        more="", cells="".join(cell.format(more="", words=w) for w in ("Ada", "1815"))
    )
    empty = row.format(
        more=' table:number-rows-repeated="1048570"',
        cells='<table:table-cell table:number-columns-repeated="16384"/>',
    )
    content = f'<table:table table:name="People">{header}{rows}{empty}</table:table>'
    return zipped(
        {
            "content.xml": f"<office:document-content {ODF}><office:body><office:spreadsheet>{content}</office:spreadsheet></office:body></office:document-content>"
        }
    )


def xlsx() -> bytes:
    cells = (
        '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="inlineStr"><is><t>When</t></is></c><c r="D1" t="s"><v>1</v></c></row>'
        '<row r="2"><c r="A2" t="s"><v>2</v></c><c r="B2" s="1"><v>45123</v></c><c r="D2"><v>3.5</v></c></row>'
        '<row r="3"><c r="A3" t="s"><v>99</v></c><c r="B3" s="1"><v>x</v></c><c r="D3" t="b"><v>1</v></c></row>'
    )
    return zipped(
        {
            "xl/workbook.xml": '<workbook xmlns:r="r"><sheets><sheet name="Visits" sheetId="1" r:id="rId1"/></sheets></workbook>',
            "xl/_rels/workbook.xml.rels": f'<Relationships {RELS}><Relationship Id="rId1" Target="worksheets/sheet1.xml"/></Relationships>',
            "xl/sharedStrings.xml": "<sst><si><t>Place</t></si><si><r><t>Sc</t></r><r><t>ore</t></r></si><si><t>Lamu</t></si></sst>",
            "xl/styles.xml": '<styleSheet><numFmts><numFmt numFmtId="164" formatCode="dd/mm/yyyy"/></numFmts><cellStyleXfs><xf numFmtId="164"/></cellStyleXfs><cellXfs><xf numFmtId="0"/><xf numFmtId="164"/></cellXfs></styleSheet>',
            "xl/worksheets/sheet1.xml": f"<worksheet><sheetData>{cells}</sheetData></worksheet>",
        }
    )


def pptx() -> bytes:
    def shape(kind: str, *words: str) -> str:
        holder = f'<p:nvSpPr><p:nvPr><p:ph type="{kind}"/></p:nvPr></p:nvSpPr>' if kind else ""
        lines = "".join(f"<a:p><a:r><a:t>{each}</a:t></a:r></a:p>" for each in words)
        return f"<p:sp>{holder}<p:txBody>{lines}</p:txBody></p:sp>"

    slides = [
        shape("body", "Second point", "Third") + shape("title", "Why lakes"),
        "<mc:AlternateContent xmlns:mc='m'><mc:Choice>"
        + shape("", "Loose words")
        + "</mc:Choice><mc:Fallback>"
        + shape("", "Loose words")
        + "</mc:Fallback></mc:AlternateContent>",
    ]
    files: dict[str, str | bytes] = {
        f"ppt/slides/slide{n}.xml": f'<p:sld xmlns:p="p" xmlns:a="a">{slide}</p:sld>'
        for n, slide in enumerate(slides, start=1)
    }
    files["ppt/presentation.xml"] = (
        '<p:presentation xmlns:p="p" xmlns:r="r"><p:sldIdLst><p:sldId id="1" r:id="b"/><p:sldId id="2" r:id="a"/></p:sldIdLst></p:presentation>'
    )
    files["ppt/_rels/presentation.xml.rels"] = (
        f'<Relationships {RELS}><Relationship Id="a" Target="slides/slide1.xml"/><Relationship Id="b" Target="slides/slide2.xml"/></Relationships>'
    )
    files["docProps/core.xml"] = CORE.format(title="Lakes at noon")
    return zipped(files)


def epub(chapters: Sequence[str] = (), **more: str | bytes) -> bytes:
    chapters = chapters or (
        '<html xmlns="http://www.w3.org/1999/xhtml" xml:lang="en"><head><title>One</title></head><body><h1>The Start</h1><p>It was dark.<sup><a href="#n1">1</a></sup></p><p>See <a href="ch2.xhtml#p">later</a>.</p></body></html>',
        "<html><head><title>Two</title></head><body><h2>The End</h2><p>It was light.</p></body></html>",
    )
    names = [f"ch{n}.xhtml" for n in range(1, len(chapters) + 1)]
    items = "".join(
        f'<item id="i{n}" href="{n}" media-type="application/xhtml+xml"/>' for n in names
    )
    spine = "".join(f'<itemref idref="i{n}"/>' for n in names)
    files: dict[str, str | bytes] = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": '<container xmlns="c"><rootfiles><rootfile full-path="OEBPS/book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>',
        "OEBPS/book.opf": f'<package xmlns="o" xmlns:dc="d"><metadata><dc:title>Night and Day</dc:title><dc:language>en</dc:language><dc:rights>CC BY 4.0</dc:rights></metadata><manifest>{items}</manifest><spine>{spine}</spine></package>',
        **{f"OEBPS/{name}": chapter for name, chapter in zip(names, chapters, strict=True)},
    }
    return zipped(files | more)


def pdf(
    pages: Sequence[Sequence[Printed]],
    outline: Sequence[tuple[str, int]] = (),
    title: str = "",
    *,
    rooted: bool = False,
) -> bytes:
    """Pages of lines in Helvetica, an outline of (title, page), a title in the properties.

    ``rooted``: the outline's first mark stands above the others.
    """
    objects: list[bytes] = []
    root = 4 + 2 * len(pages)
    outlines = f"/Outlines {root} 0 R" if outline else ""
    kids = " ".join(f"{4 + 2 * n} 0 R" for n in range(len(pages)))
    objects.append(f"<< /Type /Catalog /Pages 2 0 R {outlines} >>".encode())
    objects.append(f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode())
    objects.append(
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"
    )
    for number, lines in enumerate(pages):
        drawn = "".join(
            f"/F1 {size} Tf 1 0 0 1 {x} {y} Tm ({_escaped(words)}) Tj\n"
            for x, y, size, words in lines
        )
        content = f"BT\n{drawn}ET".encode("cp1252")
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {5 + 2 * number} 0 R /Resources << /Font << /F1 3 0 R >> >> >>".encode()
        )
        objects.append(b"<< /Length %d >>\nstream\n" % len(content) + content + b"\nendstream")
    if outline:
        last = root + (1 if rooted else len(outline))
        objects.append(
            f"<< /Type /Outlines /First {root + 1} 0 R /Last {last} 0 R /Count {len(outline)} >>".encode()
        )
    for number, (words, page) in enumerate(outline, start=1):
        is_root, first = rooted and number == 1, 2 if rooted else 1
        following = f"/Next {root + number + 1} 0 R" if first <= number < len(outline) else ""
        before = f"/Prev {root + number - 1} 0 R" if number > first else ""
        below = f"/First {root + 2} 0 R /Last {root + len(outline)} 0 R" if is_root else ""
        parent = root + 1 if rooted and not is_root else root
        objects.append(
            f"<< /Title ({words}) /Parent {parent} 0 R {following} {before} {below} /Dest [{4 + 2 * page} 0 R /Fit] >>".encode()
        )
    objects.append(f"<< /Title ({title}) /ModDate (D:20260304120000Z) >>".encode())
    out = bytearray(b"%PDF-1.4\n")
    places = []
    for number, each in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n" % number + each + b"\nendobj\n"
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    ids = (len(objects) + 1, len(objects), start)
    return bytes(
        out + b"trailer << /Size %d /Root 1 0 R /Info %d 0 R >>\nstartxref\n%d\n%%%%EOF\n" % ids
    )


def _escaped(words: str) -> str:
    return words.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")


def report(**more: Any) -> bytes:
    """Four pages with a running head, a cut word, and a sentence that goes on over a page."""
    bodies = ("Snow falls", "Ice melts", "Rivers rise", "Lakes fill")
    pages = [
        [
            (72.0, 750.0, 9.0, f"Report on Water {n + 1}"),
            (72.0, 700.0, 16.0, f"Part {n + 1}: {body}"),
            (
                72.0,
                670.0,
                11.0,
                f"{body} in the high valleys long before anybody counts the hydro-",
            ),
            (72.0, 656.0, 11.0, f"logical year number {n + 1}. It ends there."),
            (72.0, 630.0, 11.0, f"\u2022 {body} (twice)"),
            (
                72.0,
                600.0,
                11.0,
                f"{body} again, and this is a sentence which runs over the end of a",
            ),
            (300.0, 40.0, 9.0, f"Page {n + 1} of 4"),
        ]
        for n, body in enumerate(bodies)
    ]
    pages[1][1] = (72.0, 700.0, 11.0, "page without a stop.")
    return pdf(pages, **more)


WIKIPEDIA = """<!DOCTYPE html>
<html lang="en" about="https://en.wikipedia.org/wiki/Special:Redirect/revision/1234"><head>
<meta charset="utf-8"><title>Mount Kenya - Wikipedia</title>
<link rel="dc:isVersionOf" href="//en.wikipedia.org/wiki/Mount_Kenya"/>
<style>p { color: red }</style><script>alert("no")</script></head><body>
<nav>Main page</nav><h1 id="firstHeading">Mount <i>Kenya</i></h1>
<div id="mw-content-text" class="mw-parser-output">
<div class="hatnote">For the county, see <a href="./Kirinyaga">Kirinyaga</a>.</div>
<table class="infobox"><tbody>
<tr><th colspan="2" class="infobox-above">Mount Kenya</th></tr>
<tr><td colspan="2"><img src="x.jpg" alt="peaks"/><div>View of the peaks</div></td></tr>
<tr><th colspan="2">Highest point</th></tr>
<tr><th>Elevation</th><td>5,199&nbsp;m (17,057&nbsp;ft)<sup class="reference"><a href="#c">[1]</a></sup></td></tr>
<tr><th>Listing</th><td><ul><li><a href="./Seven_Second_Summits">Second summits</a></li><li>Ultra</li></ul></td></tr>
<tr><th>Names</th><td>Kirinyaga<br/>Kirima (Kikuyu)</td></tr>
</tbody></table>
<p><b>Mount Kenya</b> is an <a href="./Stratovolcano#Form" title="x">extinct volcano</a> in
<a rel="mw:WikiLink" href="./Kenya%20land">Kenya</a>,<sup class="mw-ref reference"><a href="#n">[2]</a></sup> about 10<sup>6</sup>
m<sup>2</sup> wide; H<sub>2</sub>O, <span class="mwe-math-element"><span style="display: none;"><math alttext="{\\displaystyle E=mc^{2}}"><mi>E</mi></math></span><img class="mwe-math-fallback-image-inline" alt="{\\displaystyle E=mc^{2}}"/></span> and <a class="new" href="./Red?action=edit&amp;redlink=1">none</a>.<span style="display:none">hidden</span></p>
<div id="toc"><ul><li>1 Peaks</li></ul></div>
<h2><span class="mw-headline" id="Peaks">Peaks</span><span class="mw-editsection">[edit]</span></h2>
<table class="wikitable"><caption>Peaks by height</caption>
<tr><th>Rank</th><th>Peak</th><th colspan="2">Height</th></tr>
<tr><th></th><th></th><th>m</th><th>ft</th></tr>
<tr><td>1</td><td>Batian</td><td>5,199</td><td>17,057</td></tr>
<tr><td>2</td><td><a href="./Nelion">Nelion</a></td><td rowspan="2">5,188</td><td>17,021</td></tr>
<tr><td>3</td><td>Other</td><td>17,000</td></tr></table>
<dl><dt>Lobelia</dt><dd>A <a href="./Plant">plant</a> of the heights</dd></dl><dl><dd>Only moved in.</dd></dl>
<h2>Empty one</h2><h2>References</h2><div class="reflist"><ol class="references"><li>A book</li></ol></div>
<h2>See also</h2><ul><li>Kilimanjaro<ul><li>Meru</li></ul></li></ul>
<blockquote><p>Said of it.</p></blockquote><pre>one
  two</pre><div class="navbox">Mountains</div></div>
<div class="zim-footer">from <a href="https://en.wikipedia.org/?title=Mount_Kenya&oldid=99">W</a>, <a href="http://creativecommons.org/licenses/by-sa/4.0/">CC BY-SA</a></div>
</body></html>"""
