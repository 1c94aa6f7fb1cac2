"""Pages of plans: who sees them, the editor, two people at one plan, runs that a worker carries out."""

from __future__ import annotations

import json
import uuid

import pytest
from django.test import Client
from django.urls import reverse

from haicap.kernel import clock
from haicap.reorganisation import requests, service
from haicap.reorganisation.models import PlanText, RequestState, Run, RunRequest
from haicap.reorganisation.plan.read import read_plan
from haicap.reorganisation.tests.factories import AFTER, World, cut, danang_plan, ready, save
from haicap.reorganisation.tests.hats import administrator, signed_in

ROOT = "/dieu-hanh/sap-xep/"
PLAN = f"{ROOT}ke-hoach/2025-07-01/48/"
WRITERS_ONLY = (
    "noi-dung/", "lich-su/", "lich-su/1/", "don-vi/", "don-vi/moi/", "don-vi/20194/", "chia/", "tru-so/",
    "phan-dinh/", "phan-dinh/20197/", "chuyen-tham-quyen/", "nhan-su/", "nhan-su/nap/", "nhan-su/tai-ve/",
    "nhan-su/20194/", "nhan-su/tim/?ten=nguyen",
)  # fmt: skip
READERS = ("", "chay/dien-tap/", "chay/chuyen-doi/", "chay/hoan-tac/")


@pytest.fixture(autouse=True)
def in_order(world: World) -> World:
    return world


def latest() -> PlanText:
    return PlanText.objects.order_by("-number").first()


def test_pages__official_without_rights__sees_nothing() -> None:
    save(danang_plan())
    clerk = signed_in("20194", "chuyen_vien")
    for path in (
        ROOT,
        PLAN,
        f"{ROOT}lap/",
        f"{ROOT}doi-soat/",
        *(PLAN + each for each in WRITERS_ONLY + READERS),
    ):
        answer = clerk.get(path)
        assert answer.status_code == 403, path
        assert "Sắp xếp Đà Nẵng" not in answer.content.decode()


def test_pages__visitor__sees_nothing() -> None:
    save(danang_plan())
    for path in (ROOT, PLAN, f"{ROOT}cho-phan-dinh/", f"{ROOT}cho-phan-cong/", f"{ROOT}doi-soat/"):
        assert Client(headers={"host": "127.0.0.1"}).get(path).status_code == 403, path


def test_pages__reader__sees_the_plan_but_neither_file_nor_staffing() -> None:
    save(danang_plan())
    chairman = signed_in("48", "chu_tich")
    page = chairman.get(PLAN).content.decode()
    assert "Sắp xếp Đà Nẵng" in page
    assert "Kiểm tra kế hoạch</button>" not in page
    for each in WRITERS_ONLY:
        assert chairman.get(PLAN + each).status_code == 403, each
    assert chairman.get(f"{PLAN}chay/chuyen-doi/").status_code == 403


def test_pages__administrator__sees_all() -> None:
    save(danang_plan())
    admin = administrator()
    for path in (*WRITERS_ONLY, *READERS):
        assert admin.get(PLAN + path).status_code == 200, path


def test_pages__unknown_plan__is_not_found() -> None:
    admin = administrator()
    assert admin.get(f"{ROOT}ke-hoach/khong-co/").status_code == 404
    assert admin.get(f"{ROOT}luot/{uuid.uuid4()}/").status_code == 404
    assert admin.get(f"{ROOT}yeu-cau/{uuid.uuid4()}/").status_code == 404


def test_editor__unit_changed__is_a_new_text_with_history() -> None:
    save(danang_plan())
    admin = administrator()
    form = {
        "ban": "1", "code": "20501", "kind": "phuong", "name": "Điện Bàn Đông", "parent": "48",
        "cu-0": "20501 Xã Điện Thắng", "cu-1": "20502", "seat": "20502", "agency_code": "", "note": "",
    }  # fmt: skip
    assert admin.post(f"{PLAN}don-vi/20501/", form).status_code == 302

    values = read_plan(latest().text)
    unit = next(each for each in values.units if each.code == "20501")
    assert (unit.name, unit.seat, [part.code for part in unit.predecessors]) == (
        "Điện Bàn Đông",
        "20502",
        ["20501", "20502"],
    )
    shown = admin.get(f"{PLAN}lich-su/2/").content.decode()
    assert "Điện Bàn Đông" in shown
    assert admin.post(f"{PLAN}lich-su/1/", {"ban": "2"}).status_code == 302
    assert latest().number == 3
    assert latest().text == PlanText.objects.get(number=1).text


