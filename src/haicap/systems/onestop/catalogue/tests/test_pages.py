"""Pages of the catalogue: every official reads, those who keep it change, each with its way back."""

from __future__ import annotations

import json
from collections.abc import Callable
from urllib.parse import urlencode

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from haicap.kernel.actor import ANONYMOUS, SYSTEM, Actor
from haicap.systems.onestop import catalogue, policy
from haicap.systems.onestop.catalogue import imports, starter
from haicap.systems.onestop.catalogue.tests.rows import imported, read, row
from haicap.systems.onestop.models import (
    CatalogueDefect,
    CatalogueImport,
    Fate,
    ImportState,
    LimitUnit,
    Procedure,
)
from haicap.systems.onestop.tests.factories import Town, official

Browse = Callable[[Actor], Client]
ROWS = (
    row("1.001193", "Đăng ký khai sinh", time=(1, "other")),
    row("1.000656", "Đăng ký khai tử"),
    row("1.000034", "Cấp giấy <b>phép</b>", fee="20 VNĐ (20.000 vnđ /tờ khai)", fields=["Xây dựng"]),
)


@pytest.fixture
def keeper(town: Town, browse: Browse) -> Client:
    """Who keeps the catalogue."""
    imported(*ROWS)
    return browse(official(town.province))


@pytest.fixture
def reader(town: Town, browse: Browse) -> Client:
    """An official of a commune."""
    imported(*ROWS)
    return browse(official(town.commune, may=tuple(set(policy.PERMISSIONS) - {policy.CATALOGUE})))


def text(client: Client, name: str, *values: object, **query: str) -> str:
    answer = client.get(f"{reverse(name, args=values)}?{urlencode(query)}")
    assert answer.status_code == 200, answer.content.decode()
    return answer.content.decode()


def test_list__reader__finds_by_any_spelling_and_may_not_announce(reader: Client) -> None:
    page = text(reader, "onestop:catalogue", tim="KHAI SINH")
    assert "Đăng ký khai sinh" in page
    assert "Đăng ký khai tử" not in page
    assert "chưa rõ thời hạn" in page
    assert "quyet-dinh" not in page
    for query, there in (
        ({"tim": "1001193"}, True),
        ({"linh-vuc": "ho-tich"}, True),
        ({"linh-vuc": "xay-dung"}, False),
        ({"cap": "province"}, False),
        ({"tt": "cong-bo"}, False),
        ({"tt": "chua-ro-han"}, True),
        ({"bo": "Bộ Tư pháp"}, True),
    ):
        assert ("Đăng ký khai sinh" in text(reader, "onestop:catalogue", **query)) == there, query
    assert "Có phải bạn tìm" in text(reader, "onestop:catalogue", tim="khai sihn")


def test_search_over_everything__finds_procedures__for_officials(reader: Client, browse: Browse) -> None:
    assert "1.000656" in reader.get("/tim/", {"q": "khai tu"}).content.decode()
    assert "1.000656" not in browse(ANONYMOUS).get("/tim/", {"q": "khai tu"}).content.decode()


def test_procedure_page__shows_versions_limits_defects_and_escapes(reader: Client) -> None:
    starter.load(SYSTEM)
    birth = Procedure.objects.get(code="1.001193")
    page = text(reader, "onestop:catalogue-procedure", birth.id)
    for words in (
        "chưa rõ: «1»",
        "Luật Hộ tịch 60/2014/QH13, điều 7",
        "thời hạn không ghi đơn vị",
        "chưa công bố",
    ):
        assert words in page
    other = Procedure.objects.get(code="1.000034")
    page = text(reader, "onestop:catalogue-procedure", other.id)
    assert "Cấp giấy &lt;b&gt;phép&lt;/b&gt;" in page
    missing = reverse("onestop:catalogue-procedure", args=["01900000-0000-7000-8000-000000000000"])
    assert reader.get(missing).status_code == 404


def test_defects_page__settle_and_take_back(keeper: Client) -> None:
    page = text(keeper, "onestop:catalogue-defects", loai="time_unit")
    assert "Ghi điều đúng" in page
    defect = CatalogueDefect.objects.get(kind="time_unit")
    settle = reverse("onestop:catalogue-settle")
    form = {"cho": str(defect.id), "viec": "sua", "bo-loc": "loai=time_unit", "loai": "time_unit"}
    answer = keeper.post(settle, form, follow=True)
    assert "Chưa ghi điều đúng" in answer.content.decode()
    answer = keeper.post(settle, form | {"don-vi": "working_days"}, follow=True)
    assert "Đã xử lý 1 chỗ" in answer.content.decode()
    version = catalogue.current("1.001193")
    assert version is not None
    assert version.limits.get().unit == LimitUnit.WORKING_DAYS
    settled = text(keeper, "onestop:catalogue-defects", **{"da-xu-ly": ""})
    assert "Hoàn tác" in settled
    keeper.post(reverse("onestop:catalogue-reopen"), {"cho": str(defect.id)})
    defect.refresh_from_db()
    assert defect.settled_at is None
    everything = {"pham-vi": "tat-ca", "viec": "de-xuat", "bo-loc": "loai=fee_thousands"}
    keeper.post(settle, everything)
    version = catalogue.current("1.000034")
    assert version is not None
    assert version.fees.get().amount == 20_000
    assert keeper.post(settle, form | {"cho": "x"}).status_code == 404


