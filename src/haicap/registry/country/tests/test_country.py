"""The country as others load it: totals, known cases, and what must hold of every edge."""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from datetime import date

import pytest

from haicap.registry.country import (
    BASE_DATE,
    Formation,
    PublishedReorganisation,
    load_base,
    load_published,
    load_resolutions,
    load_spellings,
    state_at,
    state_counts,
)
from haicap.registry.country.tables import COLUMNS, FOLDER, read_table

FIRST_DAY = date(2025, 7, 1)
LEVELS = ("province", "district", "commune")


def first_day() -> list[PublishedReorganisation]:
    return [one for one in load_published() if one.effective == FIRST_DAY]


def communes_of_first_day() -> dict[str, Formation]:
    return {new.code: new for one in first_day() for new in one.formations if new.level == "commune"}


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (date(2025, 6, 30), (63, 696, 10_035, 1_727, 7_691, 617, 0)),
        (date(2025, 7, 1), (34, 0, 3_321, 687, 2_621, 0, 13)),
        (date(2026, 4, 29), (34, 0, 3_321, 687, 2_621, 0, 13)),
        (date(2026, 4, 30), (34, 0, 3_321, 697, 2_611, 0, 13)),
        (date(2026, 9, 20), (34, 0, 3_321, 709, 2_599, 0, 13)),
    ],
)
def test_state__counts__are_the_official_totals(at: date, expected: tuple[int, ...]) -> None:
    keys = ("province", "district", "commune", "phuong", "xa", "thi_tran", "dac_khu")
    assert state_counts(at) == dict(zip(keys, expected, strict=True))


@pytest.mark.parametrize(
    ("province", "communes"), [("38", 166), ("42", 69), ("11", 45), ("48", 94), ("24", 99)]
)
def test_state__communes_of_a_province(province: str, communes: int) -> None:
    units = state_at(FIRST_DAY).values()
    assert sum(unit.level == "commune" and unit.parent_code == province for unit in units) == communes


def test_state__before_the_base__is_refused() -> None:
    with pytest.raises(ValueError, match="30/06/2025"):
        state_at(date(2025, 6, 29))


def test_state__every_parent_exists_at_every_date() -> None:
    for at in (BASE_DATE, *(one.effective for one in load_published())):
        units = state_at(at)
        for unit in units.values():
            above = {
                "province": None,
                "district": "province",
                "commune": "province" if at > BASE_DATE else "district",
            }
            parent = units[unit.parent_code].level if unit.parent_code else None
            assert parent == above[unit.level], (at, unit)


@pytest.mark.parametrize(
    ("at", "cities"),
    [(BASE_DATE, 6), (FIRST_DAY, 6), (date(2026, 4, 30), 7), (date(2026, 9, 1), 8), (date(2026, 9, 20), 9)],
)
def test_state__centrally_run_cities(at: date, cities: int) -> None:
    assert (
        sum(unit.level == "province" and unit.kind == "thanh_pho" for unit in state_at(at).values()) == cities
    )


def test_base__codes_names_and_kinds() -> None:
    width = {"province": 2, "district": 3, "commune": 5}
    kinds = {
        "province": {"tinh", "thanh_pho"},
        "district": {"quan", "huyen", "thi_xa", "thanh_pho_thuoc_tinh", "thanh_pho_thuoc_thanh_pho"},
        "commune": {"xa", "phuong", "thi_tran"},
    }
    base = load_base()
    assert len({unit.code for unit in base}) == len(base) == 63 + 696 + 10_035
    for unit in base:
        assert unit.code.isdigit(), unit
        assert len(unit.code) == width[unit.level], unit
        assert unit.kind in kinds[unit.level], unit
        assert unit.name, unit
        assert unit.name == unicodedata.normalize("NFC", unit.name).strip(), unit
        assert not unit.name.startswith(("Xã ", "Thị trấn ", "Huyện ", "Quận ", "Tỉnh ", "Thành phố ")), unit
        assert unit.lat is not None, unit
        assert unit.lon is not None, unit
        assert 7 < unit.lat < 24, unit
        assert 102 < unit.lon < 118, unit


