"""Vietnamese text: one spelling to store, one to search by, one order to sort by."""

from __future__ import annotations

import itertools
import random
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from haicap.kernel import text

ODD = st.one_of(
    st.text(max_size=60),
    st.text(
        alphabet="aâăeêioôơuưyđĐghnqct'’ʼ -.\u0301\u0300\u0309\u0303\u0323\u0302\u0306\u031b", max_size=30
    ),
    st.text(alphabet=st.characters(), max_size=20),  # lone surrogates and unassigned ones too
)

# Rare letters that are hard for every library: Turkish I, ligatures, sharp s, Greek iota below, Hangul.
RUBBISH = [
    "",
    " ",
    "\0\x01\x7f",
    "😀👨‍👩‍👧",
    "\ud800",
    "İıﬁß",
    "ᾳ",
    "각",
    "\u0301\u0302",
    "a" * 10_000,
    "ệ" * 10_000,
]


@pytest.mark.parametrize("junk", RUBBISH)
def test_text__every_function__takes_rubbish(junk: str) -> None:
    for function in (text.nfc, text.clean, text.fold, text.normalise_tone, text.title_case):
        once = function(junk)
        assert isinstance(once, str)
        assert function(once) == once
    assert isinstance(text.sort_key(junk), bytes)
    assert isinstance(text.person_sort_key(junk), bytes)
    assert text.same_text(junk, junk)


@pytest.mark.parametrize("not_text", [None, b"Ha Noi", 5])
def test_text__every_function__refuses_what_is_no_text(not_text: object) -> None:
    for function in (
        text.nfc,
        text.clean,
        text.fold,
        text.normalise_tone,
        text.sort_key,
        text.person_sort_key,
    ):
        with pytest.raises(TypeError):
            function(not_text)  # type: ignore[operator]


@given(ODD)
def test_text__normal_forms__are_idempotent(junk: str) -> None:
    for function in (text.nfc, text.clean, text.fold, text.normalise_tone):
        assert function(function(junk)) == function(junk)
    assert unicodedata.is_normalized("NFC", text.nfc(junk))
    assert unicodedata.is_normalized("NFC", text.normalise_tone(junk))


@given(ODD)
def test_text__fold__is_the_same_for_every_form_of_the_same_text(junk: str) -> None:
    expected = text.fold(junk)
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        assert text.fold(unicodedata.normalize(form, junk)) == expected
    assert text.fold(text.normalise_tone(junk)) == text.fold(text.nfc(junk))


def test_text__nfc__puts_marks_typed_in_odd_order_right() -> None:
    every_order = {"".join(order) for order in itertools.permutations("\u0302\u0301")}
    assert {text.nfc("a" + marks) for marks in every_order} == {"ấ"}
    assert {text.nfc("e" + "".join(o)) for o in itertools.permutations("\u0302\u0323")} == {"ệ"}
    assert {text.nfc("U" + "".join(o)) for o in itertools.permutations("\u031b\u0309")} == {"Ử"}
    assert text.nfc("Tiê\u0301ng Viê\u0323t") == "Tiếng Việt"
    assert text.nfc("á\u0302") == "ấ"


def test_text__nfc__takes_the_icelandic_eth_for_d_with_stroke() -> None:
    assert text.nfc("Ðà Nẵng, ðường") == "Đà Nẵng, đường"


@given(st.text(alphabet=st.characters(exclude_characters="Ððˊ"), max_size=40))
def test_text__nfc__is_unicode_nfc_where_no_mark_remains_single(sample: str) -> None:
    expected = unicodedata.normalize("NFC", sample)
    if not any(unicodedata.combining(char) for char in expected):
        assert text.nfc(sample) == expected


@pytest.mark.parametrize(
    ("given_text", "folded"),
    [
        ("Phường Bến Nghé", "phuong ben nghe"),
        ("PHƯỜNG B’LAO", "phuong blao"),
        ("Phường B'Lao", "phuong blao"),
        ("Ea Hʼleo", "ea hleo"),
        ("Ea H`leo", "ea hleo"),
        ("Xã Đắk  Lắk", "xa dak lak"),
        ("Đăk-Hà", "dak ha"),
        ("TP.Đà Nẵng", "tp da nang"),
        ("Bà Rịa – Vũng Tàu", "ba ria vung tau"),
        ("Ðông Hà\u200b", "dong ha"),
        ("  Hoà\u00a0Bình ", "hoa binh"),
        ("Ｐｈường １", "phuong 1"),
        ("Thị trấn Mỹ Lý", "thi tran my ly"),
    ],
)
def test_text__fold__known(given_text: str, folded: str) -> None:
    assert text.fold(given_text) == folded
    assert text.fold(unicodedata.normalize("NFD", given_text)) == folded


def test_text__fold__keeps_i_and_y_apart() -> None:
    assert text.fold("Lý") != text.fold("Lí")
    assert not text.same_text("Mỹ", "Mĩ")


