"""Pages of the counters: whoever comes draws and follows a number; who sits there calls it; nobody else may."""

from __future__ import annotations

import csv
import io
import json
import re
import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from psycopg.types.range import Range

from haicap.access.sign_in.throttle import LONGEST
from haicap.kernel import clock, journal
from haicap.kernel.actor import ANONYMOUS, SYSTEM, Actor
from haicap.kernel.models import JournalEntry
from haicap.registry.models import UnitVersion
from haicap.systems.onestop import policy
from haicap.systems.onestop.counters import figures, kiosk, limits, places, queries, service, speech
from haicap.systems.onestop.counters.errors import NoVoice, TooMany
from haicap.systems.onestop.counters.tests.test_queue import clerk, open_at
from haicap.systems.onestop.models import Booking, Counter, Ticket, TicketState
from haicap.systems.onestop.tests.factories import NOW, Office, Town, end_agency, official

Browse = Callable[[Actor], Client]
MINE = "/lam-viec/quay/"
SET_UP = MINE + "bo-tri/"
COUNTS = json.loads((Path(__file__).parent / "query_counts.json").read_text())


def kiosk_page(desk_id: uuid.UUID) -> str:
    return reverse("onestop:kiosk", args=[desk_id])


def press(client: Client, counter: Counter, what: str, ticket: Ticket | None = None) -> int:
    form = {"viec": what} | ({"so": str(ticket.id)} if ticket else {})
    return client.post(reverse("onestop:counter-act", args=[counter.id]), form).status_code


def put_at(office: Office, latitude: float, longitude: float) -> None:
    """The middle of the office's unit is learnt."""
    with journal.act(SYSTEM, "test.put_at") as act:
        version, learnt = UnitVersion.objects.get(unit=office.unit), clock.now()
        believed = Range(version.recorded.lower, learnt, "[)")
        UnitVersion.objects.filter(pk=version.pk).update(recorded=believed)
        version.pk, version._state.adding = uuid.uuid4(), True
        version.recorded, version.latitude, version.longitude = Range(learnt, None, "[)"), latitude, longitude
        version.save(force_insert=True)
        act.changed("test.unit", office.unit.id, None, {"latitude": latitude})


@pytest.fixture
def visitor() -> Client:
    return Client(headers={"host": "127.0.0.1"})


# --- who comes


def test_kiosk__press__gives_a_number_that_can_be_followed(town: Town, visitor: Client) -> None:
    actor = clerk(town.commune)
    counter = open_at(actor, town)
    answer = visitor.post(kiosk_page(counter.desk_id), {"uu-tien": "co"}, follow=True)
    ticket = Ticket.objects.get()
    page = answer.content.decode()
    assert ticket.rank == service.FIRST
    assert "Sắp đến lượt" in page
    assert "data:image/png;base64," in page
    behind = service.draw_ticket(counter.desk_id)
    follow = reverse("onestop:ticket", args=[behind.id])
    assert "Còn <b>1</b> người trước" in visitor.get(follow, {"phan": "cho"}).content.decode()
    service.call_next(actor, counter.id)
    service.finish(actor, ticket.id)
    called = service.call_next(actor, counter.id)
    assert called is not None
    assert "Mời đến quầy 1" in visitor.get(follow, {"phan": "cho"}).content.decode()
    service.finish(actor, called.id)
    assert visitor.get(follow, {"phan": "cho"}).status_code == 286
    with clock.shifted(timedelta(days=1)):
        assert "của ngày trước" in visitor.get(follow).content.decode()


def test_kiosk__fields__those_that_a_counter_serves_and_no_other(town: Town, visitor: Client) -> None:
    actor = clerk(town.commune)
    counter = open_at(actor, town, fields=("ho-tich", "dat-dai"))
    page = visitor.get(kiosk_page(counter.desk_id)).content.decode()
    assert re.findall(r'name="linh-vuc" value="([^"]*)"', page) == [
        code for code, _name in kiosk.fields_offered(counter.desk_id)
    ]
    visitor.post(kiosk_page(counter.desk_id), {"linh-vuc": "dat-dai"})
    visitor.post(kiosk_page(counter.desk_id), {"linh-vuc": "khong-ai-lam"})
    assert list(Ticket.objects.order_by("number").values_list("field", flat=True)) == ["dat-dai", ""]


