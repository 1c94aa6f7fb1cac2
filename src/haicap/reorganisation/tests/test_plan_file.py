"""The plan as a file: what is written is read again, and whatever is wrong is named with its line."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from haicap.kernel.errors import BadInput
from haicap.kernel.text import nfc
from haicap.reorganisation.plan.model import (
    Abolition,
    Division,
    Legal,
    Part,
    Plan,
    Staffing,
    Transfer,
    UnitPlan,
)
from haicap.reorganisation.plan.read import MAXIMUM_BYTES, read_plan
from haicap.reorganisation.plan.write import write_plan
from haicap.reorganisation.tests.factories import danang_plan, hatinh_plan

# --- there and back ---

#: what a person may type into a form: any character that is one, without blanks at the ends
characters = st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn", "Co"))
words = st.text(characters, min_size=1, max_size=30).map(lambda text: nfc(text).strip()[:60].strip() or "x")
maybe_words = st.one_of(st.just(""), words)


def digits(length: int) -> st.SearchStrategy[str]:
    return st.from_regex(rf"\A[0-9]{{{length}}}\Z")


unit_codes = st.one_of(digits(2), digits(3), digits(5))
degrees = st.floats(-90, 90).map(lambda value: round(value, 6))
LEVELS = {2: "province", 3: "district", 5: "commune"}


@st.composite
def unit_plans(draw: st.DrawFn) -> UnitPlan:
    code = draw(unit_codes)
    point = draw(st.one_of(st.none(), st.tuples(degrees, degrees)))
    return UnitPlan(
        code=code,
        level=LEVELS[len(code)],
        kind=draw(words.map(lambda text: text[:32].strip() or "xa")),
        name=draw(words),
        parent=draw(st.one_of(st.none(), digits(2), digits(3))),
        predecessors=tuple(draw(st.lists(st.builds(Part, unit_codes, st.booleans()), max_size=3))),
        resolution=draw(maybe_words),
        note=draw(maybe_words),
        latitude=point[0] if point else None,
        longitude=point[1] if point else None,
        seat=draw(st.one_of(st.just(""), unit_codes)),
        agency_code=draw(maybe_words),
        leave_out=tuple(draw(st.lists(st.sampled_from(["hdnd", "quan_su"]), max_size=2))),
    )


pairs = st.lists(st.tuples(words, digits(5)), max_size=3, unique_by=lambda pair: pair[0]).map(tuple)
plans = st.builds(
    Plan,
    key=words,
    title=words,
    effective_on=st.dates(date(2025, 7, 1), date(2100, 1, 1)),
    province=digits(2),
    legal=st.lists(
        st.builds(Legal, words, st.one_of(st.none(), st.dates()), maybe_words, maybe_words), max_size=3
    ).map(tuple),
    units=st.lists(unit_plans(), max_size=4).map(tuple),
    abolished=st.lists(
        st.builds(Abolition, digits(3), st.one_of(st.just(""), digits(5)), maybe_words), max_size=2
    ).map(tuple),
    transfers=st.lists(
        st.builds(
            Transfer,
            words,
            st.lists(words.map(lambda text: text[:20].strip() or "x"), max_size=2).map(tuple),
            st.lists(words.map(lambda text: text[:20].strip() or "x"), max_size=2).map(tuple),
        ),
        max_size=2,
    ).map(tuple),
    divisions=st.lists(st.builds(Division, digits(5), digits(5), pairs, pairs), max_size=2).map(tuple),
    staffing=st.lists(
        st.builds(
            Staffing,
            unit_codes,
            st.sampled_from(["ubnd", "phong"]),
            maybe_words,
            st.just("chu_tich"),
            st.uuids(),
            maybe_words,
        ),
        max_size=3,
    ).map(tuple),
    boundaries=maybe_words,
    undo_window_days=st.integers(0, 60),
    registry_revision=st.one_of(st.none(), st.integers(0, 2**62)),
)


def without_lines(plan: Plan) -> Plan:
    """The plan as if it had never been in a file."""
    return replace(
        plan,
        legal=tuple(replace(item, line=0) for item in plan.legal),
        units=tuple(
            replace(unit, line=0, predecessors=tuple(replace(part, line=0) for part in unit.predecessors))
            for unit in plan.units
        ),
        abolished=tuple(replace(item, line=0) for item in plan.abolished),
        transfers=tuple(replace(item, line=0) for item in plan.transfers),
        divisions=tuple(replace(item, line=0) for item in plan.divisions),
        staffing=tuple(replace(item, line=0) for item in plan.staffing),
    )


@given(plans)
@settings(max_examples=60, deadline=None)
def test_plan__write_and_read__gives_the_same_plan(plan: Plan) -> None:
    text = write_plan(plan)
    assert without_lines(read_plan(text)) == plan
    assert without_lines(read_plan(text.encode())) == plan
    assert without_lines(read_plan(b"\xef\xbb\xbf" + text.encode())) == plan


@pytest.mark.parametrize("plan", [danang_plan(), hatinh_plan()])
def test_plan__write__codes_are_quoted_and_every_thing_has_a_line(plan: Plan) -> None:
    text = write_plan(plan)
    assert text == write_plan(read_plan(text))
    lines = text.splitlines()
    for unit in read_plan(text).units:
        assert f'form: "{unit.code}"' in lines[unit.line - 1]


# --- what is wrong with it ---

GOOD = write_plan(danang_plan())


def problems(text: str | bytes) -> list[dict[str, object]]:
    with pytest.raises(BadInput) as refused:
        read_plan(text)
    assert refused.value.code == "REO-010", refused.value
    found: list[dict[str, object]] = refused.value.details["problems"]
    return found


def refusal(text: str | bytes) -> BadInput:
    with pytest.raises(BadInput) as refused:
        read_plan(text)
    assert refused.value.message
    assert refused.value.todo
    return refused.value


@pytest.mark.parametrize("encoding", ["utf-16", "windows-1258", "latin-1"])
def test_plan__read__wrong_encoding_is_said(encoding: str) -> None:
    assert refusal(GOOD.encode(encoding, errors="replace")).code in {"REO-001", "REO-002"}
    assert refusal("title: Kế hoạch".encode("utf-16")).code == "REO-001"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("key: a\n\ttitle: b\n", 2),
        ("key: [a\nunits: b\n", 2),
        ('key: "a\n', 2),
        ("key: a\n  title: b\n", 2),
        ("key: a\n- b\n", 2),
        ("%YAML 9\n", 1),
        ('key: "\\ud800"\n', 1),
    ],
)
def test_plan__read__broken_yaml_names_the_line(text: str, line: int) -> None:
    error = refusal(text)
    assert error.code == "REO-002"
    assert f"dòng {line}" in error.where


@pytest.mark.parametrize(
    "text", ["", "   \n", "# only a remark\n", "---\n", "a: 1\n---\nb: 2\n", "\x00", "a: \x07\n"]
)
def test_plan__read__empty_or_several_documents_or_binary(text: str) -> None:
    assert refusal(text).code in {"REO-002", "REO-010"}


def test_plan__read__aliases_and_bombs() -> None:
    assert refusal("key: &a x\ntitle: *a\n").code == "REO-003"
    bomb = "a: &a [x, x]\n" + "".join(f"k{n}: &k{n} [*a, *a]\n" for n in range(30))
    assert refusal(bomb).code == "REO-003"
    assert refusal("key: x\n" + "#" * (MAXIMUM_BYTES + 1)).code == "REO-003"


@pytest.mark.parametrize("opened", ["[", "{a: ", "- "])
@pytest.mark.parametrize("depth", [90, 5_000, 200_000])
def test_plan__read__nested_too_deeply(opened: str, depth: int) -> None:
    assert refusal("key: " * (opened != "- ") + opened * depth).code in {"REO-002", "REO-003", "REO-010"}


def test_plan__read__not_a_mapping() -> None:
    for text in ("just words", "- a\n- b\n", "1"):
        assert problems(text)


def test_plan__read__unknown_missing_and_doubled_keys_are_all_named() -> None:
    found = problems("key: a\nkey: b\nnonsense: 1\nunits: []\n")
    said = " ".join(str(problem["message"]) for problem in found)
    for word in ("«key» viết hai lần", "«nonsense»", "«title»", "«effective»", "«province»", "«legal_basis»"):
        assert word in said
    assert {problem["line"] for problem in found} >= {2, 3}


def changed(old: str, new: str) -> str:
    assert old in GOOD
    return GOOD.replace(old, new, 1)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('form: "20194"', 'form: "2019"'),
        ('form: "20194"', "form: 2019x"),
        ('form: "20194"', 'form: "' + "1" * 36 + '"'),
        ('form: "20194"', "form: [1]"),
        ('form: "20194"', 'form: "٢٠١٩٤"'),
        ('province: "48"', 'province: "480"'),
        ("effective: 2025-07-01", "effective: 01/07/2025"),
        ("effective: 2025-07-01", "effective: 2025-13-01"),
        ("effective: 2025-07-01", "effective:"),
        ("undo_window_days: 5", "undo_window_days: 61"),
        ("undo_window_days: 5", "undo_window_days: -1"),
        ("undo_window_days: 5", "undo_window_days: ²"),
        ("undo_window_days: 5", "undo_window_days: 5\nregistry_revision: ①"),
        ("undo_window_days: 5", 'undo_window_days: 5\nboundaries: "a\\0b"'),
        ("title: Sắp xếp", 'title: "a\\0b"\n# '),
        ("title: Sắp xếp", "title:\n# "),
        ("title: Sắp xếp", 'title: " "\n# '),
        ("title: Sắp xếp", "title: " + "x" * 501 + "\n# "),
        ("key: 2025-07-01/48", 'key: ""'),
        ("key: 2025-07-01/48", "key: " + "x" * 61),
        ("haicap_plan: 1", "haicap_plan: 2"),
        ("kind: dac_khu", "kind: dac_khu\n    point: [91, 10]"),
        ("kind: dac_khu", "kind: dac_khu\n    point: [nan, 10]"),
        ("kind: dac_khu", "kind: dac_khu\n    point: [16]"),
        ("kind: dac_khu", "kind: dac_khu\n    point: north"),
        ("kind: dac_khu", "kind: dac_khu\n    parent2: 1"),
        ("kind: dac_khu", "kind:"),
        ("legal_basis:\n  - number: 1659/NQ-UBTVQH15", "legal_basis:\n  - number:"),
        ("\nabolished:", "\nstaffing:\n  - {unit: '48', organ: ubnd, title: chu_tich, person: nobody}\nabolished:"),
        ("\ndivisions:", "\ndivisions: 5\nx:"),
        ("villages:", "villages: [a]\n    x:"),
        ("\nunits:", "\nunits: {a: 1}\nx:"),
    ],
)  # fmt: skip
def test_plan__read__wrong_values_are_problems_of_form(old: str, new: str) -> None:
    assert problems(changed(old, new))


@given(st.integers(0, len(GOOD)), st.integers(0, 40), st.text(max_size=12))
@settings(max_examples=300, deadline=None)
def test_plan__read__damaged_anywhere__a_plan_or_a_word_for_people(start: int, length: int, put: str) -> None:
    damaged = GOOD[:start] + put + GOOD[start + length :]
    try:
        plan = read_plan(damaged)
    except BadInput as error:
        refused = error.code
    else:
        assert plan.key and plan.title  # noqa: PT018
        return
    assert refused in {"REO-002", "REO-003", "REO-010"}


@given(st.binary(max_size=300))
@settings(max_examples=200, deadline=None)
def test_plan__read__rubbish__is_refused(rubbish: bytes) -> None:
    with pytest.raises(BadInput):
        read_plan(rubbish)


def test_plan__read__tags_are_never_obeyed() -> None:
    text = changed("title: Sắp xếp", "title: !!python/object/apply:os.system ['true']\n# ")
    assert problems(text)
