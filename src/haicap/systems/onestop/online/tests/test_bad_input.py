"""What must not get through: other people's drafts, changed procedures, files and words that are not what they say."""

from __future__ import annotations

import copy
import io
import logging
import zipfile
from datetime import date, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from psycopg.types.range import Range

from haicap.access.models import Account
from haicap.access.personal_data.subjects import subject_of
from haicap.kernel import clock, journal
from haicap.kernel.actor import SYSTEM
from haicap.systems.onestop.models import Dossier, DraftFile, OnlineDraft, ProcedureVersion
from haicap.systems.onestop.online import guides, links, service
from haicap.systems.onestop.online.tests.conftest import (
    APPLICANT,
    BIRTH,
    BIRTH_FORM,
    NUMBER,
    begin,
    fill,
    hand_in,
    upload,
)
from haicap.systems.onestop.personal_data import DraftSource
from haicap.systems.onestop.tests.factories import Town

ATTACK = "<script>alert('xin chào')</script>"


def test_draft__under_a_stolen_or_made_up_link__is_not_found(
    town: Town, phone: Client, citizen: tuple[Client, Account]
) -> None:
    mine = begin(citizen[0], town)
    fill(citizen[0], mine)
    draft = OnlineDraft.objects.get()
    forged = links.key_of(draft.pk)  # a citizen's draft has no link at all
    for key in (mine.split("/")[2], forged, "x" * 46, "../" * 5):
        assert phone.get(f"/nop/{key}/").status_code == 404
    assert hand_in(phone, mine).status_code == 404
    assert phone.post(f"{mine}to-khai/tre/", BIRTH_FORM["tre"]).status_code == 404
    assert not Dossier.objects.exists()


def test_link__cannot_be_computed_without_the_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    draft_id = clock_free_id()
    key = links.key_of(draft_id)
    assert links.draft_id_of(key) == draft_id
    for at in (0, 10, 25, 45):
        changed = key[:at] + ("A" if key[at] != "A" else "B") + key[at + 1 :]
        assert links.draft_id_of(changed) is None
    monkeypatch.setattr(settings, "SECRET_KEY", "another deployment")
    assert links.draft_id_of(key) is None


def test_procedure__that_ended_while_the_draft_lay__is_told_and_nothing_is_lost(
    town: Town, phone: Client
) -> None:
    draft = begin(phone, town)
    fill(phone, draft)
    version = OnlineDraft.objects.get().procedure_version
    with journal.act(SYSTEM, "test.end") as act:
        ProcedureVersion.objects.filter(pk=version.pk).update(
            valid=Range(date(2025, 1, 1), date(2026, 3, 2), "[)")
        )
        act.changed("onestop.procedure_version", version.pk, None, {"ended": True})
    answer = phone.get(draft)
    assert answer.status_code == 409
    assert "hết hiệu lực" in answer.content.decode()
    assert hand_in(phone, draft).status_code == 409
    assert not Dossier.objects.exists()
    assert OnlineDraft.objects.get().form["tre"]["ho_ten"] == "Trần Bảo Ngọc"


def test_form__that_changed_while_the_draft_lay__is_looked_at_again(
    town: Town, phone: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = begin(phone, town)
    fill(phone, draft)
    schema = copy.deepcopy(guides.shipped()[BIRTH]["schema"])
    schema["properties"]["tre"]["properties"]["so_con"] = {"type": "integer", "title": "Con thứ mấy"}
    schema["properties"]["tre"]["required"].append("so_con")
    changed = {**guides.shipped(), BIRTH: {**guides.shipped()[BIRTH], "schema": schema}}
    guides._shipped_form.cache_clear()
    monkeypatch.setattr(guides, "shipped", lambda: changed)
    try:
        first = hand_in(phone, draft)
        assert first.status_code == 400
        assert not Dossier.objects.exists()
        page = phone.get(f"{draft}to-khai/tre/").content.decode()
        assert "Con thứ mấy" in page
        assert "Trần Bảo Ngọc" in page
        for part, form in BIRTH_FORM.items():
            more = {"f.tre.so_con": "2"} if part == "tre" else {}
            assert phone.post(f"{draft}to-khai/{part}/", {**form, **more}).status_code == 302
        assert hand_in(phone, draft).status_code == 302
        assert Dossier.objects.get().detail.form["tre"]["so_con"] == 2
    finally:
        guides._shipped_form.cache_clear()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("giay.pdf", b"MZ\x90\x00 this is a program"),
        ("giay.jpg", b"<html><script>alert(1)</script></html>"),
        ("giay.pdf", b"%PDF-1.7 and nothing else"),
        ("rong.pdf", b""),
        ("bom.docx", None),
    ],
)
def test_file__that_is_not_what_it_says__is_refused(
    town: Town, phone: Client, name: str, content: bytes | None
) -> None:
    draft = begin(phone, town)
    given = SimpleUploadedFile(name, _bomb() if content is None else content, content_type="application/pdf")
    answer = phone.post(f"{draft}giay-to/", {"tep-1": given, "xong": "1"})
    assert answer.status_code >= 400
    assert not DraftFile.objects.exists()
    assert 'href="#tep-1"' in answer.content.decode()