def test_kiosk__booking_code__wrong_one_is_told_and_right_one_comes_first(
    town: Town, visitor: Client
) -> None:
    counter = open_at(clerk(town.commune), town)
    booking = service.book(counter.desk_id, NOW + timedelta(minutes=15), "Lê Thị Ánh", actor=ANONYMOUS)
    wrong = visitor.post(kiosk_page(counter.desk_id), {"ma-hen": "KHONGCO1"})
    assert (wrong.status_code, "ONE-702" in wrong.content.decode()) == (404, True)
    answer = visitor.post(kiosk_page(counter.desk_id), {"ma-hen": booking.code.lower()}, follow=True)
    assert "Theo lịch hẹn" in answer.content.decode()
    assert "Lê Thị Ánh" not in answer.content.decode()


def test_kiosk__night__gives_no_number(town: Town, visitor: Client) -> None:
    counter = open_at(clerk(town.commune), town)
    with clock.shifted(timedelta(hours=12)):
        assert "Ngoài giờ" in visitor.get(kiosk_page(counter.desk_id)).content.decode()
        refused = visitor.post(kiosk_page(counter.desk_id))
    assert (refused.status_code, "ONE-711" in refused.content.decode()) == (409, True)
    assert not Ticket.objects.exists()


def test_kiosk__strange_network__waits_after_many_but_the_machine_does_not(
    town: Town, visitor: Client, browse: Browse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "FREE_DRAWS", 3)
    desk = open_at(clerk(town.commune), town).desk_id
    outcomes = [visitor.post(kiosk_page(desk)).status_code for _draw in range(5)]
    assert outcomes == [302, 302, 302, 429, 429]
    machine = browse(official(town.commune))
    answer = machine.post(reverse("onestop:kiosk-set-up", args=[desk]))
    assert answer["Location"] == kiosk_page(desk)
    assert JournalEntry.objects.filter(action="onestop.set_up_kiosk").exists()
    assert [machine.post(kiosk_page(desk)).status_code for _draw in range(5)] == [302] * 5
    assert not kiosk.is_kiosk(machine.cookies[kiosk.COOKIE].value, town.neighbour.desk.id)
    assert not kiosk.is_kiosk("bịa", desk)
    with clock.shifted(LONGEST):
        assert visitor.post(kiosk_page(desk)).status_code == 302


def test_kiosk__no_counters__there_is_no_such_place(town: Town, visitor: Client) -> None:
    assert visitor.get(kiosk_page(town.neighbour.desk.id)).status_code in (200, 404)
    assert visitor.get(kiosk_page(uuid.uuid4())).status_code == 404
    assert visitor.get(reverse("onestop:board", args=[uuid.uuid4()])).status_code == 404
    assert visitor.get(reverse("onestop:ticket", args=[uuid.uuid4()])).status_code == 404


def test_booking__limits__per_telephone_and_per_network(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    desk, slots = town.commune.desk.id, (NOW + timedelta(minutes=15 * number) for number in range(1, 20))

    def book(network: str, phone: str = "") -> Booking:
        return service.book(desk, next(slots), "Lê An", phone=phone, network=network, actor=ANONYMOUS)

    for _time in range(3):
        book("192.0.2.1", "0905 123 456")
    with pytest.raises(TooMany):
        book("192.0.2.2", "0905.123.456")
    monkeypatch.setattr(limits, "FREE_BOOKINGS", 2)
    book("192.0.2.3")
    book("192.0.2.3")
    with pytest.raises(TooMany):
        book("192.0.2.3")
    assert Booking.objects.count() == 5


# --- the board


def test_board__asks_again__304_until_something_changes(town: Town, visitor: Client) -> None:
    actor = clerk(town.commune)
    counter = open_at(actor, town)
    service.draw_ticket(counter.desk_id)
    address = reverse("onestop:board-now", args=[counter.desk_id])
    first = visitor.get(address)
    assert "Chưa gọi số nào" in first.content.decode()
    known = {"if-none-match": first["ETag"]}
    same = visitor.get(address, headers=known)
    assert (same.status_code, same.content, same["ETag"]) == (304, b"", first["ETag"])
    ticket = service.call_next(actor, counter.id)
    assert ticket is not None
    changed = visitor.get(address, headers=known)
    assert "Mời số 1, đến quầy 1." in changed.content.decode()
    service.call_again(actor, ticket.id)
    again = visitor.get(address, headers={"if-none-match": "W/" + changed["ETag"]})
    assert 'data-calls="2"' in again.content.decode()
    whole = visitor.get(reverse("onestop:board", args=[counter.desk_id]), {"doc": "trinh-duyet"})
    assert 'data-voice="trinh-duyet"' in whole.content.decode()


def test_board__voice__speaks_only_numbers_that_are_called(town: Town, visitor: Client) -> None:
    actor = clerk(town.commune)
    counter = open_at(actor, town)
    ticket = service.draw_ticket(counter.desk_id)
    address = reverse("onestop:board-say", args=[counter.desk_id, ticket.id])
    assert visitor.get(address).status_code == 404
    service.call_next(actor, counter.id)
    answer = visitor.get(address)
    if speech.has_voice():
        assert answer["Content-Type"] == "audio/wav"
        assert answer.content.startswith(b"RIFF")
        assert len(answer.content) > 20_000
    else:
        assert answer.status_code == 503


def test_voice__not_installed__says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speech, "PROGRAM", "khong-co-chuong-trinh-nay")
    speech.called.cache_clear()
    with pytest.raises(NoVoice):
        speech.called(1, 1)


