"""Agency codes: their form, who numbers them, and that none is ever issued twice."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from haicap.kernel.errors import BadInput
from haicap.registry import country
from haicap.registry.establishment.codes import (
    CODE_FORM,
    PROVINCE_NUMBERS,
    CodeIssuer,
    check_code,
    level_one,
)


@pytest.mark.parametrize("code", ["H17", "H17.25", "H37.DN.001", "G22.99.3", "A01", "H17." + "9" * 31])
def test_code__of_the_decision__is_accepted(code: str) -> None:
    assert check_code(code) == code


@pytest.mark.parametrize(
    "code",
    ["", "H", "H1", "h17", "H17.", "H17..1", "H17.a", "H17 .1", "H17.25\n", "H17.Đ", "H١٧", "000.00.00.H49",
     "H17." + "9" * 32],
)  # fmt: skip
def test_code__of_another_form__is_refused(code: str) -> None:
    with pytest.raises(BadInput) as refused:
        check_code(code)
    assert refused.value.code == "REG-301"


def test_province__every_one_of_the_base_state__has_its_own_number() -> None:
    provinces = {unit.code for unit in country.load_base() if unit.level == "province"}
    assert provinces == set(PROVINCE_NUMBERS)
    assert sorted(PROVINCE_NUMBERS.values()) == list(range(1, 64))
    assert (level_one("48"), level_one("49"), level_one("01"), level_one("48", "K")) == (
        "H17",
        "H47",
        "H26",
        "K17",
    )


def test_province__unknown__is_said() -> None:
    with pytest.raises(BadInput) as refused:
        level_one("00")
    assert refused.value.code == "REG-302"


def test_issuer__code_once_issued__never_again() -> None:
    issuer = CodeIssuer(["H17", "H17.1", "H17.7"])
    assert issuer.next_below("H17") == "H17.8"
    assert issuer.next_below("H47") == "H47.1"
    with pytest.raises(BadInput) as refused:
        issuer.take("H17.1")
    assert refused.value.code == "REG-303"
    assert issuer.was_issued("H17.8")
    assert not issuer.was_issued("H17.9")


superiors = st.sampled_from(["H17", "H17.2", "H47", "K17"])


@given(
    st.lists(st.tuples(superiors, st.integers(1, 40)).map(lambda pair: f"{pair[0]}.{pair[1]}"), max_size=30),
    st.lists(st.one_of(superiors, st.tuples(superiors, st.integers(1, 40))), max_size=60),
)
def test_issuer__any_history__gives_new_codes_only(issued: list[str], asked: list[object]) -> None:
    issuer = CodeIssuer(issued)
    known = set(issued)
    for wish in asked:
        if isinstance(wish, tuple):
            code = f"{wish[0]}.{wish[1]}"
            if code in known:
                continue
            issuer.take(code)
        else:
            code = issuer.next_below(str(wish))
        assert code not in known
        assert CODE_FORM.match(code)
        known.add(code)


def test_issuer__long_superior__is_refused_before_the_database_is() -> None:
    with pytest.raises(BadInput):
        CodeIssuer([]).next_below("H17." + "9" * 31)
