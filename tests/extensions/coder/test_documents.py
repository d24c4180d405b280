"""Office files as text: what people see in them, within bounds. What reads them in a process is in `test_extracts`."""

from __future__ import annotations

import io
import posixpath
import random
import struct
import time
import tracemalloc
import zipfile
from collections.abc import Mapping

import pytest

from extensions.coder import extracts
from extensions.coder.documents import Unreadable, package, program, sheets

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
X = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
R = 'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
A = (
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
    'xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main"'
)


def text_of(name: str, content: bytes) -> str:
    return program.READERS[posixpath.splitext(name)[1].lower()](content)


def test_the_host_knows_which_files_the_program_reads() -> None:
    assert frozenset(program.READERS) == extracts.ENDINGS
    assert (program.ENDING, program.REFUSED) == (extracts.ENDING, extracts.REFUSED)


def packed(parts: Mapping[str, str | bytes], how: int = zipfile.ZIP_DEFLATED) -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", how) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return whole.getvalue()


def word(body: str) -> bytes:
    return packed({"word/document.xml": f'<?xml version="1.0"?><w:document {W}><w:body>{body}</w:body></w:document>'})


def paragraph(text: str, style: str = "") -> str:
    about = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    return f"<w:p>{about}<w:r><w:t xml:space='preserve'>{text}</w:t></w:r></w:p>"


def excel(rows: str, **more: str) -> bytes:
    return packed(
        {
            "xl/workbook.xml": f'<workbook {X} {R}><sheets><sheet name="Sums" r:id="rId1"/></sheets></workbook>',
            "xl/_rels/workbook.xml.rels": '<Relationships><Relationship Id="rId1" Target="worksheets/sheet1.xml"/>'
            "</Relationships>",
            "xl/worksheets/sheet1.xml": f"<worksheet {X}><sheetData>{rows}</sheetData></worksheet>",
            **more,
        }
    )


def test_a_word_file_is_its_paragraphs_with_headings_lists_and_tables() -> None:
    item = "<w:p><w:pPr><w:numPr><w:ilvl w:val='0'/></w:numPr></w:pPr><w:r><w:t>first</w:t></w:r></w:p>"
    cells = "".join(f"<w:tc>{paragraph(text)}</w:tc>" for text in ("a", "b &amp; c"))
    split = "<w:p><w:r><w:t>one </w:t></w:r><w:r><w:t>line</w:t><w:br/><w:t>two</w:t><w:tab/><w:t>tab</w:t></w:r></w:p>"
    gone = "<w:p><w:del><w:r><w:delText>old</w:delText></w:r></w:del><w:ins><w:r><w:t>kept</w:t></w:r></w:ins></w:p>"
    body = paragraph("Über uns", "Heading1") + split + item + f"<w:tbl><w:tr>{cells}</w:tr></w:tbl>" + gone
    assert text_of("a.docx", word(body)).split("\n") == [
        "# Über uns", "one line", "two\ttab", "- first", "a | b & c", "kept",
    ]  # fmt: skip


def test_an_excel_file_is_its_sheets_with_the_values_that_people_see() -> None:
    strings = f"<sst {X}><si><t>Item</t></si><si><r><t>Gre</t></r><r><t>en</t></r><rPh><t>ignored</t></rPh></si></sst>"
    styles = (
        f'<styleSheet {X}><numFmts><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/>'
        '<numFmt numFmtId="165" formatCode="&quot;days&quot; 0.0"/></numFmts>'
        '<cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="164"/><xf numFmtId="165"/></cellXfs></styleSheet>'
    )
    rows = (
        '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="C1" t="s"><v>1</v></c></row><row r="2"/>'
        '<row r="3"><c r="A3"><v>3.5</v></c><c r="B3" t="b"><v>1</v></c><c r="C3" t="e"><v>#DIV/0!</v></c>'
        '<c r="D3" t="inlineStr"><is><t>in\tline</t></is></c><c r="E3"><f>A1+1</f><v>4.5</v></c></row>'
        '<row r="4"><c r="A4" s="1"><v>45234</v></c><c r="B4" s="2"><v>45234.75</v></c><c r="C4" s="3"><v>2</v></c>'
        '<c r="D4" t="str"><v>text</v></c></row>'
    )
    content = excel(rows, **{"xl/sharedStrings.xml": strings, "xl/styles.xml": styles})
    assert text_of("a.XLSX", content).split("\n") == [
        "--- Sheet: Sums ---", "Item\t\tGreen", "3.5\tTRUE\t#DIV/0!\tin line\t4.5",
        "2023-11-04\t2023-11-04 18:00:00\t2\ttext",
    ]  # fmt: skip