# --- waits of all places


def test_waits__nearest_first__and_places_after_a_merger(town: Town, visitor: Client) -> None:
    here = open_at(clerk(town.commune), town)
    service.set_up_counter(clerk(town.neighbour), town.neighbour.desk.id, 1)
    service.set_up_counter(clerk(town.province), town.province.desk.id, 1)
    for office, latitude in ((town.commune, 16.0), (town.neighbour, 16.05)):
        put_at(office, latitude, 108.0)
    for _draw in range(5):
        service.draw_ticket(here.desk_id)
    near = places.nearest(places.places(), "91102")
    assert [each.unit_code for each in near] == ["91102", "91101", "91"]
    assert near[1].km == pytest.approx(5.56, abs=0.1)
    assert near[2].km is None
    page = visitor.get("/thoi-gian-cho/", {"tu": "91102"}).content.decode()
    assert page.index("xã Mỹ An") < page.index("xã Hòa Phú")
    assert "40 phút" in page
    assert "chưa mở quầy" in page
    assert visitor.get("/thoi-gian-cho/", {"tu": "99999"}).status_code == 200


def test_waits__merger__the_successor_has_the_places_of_both(town: Town) -> None:
    open_at(clerk(town.commune), town)
    service.set_up_counter(clerk(town.neighbour), town.neighbour.desk.id, 1)
    end_agency(town.commune, [town.neighbour], NOW.date())
    with clock.shifted(timedelta(minutes=1)):
        found = places.places()
    assert {each.agency for each in found if each.unit_code == "91102"} == {"Ủy ban nhân dân xã Mỹ An"}
    assert {each.site for each in found if each.unit_code == "91102"} == {"", "Ủy ban nhân dân xã Hòa Phú"}


def test_waits__long_here__the_machine_names_where_it_is_short(town: Town, visitor: Client) -> None:
    here = open_at(clerk(town.commune), town)
    there = service.set_up_counter(clerk(town.neighbour), town.neighbour.desk.id, 1)
    service.open_counter(clerk(town.neighbour), there.id)
    for _draw in range(3):
        service.draw_ticket(here.desk_id)
    assert "Nơi khác chờ ngắn hơn" not in visitor.get(kiosk_page(here.desk_id)).content.decode()
    service.draw_ticket(here.desk_id)
    page = visitor.get(kiosk_page(here.desk_id)).content.decode()
    assert "Nơi khác chờ ngắn hơn" in page
    assert "Ủy ban nhân dân xã Mỹ An" in page


def test_waits__nothing_set_up__says_why(town: Town, visitor: Client) -> None:
    assert "Chưa nơi nào có quầy" in visitor.get("/thoi-gian-cho/").content.decode()


# --- who sits at the counter


def test_counter_page__presses__the_whole_way(town: Town, browse: Browse) -> None:
    actor = clerk(town.commune)
    client, counter = browse(actor), service.set_up_counter(actor, town.commune.desk.id, 3)
    assert "Mở quầy 3" in client.get(MINE).content.decode()
    assert press(client, counter, "mo") == 302
    ticket = service.draw_ticket(counter.desk_id, first=True)
    assert "ưu tiên" in client.get(MINE, {"phan": "cho"}).content.decode()
    assert press(client, counter, "goi") == 302
    assert press(client, counter, "goi") == 409
    assert press(client, counter, "dong") == 409
    assert press(client, counter, "goi-lai", ticket) == 302
    assert press(client, counter, "vang", ticket) == 302
    assert press(client, counter, "xong", ticket) == 409
    assert "Cho số 1 chờ lại" in client.get(MINE).content.decode()
    assert press(client, counter, "cho-lai", ticket) == 302
    assert press(client, counter, "goi") == 302
    assert press(client, counter, "phuc-vu", ticket) == 302
    assert press(client, counter, "xong", ticket) == 302
    assert press(client, counter, "nhay-mua") == 400
    assert press(client, counter, "xong") == 400
    assert press(client, counter, "dong") == 302
    ticket.refresh_from_db()
    assert ticket.state == TicketState.DONE