def test_announcing__chosen_then_a_whole_filter__and_taken_back(keeper: Client) -> None:
    birth = Procedure.objects.get(code="1.001193")
    announce = reverse("onestop:catalogue-announce")
    form = {"quyet-dinh": "12/QĐ-UBND", "tu-ngay": "01/03/2026", "viec": "cong-bo"}
    keeper.post(announce, form | {"thu-tuc": str(birth.id)})
    assert catalogue.is_published(birth.id)
    keeper.post(
        announce, form | {"pham-vi": "tat-ca", "bo-loc": "linh-vuc=ho-tich", "quyet-dinh": "13/QĐ-UBND"}
    )
    published = [one for one in Procedure.objects.order_by("code") if catalogue.is_published(one.id)]
    assert [one.code for one in published] == ["1.000656", "1.001193"]
    page = text(keeper, "onestop:catalogue-announcements")
    assert "13/QĐ-UBND" in page
    second = birth.publications.get(withdrawn_at__isnull=True)
    keeper.post(reverse("onestop:catalogue-withdraw", args=[second.batch]))
    assert catalogue.is_published(birth.id), "the first decision counts again"
    for wrong in ({"tu-ngay": "32/13/2026"}, {"quyet-dinh": ""}, {"thu-tuc": []}):
        answer = keeper.post(announce, form | {"thu-tuc": str(birth.id)} | wrong, follow=True)
        assert "hc-message" in answer.content.decode() or "ONE-216" in answer.content.decode()


def test_import_pages__upload_decide_apply(keeper: Client) -> None:
    changed = [*ROWS[:1], row("1.000656", "Đăng ký khai tử", results=["Giấy"]), row("1.9", "Thủ tục mới")]
    content = "\n".join(json.dumps(one) for one in changed).encode()
    address = reverse("onestop:catalogue-imports")
    bad = keeper.post(address, {"file": SimpleUploadedFile("dm.jsonl", content), "begins_on": "hôm nay"})
    assert bad.status_code == 400
    answer = keeper.post(
        address,
        {"file": SimpleUploadedFile("dm.jsonl", content), "begins_on": "01/03/2026", "complete": "on"},
    )
    run = CatalogueImport.objects.get(state=ImportState.READING)
    assert answer.headers["Location"] == reverse("onestop:catalogue-import", args=[run.pk])
    assert "hc-progress" in text(keeper, "onestop:catalogue-import", run.pk)
    imports.carry_out(run.pk, "read")
    progress = keeper.get(
        reverse("onestop:catalogue-progress", args=[run.pk]), headers={"HX-Request": "true"}
    )
    assert progress.headers["HX-Refresh"] == "true"
    page = text(keeper, "onestop:catalogue-import", run.pk)
    assert "Áp dụng 3 thay đổi" in page
    assert "<ins>Giấy</ins>" in page
    assert "<del>Trích lục</del>" in page
    ended = run.rows.get(fate=Fate.ENDED)
    accept = {"viec": "de-lai", "dong": str(ended.id), "loai": "ended"}
    keeper.post(reverse("onestop:catalogue-accept", args=[run.pk]), accept)
    assert "để lại" in text(keeper, "onestop:catalogue-import", run.pk, loai="ended")
    keeper.post(reverse("onestop:catalogue-decide", args=[run.pk]), {"viec": "ap-dung"})
    imports.carry_out(run.pk, "apply")
    run.refresh_from_db()
    assert (run.state, run.report["written"], run.report["ended"]) == (ImportState.APPLIED, 2, 0)
    assert "đã ghi 2 thủ tục" in text(keeper, "onestop:catalogue-import", run.pk)


def test_import_page__dropped__changes_nothing(keeper: Client) -> None:
    run = read(row("1.9", "Thủ tục mới"))
    keeper.post(reverse("onestop:catalogue-decide", args=[run.pk]), {"viec": "bo"})
    run.refresh_from_db()
    assert run.state == ImportState.DROPPED
    again = keeper.post(reverse("onestop:catalogue-decide", args=[run.pk]), {"viec": "ap-dung"}, follow=True)
    assert "ONE-214" in again.content.decode()


def test_pages__without_the_permission__are_closed(reader: Client) -> None:
    run = read(*ROWS)
    for name, values in (
        ("onestop:catalogue-imports", []),
        ("onestop:catalogue-import", [run.pk]),
        ("onestop:catalogue-progress", [run.pk]),
    ):
        assert reader.get(reverse(name, args=values)).status_code == 403
    for name, values in (
        ("onestop:catalogue-settle", []),
        ("onestop:catalogue-reopen", []),
        ("onestop:catalogue-announce", []),
        ("onestop:catalogue-withdraw", [run.pk]),
        ("onestop:catalogue-accept", [run.pk]),
        ("onestop:catalogue-decide", [run.pk]),
    ):
        form = {"cho": str(run.pk), "thu-tuc": str(run.pk), "quyet-dinh": "1", "tu-ngay": "01/03/2026"}
        assert reader.post(reverse(name, args=values), form).status_code == 403, name


@pytest.mark.parametrize(
    "name", ["catalogue", "catalogue-defects", "catalogue-announcements", "catalogue-imports"]
)
def test_pages__nobody__is_turned_away__empty_says_why(town: Town, browse: Browse, name: str) -> None:
    assert browse(ANONYMOUS).get(reverse(f"onestop:{name}")).status_code == 403
    assert "hc-empty" in text(browse(official(town.province)), f"onestop:{name}")
