"""The reader of legal notes, on the notes that are hardest to read."""

from __future__ import annotations

import pytest

from haicap.registry.country.notes import Mention, body_of, parse_list, parse_note, resolution_of

END = ". Bỏ cấp huyện. Số: 1659/NQ-UBTVQH15; Ngày: 16/06/2025"


def units(text: str) -> list[tuple[str | None, str, bool]]:
    return [(one.kind, one.name, one.part) for one in parse_note(text + END).mentions]


def test_note__plain_merge() -> None:
    assert units("Hợp nhất xã A Xan, xã Ch'ơm và xã Gari") == [
        ("xa", "A Xan", False),
        ("xa", "Ch'ơm", False),
        ("xa", "Gari", False),
    ]


def test_note__renamed__its_list_says_whether_it_is_a_part() -> None:
    note = parse_note(
        "Đổi tên từ phường Trúc Bạch thành phường Ba Đình, hợp nhất phường Quán Thánh, 1 phần phường Cửa Nam"
        + END
    )
    assert note.renamed_from == Mention("phuong", "Trúc Bạch", False)
    assert note.mentions == (Mention("phuong", "Quán Thánh", False), Mention("phuong", "Cửa Nam", True))


def test_note__renamed_without_from() -> None:
    note = parse_note("Đổi tên Phường 2 (thị xã Cai Lậy) thành phường Cai Lậy, hợp nhất xã Long Khánh" + END)
    assert note.renamed_from == Mention("phuong", "2", False, "Cai Lậy")
    assert parse_note("Đổi tên thành xã Khuất Xá, hợp nhất xã Tú Đoạn" + END).renamed_from is None


def test_note__one_kind_for_a_whole_list() -> None:
    assert units("Hợp nhất thị trấn Tân Phú và các xã Phú Lộc, Trà Cổ, Phú Thanh thành xã Tân Phú") == [
        ("thi_tran", "Tân Phú", False),
        ("xa", "Phú Lộc", False),
        ("xa", "Trà Cổ", False),
        ("xa", "Phú Thanh", False),
    ]


def test_note__part_holds_for_the_names_after_many() -> None:
    assert units(
        "Hợp nhất thị trấn Cam Đức và một phần diện tích, quy mô dân số của các xã Cam Hòa, Cam Tân, "
        "xã Suối Tân"
    ) == [
        ("thi_tran", "Cam Đức", False),
        ("xa", "Cam Hòa", True),
        ("xa", "Cam Tân", True),
        ("xa", "Suối Tân", False),
    ]


@pytest.mark.parametrize(
    "words",
    [
        "1 phần xã B",
        "một phần xã B",
        "một phần của xã B",
        "phần còn lại của xã B",
        "1 phần còn lại của xã B",
        "một phần diện tích tự nhiên, quy mô dân số của xã B",
        "một phần diện tích tự nhiên là 57,53 km2, quy mô dân số là 1.243 người của xã B",
        "một phần quy mô dân số của xã B",
        "phần còn lại của xã B sau khi sắp xếp theo quy định tại khoản 4 Điều này",
        "1phần xã B",
        "p1 phần xã B",
    ],
)
def test_note__every_way_to_say_part(words: str) -> None:
    assert units(f"Hợp nhất xã A và {words} thành xã C") == [("xa", "A", False), ("xa", "B", True)]
    assert units(f"Hợp nhất xã A, {words}, xã D") == [
        ("xa", "A", False),
        ("xa", "B", True),
        ("xa", "D", False),
    ]


def test_note__district_beside_a_name() -> None:
    note = parse_note(
        "Hợp nhất xã Tân Mỹ thuộc huyện Chiêm Hóa, tỉnh Tuyên Quang (trước khi thực hiện sắp xếp), "
        "Phường 4 (thành phố Mỹ Tho) và Phường 5 thuộc Quận 8 thành xã X" + END
    )
    assert [(one.name, one.district) for one in note.mentions] == [
        ("Tân Mỹ", "Chiêm Hóa"),
        ("4", "Mỹ Tho"),
        ("5", "Quận 8"),
    ]


def test_note__unchanged() -> None:
    for words in ("Giữ nguyên, không thực hiện sắp xếp", "Giữ nguyên không sắp xếp"):
        note = parse_note(words + END)
        assert note.unchanged
        assert not note.mentions


def test_note__island_district() -> None:
    note = parse_note(
        "Sắp xếp toàn bộ diện tích tự nhiên, quy mô dân số của huyện Lý Sơn thành đặc khu có tên gọi là "
        "đặc khu Lý Sơn" + END
    )
    assert note.whole_district == "Lý Sơn"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Đổi tên từ xãThạch Xá thành xã Tây Phương, hợp nhất xã Lam Sơn", ["Lam Sơn"]),
        ("Hợp nhất xã An Toàn và phần còn lại của xã An Nghĩathành xã An Toàn", ["An Toàn", "An Nghĩa"]),
        ("Hợp nhất Thị Trấn Hát Lót, xã Cò Nòi thành Xã Mai Sơn", ["Hát Lót", "Cò Nòi"]),
        ("Đổi tên thành xã A, hợp nhât xã B", ["B"]),
        ("Họp nhất xã Nam Quang và xã Nam Cao", ["Nam Quang", "Nam Cao"]),
        ("Đổi tên từ xã A thành xã B vf hợp nhất xã C", ["C"]),
        ("Đổi tên thành N, hợp thành xã C xã D", ["C", "D"]),
        ("Đổi tên từ xã Hợp Thành thành xã B và hợp nhất các xã Hợp Tiến, xã Hợp Lý", ["Hợp Tiến", "Hợp Lý"]),
    ],
)
def test_note__slips_of_the_pen(text: str, names: list[str]) -> None:
    assert [one.name for one in parse_note(text + END).mentions] == names


def test_note__cut_at_255_characters__says_so() -> None:
    listed = ", ".join(f"phường Số {number:03}" for number in range(40))
    note = parse_note(("Hợp nhất " + listed)[:255] + END)
    assert note.cut
    assert not parse_note("Hợp nhất xã A và xã B" + END).cut


def test_note__later_event__is_left_out() -> None:
    text = (
        "Hợp nhất xã Yên Giả, xã Chi Lăng. Bỏ cấp huyện. "
        "Thành lập phường Chi Lăng từ xã Chi Lăng. Số: 388/NQ-UBTVQH16; Ngày: 04/08/2026"
    )
    assert body_of(text) == "Hợp nhất xã Yên Giả, xã Chi Lăng"
    assert resolution_of(text) == ("388/NQ-UBTVQH16", "2026-08-04")
    assert resolution_of("Giữ nguyên") is None


def test_list__in_the_words_of_a_resolution__part_carries_on() -> None:
    found = parse_list(
        "toàn bộ diện tích tự nhiên, quy mô dân số của thị trấn An Phú, xã Vĩnh Hội Đông, "
        "một phần diện tích tự nhiên, quy mô dân số của xã Phú Hội và xã Phước Hưng "
        "thành xã mới có tên gọi là xã An Phú",
        part_carries_on=True,
    )
    assert [(one.name, one.part) for one in found] == [
        ("An Phú", False),
        ("Vĩnh Hội Đông", False),
        ("Phú Hội", True),
        ("Phước Hưng", True),
    ]