@pytest.mark.parametrize("a", "'’‘ʼ`")
@pytest.mark.parametrize("b", "'’‘ʼ`")
def test_text__apostrophes__are_one(a: str, b: str) -> None:
    assert text.same_text(f"Phường B{a}Lao", f"phường b{b}lao")
    assert text.sort_key(f"Ea H{a}leo") == text.sort_key(f"Ea H{b}leo")
    assert text.normalise_apostrophes(f"Krông N{a}Ding") == "Krông N'Ding"


def test_text__same_text__minds_accents_but_not_case_style_or_spacing() -> None:
    assert text.same_text("HOÀ  bình", "Hòa Bình ")
    assert text.same_text("Uỷ ban nhân dân", "ủy ban nhân dân")
    assert not text.same_text("Hòa Bình", "Hoa Bình")
    assert not text.same_text("Ninh Thuận", "Ninh Thuân")


# Every syllable with its two spellings: house style first, the other (or a wrong) one second.
TONES = [
    ("hòa", "hoà"),
    ("Hòa", "Hoà"),
    ("HÒA", "HOÀ"),
    ("òa", "oà"),
    ("khỏe", "khoẻ"),
    ("hòe", "hoè"),
    ("xòe", "xoè"),
    ("thủy", "thuỷ"),
    ("Thúy", "Thuý"),
    ("Úy", "Uý"),
    ("ủy", "uỷ"),
    ("tụy", "tuỵ"),
    ("lũy", "luỹ"),
    ("quý", "qúy"),
    ("Quý", "Qúy"),
    ("quỳ", "qùy"),
    ("quả", "qủa"),
    ("quá", "qúa"),
    ("quẻ", "qủe"),
    ("quốc", "qúôc"),
    ("quỳnh", "qùynh"),
    ("già", "gìa"),
    ("giả", "gỉa"),
    ("giỏi", "gỉoi"),
    ("giếng", "gíêng"),
    ("giữ", "gĩư"),
    ("giúp", "gíup"),
    ("toàn", "tòan"),
    ("Hoàng", "Hòang"),
    ("loét", "lóet"),
    ("huỳnh", "hùynh"),
    ("suýt", "súyt"),
    ("ngoài", "ngòai"),
    ("khuỷu", "khủyu"),
    ("ngoéo", "ngóeo"),
    ("thuở", "thủơ"),
    ("huế", "húê"),
    ("tuần", "tùân"),
    ("nguyễn", "ngũyên"),
    ("khuyến", "khuýên"),
    ("nghiệp", "nghịêp"),
    ("yến", "ýên"),
    ("của", "cuả"),
    ("nghĩa", "nghiã"),
    ("mía", "miá"),
    ("mưá", "mứa")[::-1],
    ("được", "đựơc"),
    ("muốn", "múôn"),
    ("cười", "cừơi"),
    ("hữu", "hưũ"),
    ("sói", "soí"),
    ("cháy", "chaý"),
    ("đầu", "đâù"),
    ("soóc", "sóoc"),
]


@pytest.mark.parametrize(("house", "other"), TONES)
def test_text__normalise_tone__known(house: str, other: str) -> None:
    assert text.normalise_tone(other) == house
    assert text.normalise_tone(house) == house
    assert text.normalise_tone(unicodedata.normalize("NFD", other)) == house
    assert text.same_text(house, other)


@pytest.mark.parametrize(
    "kept",
    [
        "gì",
        "gìn",
        "giờ",
        "qua",
        "Plây",
        "Krông Búk",
        "Đắk Lắk",
        "Cư M'gar",
        "Kroóng",
        "Ya Ly",
        "ậấ",
        "Tòấn",
        "hoahoà",
    ],
)
def test_text__normalise_tone__leaves_other_words_alone(kept: str) -> None:
    assert text.normalise_tone(kept) == kept


def test_text__normalise_tone__works_inside_a_sentence() -> None:
    assert (
        text.normalise_tone("Uỷ ban xã Hoà Thuỷ, Quý 1/2026: sức khoẻ của Nguyễn Uý")
        == "Ủy ban xã Hòa Thủy, Quý 1/2026: sức khỏe của Nguyễn Úy"
    )


def test_text__normalise_tone__keeps_the_toneless_letters() -> None:
    """Whatever moves, a syllable keeps its letters and its one tone."""
    for house, other in TONES:
        assert text.fold(house) == text.fold(other)
        marks = [m for m in unicodedata.normalize("NFD", house) if m in text.TONES]
        assert marks == [m for m in unicodedata.normalize("NFD", other) if m in text.TONES]


