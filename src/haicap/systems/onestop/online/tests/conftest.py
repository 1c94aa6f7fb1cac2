"""What the tests of online pages share."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.writer import PageObject, PdfFileWriter

from haicap.access.models import Account
from haicap.access.personal_data.tests.conftest import a_citizen
from haicap.kernel import clock
from haicap.kernel.actor import SYSTEM
from haicap.systems.onestop.catalogue import starter
from haicap.systems.onestop.tests.factories import NOW, Town, make_town

BIRTH = "1.001193"
NUMBER = "048090001234"


@pytest.fixture
def town(db: None) -> Iterator[Town]:
    """A small province with the starter catalogue, on Monday 2/3/2026 at 9:00."""
    with clock.at(NOW):
        made = make_town()
        starter.load(SYSTEM)
        yield made


@pytest.fixture
def phone() -> Client:
    """A telephone on which nobody signed in."""
    return Client(headers={"host": "127.0.0.1"})


@pytest.fixture
def citizen(town: Town) -> tuple[Client, Account]:
    """A browser of a citizen who signed in by VNeID."""
    account = a_citizen("048190001234", "an", "Nguyễn Thị Minh An")
    client = Client(headers={"host": "127.0.0.1"})
    client.force_login(account)
    return client, account


def pdf(pages: int = 1) -> bytes:
    """A small PDF that can be opened."""
    writer = PdfFileWriter()
    for _number in range(pages):
        stream = writer.add_object(generic.StreamObject(stream_data=b""))
        writer.insert_page(
            PageObject(
                contents=stream, media_box=generic.ArrayObject(map(generic.NumberObject, (0, 0, 200, 200)))
            )
        )
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def upload(name: str = "giay-chung-sinh.pdf", content: bytes | None = None) -> SimpleUploadedFile:
    """A file as a telephone sends it."""
    return SimpleUploadedFile(name, pdf() if content is None else content, content_type="application/pdf")


#: what a father says, page by page, as the browser sends it
APPLICANT = {
    "f.nguoi_nop.loai": "ca_nhan",
    "f.nguoi_nop.ho_ten": "Trần Văn Bình",
    "f.nguoi_nop.so_dinh_danh": NUMBER,
    "f.nguoi_nop.dien_thoai": "0905 123 456",
    "f.nguoi_nop.thu_dien_tu": "binh@vidu.vn",
}
BIRTH_FORM: dict[str, dict[str, str]] = {
    "tre": {
        "f.tre.ho_ten": "Trần Bảo Ngọc",
        "f.tre.ngay_sinh": "20/02/2026",
        "f.tre.gioi_tinh": "nu",
        "f.tre.noi_sinh": "Trạm y tế xã Hòa Phú",
        "f.tre.dan_toc": "Kinh",
        "f.tre.quoc_tich": "Việt Nam",
        "f.tre.que_quan": "Xã Hòa Phú, tỉnh Quảng Hòa",
    },
    "me": {"f.me.ho_ten": "Lê Thị Hoa", "f.me.noi_cu_tru": "Thôn 3, xã Hòa Phú"},
    "cha": {"f.cha.co_khai": "khong"},
    "nguoi_yeu_cau": {"f.nguoi_yeu_cau.quan_he": "cha"},
    "ket_qua": {"f.ket_qua.cam_doan": "1"},
}


def begin(client: Client, town: Town, code: str = BIRTH) -> str:
    """Begin a draft; its address."""
    answer = client.post(f"/thu-tuc/{code}/nop/", {"noi-nop": str(town.commune.unit.pk)})
    assert answer.status_code == 302, answer.content.decode()
    return str(answer["Location"])


def fill(client: Client, draft: str, *, applicant: Any = None) -> None:
    """Fill in every page of a birth."""
    answers = [client.post(f"{draft}nguoi-nop/", APPLICANT if applicant is None else applicant)]
    answers += [client.post(f"{draft}to-khai/{part}/", form) for part, form in BIRTH_FORM.items()]
    answers.append(client.post(f"{draft}giay-to/", {"tep-1": upload(), "xong": "1"}))
    answers.append(client.post(f"{draft}nhan-ket-qua/", {"f.nhan_ket_qua.cach": "1"}))
    assert [answer.status_code for answer in answers] == [302] * len(answers)


def hand_in(client: Client, draft: str, *purposes: str) -> Any:
    """Press the button."""
    return client.post(f"{draft}xem-lai/", {"muc-dich": purposes or ("process", "notify")})