def test_a_text_box_is_read_once_and_takes_nothing_from_the_paragraph_around_it() -> None:
    box = f"<w:txbxContent>{paragraph('in the box')}</w:txbxContent>"
    both = f"<mc:Choice>{box}</mc:Choice><mc:Fallback>{box}</mc:Fallback>"
    shape = f"<w:r><mc:AlternateContent>{both}</mc:AlternateContent></w:r>"
    mc = 'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
    around = f"<w:p {mc}><w:r><w:t>before, </w:t></w:r>{shape}<w:r><w:t>after</w:t></w:r></w:p>"
    assert text_of("a.docx", word(around)).split("\n") == ["in the box", "before, after"]


def test_a_formula_that_nobody_has_computed_is_shown_itself() -> None:
    rows = (
        '<row><c r="A1"><f>SUM(B1:B10)</f><v></v></c><c r="B1"><f>A2+1</f><v>4</v></c>'
        '<c r="C1" t="str"><f>T(D1)</f><v></v></c><c r="D1"><v>1</v></c></row>'
    )
    assert text_of("a.xlsx", excel(rows)) == "--- Sheet: Sums ---\n=SUM(B1:B10)\t4\t\t1"


def test_links_hidden_sheets_and_days_since_1904_are_told() -> None:
    book = (
        f'<workbook {X} {R}><workbookPr date1904="1"/><sheets><sheet name="Sums" r:id="rId1" state="veryHidden"/>'
        "</sheets></workbook>"
    )
    sheet = (
        f'<worksheet {X} {R}><sheetData><row><c r="A1" s="0"><v>43772</v></c></row></sheetData>'
        '<hyperlinks><hyperlink ref="A1" r:id="rId7"/><hyperlink ref="A2" location="Other!A1"/></hyperlinks>'
        "</worksheet>"
    )
    relations = '<Relationships><Relationship Id="rId7" Target="https://example.org/a"/></Relationships>'
    parts = {
        "xl/workbook.xml": book,
        "xl/styles.xml": f'<styleSheet {X}><cellXfs><xf numFmtId="14"/></cellXfs></styleSheet>',
        "xl/worksheets/sheet1.xml": sheet,
        "xl/worksheets/_rels/sheet1.xml.rels": relations,
    }
    assert text_of("a.xlsx", excel("", **parts)).split("\n") == [
        "--- Sheet: Sums (hidden) ---",
        "2023-11-04",
        "[A1 links to https://example.org/a]",
    ]


def test_a_powerpoint_file_is_its_slides_in_order() -> None:
    def slide(text: str) -> str:
        return f"<p:sld {A}><a:p><a:r><a:t>{text}</a:t></a:r></a:p><a:p/></p:sld>"

    content = packed({f"ppt/slides/slide{number}.xml": slide(f"Says {number}") for number in (10, 2)})
    assert text_of("a.pptx", content) == "--- Slide 2 ---\nSays 2\n--- Slide 10 ---\nSays 10"


def test_a_file_that_unpacks_to_gigabytes_is_refused_before_it_does() -> None:
    bomb = word("x" * (package.UNPACKED + 1))
    assert len(bomb) < 200_000
    began = time.monotonic()
    with pytest.raises(Unreadable, match="unpacks to more than 64 MB"):
        text_of("a.docx", bomb)
    assert time.monotonic() - began < 10


def test_sizes_that_an_archive_tells_are_not_believed() -> None:
    bomb = bytearray(word("x" * (package.UNPACKED + 1)))
    for mark, place in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        struct.pack_into("<I", bomb, bomb.index(mark) + place, 100)
    with pytest.raises(Unreadable):
        text_of("a.docx", bytes(bomb))


