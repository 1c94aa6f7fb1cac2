"""Pages of reconciliation: who sees what, replay by one, some and all, names, settings without secrets, files."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client

from haicap.kernel import clock, files
from haicap.kernel.actor import ANONYMOUS, Actor
from haicap.kernel.contract import Health
from haicap.kernel.models import JournalEntry
from haicap.kernel.text import fold
from haicap.systems.onestop.models import (
    DossierPaper,
    DossierSync,
    NameKind,
    Partner,
    PartnerAlias,
    PartnerName,
    SyncKind,
    SyncRun,
    SyncState,
)
from haicap.systems.onestop.probes import PartnersAreTold
from haicap.systems.onestop.sync import names, secrets, service
from haicap.systems.onestop.sync.bundle import bundle_of
from haicap.systems.onestop.sync.tests.conftest import Peer, make_partner
from haicap.systems.onestop.sync.tests.test_delivery import receive, rows, run
from haicap.systems.onestop.tests.factories import Town, official

Browse = Callable[[Actor], Client]
INDEX = "/lam-viec/lien-thong/"
PAGE = f"{INDEX}dvcqg/"
MANAGE, REPLAY = "onestop.manage_sync", "onestop.replay_sync"


def admin(town: Town) -> Actor:
    """The province's administrator."""
    return official(town.province, may=(MANAGE, REPLAY))


def technician(town: Town) -> Actor:
    """Who sees and replays."""
    return official(town.province, may=(REPLAY,))


GETS = (INDEX, PAGE, f"{PAGE}ten/", f"{PAGE}tien-do/")
MANAGED = (f"{INDEX}them/", f"{PAGE}thiet-lap/")


def test_pages__by_permission(town: Town, partner: Partner, browse: Browse) -> None:
    dossier = receive(town)
    story = f"{PAGE}ho-so/{dossier.code}/"
    for address in (*GETS, *MANAGED, story):
        assert browse(ANONYMOUS).get(address).status_code == 403, address
        assert (
            browse(official(town.commune, may=("onestop.advance_dossier",))).get(address).status_code == 403
        ), address
        assert browse(admin(town)).get(address).status_code == 200, address
    for address in (*GETS, story):
        assert browse(technician(town)).get(address).status_code == 200, address
    for address in MANAGED:
        assert browse(technician(town)).get(address).status_code == 403, address
    client = browse(technician(town))
    for data in ({"viec": "tat"}, {"viec": "dong"}, {"viec": "ho-so-cu", "tu-ngay": "01/01/2026"}):
        assert client.post(f"{PAGE}viec/", data).status_code == 403, data
    assert client.post(f"{PAGE}ten/quyet-dinh/", {"viec": "lay"}).status_code == 403
    assert Partner.objects.get().enabled


def test_pages__show_no_applicant(town: Town, partner: Partner, browse: Browse) -> None:
    dossier = receive(town, "Phạm Thị Ánh")
    client = browse(admin(town))
    for address in (f"{PAGE}?tt=to_send", f"{PAGE}ho-so/{dossier.code}/"):
        page = client.get(address).content.decode()
        assert dossier.code in page
        assert "Ánh" not in page
    assert client.get(f"{PAGE}ho-so/H91-260302-9999/").status_code == 404
    assert client.get(f"{INDEX}khong-co/").status_code == 404


def test_index__nobody_set_up__says_so(town: Town, browse: Browse) -> None:
    page = browse(admin(town)).get(INDEX).content.decode()
    assert "Chưa khai báo hệ thống ngoài nào" in page
    assert "Thêm hệ thống ngoài" in page