def test_counter_pages__wrong_person__may_nothing(town: Town, browse: Browse) -> None:
    actor = clerk(town.commune)
    counter = open_at(actor, town)
    ticket = service.draw_ticket(counter.desk_id)
    service.call_next(actor, counter.id)
    booking = service.book(counter.desk_id, NOW.replace(hour=10), "Lê Thị Ánh", actor=ANONYMOUS)

    stranger = browse(official(town.neighbour))
    assert press(stranger, counter, "dong") == 403
    assert press(stranger, counter, "xong", ticket) == 403
    assert stranger.post(reverse("onestop:counter-retire", args=[counter.id])).status_code == 403
    assert stranger.post(reverse("onestop:kiosk-set-up", args=[counter.desk_id])).status_code == 403
    assert stranger.post(SET_UP, {"noi": str(counter.desk_id), "so": "9"}).status_code == 403
    assert booking.name not in stranger.get(MINE + "lich-hen/").content.decode()

    processor = browse(official(town.commune, may=(policy.ADVANCE,)))
    for path in (MINE, MINE + "lich-hen/", MINE + "so-lieu/", SET_UP):
        assert processor.get(path).status_code == 403, path
    receiver = browse(official(town.commune, may=(policy.RECEIVE,)))
    assert receiver.get(SET_UP).status_code == 403
    assert receiver.post(reverse("onestop:counter-retire", args=[counter.id])).status_code == 403
    for path in (MINE, MINE + "lich-hen/", MINE + "so-lieu/", SET_UP):
        assert browse(ANONYMOUS).get(path).status_code == 403, path
    ticket.refresh_from_db()
    assert ticket.state == TicketState.CALLED


def test_set_up_page__adds_and_retires__with_what_was_typed_kept(town: Town, browse: Browse) -> None:
    client, desk = browse(official(town.commune)), str(town.commune.desk.id)
    form = {"noi": desk, "so": "2", "ten": "Hộ tịch", "linh-vuc": ["ho-tich", "bịa"]}
    assert client.post(SET_UP, form).status_code == 302
    counter = Counter.objects.get()
    assert (counter.number, counter.fields) == (2, ["ho-tich"])
    again = client.post(SET_UP, form)
    assert (again.status_code, 'value="Hộ tịch"' in again.content.decode()) == (409, True)
    for bad in ({"so": "0"}, {"so": "١"}, {"so": "mười"}, {"so": "10001"}, {"noi": "x"}):
        assert client.post(SET_UP, form | bad).status_code == 400, bad
    assert client.post(reverse("onestop:counter-retire", args=[counter.id])).status_code == 302
    assert "Chưa có quầy nào" in client.get(SET_UP).content.decode()


def test_bookings_page__says_who_came_and_who_did_not(town: Town, browse: Browse) -> None:
    counter = open_at(clerk(town.commune), town)
    came = service.book(counter.desk_id, NOW + timedelta(minutes=15), "Lê Thị Ánh", actor=ANONYMOUS)
    service.book(counter.desk_id, NOW + timedelta(minutes=30), "Phạm Văn Dũng", phone="0905", actor=ANONYMOUS)
    service.draw_ticket(counter.desk_id, booking_code=came.code)
    client = browse(official(town.commune))
    with clock.shifted(timedelta(hours=2)):
        page = client.get(MINE + "lich-hen/").content.decode()
    assert "đã đến, số 1" in page
    assert "không đến" in page
    assert "2 lịch hẹn, 1 đã đến" in page
    assert "Không có lịch hẹn" in client.get(MINE + "lich-hen/", {"ngay": "03/03/2026"}).content.decode()
    assert client.get(MINE + "lich-hen/", {"ngay": "31/02/2026"}).status_code == 400


# --- the end of the day, figures, readiness