def test_editor__rubbish__is_told_and_nothing_is_saved() -> None:
    save(danang_plan())
    admin = administrator()
    form = {
        "ban": "1",
        "code": "20501",
        "kind": "phuong",
        "name": "Điện Bàn",
        "parent": "48",
        "cu-0": "20501",
    }
    wrong = {
        "code": "x",
        "name": "",
        "agency_code": "1.2",
        "cu-0": "không có",
        "kind": "vương quốc",
        "parent": "abc",
    }
    for field, value in wrong.items():
        answer = admin.post(f"{PLAN}don-vi/20501/", form | {field: value})
        assert answer.status_code in {200, 400}, field
        assert "govuk-error-message" in answer.content.decode() or "REO-" in answer.content.decode(), field
        assert latest().number == 1, field


def test_editor__unit_divided__gets_parts_and_an_interim_holder() -> None:
    save(danang_plan())
    form = {"ban": "1", "cu": "20500 Xã Điện Hòa", "nhan": ["20500", "20501"], "tam-giu": "20501"}
    assert administrator().post(f"{PLAN}chia/", form).status_code == 302
    values = read_plan(latest().text)
    assert {
        each.code for each in values.units for part in each.predecessors if part.code == "20500" and part.part
    } == {
        "20500",
        "20501",
    }
    assert next(each for each in values.divisions if each.code == "20500").interim == "20501"


def test_editor__rules__are_read_line_by_line() -> None:
    save(danang_plan())
    admin = administrator()
    bad = admin.post(
        f"{PLAN}phan-dinh/20197/", {"ban": "1", "tam-giu": "20194", "thon": "Tổ 1 = 20200\nTổ 2"}
    )
    assert bad.status_code == 400
    assert "dòng 2" in bad.content.decode()
    strange = admin.post(f"{PLAN}phan-dinh/20197/", {"ban": "1", "tam-giu": "20194", "thon": "Tổ 1 = 20203"})
    assert strange.status_code == 400
    good = admin.post(f"{PLAN}phan-dinh/20197/", {"ban": "1", "tam-giu": "20200", "thon": "Tổ 3 = 20200"})
    assert good.status_code == 302
    division = read_plan(latest().text).divisions[0]
    assert (division.interim, division.villages, division.addresses) == ("20200", (("Tổ 3", "20200"),), ())


def test_editor__seats_transfers_and_interims__are_saved() -> None:
    save(danang_plan())
    admin = administrator()
    assert admin.post(f"{PLAN}tru-so/", {"ban": "1", "tru-so-20501": "20501"}).status_code == 302
    assert admin.post(f"{PLAN}tru-so/", {"ban": "2", "tru-so-20501": "18001"}).status_code == 400
    assert admin.post(f"{PLAN}phan-dinh/", {"ban": "2", "tam-giu-490": "20200"}).status_code == 302
    assert (
        admin.post(f"{PLAN}chuyen-tham-quyen/", {"ban": "3", "linh-vuc-0": "ho-tich, dat-dai"}).status_code
        == 302
    )
    values = read_plan(latest().text)
    assert next(each for each in values.units if each.code == "20501").seat == "20501"
    assert next(each for each in values.abolished if each.code == "490").interim == "20200"
    assert [transfer.fields for transfer in values.transfers] == [("ho-tich", "dat-dai")]


def test_editor__two_at_once__the_second_is_told_and_overwrites_nothing() -> None:
    save(danang_plan())
    admin = administrator()
    assert admin.post(f"{PLAN}phan-dinh/", {"ban": "1", "tam-giu-490": "20200"}).status_code == 302
    kept = latest().text
    second = admin.post(f"{PLAN}tru-so/", {"ban": "1", "tru-so-20501": "20501"})
    assert second.status_code == 409
    assert "REO-046" in second.content.decode()
    assert latest().text == kept


def test_editor__broken_yaml__keeps_what_was_typed_and_names_the_line() -> None:
    save(danang_plan())
    text = latest().text + "\nunits: [\n"
    answer = administrator().post(f"{PLAN}noi-dung/", {"ban": "1", "noi-dung": text})
    page = answer.content.decode()
    assert answer.status_code == 400
    assert "REO-002" in page
    assert "dòng" in page
    assert "units: [" in page
    assert latest().number == 1


def test_editor__unknown_word_in_the_file__stands_beside_its_line() -> None:
    save(danang_plan())
    text = latest().text.replace("undo_window_days:", "undo_days:")
    answer = administrator().post(f"{PLAN}noi-dung/", {"ban": "1", "noi-dung": text})
    assert answer.status_code == 400
    assert "undo_days" in answer.content.decode()
    assert "hc-lines__wrong" in answer.content.decode()


