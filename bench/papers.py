"""Forms on paper: the same receipt by Typst and by WeasyPrint, in turns; its size; marks from NFD; signing."""

from __future__ import annotations

import base64
import io
import subprocess
import tempfile
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.context import Context, paced, row

NAME = "Nguyễn Ngữ Ứớng Thị Ánh Tuyết Đỗ Ủy"
LARGEST_BYTES = 50_000
#: points of a receipt that both set: what a counter prints all day
LINES = [
    ["Bộ phận tiếp nhận", "Ủy ban nhân dân xã Hòa Phú"],
    ["Tiếp nhận hồ sơ của", NAME],
    ["Địa chỉ", "Số 12, đường Trần Phú, Thôn Đông Hòa"],
    ["Số điện thoại", "0905 123 456", "Email", "anhtuyet@example.vn"],
    ["Nội dung yêu cầu giải quyết", "Đăng ký khai sinh"],
]
PAPERS = [
    "Tờ khai đăng ký khai sinh (01 bản chính)",
    "Giấy chứng sinh (01 bản sao)",
    "Giấy kết hôn (01 bản sao)",
]
AFTER = [
    ["Số lượng hồ sơ", "01 (bộ)"],
    ["Thời gian giải quyết hồ sơ theo quy định", "01 ngày làm việc"],
    ["Thời gian nhận hồ sơ", "09 giờ 00 phút, ngày 02 tháng 3 năm 2026"],
    ["Thời gian trả kết quả giải quyết hồ sơ", "09 giờ 00 phút, ngày 07 tháng 3 năm 2026"],
    ["Đăng ký nhận kết quả", "tại Bộ phận Một cửa"],
]


