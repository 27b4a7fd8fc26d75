"""A queue that prints into files is known by what it says of itself; a printer that understands PDF is a printer."""

import pytest

from client.rules.destinations import leads_into_files


@pytest.mark.parametrize(
    "said",
    [
        "Cups-PDF",
        "CUPS PDF",
        "Virtual_PDF_Printer",
        "Generic CUPS-PDF Printer (no options)",
        "Microsoft Print to PDF",
        "Ｍｉｃｒｏｓｏｆｔ　Ｐｒｉｎｔ　ｔｏ　ＰＤＦ",
        "Microsoft XPS Document Writer v4",
        "Print to File",
        "PDF",
        "Adobe PDF",
        "PDFCreator",
        "CutePDF Writer",
        "Foxit Reader PDF Printer",
        "FUJI XEROX DocuWorks Printer",
        "OneNote (Desktop)",
        "クセロPDF2",
        "いきなりPDF",
        "瞬簡PDF 作成",
    ],
)
def test_what_saves_files_is_known_by_its_name_or_model(said: str) -> None:
    assert leads_into_files(names=("counter1", said), addresses=("ipp://localhost/printers/x",))


@pytest.mark.parametrize("address", ["cups-pdf:/", "file:/tmp/out.pdf", "FILE:///var/spool/x", "pdf:/"])
def test_what_saves_files_is_known_by_where_its_device_is(address: str) -> None:
    assert leads_into_files(names=("counter1",), addresses=(address,))


@pytest.mark.parametrize(
    "said",
    [
        "プリンタ001",
        "Brother HL-L5210DN series",
        "RICOH IM C3000 PDF",
        "Generic PDF Printer",
        "KONICA MINOLTA C360iSeriesPS/P",
        "Canon LBP352i PDF Direct",
        "HP LaserJet M507, driverless",
        "profile-a",
        "",
    ],
)
@pytest.mark.parametrize(
    "address", ["ipp://10.1.2.3/ipp/print", "usb://Brother/HL-L5210DN?serial=1", "socket://10.1.2.3", ""]
)
def test_a_printer_is_none_though_it_understands_pdf(said: str, address: str) -> None:
    assert not leads_into_files(names=(said,), addresses=(address,))