# In the order of ICU 72.1, locale vi, as recorded: digits, then letters; spaces and signs before both.
NAMES = [
    "3 tháng 2", "30 tháng 4", "A Lưới", "An Bình", "Ana", "Áng", "Ăn", "Ân Thi", "B'Lao", "Bả", "Bã", "Bạ",
    "bà rịa", "Bà Rịa", "Bá Thước", "Ba Vì", "Cà Mau", "Chợ Mới", "Chư Sê", "Cư M'gar", "d", "D", "Da",
    "Dĩ An", "đ", "Đ", "Đà Nẵng", "Đại Lộc", "Ea H'leo", "Êa", "Hà Nội", "Hoa Bình", "Hoà Bình", "Hòa Bình",
    "Hóc Môn", "Lí", "Lý", "Ngã Bảy", "Nghĩa", "Oa", "Ô Môn", "Ơ", "Phan (cũ)", "Phan Rang - Tháp Chàm",
    "Phường 1", "Phường 10", "Phường 2", "Quý", "Sa Pa", "Sa-Pa", "SaPa", "Số 10", "số 9", "Thủ Dầu",
    "Thủ Đức", "Trà Ôn", "Tuy An", "Tuý An", "U Minh", "Ư Minh", "Vĩnh Long", "Wa", "Xuân", "Ý Yên",
    "Yên Bái", "Zôn",
]  # fmt: skip


def test_text__sort_key__keeps_the_recorded_order_of_icu() -> None:
    assert text.sort_texts(random.sample(NAMES, len(NAMES))) == NAMES


def _icu_key(sample: str) -> bytes:
    icu = pytest.importorskip("icu", reason="PyICU is not installed: the recorded orders are tested alone")
    collator = icu.Collator.createInstance(icu.Locale("vi"))
    return bytes(collator.getSortKey(text.normalise_apostrophes(text.nfc(sample))))


def test_text__sort_key__orders_names_as_icu_does() -> None:
    assert sorted(random.sample(NAMES, len(NAMES)), key=_icu_key) == NAMES


VIETNAMESE = st.text(
    alphabet="aàảãáạăằẳẵắặâầẩẫấậbcdđeèẻẽéẹêềểễếệghiìỉĩíịklmnoòỏõóọôồổỗốộơờởỡớợpqrstuùủũúụưừửữứựvxyỳỷỹýỵ"
    "AÀÁÂĂĐÊÔƠƯYWwZzjf '-.,()/0123456789–",
    max_size=12,
)


@given(VIETNAMESE, VIETNAMESE)
def test_text__sort_key__compares_as_icu_does(a: str, b: str) -> None:
    icu_a, icu_b = _icu_key(a), _icu_key(b)
    ours_a, ours_b = text.sort_key(a), text.sort_key(b)
    assert (ours_a < ours_b) == (icu_a < icu_b)
    assert (ours_a == ours_b) == (icu_a == icu_b)


@given(ODD, ODD)
def test_text__sort_key__is_the_same_for_composed_and_decomposed(a: str, b: str) -> None:
    assert text.sort_key(unicodedata.normalize("NFD", a)) == text.sort_key(unicodedata.normalize("NFC", a))
    if text.nfc(a) == text.nfc(b):
        assert text.sort_key(a) == text.sort_key(b)


def test_text__name_parts__known() -> None:
    assert text.name_parts("Nguyễn Văn An") == ("Nguyễn", "Văn", "An")
    assert text.name_parts("  Trần   Thị Mỹ Linh ") == ("Trần", "Thị Mỹ", "Linh")
    assert text.name_parts("Lê An") == ("Lê", "", "An")
    assert text.name_parts("An") == ("", "", "An")
    assert text.name_parts("") == ("", "", "")


def test_text__person_sort_key__given_then_family_then_middle() -> None:
    ordered = [
        "Lê An",
        "Nguyễn An",
        "Nguyễn Bá An",
        "NGUYỄN VĂN AN",
        "Nguyễn Xuân An",
        "Trần An",
        "Nguyễn Ánh",
        "Đỗ Văn Bình",
        "Trần Bình",
        "Nguyễn Dũng",
        "Nguyễn Đức",
        "Lý Thị Úy",
    ]
    assert sorted(random.sample(ordered, len(ordered)), key=text.person_sort_key) == ordered


@given(
    st.lists(
        st.sampled_from(["An", "Ân", "Bình", "Đức", "Văn", "Thị", "Nguyễn", "Ng"]), min_size=3, max_size=3
    ),
    st.data(),
)
def test_text__person_sort_key__agrees_with_comparing_the_parts(
    first: list[str], data: st.DataObject
) -> None:
    second = data.draw(st.permutations(first))
    ours = text.person_sort_key(" ".join(first)) < text.person_sort_key(" ".join(second))
    parts = [(words[2], words[0], words[1]) for words in (first, second)]
    by_parts = [tuple(text.sort_key(part) for part in person) for person in parts]
    assert ours == (by_parts[0] < by_parts[1])


def test_text__clean__leaves_one_line_without_invisible_characters() -> None:
    assert text.clean("  Xã\u200b Hòa\t\nBình\0 \ufeff") == "Xã Hòa Bình"


def test_text__title_case__known() -> None:
    assert text.title_case("NGUYỄN văn an") == "Nguyễn Văn An"
    assert text.title_case("xã ea H'leo") == "Xã Ea H'leo"
    assert text.title_case("ĐẶNG THỊ H'HEN") == "Đặng Thị H'Hen"
