"""Which organs a unit has (mẫu tổ chức bộ máy), by its kind and by the law of the day.

Facts: Law on the organisation of local government 77/2015 (three levels, until 30/6/2025) and 72/2025 (two
levels, from 1/7/2025); Decree 150/2025/NĐ-CP (specialised divisions of communes); district police ended
on 1/3/2025. A plan may leave agencies out or add others: these are defaults, as data.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import Enum

from haicap.registry.models.agency import AgencyKind
from haicap.registry.models.unit import Kind, Level

TWO_LEVELS_FROM = date(2025, 7, 1)

#: The word for a kind of unit inside a name: always Vietnamese, whatever the language of whoever acts.
WORD_OF_KIND: dict[str, str] = {
    Kind.TINH: "tỉnh",
    Kind.THANH_PHO: "thành phố",
    Kind.QUAN: "quận",
    Kind.HUYEN: "huyện",
    Kind.THI_XA: "thị xã",
    Kind.THANH_PHO_THUOC_TINH: "thành phố",
    Kind.THANH_PHO_THUOC_THANH_PHO: "thành phố",
    Kind.XA: "xã",
    Kind.PHUONG: "phường",
    Kind.THI_TRAN: "thị trấn",
    Kind.DAC_KHU: "đặc khu",
}


def spoken(kind: str, name: str) -> str:
    """A unit inside a sentence: "phường Hải Vân"."""
    return f"{WORD_OF_KIND[kind]} {name}"


class Period(Enum):
    """Which law on local government is in force."""

    THREE_LEVELS = "three"
    TWO_LEVELS = "two"

    @classmethod
    def on(cls, day: date) -> Period:
        """The period of a day: two levels from 1/7/2025."""
        return cls.TWO_LEVELS if day >= TWO_LEVELS_FROM else cls.THREE_LEVELS


@dataclass(frozen=True, slots=True)
class PostTemplate:
    """`count` posts of one title; `leads` puts them on the leadership desk."""

    title: str
    count: int
    leads: bool = False


@dataclass(frozen=True, slots=True)
class AgencyTemplate:
    """One organ. `name` has the slot `{unit}` ("phường Hải Vân"); `parent` is the kind of its superior in the unit.

    `code` says how its identification code is formed: "unit" (the unit's own: H17.25), "council" (the same in the
    K series), "sub" (the unit's code and a running number: H17.25.1) or "" (issued by others, none here).
    """

    kind: AgencyKind
    name: str
    slot: str = ""
    parent: AgencyKind | None = None
    code: str = ""
    posts: tuple[PostTemplate, ...] = ()

    @property
    def leads(self) -> bool:
        """Whether it has a leadership desk."""
        return any(post.leads for post in self.posts)

    @property
    def works(self) -> bool:
        """Whether it gets a work desk at once; others get theirs with their first piece of work."""
        return self.kind == AgencyKind.COMMITTEE or any(not post.leads for post in self.posts)


def _lead(title: str, count: int = 1) -> PostTemplate:
    return PostTemplate(title, count, leads=True)


def _work(title: str, count: int) -> PostTemplate:
    return PostTemplate(title, count)


_COMMITTEE = AgencyKind.COMMITTEE

_POLITICAL_COMMUNE = (
    AgencyTemplate(
        AgencyKind.PARTY,
        "Đảng ủy {unit}",
        posts=(_lead("bi_thu"), _lead("pho_bi_thu"), _work("chuyen_vien", 2), _work("van_thu", 1)),
    ),
    AgencyTemplate(
        AgencyKind.COUNCIL,
        "Hội đồng nhân dân {unit}",
        code="council",
        posts=(_lead("chu_tich"), _lead("pho_chu_tich")),
    ),
    AgencyTemplate(
        AgencyKind.FRONT,
        "Ủy ban Mặt trận Tổ quốc Việt Nam {unit}",
        posts=(_lead("chu_tich"), _work("chuyen_vien", 2)),
    ),
    AgencyTemplate(AgencyKind.POLICE, "Công an {unit}", posts=(_lead("truong_cong_an"),)),
    AgencyTemplate(AgencyKind.MILITARY, "Ban Chỉ huy Quân sự {unit}", posts=(_lead("chi_huy_truong"),)),
)

_COMMUNE_BEFORE = (
    AgencyTemplate(
        _COMMITTEE,
        "Ủy ban nhân dân {unit}",
        code="unit",
        posts=(
            _lead("chu_tich"),
            _lead("pho_chu_tich", 2),
            _work("cong_chuc_mot_cua", 2),
            _work("van_thu", 1),
            _work("chuyen_vien", 6),
        ),
    ),
    *_POLITICAL_COMMUNE,
)


def _commune_after(divisions: tuple[str, ...]) -> tuple[AgencyTemplate, ...]:
    head_and_deputy = (_lead("truong_phong"), _lead("pho_truong_phong"))
    return (
        AgencyTemplate(
            _COMMITTEE,
            "Ủy ban nhân dân {unit}",
            code="unit",
            posts=(_lead("chu_tich"), _lead("pho_chu_tich", 2)),
        ),
        *_POLITICAL_COMMUNE,
        AgencyTemplate(
            AgencyKind.OFFICE,
            "Văn phòng Hội đồng nhân dân và Ủy ban nhân dân {unit}",
            parent=_COMMITTEE,
            code="sub",
            posts=(
                _lead("chanh_van_phong"),
                _lead("pho_chanh_van_phong"),
                _work("quan_tri_xa", 1),
                _work("van_thu", 1),
                _work("chuyen_vien", 2),
            ),
        ),
        *(
            AgencyTemplate(
                AgencyKind.DIVISION,
                f"Phòng {division} {{unit}}",
                slot=division,
                parent=_COMMITTEE,
                code="sub",
                posts=(*head_and_deputy, _work("chuyen_vien", 4)),
            )
            for division in divisions
        ),
        AgencyTemplate(
            AgencyKind.SERVICE_CENTRE,
            "Trung tâm Phục vụ hành chính công {unit}",
            parent=_COMMITTEE,
            code="sub",
            posts=(_lead("giam_doc_trung_tam"), _lead("pho_giam_doc"), _work("cong_chuc_mot_cua", 4)),
        ),
    )


_XA_AFTER = _commune_after(("Kinh tế", "Văn hóa - Xã hội"))
_PHUONG_AFTER = _commune_after(("Kinh tế, Hạ tầng và Đô thị", "Văn hóa - Xã hội"))

_DISTRICT_DIVISIONS = (
    "Nội vụ",
    "Tư pháp",
    "Tài chính - Kế hoạch",
    "Nông nghiệp và Môi trường",
    "Kinh tế, Hạ tầng và Đô thị",
    "Văn hóa, Khoa học và Thông tin",
    "Giáo dục và Đào tạo",
)
_PARTY_OF_DISTRICT = {
    Kind.QUAN: "Quận ủy",
    Kind.HUYEN: "Huyện ủy",
    Kind.THI_XA: "Thị ủy",
    Kind.THANH_PHO_THUOC_TINH: "Thành ủy",
    Kind.THANH_PHO_THUOC_THANH_PHO: "Thành ủy",
}


def _district(kind: Kind) -> tuple[AgencyTemplate, ...]:
    return (
        AgencyTemplate(
            _COMMITTEE,
            "Ủy ban nhân dân {unit}",
            code="unit",
            posts=(_lead("chu_tich"), _lead("pho_chu_tich", 2)),
        ),
        AgencyTemplate(
            AgencyKind.PARTY,
            f"{_PARTY_OF_DISTRICT[kind]} {{name}}",
            posts=(_lead("bi_thu"), _lead("pho_bi_thu"), _work("chuyen_vien", 4), _work("van_thu", 1)),
        ),
        AgencyTemplate(
            AgencyKind.COUNCIL,
            "Hội đồng nhân dân {unit}",
            code="council",
            posts=(_lead("chu_tich"), _lead("pho_chu_tich")),
        ),
        AgencyTemplate(
            AgencyKind.FRONT,
            "Ủy ban Mặt trận Tổ quốc Việt Nam {unit}",
            posts=(_lead("chu_tich"), _work("chuyen_vien", 2)),
        ),
        AgencyTemplate(AgencyKind.MILITARY, "Ban Chỉ huy Quân sự {unit}", posts=(_lead("chi_huy_truong"),)),
        AgencyTemplate(
            AgencyKind.OFFICE,
            "Văn phòng Hội đồng nhân dân và Ủy ban nhân dân {unit}",
            parent=_COMMITTEE,
            code="sub",
            posts=(
                _lead("chanh_van_phong"),
                _work("cong_chuc_mot_cua", 3),
                _work("van_thu", 1),
                _work("chuyen_vien", 3),
            ),
        ),
        *(
            AgencyTemplate(
                AgencyKind.DIVISION,
                f"Phòng {division} {{unit}}",
                slot=division,
                parent=_COMMITTEE,
                code="sub",
                posts=(_lead("truong_phong"), _lead("pho_truong_phong"), _work("chuyen_vien", 3)),
            )
            for division in _DISTRICT_DIVISIONS
        ),
    )


DEPARTMENTS = (
    "Nội vụ",
    "Tư pháp",
    "Tài chính",
    "Xây dựng",
    "Công Thương",
    "Nông nghiệp và Môi trường",
    "Khoa học và Công nghệ",
    "Văn hóa, Thể thao và Du lịch",
    "Giáo dục và Đào tạo",
    "Y tế",
    "Dân tộc và Tôn giáo",
)


def _province(kind: Kind) -> tuple[AgencyTemplate, ...]:
    party = "Thành ủy" if kind == Kind.THANH_PHO else "Tỉnh ủy"
    return (
        AgencyTemplate(
            _COMMITTEE,
            "Ủy ban nhân dân {unit}",
            code="unit",
            posts=(_lead("chu_tich"), _lead("pho_chu_tich", 3)),
        ),
        AgencyTemplate(
            AgencyKind.PARTY,
            f"{party} {{name}}",
            posts=(_lead("bi_thu"), _lead("pho_bi_thu", 2), _work("chuyen_vien", 6), _work("van_thu", 1)),
        ),
        AgencyTemplate(
            AgencyKind.COUNCIL,
            "Hội đồng nhân dân {unit}",
            code="council",
            posts=(_lead("chu_tich"), _lead("pho_chu_tich")),
        ),
        AgencyTemplate(
            AgencyKind.FRONT,
            "Ủy ban Mặt trận Tổ quốc Việt Nam {unit}",
            posts=(_lead("chu_tich"), _work("chuyen_vien", 4)),
        ),
        AgencyTemplate(AgencyKind.POLICE, "Công an {unit}", posts=(_lead("giam_doc"),)),
        AgencyTemplate(AgencyKind.MILITARY, "Bộ Chỉ huy Quân sự {unit}", posts=(_lead("chi_huy_truong"),)),
        AgencyTemplate(
            AgencyKind.OFFICE,
            "Văn phòng Ủy ban nhân dân {unit}",
            parent=_COMMITTEE,
            code="sub",
            posts=(
                _lead("chanh_van_phong"),
                _work("kiem_toan", 1),
                _work("van_thu", 2),
                _work("chuyen_vien", 8),
            ),
        ),
        *(
            AgencyTemplate(
                AgencyKind.DEPARTMENT,
                f"Sở {department} {{unit}}",
                slot=department,
                parent=_COMMITTEE,
                code="sub",
                posts=(
                    _lead("giam_doc"),
                    _lead("pho_giam_doc", 2),
                    *(
                        (_work("quan_tri_tinh", 2), _work("ky_thuat", 3))
                        if department == "Khoa học và Công nghệ"
                        else ()
                    ),
                    _work("cong_chuc_mot_cua", 2),
                    _work("van_thu", 1),
                    _work("chuyen_vien", 10),
                ),
            )
            for department in DEPARTMENTS
        ),
        AgencyTemplate(
            AgencyKind.SERVICE_CENTRE,
            "Trung tâm Phục vụ hành chính công {unit}",
            parent=_COMMITTEE,
            code="sub",
            posts=(
                _lead("giam_doc_trung_tam"),
                _work("cong_chuc_mot_cua", 8),
                _work("duong_day_nong", 2),
            ),
        ),
    )


_DISTRICTS = {kind: _district(kind) for kind in _PARTY_OF_DISTRICT}
_PROVINCES = {kind: _province(kind) for kind in (Kind.TINH, Kind.THANH_PHO)}


def template_for(level: str, kind: str, on: date) -> tuple[AgencyTemplate, ...]:
    """The organs of a unit of this level and kind under the law of the day `on`; superiors come first."""
    if level == Level.PROVINCE:
        return _PROVINCES[Kind(kind)]
    if level == Level.DISTRICT:
        return _DISTRICTS[Kind(kind)]
    if Period.on(on) is Period.THREE_LEVELS:
        return _COMMUNE_BEFORE
    return _PHUONG_AFTER if kind == Kind.PHUONG else _XA_AFTER


#: code, name, rank (1 = highest), one holder an agency, sits on the leadership desk
TITLES: tuple[tuple[str, str, int, bool, bool], ...] = (
    ("bi_thu", "Bí thư", 1, True, True),
    ("pho_bi_thu", "Phó Bí thư", 3, False, True),
    ("chu_tich", "Chủ tịch", 2, True, True),
    ("pho_chu_tich", "Phó Chủ tịch", 4, False, True),
    ("giam_doc", "Giám đốc", 5, True, True),
    ("pho_giam_doc", "Phó Giám đốc", 6, False, True),
    ("chanh_van_phong", "Chánh Văn phòng", 5, True, True),
    ("pho_chanh_van_phong", "Phó Chánh Văn phòng", 6, False, True),
    ("truong_phong", "Trưởng phòng", 5, True, True),
    ("pho_truong_phong", "Phó Trưởng phòng", 6, False, True),
    ("giam_doc_trung_tam", "Giám đốc Trung tâm", 5, True, True),
    ("truong_cong_an", "Trưởng Công an", 5, True, True),
    ("chi_huy_truong", "Chỉ huy trưởng", 5, True, True),
    ("cong_chuc_mot_cua", "Công chức một cửa", 8, False, False),
    ("van_thu", "Văn thư", 9, False, False),
    ("chuyen_vien", "Chuyên viên", 8, False, False),
    ("quan_tri_xa", "Quản trị cấp xã", 7, False, False),
    ("quan_tri_tinh", "Quản trị tỉnh", 7, False, False),
    ("kiem_toan", "Kiểm toán", 7, False, False),
    ("ky_thuat", "Kỹ thuật", 8, False, False),
    ("duong_day_nong", "Trực đường dây nóng", 8, False, False),
)