def test_base__five_island_districts_have_no_commune() -> None:
    parents = {unit.parent_code for unit in load_base() if unit.level == "commune"}
    childless = {unit.name for unit in load_base() if unit.level == "district" and unit.code not in parents}
    assert childless == {"Bạch Long Vĩ", "Cồn Cỏ", "Hoàng Sa", "Lý Sơn", "Côn Đảo"}


def test_base__name_that_begins_with_its_kind__is_kept() -> None:
    names = {unit.code: (unit.kind, unit.name) for unit in load_base()}
    assert names["13369"] == ("phuong", "Tiên Sơn")
    assert names["19780"] == ("phuong", "Phường Đúc")
    assert names["25462"] == ("phuong", "IV")
    assert names["00181"] == ("phuong", "Văn Miếu - Quốc Tử Giám")


def test_published__order_and_keys() -> None:
    published = load_published()
    assert [one.key for one in published[34:]] == ["2026-04-30/75", "2026-09-01/22", "2026-09-20/24"]
    assert len(first_day()) == 34
    assert [(one.effective, one.province_code) for one in published] == sorted(
        (one.effective, one.province_code) for one in published
    )


def test_published__every_resolution_is_known_and_dated_before() -> None:
    acts = {act.number: act for act in load_resolutions()}
    for one in load_published():
        assert one.resolutions
        for number in one.resolutions:
            assert acts[number].dated < one.effective, (one.key, number)
        for new in one.formations:
            assert new.resolution in one.resolutions, (one.key, new.code)
    assert acts["1659/NQ-UBTVQH15"].title.endswith("thành phố Đà Nẵng năm 2025")
    used = {number for one in load_published() for number in one.resolutions}
    assert used == set(acts)


def test_published__provinces_come_first_and_only_where_they_changed() -> None:
    changed = []
    for one in first_day():
        levels = [LEVELS.index(new.level) for new in one.formations]
        assert levels == sorted(levels)
        changed += [new for new in one.formations if new.level == "province"]
    assert len(changed) == 23
    assert sum(len(new.predecessors) for new in changed) == 63 - 11
    assert not any(part.part for new in changed for part in new.predecessors)
    bac_ninh = next(new for new in changed if new.code == "24")
    assert [part.code for part in bac_ninh.predecessors] == ["24", "27"], "code 24 was Bắc Giang"


def test_published__every_unit_of_the_base_has_exactly_one_fate() -> None:
    succeeded = {part.code for one in first_day() for new in one.formations for part in new.predecessors}
    abolished = [code for one in first_day() for code in one.abolished]
    base = {unit.code: unit for unit in load_base()}
    assert len(abolished) == len(set(abolished)) == 691
    assert not succeeded & set(abolished)
    assert all(base[code].level == "district" for code in abolished)
    kept = {unit.code for unit in base.values() if unit.level == "province"} - succeeded
    assert len(kept) == 11, "provinces that did not merge live on"
    assert succeeded | set(abolished) | kept == set(base)


def test_published__every_new_commune_has_a_predecessor_of_its_own_province() -> None:
    base = {unit.code: unit for unit in load_base()}
    merged_into = {
        part.code: new.code
        for one in first_day()
        for new in one.formations
        if new.level == "province"
        for part in new.predecessors
    }
    for new in communes_of_first_day().values():
        assert new.predecessors, new
        for part in new.predecessors:
            old = base[part.code]
            district = base[old.parent_code or ""] if old.level == "commune" else old
            province = district.parent_code or ""
            assert merged_into.get(province, province) == new.parent_code, (new.code, part.code)


def test_published__a_divided_unit_is_in_parts_everywhere_and_another_nowhere() -> None:
    successors: dict[str, list[bool]] = defaultdict(list)
    for new in communes_of_first_day().values():
        assert len({part.code for part in new.predecessors}) == len(new.predecessors), new
        for part in new.predecessors:
            successors[part.code].append(part.part)
    for code, parts in successors.items():
        assert set(parts) == {len(parts) > 1}, code
    assert sum(len(parts) for parts in successors.values()) == 10_571
    assert sum(len(parts) > 1 for parts in successors.values()) == 441


