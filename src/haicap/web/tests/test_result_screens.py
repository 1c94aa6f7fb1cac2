"""Pages of forms, certificates and results in a real browser: three widths, light and dark, axe-core."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from haicap.access import hats
from haicap.kernel import clock
from haicap.kernel.actor import Actor
from haicap.registry.desks import desk_for
from haicap.registry.models import Agency, Unit
from haicap.systems.onestop import policy
from haicap.systems.onestop.models import LetterForm, Status
from haicap.systems.onestop.papers import service as papers
from haicap.systems.onestop.results import service as results
from haicap.systems.onestop.results.service import Preparation
from haicap.systems.onestop.signing import service as signing
from haicap.systems.onestop.signing.tests.factories import PASSPHRASE, authority, plain_pdf
from haicap.systems.onestop.tests.factories import Office, make_dossier
from haicap.web import assets
from haicap.web.tests.browser import Eyes

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not assets.is_current(), reason="assets are not built"),
]
COMMUNE, CHAIRMAN = "20194", "chu_tich"


def test_screens__forms_signing_results__hold_at_every_width(eyes: Eyes) -> None:
    appointment = eyes.places.appointment(COMMUNE, CHAIRMAN)
    agency = Agency.objects.get(pk=eyes.places.agency(COMMUNE))
    actor = replace(hats.actor_for(appointment), permissions=frozenset(policy.PERMISSIONS))
    office = Office(Unit.objects.get(pk=agency.unit_id), agency, "H17.25", desk_for(agency, actor=actor))
    dossier = make_dossier(office, Status.PROCESSING, applicant="Lê Thị Ánh Nguyệt")
    papers.issue_letter(actor, dossier.id, LetterForm.RECEIPT)
    check_code = _result(actor, agency, dossier.id)
    eyes.sign_in(appointment)
    work = f"/lam-viec/ho-so/{dossier.code}"
    for name, path in (
        ("letters", f"{work}/giay-to/"),
        ("letter-apology", f"{work}/giay-to/4/"),
        ("results", f"{work}/ket-qua/"),
        ("certificates", "/lam-viec/chung-thu/"),
        ("check", f"/kiem-tra/{check_code}/"),
        ("download", f"/ket-qua/?ma={dossier.code}"),
    ):
        eyes.shots(name, path)
        assert eyes.axe() == [], name


def _result(actor: Actor, agency: Agency, dossier_id: object) -> str:
    """One result issued, another one being signed, a certificate that ends soon."""
    begins = clock.now() - timedelta(days=30)
    life = {"begins": begins, "ends": begins + timedelta(days=400)}
    seal = signing.add_certificate(
        actor, agency.pk, authority().pkcs12("Ủy ban nhân dân phường Hải Châu", **life), PASSPHRASE
    )
    soon = {"begins": begins, "ends": clock.now() + timedelta(days=20)}
    content = authority().pkcs12("Hoàng Phủ Ngọc Tường", **soon)
    signing.add_certificate(actor, agency.pk, content, PASSPHRASE, person_id=actor.person_id)
    told = Preparation(name="Trích lục khai sinh (bản sao)", content=plain_pdf())
    draft = results.prepare_result(actor, dossier_id, told)  # type: ignore[arg-type]
    issued = results.issue_result(actor, draft.pk, certificate_id=seal.pk, passphrase=PASSPHRASE)
    waiting = Preparation(name="Giấy xác nhận tình trạng hôn nhân", content=plain_pdf())
    results.prepare_result(actor, dossier_id, waiting)  # type: ignore[arg-type]
    return issued.check_code