def test_failed__one_some_all__are_replayed(town: Town, partner: Partner, peer: Peer, browse: Browse) -> None:
    peer.control(agencies=[])
    made = [receive(town) for _ in range(4)]
    run()
    client = browse(technician(town))
    page = client.get(PAGE).content.decode()
    assert "chưa đăng ký" in page
    assert "bên nhận từ chối, mã 11" in page
    first = DossierSync.objects.get(dossier=made[0], kind=SyncKind.DOSSIER)
    client.post(f"{PAGE}gui-lai/", {"viec": "chon", "ban-tin": [str(first.id)]})
    assert rows(made[0])[0] == ("dossier", "to_send")
    assert rows(made[1])[0] == ("dossier", "failed")
    again = client.post(f"{PAGE}gui-lai/", {"viec": "chon", "ban-tin": [str(first.id)]}, follow=True)
    assert "ONE-513" in again.content.decode()
    assert (
        "Không đọc được"
        in client.post(f"{PAGE}gui-lai/", {"viec": "chon", "ban-tin": "x"}, follow=True).content.decode()
    )
    client.post(f"{PAGE}gui-lai/", {"viec": "tat-ca", "ly-do": "11"})
    started = SyncRun.objects.get()
    assert started.total == 3
    assert "hc-progress" in client.get(PAGE).content.decode()
    assert "ONE-514" in client.post(f"{PAGE}gui-lai/", {"viec": "tat-ca"}, follow=True).content.decode()
    service.continue_run(started.id)
    peer.control(agencies=None)
    run()
    assert {state for one in made for _kind, state in rows(one)} == {"acknowledged"}
    story = client.get(f"{PAGE}ho-so/{made[0].code}/").content.decode()
    assert "Trần Thị Kiểm Thử" in story, "who replayed is in the history"
    assert JournalEntry.objects.filter(action="onestop.replay_sync").exists()


def test_dossier_page__says_how_far_partners_know(town: Town, partner: Partner, browse: Browse) -> None:
    dossier = receive(town)
    client = browse(official(town.commune))
    page = client.get(f"/lam-viec/ho-so/{dossier.code}/").content.decode()
    assert "Liên thông" in page
    assert "cần gửi" in page
    run()
    assert "đã xác nhận" in client.get(f"/lam-viec/ho-so/{dossier.code}/").content.decode()


def test_settings__password__is_encrypted_and_never_shown(town: Town, browse: Browse) -> None:
    client = browse(admin(town))
    form = {
        "code": "truc-tinh", "name": "Trục tỉnh", "kind": "national", "endpoint": "https://truc.vidu.vn/api",
        "username": "tinh", "password": "bí mật lắm", "fields": "", "settings": '{"dstcode": "X"}',
    }  # fmt: skip
    assert client.post(f"{INDEX}them/", form).status_code == 302
    made = Partner.objects.get()
    assert "bí mật" not in made.password
    assert secrets.opened(made.password) == "bí mật lắm"
    assert not made.enabled, "nothing goes out before somebody says so"
    page = client.get(f"{INDEX}truc-tinh/thiet-lap/").content.decode()
    assert "bí mật lắm" not in page
    assert made.password not in page
    client.post(f"{INDEX}truc-tinh/thiet-lap/", {**form, "name": "Trục của tỉnh", "password": ""})
    made.refresh_from_db()
    assert (made.name, secrets.opened(made.password)) == ("Trục của tỉnh", "bí mật lắm")
    entries = list(JournalEntry.objects.filter(action="onestop.save_partner").values_list("after", flat=True))
    assert "bí mật" not in str(entries)
    assert [one["password_changed"] for one in entries if one] == [True, False]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("endpoint", "ftp://truc.vidu.vn"),
        ("endpoint", "https://a:b@truc.vidu.vn"),
        ("endpoint", "không phải địa chỉ"),
        ("code", "có dấu"),
        ("name", " "),
        ("settings", "{"),
        ("settings", '{"không có": 1}'),
        ("settings", '{"answer_s": -1}'),
        ("settings", '{"code_pattern": "("}'),
        ("settings", '{"procedure_pattern": "x"}'),
    ],
)
def test_settings__bad__is_named_and_kept_as_typed(
    town: Town, browse: Browse, field: str, value: str
) -> None:
    form = {
        "code": "truc", "name": "Trục tỉnh", "kind": "national", "endpoint": "https://truc.vidu.vn",
        "username": "", "password": "x", "fields": "", "settings": "{}", field: value,
    }  # fmt: skip
    answer = browse(admin(town)).post(f"{INDEX}them/", form)
    assert answer.status_code == 400
    assert "ONE-512" in answer.content.decode()
    assert not Partner.objects.exists()


