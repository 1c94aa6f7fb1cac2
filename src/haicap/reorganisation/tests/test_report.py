"""The report for the steering committee: what it says, who signs it, that it stays as it was signed."""

from __future__ import annotations

import hashlib
import unicodedata
from dataclasses import replace

import pytest
from django.db import IntegrityError, connection, transaction

from haicap.kernel import clock
from haicap.kernel.actor import SYSTEM
from haicap.kernel.errors import BadInput, Conflict, NotAllowed
from haicap.reorganisation import queries, report, service
from haicap.reorganisation import sign_off as signing
from haicap.reorganisation.models import SignOff
from haicap.reorganisation.tests.factories import AFTER, World, cut, danang_plan, ready
from haicap.reorganisation.tests.hats import hat, signed_in

KEY = "2025-07-01/48"


@pytest.fixture
def kept(world: World):
    plan = cut(danang_plan())
    with clock.at(AFTER):
        yield plan, service.last_cut_over(plan)


def test_report__values__say_what_the_ledger_says(kept) -> None:
    _plan, run = kept
    values = report.values_of(run)
    rows = queries.ledger_rows(run)
    assert [row[1] for row in values["rows"]] == [row.label for row in rows]
    assert [row[-1] for row in values["rows"]] == [row.digests["before"][:8] for row in rows]
    assert values["date_line"] == "Đà Nẵng, ngày 01 tháng 7 năm 2025"
    assert values["agency_lines"] == ["Ủy ban nhân dân", "thành phố Đà Nẵng"]
    assert "1659/NQ-UBTVQH15" in values["opening"][0]
    assert "không có bản ghi nào bị mất" in values["closing"][0]
    assert values["draft"]


def test_report__pdf__is_one_and_embeds_its_typefaces(kept) -> None:
    _plan, run = kept
    pdf = report.render(run)
    assert pdf.startswith(b"%PDF-1.")
    assert pdf.rstrip().endswith(b"%%EOF")
    assert b"pdfaid" in pdf or b"PDF/A" in pdf or len(pdf) > 20_000


def test_report__names_in_decomposed_form_and_markup__do_no_harm(kept) -> None:
    _plan, run = kept
    name = unicodedata.normalize("NFD", "Nguyễn Thị #let x = 1 *đậm* $ \\ <b>")
    assert report.render(run, report.Signature(name, ("Chủ tịch",), clock.now())).startswith(b"%PDF")


def test_report__rehearsal__says_that_nothing_changed(world: World) -> None:
    outcome = service.rehearse(SYSTEM, ready(danang_plan()))
    values = report.values_of(queries.run_of(SYSTEM, outcome.run_id))
    assert any("diễn tập" in line for line in values["closing"])


def test_sign_off__chairman__freezes_the_file(kept) -> None:
    _plan, run = kept
    chairman = hat("48", "chu_tich")
    assert signing.may_sign(chairman, run)

    signed = signing.sign_off(chairman, run, number="15/BC-UBND", typed_key=KEY)

    with signing.signed_file(signed) as stream:
        content = stream.read()
    assert hashlib.sha256(content).hexdigest() == signed.digest
    assert (signed.person, signed.number, signed.size_bytes) == (chairman.label, "15/BC-UBND", len(content))
    assert not signing.may_sign(chairman, run)
    client = signed_in("48", "quan_tri_tinh")
    sent = client.get(f"/dieu-hanh/sap-xep/doi-soat/{run.pk}/bao-cao.pdf")
    assert b"".join(sent.streaming_content) == content
    with pytest.raises(Conflict, match="REO-090"):
        signing.sign_off(hat("48", "pho_chu_tich"), run, typed_key=KEY)
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE reorganisation_signoff SET person = 'ai khác'")
    with pytest.raises(IntegrityError), transaction.atomic():
        SignOff.objects.all().delete()


def test_sign_off__who_may_not__is_refused(kept) -> None:
    _plan, run = kept
    for actor in (hat("48", "quan_tri_tinh"), hat("20194", "chu_tich")):
        assert not signing.may_sign(actor, run)
        with pytest.raises(NotAllowed, match="REO-403"):
            signing.sign_off(actor, run, typed_key=KEY)
    with pytest.raises(BadInput, match="REO-080"):
        signing.sign_off(hat("48", "chu_tich"), run, typed_key="khác")
    assert not SignOff.objects.exists()


def test_sign_off__rehearsal_or_undone__is_refused(kept) -> None:
    plan, run = kept
    service.undo_cut_over(SYSTEM, plan, "thử")
    with pytest.raises(Conflict, match="REO-091"):
        signing.sign_off(hat("48", "chu_tich", "ubnd"), run, typed_key=KEY)


def test_sign_off__deputy__signs_for_the_chairman(kept) -> None:
    _plan, _run = kept
    deputy = hat("48", "pho_chu_tich")
    assert signing._title_lines(deputy) == ("KT. Chủ tịch", "Phó Chủ tịch")
    assert signing._title_lines(replace(deputy, title="Chủ tịch, Ủy ban nhân dân")) == (
        "TM. Ủy ban nhân dân",
        "Chủ tịch",
    )