def test_file__too_large__is_refused_before_it_is_read(
    town: Town, phone: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = begin(phone, town)
    monkeypatch.setattr("haicap.systems.onestop.reception.configuration.dossier_bytes", lambda: 1_000_000)
    answer = phone.post(f"{draft}giay-to/", {"tep-1": upload("to.pdf", b"%PDF-" + b"0" * 3_000_000)})
    assert answer.status_code == 400
    assert "quá lớn" in answer.content.decode()
    assert not DraftFile.objects.exists()


def test_file__for_no_paper_of_the_list__is_refused(town: Town, phone: Client) -> None:
    draft = begin(phone, town)
    for name in ("tep-0", "tep-99", "tep--1", "tep-x", "la"):
        assert phone.post(f"{draft}giay-to/", {name: upload()}).status_code in (400, 404)
    assert not DraftFile.objects.exists()


def test_words__with_markup_in_every_field__stay_words(town: Town, phone: Client) -> None:
    draft = begin(phone, town)
    fill(phone, draft)
    evil = {**BIRTH_FORM["tre"]}
    for key in ("ho_ten", "noi_sinh", "dan_toc", "quoc_tich", "que_quan"):
        evil[f"f.tre.{key}"] = ATTACK
    evil["f.tre.gioi_tinh"] = ATTACK
    evil["f.tre.ngay_sinh"] = ATTACK
    answer = phone.post(f"{draft}to-khai/tre/", evil)
    assert answer.status_code == 400
    for page in (
        answer,
        phone.get(f"{draft}xem-lai/"),
        phone.post(f"{draft}nguoi-nop/", dict.fromkeys(APPLICANT, ATTACK)),
        phone.get("/thu-tuc/", {"q": ATTACK}),
        phone.post(f"{draft}giay-to/", {"tep-1": upload(f"{ATTACK}.pdf")}, follow=True),
    ):
        text = page.content.decode()
        assert "<script>alert" not in text
        assert "<script>" not in text


def test_values__far_too_long_or_many__are_bounded(town: Town, phone: Client) -> None:
    draft = begin(phone, town)
    long = {**BIRTH_FORM["tre"], "f.tre.ho_ten": "Ơ" * 100_000}
    assert phone.post(f"{draft}to-khai/tre/", long).status_code == 400
    assert len(OnlineDraft.objects.get().form["tre"]["ho_ten"]) == 6_000
    other = begin(phone, town, "1.004859")
    rows = {"f.noi_dung.sua.n": "9999", "f.noi_dung.loai": "bo_sung", "f.noi_dung.ly_do": "x"}
    rows |= {f"f.noi_dung.sua.{number}.moi": "a" for number in range(500)}
    phone.post(f"{other}to-khai/noi_dung/", rows)
    kept = OnlineDraft.objects.order_by("-started_at").first()
    assert kept is not None
    assert len(kept.form["noi_dung"]["sua"]) == 10


def test_null_characters__in_a_form__do_not_break_it(town: Town, phone: Client) -> None:
    draft = begin(phone, town)
    given = {**BIRTH_FORM["tre"], "f.tre.ho_ten": "A\0B", "f.tre.gioi_tinh": "\0"}
    assert phone.post(f"{draft}to-khai/tre/", given).status_code == 400
    assert OnlineDraft.objects.get().form["tre"]["ho_ten"] == "AB"


def test_draft__that_expired__is_closed_and_then_forgotten(town: Town, phone: Client) -> None:
    draft = begin(phone, town)
    phone.post(f"{draft}giay-to/", {"tep-1": upload()})
    with clock.shifted(service.KEPT + timedelta(minutes=1)):
        assert phone.post(f"{draft}to-khai/tre/", BIRTH_FORM["tre"]).status_code == 409
        assert service.forget_expired() == 1
        assert not DraftFile.objects.exists()


def test_draft__handed_in__is_never_forgotten(town: Town, phone: Client) -> None:
    draft = begin(phone, town)
    fill(phone, draft)
    hand_in(phone, draft)
    with clock.shifted(timedelta(days=400)):
        assert service.forget_expired() == 0
    assert phone.post(f"{draft}bo/").status_code == 302
    assert OnlineDraft.objects.count() == 1


def test_personal_data__stand_in_no_address_and_no_log(town: Town, phone: Client) -> None:
    with _logged() as lines:
        draft = begin(phone, town)
        fill(phone, draft)
        phone.post(f"{draft}nguoi-nop/", {**APPLICANT, "f.nguoi_nop.thu_dien_tu": "không phải thư"})
        hand_in(phone, draft)
        phone.post(f"{draft}nguoi-nop/", APPLICANT)
        addresses = [str(hand_in(phone, draft).headers.get("Location", "")), draft]
    key = draft.split("/")[2]
    assert any("/nop/…/" in line for line in lines)
    assert not any(key in line for line in lines)
    said = "\n".join([*lines, *addresses])
    for secret in (NUMBER, "0905 123 456", "0905123456", "binh@vidu.vn", "Trần Văn Bình", "Trần Bảo Ngọc"):
        assert secret not in said


def test_drafts__of_a_citizen__are_told_and_erased_on_request(
    town: Town, citizen: tuple[Client, Account]
) -> None:
    client, account = citizen
    draft = begin(client, town)
    client.post(f"{draft}to-khai/tre/", BIRTH_FORM["tre"])
    source, subject = DraftSource(), subject_of(account)
    (told,) = source.collect(subject)
    assert told["form"]["tre"]["ho_ten"] == "Trần Bảo Ngọc"
    assert [(one.count, one.retained) for one in source.decide(subject)] == [(1, False)]
    assert source.erase(SYSTEM, subject) == 1
    assert not OnlineDraft.objects.exists()


def test_unit__that_does_not_exist__is_asked_again(town: Town, phone: Client) -> None:
    for unit in ("", "x", str(clock_free_id()), str(town.province.unit.pk)):
        answer = phone.post(f"/thu-tuc/{BIRTH}/nop/", {"noi-nop": unit})
        assert answer.status_code in (400, 409)
    assert not OnlineDraft.objects.exists()


def test_procedure__that_nobody_has__is_not_found(town: Town, phone: Client) -> None:
    for code in ("9.999999", "1.001193~7", "1.001193~x9", "%27%22"):
        assert phone.get(f"/thu-tuc/{code}/").status_code in (200, 404)
    assert phone.get("/thu-tuc/9.999999/nop/").status_code == 404


def clock_free_id() -> Any:
    from haicap.kernel.ids import new_id

    return new_id()


def _bomb() -> bytes:
    """An archive that unfolds to far more than it is."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<x/>")
        archive.writestr("word/document.xml", b"0" * 50_000_000)
    return out.getvalue()


class _Lines(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


class _logged:
    """Every line that any logger writes meanwhile."""

    def __enter__(self) -> list[str]:
        self.handler = _Lines()
        self.levels = {name: logging.getLogger(name).level for name in ("", "django", "haicap")}
        logging.getLogger().addHandler(self.handler)
        for name in ("haicap", ""):
            logging.getLogger(name).setLevel(logging.DEBUG if name else logging.INFO)
        return self.handler.lines

    def __exit__(self, *error: object) -> None:
        logging.getLogger().removeHandler(self.handler)
        for name, level in self.levels.items():
            logging.getLogger(name).setLevel(level)