def test_published__known_cases() -> None:
    new = communes_of_first_day()
    assert len(new["20356"].predecessors) == 3
    assert [part.code for part in new["07192"].predecessors] == ["07192", "07195", "07198"], "Cô Tô"
    assert [part.code for part in new["20333"].predecessors] == ["498"], (
        "Hoàng Sa was a district without communes"
    )
    assert {part.code for part in new["31108"].predecessors} == {"31108", "31111", "31114", "31115"}, (
        "Kiên Hải"
    )
    van_khe = [code for code, one in new.items() if any(part.code == "09013" for part in one.predecessors)]
    assert sorted(van_khe) == ["08980", "08995", "09022", "09817"]
    ky_loi = {
        code: part.part for code, one in new.items() for part in one.predecessors if part.code == "18796"
    }
    assert ky_loi == {"18754": True, "18823": True, "18832": True}, "its land and its people went apart"
    assert new["26740"].name == "Sài Gòn"


def test_published__old_binh_thuan__became_45_communes() -> None:
    base = {unit.code: unit for unit in load_base()}
    old = {
        unit.code
        for unit in base.values()
        if unit.level == "commune" and base[unit.parent_code or ""].parent_code == "60"
    }
    new = [
        one for one in communes_of_first_day().values() if any(part.code in old for part in one.predecessors)
    ]
    assert (len(old), len(new)) == (121, 45)


def test_published__later_reorganisations_change_kinds_only() -> None:
    for one in load_published()[34:]:
        before = state_at(
            one.effective.replace(day=one.effective.day - 1) if one.effective.day > 1 else FIRST_DAY
        )
        assert not one.abolished
        for new in one.formations:
            old = before[new.code]
            assert [(part.code, part.part) for part in new.predecessors] == [(new.code, False)]
            assert (old.name, old.parent_code, old.lat) == (new.name, new.parent_code, new.lat)
            assert old.kind != new.kind
    kinds = {one.key: Counter(new.kind for new in one.formations) for one in load_published()[34:]}
    assert kinds["2026-04-30/75"] == {"thanh_pho": 1, "phuong": 10}
    assert kinds["2026-09-01/22"] == {"thanh_pho": 1}
    assert kinds["2026-09-20/24"] == {"thanh_pho": 1, "phuong": 12}


def test_published__notes_hold_their_own_event_only() -> None:
    for one in load_published():
        for new in one.formations:
            assert new.note, (one.key, new.code)
            assert ("QH16" in new.note) is False
            if one.effective == FIRST_DAY and new.level == "commune":
                assert "Thành lập phường" not in new.note, (one.key, new.code)


def test_spellings__belong_to_units_of_their_state() -> None:
    spellings = load_spellings()
    assert len(spellings) > 200
    for at, code, variant in spellings:
        unit = state_at(at)[code]
        assert variant
        assert variant != unit.name
    assert (FIRST_DAY, "24184", "Ea H’Leo") in spellings


@pytest.mark.parametrize("name", sorted(COLUMNS))
def test_files__are_plain_sorted_text(name: str) -> None:
    content = (FOLDER / name).read_bytes()
    text = content.decode("utf-8")
    assert unicodedata.normalize("NFC", text) == text
    assert b"\r" not in content
    assert content.endswith(b"\n")
    assert tuple(text.split("\n", 1)[0].split(",")) == COLUMNS[name]
    rows = [tuple(row.values()) for row in read_table(name)]
    assert rows == sorted(rows)
    assert len(set(rows)) == len(rows)


def test_files__are_small() -> None:
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 3_000_000


def test_decisions__each_has_a_reason() -> None:
    for row in read_table("decisions.csv"):
        assert len(row["reason"]) > 20, row
        assert row["decision"], row
