"""Lập tệp kết quả: a document with the agency's head, or the check code put onto a file that came from elsewhere."""

from __future__ import annotations

import io
import json
import secrets
import unicodedata
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import typst
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.layout import BoxConstraints

from haicap.kernel import paper
from haicap.kernel.clock import ZONE
from haicap.kernel.formats import date_line
from haicap.systems.onestop.papers import qr
from haicap.systems.onestop.papers.agencies import Named
from haicap.systems.onestop.papers.words import line
from haicap.systems.onestop.signing import appearance
from haicap.systems.onestop.signing.appearance import MM

RESULT = Path(__file__).parent / "layout" / "result.typ"
MARK = Path(__file__).parent / "layout" / "mark.typ"
#: letters that nobody takes for one another; twelve of them are 59 bits
ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
A4_HEIGHT = 297 * MM
#: the middle of the right column of an A4 page
SIGNER_X = 139 * MM


def new_check_code() -> str:
    """A check code nobody guesses: «7KQ4-XM2P-9TRB»."""
    letters = "".join(secrets.choice(ALPHABET) for _at in range(12))
    return "-".join(letters[at : at + 4] for at in range(0, 12, 4))


def check_address(code: str, site: str) -> str:
    """Where the QR code of a result leads."""
    return f"{site.rstrip('/')}/kiem-tra/{code}/"


def document(
    issuer: Named,
    *,
    title: str,
    number: str,
    body: Sequence[str],
    signer: str,
    signer_title: Sequence[str],
    at: datetime,
    check_code: str,
    site: str,
) -> tuple[bytes, dict[str, Any]]:
    """(the document as PDF, where it is signed: page and centre in points). Raises PaperFailed (KRN-120)."""
    above, own = issuer.block(counter=False)
    values = {
        "title": line(title),
        "author": issuer.name,
        "above": [line(one) for one in above],
        "agency": [line(one) for one in own],
        "number": line(number),
        "date_line": date_line(issuer.place, at.astimezone(ZONE).date()),
        "body": [line(one) for one in body],
        "signer": line(signer),
        "signer_title": [line(one) for one in signer_title],
        "check_code": check_code,
        "qr": qr.png(check_address(check_code, site)),
    }
    made = paper.pdf(RESULT, values)
    text = unicodedata.normalize("NFC", json.dumps(values, ensure_ascii=False))
    found = typst.query(
        str(RESULT), "<sign-here>", field="value", one=True, root=str(RESULT.parent),
        font_paths=paper.font_folders(), sys_inputs={"values": text},
    )  # fmt: skip
    spot = json.loads(found)
    return made, {"page": int(spot["page"]) - 1, "x": SIGNER_X, "y": A4_HEIGHT - float(spot["y"])}


def marked(content: bytes, check_code: str, site: str) -> bytes:
    """An unsigned file with the check code at the bottom left of its first page, added behind its bytes."""
    mark = paper.pdf(MARK, {"check_code": check_code, "qr": qr.png(check_address(check_code, site))})
    writer = IncrementalPdfFileWriter(io.BytesIO(content), strict=False)
    style = appearance.whole_page(mark)
    stamp = style.create_stamp(writer, BoxConstraints(width=round(46 * MM), height=round(15 * MM)), {})
    stamp.apply(0, round(6 * MM), round(6 * MM))
    out = io.BytesIO()
    writer.write(out)  # type: ignore[no-untyped-call]
    return out.getvalue()
