"""Booking a time at a counter from home."""

from __future__ import annotations

from django.test import Client

from haicap.systems.onestop.models import Booking
from haicap.systems.onestop.tests.factories import Town

TIME = "2026-03-03T09:00:00+07:00"


def test_time__booked_and_cancelled_by_its_code(town: Town, phone: Client) -> None:
    address = f"/dat-lich/{town.commune.unit.pk}/"
    assert TIME in phone.get(address).content.decode()
    answer = phone.post(address, {"gio": TIME, "ho-ten": "Trần Văn Bình", "dien-thoai": "0905123456"})
    booking = Booking.objects.get()
    assert answer["Location"] == f"/dat-lich/ma/{booking.code}/"
    page = phone.get(answer["Location"]).content.decode()
    assert booking.code in page
    assert "Trần Văn Bình" not in page
    assert phone.post(answer["Location"]).status_code == 302
    booking.refresh_from_db()
    assert booking.cancelled_at is not None


def test_time__without_a_name_or_outside_work__is_refused(town: Town, phone: Client) -> None:
    address = f"/dat-lich/{town.commune.unit.pk}/"
    for given in (
        {"gio": TIME, "ho-ten": " "},
        {"gio": "2026-03-08T09:00:00+07:00", "ho-ten": "An"},
        {"gio": "hôm qua", "ho-ten": "An"},
    ):
        assert phone.post(address, given).status_code == 400
    assert not Booking.objects.exists()


def test_code__that_is_wrong__is_not_found(town: Town, phone: Client) -> None:
    assert phone.get("/dat-lich/ma/22222222/").status_code == 404