def test_editor__other_key_in_the_file__is_refused() -> None:
    save(danang_plan())
    text = latest().text.replace("key: 2025-07-01/48", "key: khac")
    answer = administrator().post(f"{PLAN}noi-dung/", {"ban": "1", "noi-dung": text})
    assert "REO-087" in answer.content.decode()


def test_editor__plan_carried_out__cannot_be_changed() -> None:
    cut(danang_plan())
    with clock.at(AFTER):
        answer = administrator().post(f"{PLAN}phan-dinh/", {"ban": "1", "tam-giu-490": "20200"})
    assert answer.status_code == 409


def test_upload__file__is_a_plan() -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    from haicap.reorganisation.plan.write import write_plan

    admin = administrator()
    good = SimpleUploadedFile("ke-hoach.yaml", write_plan(danang_plan()).encode())
    assert admin.post(f"{ROOT}nap/", {"tep": good}).status_code == 302
    for content in (b"\xff\xfe\x00", b"", b"a: [", b"haicap_plan: 1"):
        assert admin.post(f"{ROOT}nap/", {"tep": SimpleUploadedFile("x.yaml", content)}).status_code == 400
    assert admin.post(f"{ROOT}nap/", {}).status_code == 400


def test_check__plan_with_a_mistake__is_shown_with_line_and_fix() -> None:
    plan = danang_plan(divisions=())
    save(plan)
    admin = administrator()
    assert admin.post(f"{PLAN}kiem-tra/").status_code == 302
    page = admin.get(PLAN).content.decode()
    assert "REO-025" in page
    assert "divisions" in page
    assert "chưa đạt" in page


# --- runs
def asked(client: Client, kind: str, **data: str) -> RunRequest:
    answer = client.post(f"{PLAN}chay/{kind}/", data)
    assert answer.status_code == 302, answer.content.decode()[-1500:]
    return RunRequest.objects.get(pk=answer["Location"].rstrip("/").rsplit("/", 1)[-1])


def test_run__asked_for__is_carried_out_by_a_worker_and_shown() -> None:
    ready(danang_plan())
    admin = administrator()
    request = asked(admin, "dien-tap")
    waiting = admin.get(reverse("reorganisation:progress", args=[request.pk])).content.decode()
    assert "hx-get" in waiting
    again = admin.post(f"{PLAN}chay/dien-tap/")
    assert again.status_code == 409

    requests.carry_out_request(request.pk)

    request.refresh_from_db()
    assert request.state == RequestState.DONE
    done = admin.get(reverse("reorganisation:progress", args=[request.pk])).content.decode()
    assert "hx-get" not in done
    assert reverse("reorganisation:run-ledger", args=[request.run_id]) in done
    assert admin.get(reverse("reorganisation:run-ledger", args=[request.run_id])).status_code == 200
    assert admin.get(reverse("reorganisation:run", args=[request.run_id])).status_code == 200


def test_run__cut_over__needs_the_key_and_then_the_ledger_and_undo_follow() -> None:
    admin = administrator()
    ready(danang_plan())  # after the appointment: a change of the registry asks for another check
    assert admin.post(f"{PLAN}chay/chuyen-doi/", {"khoa": "48"}).status_code == 400
    request = asked(admin, "chuyen-doi", khoa="2025-07-01/48")
    requests.carry_out_request(request.pk)
    request.refresh_from_db()
    assert (request.state, request.error) == (RequestState.DONE, None)
    assert Run.objects.get(kind="cut_over").state == "done"
    with clock.at(AFTER):
        admin = administrator()
        assert admin.get(f"{ROOT}doi-soat/").status_code == 200
        assert admin.post(f"{PLAN}chay/hoan-tac/", {"khoa": "2025-07-01/48"}).status_code == 400
        undone = asked(admin, "hoan-tac", khoa="2025-07-01/48", **{"ly-do": "Công văn 12"})
        requests.carry_out_request(undone.pk)
        undone.refresh_from_db()
        page = admin.get(reverse("reorganisation:run", args=[undone.run_id])).content.decode()
        assert "Đã trả lại" in page


def test_run__plan_that_is_not_checked__is_refused_with_the_reason() -> None:
    save(danang_plan())
    admin = administrator()
    request = asked(admin, "chuyen-doi", khoa="2025-07-01/48")
    requests.carry_out_request(request.pk)
    request.refresh_from_db()
    assert request.state == RequestState.REFUSED
    assert request.error["code"] == "REO-042"
    assert "REO-042" in admin.get(reverse("reorganisation:progress", args=[request.pk])).content.decode()
    assert not Run.objects.filter(kind="cut_over", state="done").exists()


