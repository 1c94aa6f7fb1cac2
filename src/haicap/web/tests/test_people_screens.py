"""Pages of people and of personal data in a real browser: three widths, axe-core, empty lists, the longest names."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.urls import reverse

from haicap.access.hats import actor_for
from haicap.access.models import Account, DataRequest, DataRequestKind
from haicap.access.people import delegations, lists, service
from haicap.access.people.values import person_values
from haicap.access.personal_data import rights
from haicap.access.tests.accounts import account_of
from haicap.kernel import clock
from haicap.kernel.actor import Actor
from haicap.registry.models import Appointment
from haicap.registry.tests.places import Places
from haicap.web import assets
from haicap.web.tests.browser import Eyes

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not assets.is_current(), reason="assets are not built"),
]

DIVISION = "Văn hóa - Xã hội"
HEAD = "Họ và tên;Số định danh;Thư công vụ;Điện thoại;Cơ quan;Chức danh;Số quyết định;Từ ngày\n"
LONG = person_values(
    {
        "family_name": "Nguyễn Phước Thượng Đẳng Đại Vương",
        "middle_name": "Công Tằng Tôn Nữ Hoàng Thị Diễm Quỳnh Khánh Ngọc Trường Giang Vĩnh Hằng",
        "given_name": "Nghiêngnghiêngnghiêngnghiêng",
        "personal_number": "048190000777",
        "email": "nguyen.phuoc.thuong.dang.dai.vuong.cong.tang.ton.nu.diem.quynh@haichau.danang.vidu.vn",
        "phone": "+842363555777",
    }
)


def _actor(places: Places, *where: str) -> Actor:
    appointment = places.appointment(*where)
    actor = actor_for(appointment)
    assert actor is not None
    return replace(actor, account_id=account_of(appointment).pk)


def _rows(*extra: str) -> list[dict[str, str]]:
    good = [
        f"Trần Thị Bình;04819000{n:04d};;;Đảng ủy phường Hải Châu;Chuyên viên;5/QĐ;01/07/2025"
        for n in range(12)
    ]
    return lists.read_list((HEAD + "\n".join([*good, *extra])).encode())


BAD = (
    '=HYPERLINK("x");048190000900;;;Đảng ủy phường Hải Châu;Chuyên viên;;01/07/2025',
    f"{LONG.full_name};4819;;;Cơ quan không có thật nào cả mà tên lại rất dài ở xa lắm;Vua;;31/02/2025",
)


class Scene:
    """A ward with everything that these pages show."""

    def __init__(self, places: Places) -> None:
        self.places = places
        self.xa = _actor(places, "20194", "quan_tri_xa", "van_phong")
        division = places.agency("20194", "phong", DIVISION)
        row = Appointment.objects.get(pk=places.appointment("20194", "chuyen_vien", "phong", DIVISION))
        self.person_id, self.appointment_id, self.post_id = row.person_id, row.pk, row.post_id
        self.agency_id = division
        service.edit_person(self.xa, row.person_id, LONG)
        service.give_account(self.xa, row.person_id)
        self._lend(places)
        free = [each for each in service.queries.posts_at(division) if not each.holder]
        service.close_post(self.xa, free[0].id, clock.today())
        self.bad = lists.keep(
            self.xa, _rows(*BAD), b"1", "danh-sach-" + "rat-dai-" * 20 + ".xlsx", add_posts=True
        )
        entered = lists.keep(self.xa, [], b"2", "ds.csv", add_posts=True)
        entered.rows = _rows(*BAD)
        entered.save()
        self.entered = lists.apply_kept(self.xa, entered.pk, only_good=True)
        self.bad.rows = _rows(*BAD)
        self.bad.save()
        self.request = self._ask(Account.objects.get(person_id=row.person_id))

    def _lend(self, places: Places) -> None:
        chair = _actor(places, "20194", "chu_tich")
        deputy = Appointment.objects.get(pk=places.appointment("20194", "pho_chu_tich")).person_id
        begins = clock.now() - timedelta(hours=1)
        own = places.appointment("20194", "chu_tich")
        reason = "Đi học lớp cao cấp lý luận chính trị tại Học viện Chính trị khu vực III. " * 5
        delegations.delegate(chair, own, deputy, begins, begins + timedelta(days=30), reason, "12/UQ-UBND")

    def _ask(self, account: Account) -> DataRequest:
        rights.ask(account, DataRequestKind.RECTIFY, "Số điện thoại đã đổi. " * 40)
        return rights.ask(account, DataRequestKind.ERASE, "")


def _look(eyes: Eyes, pages: dict[str, str]) -> None:
    wrong: dict[str, object] = {}
    for name, path in pages.items():
        try:
            eyes.shots(name, path)
        except AssertionError as error:  # all pages are looked at before the test says what is wrong
            wrong[f"{name}, width"] = str(error)
        assert eyes.page.locator("h1").count() == 1, path
        if found := eyes.axe():
            wrong[name] = found
    assert not wrong
    assert not eyes.complaints


def test_people_pages__administrator__fit_and_are_accessible(eyes: Eyes) -> None:
    scene = Scene(eyes.places)
    eyes.sign_in(eyes.places.appointment("20194", "quan_tri_xa", "van_phong"))
    address = reverse
    _look(
        eyes,
        {
            "people-list": address("people:list"),
            "people-list-agency": address("people:list") + "?ten-co-quan=hai+chau",
            "people-list-none": address("people:list") + "?tim=khong+co+ai",
            "people-person": address("people:person", args=[scene.person_id]),
            "people-edit": address("people:edit", args=[scene.person_id]),
            "people-end": address("people:end", args=[scene.appointment_id]),
            "people-add-where": address("people:create"),
            "people-add": address("people:create") + f"?co-quan={scene.agency_id}",
            "people-agency": address("people:agency", args=[scene.agency_id]),
            "people-close": address("people:close-post", args=[scene.post_id]),
            "people-import": address("people:import"),
            "people-preview": address("people:import-preview", args=[scene.bad.pk]),
            "people-entered": address("people:import-preview", args=[scene.entered.pk]),
            "people-delegations": address("people:delegations"),
            "people-lend": address("people:lend", args=[scene.appointment_id]),
            "people-matrix": address("people:matrix"),
        },
    )


def test_people_pages__forms_refused__errors_are_accessible(eyes: Eyes) -> None:
    scene = Scene(eyes.places)
    eyes.sign_in(eyes.places.appointment("20194", "quan_tri_xa", "van_phong"))
    page = eyes.page
    page.set_viewport_size({"width": 360, "height": 800})
    for path in (
        reverse("people:create") + f"?co-quan={scene.agency_id}",
        reverse("people:close-post", args=[scene.post_id]),
    ):
        eyes.open(path)
        page.locator("main form button[type=submit]").click()
        assert page.locator(".govuk-error-summary").count() == 1
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        assert eyes.axe() == []
    eyes.open(reverse("people:import"))
    page.set_input_files("input[type=file]", {"name": "a.xlsx", "mimeType": "", "buffer": b"MZ\x90\x00" * 99})
    page.locator("main form button[type=submit]").click()
    assert "không phải là bảng Excel" in page.locator("main").inner_text()
    assert eyes.axe() == []


def test_people_pages__somebody_new__empty_lists(eyes: Eyes) -> None:
    eyes.sign_in(eyes.places.appointment("20458", "chuyen_vien", "phong", "Kinh tế"))
    _look(
        eyes,
        {
            "people-official": reverse("people:list"),
            "people-delegations-none": reverse("people:delegations"),
            "my-data-none": reverse("my-data"),
            "my-readings-none": reverse("my-readings"),
        },
    )


def test_personal_data_pages__fit_and_are_accessible(eyes: Eyes) -> None:
    scene = Scene(eyes.places)
    eyes.sign_in(eyes.places.appointment("48", "quan_tri_tinh", "so", "Khoa học và Công nghệ"))
    _look(
        eyes,
        {
            "people-province": reverse("people:list") + "?ten-co-quan=uy+ban",
            "people-person-province": reverse("people:person", args=[scene.person_id]),
            "data-requests": reverse("data-requests"),
            "data-request": reverse("data-request", args=[scene.request.pk]),
            "readings": reverse("readings"),
            "readings-none": reverse("readings") + "?nguoi=khong+co+ai",
        },
    )
    eyes.sign_in(scene.appointment_id)
    _look(eyes, {"my-data": reverse("my-data"), "my-readings": reverse("my-readings")})
