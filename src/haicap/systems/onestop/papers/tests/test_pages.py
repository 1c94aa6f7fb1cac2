"""Pages of forms: issued, opened, printed by those who may; the wrong person finds nothing."""

from __future__ import annotations

from collections.abc import Callable

from django.test import Client

from haicap.kernel.actor import Actor
from haicap.systems.onestop import policy
from haicap.systems.onestop.models import DossierLetter, LetterForm
from haicap.systems.onestop.papers import service
from haicap.systems.onestop.papers.tests.factories import ordinary
from haicap.systems.onestop.papers.tests.test_letters import pages_of
from haicap.systems.onestop.tests.factories import Town, official

Browse = Callable[[Actor], Client]


def test_letters_page__official__issues_opens_and_prints(town: Town, browse: Browse) -> None:
    dossier = ordinary(town.commune)
    client = browse(official(town.commune))
    page = f"/lam-viec/ho-so/{dossier.code}/giay-to/"
    assert "Chưa lập phiếu nào" in client.get(page).content.decode()
    assert client.post(f"{page}1/", follow=True).redirect_chain == [(page, 302)]
    refused = client.post(f"{page}4/", {"ly-do": "Chậm", "hen-moi": "31/02/2026"})
    assert refused.status_code == 400
    assert "KRN-080" in refused.content.decode()
    made = client.post(f"{page}4/", {"ly-do": "Chậm", "hen-moi": "20/03/2026", "gio": "16:30"})
    assert made.status_code == 302
    receipt = DossierLetter.objects.get(dossier=dossier, form=LetterForm.RECEIPT)
    opened = client.get(f"/lam-viec/giay-to/{receipt.pk}.pdf?lien=2")
    assert opened["Content-Type"] == "application/pdf"
    assert len(pages_of(opened.content)) == 2
    assert receipt.values["track"].endswith(f"/tra-cuu/?ma={dossier.code}")
    many = client.post("/lam-viec/giay-to/in/", {"ho-so": [str(dossier.pk)], "mau": "1"})
    assert many["Content-Type"] == "application/pdf"
    year = client.get(f"/lam-viec/so-theo-doi/{town.commune.agency.id}/2026.pdf?tu=01/02/2026&den=28/02/2026")
    assert year["Content-Type"] == "application/pdf"


def test_letters_page__stranger__finds_nothing(town: Town, browse: Browse) -> None:
    dossier = ordinary(town.commune)
    letter = service.issue_letter(official(town.commune), dossier.id, LetterForm.RECEIPT)
    client = browse(official(town.neighbour, may=tuple(policy.PERMISSIONS)))
    page = f"/lam-viec/ho-so/{dossier.code}/giay-to/"
    for address in (page, f"{page}1/", f"/lam-viec/giay-to/{letter.pk}.pdf"):
        assert client.get(address).status_code == 404, address
    assert client.post("/lam-viec/giay-to/in/", {"ho-so": [str(dossier.pk)]}).status_code == 404
    assert client.get(f"/lam-viec/so-theo-doi/{town.commune.agency.id}/2026.pdf").status_code == 404
