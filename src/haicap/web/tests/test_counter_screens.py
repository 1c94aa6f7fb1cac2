"""Counters in a real browser: a number is drawn, called, served by keyboard; a board that loses its line says so."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from playwright.sync_api import Page, Route, expect

from haicap.kernel import clock
from haicap.kernel.actor import ANONYMOUS, SYSTEM
from haicap.registry.desks import desk_for
from haicap.registry.models import Agency, DeskKind, Person
from haicap.systems.onestop.counters import service
from haicap.systems.onestop.models import Booking, Counter, Ticket, TicketState
from haicap.web import assets
from haicap.web.tests.browser import SCREENS, Eyes

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not assets.is_current(), reason="assets are not built"),
]

COMMUNE, CENTRE, MINE = "20194", "tt_pvhcc", "/lam-viec/quay/"
#: the board asks every three seconds
SOON_MS = 9_000


def set_up(eyes: Eyes, code: str = COMMUNE) -> tuple[Counter, Counter]:
    """Two counters at a commune's centre: one for civil status and land, one for everything."""
    agency = Agency.objects.get(pk=eyes.places.agency(code, CENTRE))
    desk = desk_for(agency, actor=SYSTEM, kind=DeskKind.WORK)
    return (
        service.set_up_counter(SYSTEM, desk.id, 1, name="Hộ tịch, chứng thực", fields=("ho-tich", "dat-dai")),
        service.set_up_counter(SYSTEM, desk.id, 2),
    )


def staff(counter: Counter) -> None:
    """Somebody sits there whom the test does not play."""
    person = Person.objects.filter(full_name="Lê Đỗ Quỳnh Như").first()
    assert person is not None
    Counter.objects.filter(pk=counter.pk).update(opened_at=clock.now(), staffed_by=person)


def look(eyes: Eyes, name: str, path: str, *, wide: bool = True) -> list[str]:
    """Screens at three widths, and on a wall; what axe-core finds."""
    eyes.shots(name, path)
    if wide:
        eyes.page.set_viewport_size({"width": 1920, "height": 1080})
        eyes.open(path)
        eyes.page.screenshot(path=SCREENS / f"{name}-1920.png")
    return eyes.axe()


def seen(eyes: Eyes, css: str) -> str:
    """The colour of letters, or of the ground where it is the body."""
    what = "backgroundColor" if css == "body" else "color"
    return str(eyes.page.locator(css).first.evaluate(f"one => getComputedStyle(one).{what}"))


def test_pages__filled_and_empty__fit_and_are_accessible(eyes: Eyes) -> None:
    first, second = set_up(eyes)
    staff(second)
    kiosk, board = f"/quay/{first.desk_id}/lay-so/", f"/quay/{first.desk_id}/bang/"
    wrong = {"waits, none": look(eyes, "counter-waits-none", "/thoi-gian-cho/", wide=False)}
    at = clock.now().replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    service.book(first.desk_id, at, "Nguyễn Thị Ánh Nguyệt", phone="0905 123 456", actor=ANONYMOUS)
    tickets = [
        service.draw_ticket(first.desk_id, field, first=not field) for field in ("ho-tich", "dat-dai", "") * 4
    ]
    Ticket.objects.filter(pk=tickets[2].pk).update(
        state=TicketState.SERVING, counter=second, called_at=clock.now(), served_at=clock.now(), calls=1
    )
    wrong["kiosk"] = look(eyes, "counter-kiosk", kiosk)
    wrong["ticket"] = look(eyes, "counter-ticket", f"/so/{tickets[-1].id}/?may=0", wide=False)
    wrong["waits"] = look(eyes, "counter-waits", f"/thoi-gian-cho/?tu={COMMUNE}", wide=False)
    wrong["board"] = look(eyes, "counter-board", board)
    assert seen(eyes, ".hc-hall__now .hc-hall__number") != seen(eyes, "body")

    head = eyes.places.appointment(COMMUNE, "giam_doc_trung_tam", CENTRE)
    eyes.sign_in(head)
    wrong["counters"] = look(eyes, "counter-list", MINE, wide=False)
    eyes.open(MINE)
    eyes.page.get_by_role("button", name="Mở quầy 1").click()
    wrong["counter, nobody there"] = look(eyes, "counter-mine-free", MINE, wide=False)
    eyes.page.get_by_role("button", name="Gọi số tiếp theo").click()
    wrong["counter"] = look(eyes, "counter-mine", MINE)
    wrong["board, two"] = look(eyes, "counter-board-two", board)
    wrong["bookings"] = look(eyes, "counter-bookings", MINE + "lich-hen/", wide=False)
    wrong["figures"] = look(eyes, "counter-figures", MINE + "so-lieu/", wide=False)
    wrong["set up"] = look(eyes, "counter-set-up", MINE + "bo-tri/", wide=False)
    eyes.open(f"/so/{tickets[-1].id}/")
    slip = eyes.page.pdf(path=SCREENS / "counter-slip.pdf", prefer_css_page_size=True)
    assert len(re.findall(rb"/Type /Page\b", slip)) == 1, "a slip is one piece of paper, also with the banner"
    assert not {name: found for name, found in wrong.items() if found}
    assert not eyes.complaints
    assert Booking.objects.count() == 1