def test_act__switch_try_close(town: Town, partner: Partner, peer: Peer, browse: Browse) -> None:
    client = browse(admin(town))
    assert "Đăng nhập được" in client.post(f"{PAGE}viec/", {"viec": "thu"}, follow=True).content.decode()
    client.post(f"{PAGE}viec/", {"viec": "tat"})
    assert not Partner.objects.get().enabled
    assert "Không đọc được" in client.post(f"{PAGE}viec/", {"viec": "xyz"}, follow=True).content.decode()
    bad = client.post(f"{PAGE}viec/", {"viec": "ho-so-cu", "tu-ngay": "31/02/2026"}, follow=True)
    assert "KRN-080" in bad.content.decode()
    client.post(f"{PAGE}viec/", {"viec": "dong"})
    assert client.get(PAGE).status_code == 404
    receive(town)
    assert not DossierSync.objects.exists()


def test_names__by_file__are_compared_accepted_and_undone(
    town: Town, partner: Partner, peer: Peer, browse: Browse
) -> None:
    client = browse(admin(town))
    listed = "Mã;Tên\nH91.20.1;Ủy ban nhân dân xã Hoà Phú\nH91.20.2;Ủy ban nhân dân xã Mỹ An\nH91;UBND tỉnh Quảng Hòa\n"
    answer = client.post(
        f"{PAGE}ten/quyet-dinh/",
        {"viec": "nhap", "loai": "agency", "tep": io.BytesIO(listed.encode("utf-8-sig"))},
        follow=True,
    )
    page = answer.content.decode()
    assert "Đã nhập 3 tên" in page
    assert "Ủy ban nhân dân xã Hoà Phú" in page
    assert "chỗ đặt dấu thanh" in page
    found = {one.code: one for one in names.mismatches(admin(town), partner, NameKind.AGENCY)}
    assert set(found) == {"H91", "H91.20", "H91.20.1"}, "what is the same to the letter is not listed"
    assert found["H91"].difference == names.Difference.NAME
    meant = found["H91.20.1"].suggestions[0]
    client.post(f"{PAGE}ten/quyet-dinh/", {"viec": f"nhan {meant.id} H91.20.1", "loai": "agency"})
    assert "H91.20.1" not in {one.code for one in names.mismatches(admin(town), partner, NameKind.AGENCY)}
    peer.control(agencies=["Ủy ban nhân dân xã Hoà Phú"])
    dossier = receive(town)
    run()
    assert peer.state()["dossiers"][dossier.code]["DonViXuLy"] == "Ủy ban nhân dân xã Hoà Phú"
    client.post(f"{PAGE}ten/quyet-dinh/", {"viec": "bo H91.20.1", "loai": "agency"})
    assert "H91.20.1" in {one.code for one in names.mismatches(admin(town), partner, NameKind.AGENCY)}
    assert PartnerAlias.objects.get().withdrawn_at is not None


def test_names__abbreviated_under_another_code__is_offered(town: Town, partner: Partner) -> None:
    names.import_names(admin(town), partner, NameKind.AGENCY, [("X.7", "UBND xã Mỹ An"), ("X.8", "Sở Y tế")])
    found = {one.code: one for one in names.mismatches(admin(town), partner, NameKind.AGENCY)}
    assert [one.name for one in found["H91.20.2"].suggestions] == ["UBND xã Mỹ An"]
    assert found["H91.20.2"].difference == names.Difference.CODE
    assert found["H91"].difference == names.Difference.MISSING