def test_run__worker_died__is_marked_and_not_repeated() -> None:
    ready(danang_plan())
    request = asked(administrator(), "dien-tap")
    RunRequest.objects.filter(pk=request.pk).update(state=RequestState.STARTED)

    requests.carry_out_request(request.pk)  # the job of the dead worker comes back

    request.refresh_from_db()
    assert (request.state, request.error["code"]) == (RequestState.REFUSED, "REO-048")
    assert not Run.objects.exists()


def test_run__page_of_a_stranger__is_refused() -> None:
    ready(danang_plan())
    request = asked(administrator(), "dien-tap")
    clerk = signed_in("20194", "chuyen_vien")
    assert clerk.get(reverse("reorganisation:request", args=[request.pk])).status_code == 403
    assert clerk.post(f"{PLAN}chay/dien-tap/").status_code == 403


# --- API
def test_api__stranger__gets_nothing() -> None:
    plan = cut(danang_plan())
    with clock.at(AFTER):
        clerk = signed_in("20203", "chuyen_vien", "van_phong")
        assert clerk.get("/api/v1/reorganisations").json() == []
        assert clerk.get("/api/v1/reorganisations/runs").json() == []
        assert clerk.get("/api/v1/reorganisations/runs", {"plan": plan.key}).status_code == 404
        assert clerk.get("/api/v1/reorganisations/ledger").status_code == 404
        run = service.last_cut_over(plan)
        assert clerk.get("/api/v1/reorganisations/ledger", {"run": str(run.pk)}).status_code == 404
        assert clerk.get("/api/v1/reorganisations/undecided").json() == {"items": [], "next": ""}
        assert clerk.get("/api/v1/reorganisations/undecided", {"unit": "20197"}).status_code == 404
        nobody = Client(headers={"host": "127.0.0.1"})
        assert nobody.get("/api/v1/reorganisations/undecided").status_code == 403


def test_api__who_may__gets_plans_ledger_and_what_waits() -> None:
    cut(danang_plan())
    with clock.at(AFTER):
        admin = administrator()
        assert [each["state"] for each in admin.get("/api/v1/reorganisations").json()] == ["done"]
        ledger = admin.get("/api/v1/reorganisations/ledger").json()
        assert ledger["balanced"]
        assert {"class", "before", "carried", "digests"} <= ledger["classes"][0].keys()
        waiting = admin.get("/api/v1/reorganisations/undecided", {"unit": "20197"}).json()
        assert [each["village"] for each in waiting["items"]] == ["Tổ 9"]
        json.dumps(waiting)


# --- what waits
def test_undecided_page__chairman_of_the_interim_holder__decides_and_takes_back(in_order: World) -> None:
    cut(danang_plan())
    with clock.at(AFTER):
        chairman = signed_in("20194", "chu_tich")
        page = chairman.get(f"{ROOT}cho-phan-dinh/", {"don-vi": "20197"}).content.decode()
        key = f"onestop.dossier.{in_order.dossiers['undecided']}"
        assert key in page
        assert "Tổ 9" in page
        answer = chairman.post(
            f"{ROOT}cho-phan-dinh/",
            {"don-vi": "20197", "ho-so": key, "ve": "20200", "quay-lai": "//evil.example/"},
        )
        assert answer["Location"] == f"{ROOT}cho-phan-dinh/"
        decided = chairman.get(f"{ROOT}cho-phan-dinh/quyet-dinh/")
        identity = str(decided.context["rows"][0].pk)
        assert chairman.post(f"{ROOT}cho-phan-dinh/quyet-dinh/", {"quyet-dinh": identity}).status_code == 302
        rules = f"{ROOT}cho-phan-dinh/quy-tac/20197/"
        assert "1 hồ sơ được xếp" in chairman.post(rules, {"thon": "to 9 = 20200"}).content.decode()
        assert chairman.post(rules, {"thon": "to 9 = 20200", "ap-dung": "1"}).status_code == 302
        assert chairman.get(rules).status_code == 404  # nothing waits there any more


def test_undecided_page__other_commune__sees_nothing_of_it(in_order: World) -> None:
    cut(danang_plan())
    with clock.at(AFTER):
        other = signed_in("20203", "chu_tich")
        page = other.get(f"{ROOT}cho-phan-dinh/", {"don-vi": "20197"}).content.decode()
        assert str(in_order.dossiers["undecided"]) not in page
        assert "Tổ 9" not in page
        assert other.get(f"{ROOT}cho-phan-dinh/quy-tac/20197/").status_code == 404
        assert other.get(f"{ROOT}cho-phan-cong/").status_code == 403
        assert (
            administrator().get(f"{ROOT}cho-phan-cong/", {"tim": "nguyen", "trang": "999"}).status_code == 200
        )
