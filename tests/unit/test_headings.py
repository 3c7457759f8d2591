"""What headings call their sections, and which titles are of chapters."""

import pytest

from groundswell.ask.headings import bare, called, is_page, names_of


@pytest.mark.parametrize(
    ("heading", "name"),
    [
        ("4.9. /usr/local : Local hierarchy", "/usr/local : Local hierarchy"),
        ("5.11.2 NMUs", "NMUs"),
        ("9. The Operating System", "The Operating System"),
        ("Chapter 4. The /usr Hierarchy", "The /usr Hierarchy"),
        ("Appendix B: Licences", "Licences"),
        ("Part IV — The End", "The End"),
        ("A.1. Tables", "Tables"),
        ("Kapitel 3: Anfang", "Anfang"),
        # No numbers of sections.
        ("7 Up", "7 Up"),
        ("12 Monkeys", "12 Monkeys"),
        ("3.14", "3.14"),
        ("9.", "9."),
        ("Chapter 4", "Chapter 4"),
        ("1984 in film", "1984 in film"),
        ("Part civil, part military", "Part civil, part military"),
        ("Section of it", "Section of it"),
        ("Version 2.0 of it", "Version 2.0 of it"),
        ("", ""),
    ],
)
def test_a_heading_without_its_number(heading: str, name: str) -> None:
    assert bare(heading) == name


def test_other_names_of_a_section() -> None:
    assert names_of("5.11. Non-Maintainer Uploads (NMUs)") == (
        "Non-Maintainer Uploads (NMUs)", "Non-Maintainer Uploads", "NMUs",
    )  # fmt: skip
    assert names_of("build (required)") == ("build (required)", "build")
    title = "Debian Policy Manual — 9. The Operating System"
    assert called(title, "policy.epub#ch-opersys.xhtml") == "The Operating System"
    assert called("Kenya — Our News", "kenya.html") == "Kenya — Our News"
    assert called("9. Files", "files.html") == "Files"
    assert is_page("Page 12")
    assert not is_page("Page 12 of the Book")