def rows(context: Context) -> list[dict[str, Any]]:
    """Rates of the same receipt, each with its own QR code, and what comes out."""
    rounds, times = (2, 3) if context.quick else (10, 10)
    ours, theirs = paced(_numbered(_typst), _numbered(_weasyprint), rounds, times)
    many, _same = paced(_numbered(_ten_copies), lambda: None, rounds, max(1, times // 5))
    signed, reloaded = paced(_signer(kept=True), _signer(kept=False), rounds, max(1, times // 3))
    made = _typst(0)
    decomposed = _typst(0, unicodedata.normalize("NFD", NAME))
    right = [unicodedata.normalize("NFC", NAME) in _text(pdf) for pdf in (made, decomposed)]
    context.say(f"receipt: Typst {len(made)} bytes, WeasyPrint {len(_weasyprint(0))} bytes")
    return [
        row(
            "papers: receipts with QR, Typst against WeasyPrint", ours, "1/s",
            against=theirs, ratio=ours / theirs, goal="≥ 4 times", holds=ours / theirs >= 4,
        ),
        row("papers: sheets in print runs of ten", many * 10, "1/s", goal="measured", holds=True),
        row("papers: a receipt", len(made), "bytes", goal="< 50 kB", holds=len(made) < LARGEST_BYTES),
        row("papers: marks as pdftotext reads them, from NFC and NFD", sum(right), "of 2", goal="2", holds=all(right)),
        row(
            "signing: RSA-2048, key kept against opened each time", signed, "1/s",
            against=reloaded, ratio=signed / reloaded, goal="≥ 1.5 times", holds=signed / reloaded >= 1.5,
        ),
    ]  # fmt: skip


def _numbered(make: Callable[[int], bytes]) -> Callable[[], None]:
    """Every paper is another one: nothing is remembered from the paper before."""
    state = {"number": 0}

    def one() -> None:
        state["number"] += 1
        make(state["number"])

    return one


def _code(number: int) -> str:
    return f"H91.20.1-260302-{number:04d}"


def _address(number: int) -> str:
    return f"https://motcua.quanghoa.example.vn/tra-cuu/?ma={_code(number)}"


def _sheet(number: int, name: str = NAME) -> dict[str, Any]:
    from haicap.systems.onestop.papers import qr

    lines = [[name if value == NAME else value for value in line] for line in LINES]
    return {
        "title": "Giấy tiếp nhận hồ sơ và hẹn trả kết quả", "subtitle": "", "copy": "", "code": _code(number),
        "number": f"{_code(number)}/TNHS", "above": ["Ủy ban nhân dân", "xã Hòa Phú"],
        "agency": ["Bộ phận tiếp nhận", "và trả kết quả"], "date_line": "Hòa Phú, ngày 02 tháng 3 năm 2026",
        "opening": [], "rows": lines, "list_title": "Thành phần hồ sơ nộp gồm:",
        "list": [{"text": paper, "note": ""} for paper in PAPERS], "after": AFTER, "closing": [], "head": [],
        "table": [],
        "signers": [
            {"title": ["Người nộp hồ sơ"], "hint": "(Ký và ghi rõ họ tên)", "name": name},
            {"title": ["Người tiếp nhận hồ sơ"], "hint": "(Ký và ghi rõ họ tên)", "name": "Trần Văn Hòa"},
        ],
        "notes": ["Giấy này được lập thành 02 liên: một liên giao người nộp hồ sơ, một liên lưu tại Bộ phận Một cửa."],
        "qr": qr.png(_address(number)), "qr_line": "Quét mã để tra cứu hồ sơ",
    }  # fmt: skip


def _typst(number: int, name: str = NAME) -> bytes:
    """The receipt as the system makes it."""
    from haicap.kernel import paper
    from haicap.systems.onestop.papers.service import FORMS

    return paper.pdf(
        FORMS, {"title": "Giấy tiếp nhận", "author": "xã Hòa Phú", "sheets": [_sheet(number, name)]}
    )


def _ten_copies(number: int) -> bytes:
    from haicap.kernel import paper
    from haicap.systems.onestop.papers.service import FORMS

    sheets = [_sheet(number * 10 + at) for at in range(10)]
    return paper.pdf(FORMS, {"title": "Giấy tiếp nhận", "author": "xã Hòa Phú", "sheets": sheets})


def _weasyprint(number: int) -> bytes:
    """The same words, layout, typeface and QR code by HTML and WeasyPrint; its fonts are loaded once too."""
    from weasyprint import CSS, HTML

    sheet = _sheet(number)
    image = base64.b64encode(bytes(sheet["qr"])).decode()
    lines = "".join(f"<p>{line[0]}: {line[1]}</p>" for line in (*sheet["rows"], *sheet["after"]))
    papers = "".join(f"<li>{one['text']}</li>" for one in sheet["list"])
    signers = "".join(
        f"<td><b>{one['title'][0].upper()}</b><br><i>{one['hint']}</i><br><br><br><br><b>{one['name']}</b></td>"
        for one in sheet["signers"]
    )
    html = (
        f"<table class=head><tr><td>{'<br>'.join(sheet['above']).upper()}<br><b>{' '.join(sheet['agency']).upper()}</b>"
        f"<br>Số: {sheet['number']}</td><td><b>CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM<br>Độc lập - Tự do - Hạnh phúc</b>"
        f"<br><i>{sheet['date_line']}</i></td></tr></table><h1>{sheet['title'].upper()}</h1>{lines}<ol>{papers}</ol>"
        f"<table><tr><td><img src='data:image/png;base64,{image}' alt=QR><br>{sheet['qr_line']}</td>{signers}</tr>"
        f"</table>"
        f"<p class=note>{sheet['notes'][0]}</p>"
    )
    fonts, style = _style()
    made: bytes = HTML(string=html).write_pdf(
        stylesheets=[CSS(string=style, font_config=fonts)], font_config=fonts
    )
    return made


_kept: dict[str, Any] = {}


def _style() -> tuple[Any, str]:
    from weasyprint.text.fonts import FontConfiguration

    from haicap.kernel import paper

    if not _kept:
        faces = "".join(
            f"@font-face {{ font-family: Tinos; src: url(file://{folder}/Tinos_{name}.ttf); {more} }}"
            for folder in paper.font_folders()
            for name, more in (
                ("400Regular", ""), ("700Bold", "font-weight: bold"), ("400Regular_Italic", "font-style: italic")
            )
        )  # fmt: skip
        _kept["fonts"] = FontConfiguration()
        _kept["style"] = faces + (
            "@page { size: A5; margin: 11mm 10mm 10mm 14mm } body { font: 10.5pt Tinos, 'Liberation Serif' }"
            " p { margin: 0 } h1 { font-size: 12.5pt; text-align: center }"
            " .head, table { width: 100%; text-align: center; font-size: 9.5pt }"
            " img { width: 21mm; image-rendering: pixelated } .note { font-size: 8pt } td { vertical-align: top }"
        )
    return _kept["fonts"], _kept["style"]


def _signer(*, kept: bool) -> Callable[[], None]:
    """A function that signs a receipt with an RSA key, opened once or each time from its PKCS#12."""
    from haicap.kernel import clock
    from haicap.systems.onestop.signing import keys, pdf
    from haicap.systems.onestop.signing.tests.factories import PASSPHRASE, authority, rsa_key

    content = authority().pkcs12("Xã Hòa Phú", key=rsa_key(), begins=clock.now().replace(year=2020))
    receipt = _typst(0)

    def opened() -> keys.KeptSigner:
        found = keys.read_pkcs12(content, PASSPHRASE)
        return keys.KeptSigner(found.key, found.certificate, found.chain)

    signer = opened()

    def sign() -> None:
        pdf.sign(receipt, pdf.Stroke(signer if kept else opened(), "Xã Hòa Phú"), clock.now())

    return sign


def _text(content: bytes) -> str:
    """What pdftotext reads."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "paper.pdf"
        path.write_bytes(content)
        done = subprocess.run(["pdftotext", str(path), "-"], capture_output=True, check=True)
    return " ".join(io.StringIO(done.stdout.decode()).read().split())