def test_number__drawn_shown_called_served__by_keyboard(eyes: Eyes) -> None:
    counter, _other = set_up(eyes)
    board: Page = eyes.page.context.new_page()
    board.goto(f"{eyes.base}/quay/{counter.desk_id}/bang/")
    expect(board.get_by_text("Chưa gọi số nào")).to_be_visible()

    page = eyes.page
    eyes.open(f"/quay/{counter.desk_id}/lay-so/")
    page.get_by_role("button", name="Việc khác").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/so/*/")
    expect(page.get_by_role("heading", level=1)).to_contain_text("1")

    eyes.sign_in(eyes.places.appointment(COMMUNE, "cong_chuc_mot_cua", CENTRE))
    eyes.open(MINE)
    page.keyboard.press("j")
    page.get_by_role("button", name="Mở quầy 1").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Đang chờ: 1")).to_be_visible()
    page.keyboard.press("1")
    expect(page.get_by_role("heading", name="Số 1 ở quầy")).to_be_visible()
    expect(board.locator(".hc-hall__now .hc-hall__number")).to_have_text("1", timeout=SOON_MS)
    expect(board.locator(".hc-hall__now .hc-hall__counter")).to_have_text("1")

    page.keyboard.press("2")
    expect(page.get_by_text("đã gọi 2 lần")).to_be_visible()
    page.keyboard.press("3")
    expect(page.get_by_text("đang phục vụ")).to_be_visible()
    # a scanner types a code with these digits: nothing is pressed
    for letter in "4411":
        page.keyboard.press(letter)
    assert Ticket.objects.get().state == TicketState.SERVING
    page.wait_for_timeout(200)
    page.keyboard.press("4")
    expect(page.get_by_role("heading", name="Quầy đang trống")).to_be_visible()
    assert Ticket.objects.get().state == TicketState.DONE
    expect(board.get_by_text("Chưa gọi số nào")).to_be_visible(timeout=SOON_MS)
    assert not eyes.complaints


def test_board__line_lost_and_back__says_so_and_goes_on(eyes: Eyes) -> None:
    counter, _other = set_up(eyes)
    staff(counter)
    eyes.open(f"/quay/{counter.desk_id}/bang/")
    broken: list[str] = []

    def cut(route: Route) -> None:
        broken.append(route.request.url)
        if len(broken) % 2:
            route.abort()
        else:
            route.fulfill(status=502, body="proxy")

    eyes.page.route("**/bang/so/", cut)
    expect(eyes.page.get_by_text("Mất kết nối từ 09:")).to_be_visible(timeout=4 * SOON_MS)
    assert eyes.axe() == []
    ticket = service.draw_ticket(counter.desk_id)
    Ticket.objects.filter(pk=ticket.pk).update(
        state=TicketState.CALLED, counter=counter, called_at=clock.now(), calls=1
    )
    eyes.page.unroute("**/bang/so/")
    expect(eyes.page.locator(".hc-hall__now .hc-hall__number")).to_have_text("1", timeout=3 * SOON_MS)
    expect(eyes.page.get_by_text("Mất kết nối từ")).to_be_hidden()
