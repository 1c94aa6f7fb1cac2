"""Definitions: what is written is read back; what is wrong is refused at its place."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from haicap.systems.onestop.routes.definition import Definition, dump, hours_of, parse
from haicap.systems.onestop.routes.errors import BadDefinition
from haicap.systems.onestop.routes.tests.strategies import valid_routes

STEP: dict[str, Any] = {
    "key": "a",
    "name": "A",
    "kind": "work",
    "title": "chuyen_vien",
    "hours": 1,
    "outcomes": [],
}
OUTCOME: dict[str, Any] = {"kind": "forward", "label": "Chuyển", "to": "b", "status": 4}


@settings(max_examples=60, deadline=None)
@given(valid_routes())
def test_definition__dumped__is_parsed_back(definition: Definition) -> None:
    assert parse(json.loads(json.dumps(dump(definition)))) == definition


@settings(max_examples=200, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from([*STEP, *OUTCOME, "steps", "x"]), inner, max_size=6)
        ),
        max_leaves=12,
    )
)
def test_definition__any_json__is_read_or_refused_in_words(value: object) -> None:
    try:
        parse(value)
    except BadDefinition as error:
        words = str(error.message)
    else:
        words = "read"
    assert words


@pytest.mark.parametrize(
    ("steps", "where"),
    [
        ([STEP | {"colour": "red"}], "steps[0]"),
        ([STEP | {"kind": "dance"}], "steps[0].kind"),
        ([STEP | {"key": "Không"}], "steps[0].key"),
        ([STEP | {"name": " "}], "steps[0].name"),
        ([STEP | {"name": "x" * 201}], "steps[0].name"),
        ([STEP | {"hours": -1}], "steps[0].hours"),
        ([STEP | {"hours": 0.1}], "steps[0].hours"),
        ([STEP | {"hours": True}], "steps[0].hours"),
        ([STEP | {"hours": "NaN"}], "steps[0].hours"),
        ([STEP | {"hours": 1e9}], "steps[0].hours"),
        ([STEP, STEP], "steps"),
        ([STEP | {"agencies": [{"kind": "so", "level": "province"}]}], "steps[0].agencies"),
        ([STEP | {"outcomes": [OUTCOME | {"status": 11}]}], "steps[0].outcomes[0].status"),
        ([STEP | {"outcomes": [OUTCOME | {"status": "4"}]}], "steps[0].outcomes[0].status"),
        ([STEP | {"outcomes": [OUTCOME | {"to": 7}]}], "steps[0].outcomes[0].to"),
        ([STEP | {"outcomes": [OUTCOME, OUTCOME]}], "steps[0].outcomes"),
        ([STEP] * 61, "steps"),
    ],
)
def test_definition__bad_value__names_its_place(steps: list[Any], where: str) -> None:
    with pytest.raises(BadDefinition) as refused:
        parse({"steps": steps})
    assert refused.value.where == where


def test_hours__as_people_write_them__are_read() -> None:
    assert hours_of("1,5") == hours_of(1.5) == hours_of(" 1.50 ")