@pytest.mark.parametrize("how", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_what_is_unpacked_without_a_bound_is_refused(how: int) -> None:
    with pytest.raises(Unreadable, match="packed in a way that such files are not"):
        text_of("a.docx", packed({"word/document.xml": "<x/>"}, how))


def test_one_long_text_that_many_cells_show_takes_no_more_than_a_cell_may_have() -> None:
    cells = "<row>" + '<c t="s"><v>0</v></c>' * sheets.WIDEST + "</row>"
    strings = f"<sst {X}><si><t>{'x' * 1_000_000}\t</t></si></sst>"
    content = excel(cells * 3, **{"xl/sharedStrings.xml": strings})
    tracemalloc.start()
    try:
        text = text_of("a.xlsx", content)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert text.startswith("--- Sheet: Sums ---\n" + "x" * sheets.CELL_CHARS + "\tx")
    assert len(text) < package.MOST_CHARS + 100
    assert peak < 100 << 20


@pytest.mark.parametrize("part", ["<w:tr><w:tc/></w:tr>", "<w:t>0123456789</w:t>"])
def test_very_many_elements_and_letters_are_read_in_part(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package, "ELEMENTS", 15_000)
    monkeypatch.setattr(package, "TAKEN", 50_000)
    text = text_of("a.docx", word(paragraph("first") + "<w:p>" + part * 10_000 + "</w:p>" + paragraph("last")))
    assert text.startswith("first\n")
    assert text.endswith("\n[the rest is left out]")
    assert "last" not in text


def test_a_damaged_file_is_told_whatever_is_wrong_with_it() -> None:
    draw = random.Random(7)
    files = {
        "a.docx": word(paragraph("hello") * 50), "a.xlsx": excel('<row><c r="A1"><v>1</v></c></row>'),
        "a.pptx": packed({"ppt/slides/slide1.xml": "<a>x</a>"}),
    }  # fmt: skip
    told: set[str] = set()
    for _ in range(3_000):
        name = draw.choice(sorted(files))
        content = bytearray(files[name])
        for _ in range(draw.randint(1, 6)):
            content[draw.randrange(len(content))] = draw.choice((0, 255, draw.randrange(256)))
        try:
            text_of(name, bytes(content))
        except Unreadable as error:
            told.add(str(error))
    assert any("while decompressing" in one for one in told), "none was damaged within a part"


def test_an_archive_of_very_many_parts_is_refused() -> None:
    many = packed({f"word/{number}.xml": "" for number in range(package.ENTRIES + 1)})
    with pytest.raises(Unreadable, match="more than 5000 parts"):
        text_of("a.docx", many)


@pytest.mark.parametrize(
    "document",
    [
        '<!DOCTYPE x [<!ENTITY a "aaaa">]><x>&a;</x>',
        '<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>',
        '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>',
    ],
)
def test_a_document_type_is_refused_with_all_its_entities(document: str) -> None:
    with pytest.raises(Unreadable, match="document type"):
        text_of("a.docx", packed({"word/document.xml": document}))


def test_elements_without_end_are_refused() -> None:
    deep = f"<w:document {W}>" + "<w:p>" * 100_000
    with pytest.raises(Unreadable, match="more than 200 elements"):
        text_of("a.docx", packed({"word/document.xml": deep}))


def test_a_long_file_is_read_in_part_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package, "MOST_CHARS", 1_000)
    text = text_of("a.docx", word(paragraph("twelve chars") * 10_000))
    assert text.startswith("twelve chars\n")
    assert text.endswith("\n[the rest is left out]")
    assert len(text) < 1_100


def test_a_file_that_takes_too_long_is_read_in_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package, "PATIENCE_SECONDS", -1.0)
    assert text_of("a.docx", word(paragraph("x"))) == "\n[the rest is left out]"


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.docx", b"PK", "no archive"),
        ("a.docx", b"\xd0\xcf\x11\xe0" + bytes(600), "no archive"),
        ("a.docx", packed({"other.xml": "<x/>"}), "no part word/document.xml"),
        ("a.docx", packed({"word/document.xml": "<x"}), "no XML"),
        ("a.xlsx", packed({"xl/workbook.xml": "<x/>"}), "no part xl/_rels"),
        ("a.pptx", packed({"x": "y"}), "no slides"),
    ],
)
def test_a_file_that_is_none_says_what_is_wrong(name: str, content: bytes, told: str) -> None:
    with pytest.raises(Unreadable, match=told):
        text_of(name, content)


def test_a_cell_far_out_and_a_text_that_is_not_there_make_no_trouble() -> None:
    rows = '<row><c r="XFD1"><v>1</v></c><c t="s"><v>99</v></c><c r="B1"><v>2</v></c></row>'
    assert text_of("a.xlsx", excel(rows)) == "--- Sheet: Sums ---\n\t2"