def test_day__ends__what_nobody_pressed_is_not_made_up(town: Town, browse: Browse) -> None:
    actor = clerk(town.commune)
    counter = open_at(actor, town)
    served, missed, at_counter, left = (service.draw_ticket(counter.desk_id) for _draw in range(4))
    service.call_next(actor, counter.id)
    with clock.shifted(timedelta(minutes=6)):
        service.finish(actor, served.id)
        service.call_next(actor, counter.id)
        service.miss(actor, missed.id)
        service.call_next(actor, counter.id)
        service.serve(actor, at_counter.id)
    assert service.close_left_over() == (0, 0)
    with clock.shifted(timedelta(days=1)):
        assert service.close_left_over() == (2, 1)
        assert service.close_left_over() == (0, 0)
        (day,) = figures.days([counter.desk_id], NOW.date(), NOW.date())
        rows = list(csv.reader(io.StringIO(_text(browse(official(town.commune)), {"tep": "csv"}))))
        assert "6,0" in _text(browse(official(town.commune)))
        assert "Không có số nào" in _text(browse(official(town.neighbour)))
    left.refresh_from_db()
    at_counter.refresh_from_db()
    counter.refresh_from_db()
    assert (left.state, at_counter.state, at_counter.ended_at) == (
        TicketState.CANCELLED,
        TicketState.DONE,
        None,
    )
    assert counter.opened_at is None
    assert (day.drawn, day.served, day.missed, day.left, day.still) == (4, 2, 1, 1, 0)
    assert (day.service, day.wait) == pytest.approx((6.0, 6.0), abs=0.01)
    assert rows[1][:6] == ["02/03/2026", "4", "2", "1", "1", "0"]


def _text(client: Client, query: dict[str, str] | None = None) -> str:
    return client.get(MINE + "so-lieu/", query or {}).content.decode("utf-8-sig")


def test_readiness__counters_staffed__open_or_used_this_week(town: Town) -> None:
    actor, agency = clerk(town.commune), town.commune.agency.id
    counter = open_at(actor, town)
    service.set_up_counter(actor, counter.desk_id, 2)
    assert queries.counters_staffed([agency, town.neighbour.agency.id]) == {agency: (1, 2)}
    service.close_counter(actor, counter.id)
    assert queries.counters_staffed([agency]) == {agency: (0, 2)}
    service.open_counter(actor, counter.id)
    ticket = service.draw_ticket(counter.desk_id)
    service.call_next(actor, counter.id)
    service.finish(actor, ticket.id)
    service.close_counter(actor, counter.id)
    assert queries.counters_staffed([agency]) == {agency: (1, 2)}
    with clock.shifted(timedelta(days=8)):
        assert queries.counters_staffed([agency]) == {agency: (0, 2)}


# --- cost


def test_pages__queries__as_in_the_file(town: Town, browse: Browse, visitor: Client) -> None:
    actor = clerk(town.commune)
    counter = open_at(actor, town)
    tickets = [service.draw_ticket(counter.desk_id) for _draw in range(20)]
    service.call_next(actor, counter.id)
    client = browse(actor)
    pages = {
        "counter": (client, MINE),
        "counter, who waits": (client, MINE + "?phan=cho"),
        "bookings": (client, MINE + "lich-hen/"),
        "figures": (client, MINE + "so-lieu/"),
        "set up": (client, SET_UP),
        "kiosk": (visitor, kiosk_page(counter.desk_id)),
        "board": (visitor, reverse("onestop:board", args=[counter.desk_id])),
        "board, asked again": (visitor, reverse("onestop:board-now", args=[counter.desk_id])),
        "ticket": (visitor, reverse("onestop:ticket", args=[tickets[-1].id])),
        "ticket, asked again": (visitor, reverse("onestop:ticket", args=[tickets[-1].id]) + "?phan=cho"),
        "waits": (visitor, "/thoi-gian-cho/"),
    }
    found = {}
    for name, (who, path) in pages.items():
        who.get(path)  # calendars are remembered
        with CaptureQueriesContext(connection) as queries_made:
            assert who.get(path).status_code == 200, name
        found[name] = len(queries_made)
    address = reverse("onestop:board-now", args=[counter.desk_id])
    known = {"if-none-match": visitor.get(address)["ETag"]}
    with CaptureQueriesContext(connection) as queries_made:
        assert visitor.get(address, headers=known).status_code == 304
    found["board, nothing new"] = len(queries_made)
    assert found == COUNTS
