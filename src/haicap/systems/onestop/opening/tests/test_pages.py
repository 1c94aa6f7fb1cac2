"""The page of what an agency has before it opens."""

from __future__ import annotations

from collections.abc import Callable

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from haicap.kernel.actor import ANONYMOUS, Actor
from haicap.systems.onestop.models import OpeningStatement
from haicap.systems.onestop.tests.factories import Town, official

PAGE = reverse("onestop:opening")
Browse = Callable[[Actor], Client]


def address(town: Town, name: str, item: str = "stamp") -> str:
    return reverse(f"onestop:{name}", args=[town.commune.agency.id, item])


def test_opening__page__shows_what_is_missing_and_takes_a_statement(town: Town, browse: Browse) -> None:
    browser = browse(official(town.commune))
    page = browser.get(PAGE)
    assert "Ủy ban nhân dân xã Hòa Phú" in page.content.decode()
    minutes = SimpleUploadedFile("bien-ban.pdf", b"%PDF-1.4\n%%EOF", "application/pdf")
    answer = browser.post(
        address(town, "opening-state"), {"value": "BB 01/BB-UBND, 30/6/2025", "file": minutes}
    )
    assert (answer.status_code, answer["Location"]) == (302, PAGE)
    assert "BB 01/BB-UBND" in browser.get(PAGE).content.decode()
    browser.post(address(town, "opening-withdraw"))
    assert OpeningStatement.objects.get().withdrawn_at is not None


def test_opening__page__rubbish_is_explained_and_nothing_kept(town: Town, browse: Browse) -> None:
    browser = browse(official(town.commune))
    short = browser.post(address(town, "opening-state"), {"value": "có"})
    assert "ONE-652" in short.content.decode()
    program = SimpleUploadedFile("bien-ban.pdf", b"MZ\x90\x00" * 20, "application/pdf")
    false = browser.post(address(town, "opening-state"), {"value": "BB 01/BB-UBND", "file": program})
    assert "KRN-112" in false.content.decode()
    assert browser.post(address(town, "opening-state", "rocket"), {"value": "BB 01"}).status_code == 404
    assert not OpeningStatement.objects.exists()


def test_opening__page__the_wrong_person_sees_and_changes_nothing(town: Town, browse: Browse) -> None:
    for stranger, answer in ((official(town.neighbour), 404), (official(town.commune, may=()), 403)):
        browser = browse(stranger)
        assert browser.post(address(town, "opening-state"), {"value": "BB 01/BB-UBND"}).status_code == answer
        assert browser.post(address(town, "opening-withdraw")).status_code == answer
    assert browse(ANONYMOUS).get(PAGE).status_code in (302, 401, 403)
    neighbour = browse(official(town.neighbour)).get(PAGE).content.decode()
    assert "Hòa Phú" not in neighbour
    assert not OpeningStatement.objects.exists()