def test_names__fetched__from_the_partner(town: Town, partner: Partner, peer: Peer, browse: Browse) -> None:
    peer.control(
        lists={"LayDanhMucCoQuan": [{"MADONVI": "H91.20.1", "TENDONVI": "Ủy ban nhân dân xã Hòa Phú"}]}
    )
    client = browse(admin(town))
    page = client.post(
        f"{PAGE}ten/quyet-dinh/", {"viec": "lay", "loai": "agency"}, follow=True
    ).content.decode()
    assert "Đã lấy 1 tên" in page
    assert names.count_mismatches(partner, NameKind.AGENCY) == 3
    assert names.count_mismatches(partner, NameKind.UNIT) == 0, "no list, nothing to compare"


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe", b"{", b'{"a": 1}', b'["x"]', "chỉ một cột\nx".encode()]
)
def test_names__bad_list__is_refused_and_the_old_one_kept(
    town: Town, partner: Partner, content: bytes
) -> None:
    with pytest.raises(names.BadNameList):
        names.read_list(content)


@pytest.mark.parametrize(
    ("ours", "theirs", "difference"),
    [
        ("Phường B'Lao", "Phường B’Lao", names.Difference.SPELLING),
        ("Phường B'Lao", "Phường BLao", names.Difference.ACCENTS),
        ("Xã Hòa Phú", "Xã Hoà Phú", names.Difference.SPELLING),
        ("Xã Hòa Phú", "Xã Hoa Phu", names.Difference.ACCENTS),
        ("Xã Hòa Phú", "UBND xã Hòa Phú", names.Difference.NAME),
    ],
)
def test_names__difference__is_told(ours: str, theirs: str, difference: names.Difference) -> None:
    entry = PartnerName(code="1", name=theirs, fold=fold(theirs))
    assert names._difference("1", ours, entry) == difference


def test_probe__failed_or_waiting_long__is_degraded(town: Town, partner: Partner) -> None:
    assert PartnersAreTold().ask().health == Health.WELL
    receive(town)
    assert PartnersAreTold().ask().health == Health.WELL
    with clock.shifted(timedelta(hours=2)):
        assert PartnersAreTold().ask().health == Health.DEGRADED
    DossierSync.objects.update(state=SyncState.FAILED, reason="11")
    assert PartnersAreTold().ask().health == Health.DEGRADED


def test_file__told__is_read_by_its_address_alone(town: Town, peer: Peer, browse: Browse) -> None:
    made = make_partner(peer.address, file_url="https://mot-cua.vidu.vn")
    dossier = receive(town)
    kept = files.put(b"%PDF-1.4 giay khai sinh", "giay.pdf")
    DossierPaper.objects.create(
        dossier=dossier, name="Giấy chứng sinh", code="KQ.1", file_id=kept.digest, at=clock.now()
    )
    run()
    told = peer.state()["dossiers"][dossier.code]["TaiLieuNop"][0]
    address = told["DuongDanTaiTepTin"]
    assert address == bundle_of(made, dossier.id, "https://mot-cua.vidu.vn").address(kept.digest), (
        "it stays the same"
    )
    client = browse(ANONYMOUS)
    path = address.removeprefix("https://mot-cua.vidu.vn")
    answer = client.get(path)
    assert b"".join(answer.streaming_content) == b"%PDF-1.4 giay khai sinh"  # type: ignore[attr-defined]
    assert "attachment" in answer["Content-Disposition"]
    entry = JournalEntry.objects.get(action="onestop.read_told_file")
    assert (entry.actor_label, entry.record_id) == ("hệ thống ngoài Cổng Dịch vụ công quốc gia", dossier.id)
    assert client.get(f"{path[:-3]}xyz/").status_code == 404
    with clock.shifted(timedelta(days=120)):
        assert client.get(path).status_code == 404
    service.switch_partner(admin(town), made, enabled=False)
    assert client.get(path).status_code == 404
