"""Random routes: valid ones of every shape the engine must carry to an end."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from haicap.systems.onestop.routes.definition import Definition, parse

TITLES = ("cong_chuc_mot_cua", "chuyen_vien", "truong_phong", "chu_tich", "pho_chu_tich", "van_thu")
DEPARTMENTS = ("Xây dựng", "Tư pháp", "Tài chính")

_words = st.text(
    st.characters(codec="utf-8", categories=("Lu", "Ll", "Nd", "Pd", "Po", "Zs", "So")),
    min_size=1,
    max_size=40,
).filter(lambda text: bool(text.strip()))
_hours = st.integers(0, 160).map(lambda quarters: float(Decimal(quarters) / 4))


def _outcome(kind: str, to: str, status: int, key: str, label: str) -> dict[str, Any]:
    return {"kind": kind, "to": to, "status": status, "key": key, "label": label}


@st.composite
def valid_routes(draw: st.DrawFn, *, plain: bool = False) -> Definition:
    """A chain of steps to a result, with random ways back, supplements, refusals and consultations."""
    count = draw(st.integers(1, 5))
    keys = [f"b{number}" for number in range(count)]
    label = st.just("nhãn") if plain else _words
    steps: list[dict[str, Any]] = []
    for number, key in enumerate(keys):
        last = number == count - 1
        onward = "dong-dau" if last else keys[number + 1]
        outcomes = [_outcome(draw(st.sampled_from(["forward", "sign"])), onward, 4, "tiep", draw(label))]
        if number and draw(st.booleans()):
            outcomes.append(_outcome("back", keys[draw(st.integers(0, number - 1))], 4, "lui", draw(label)))
        if draw(st.booleans()):
            outcomes.append(_outcome("supplement", key, draw(st.sampled_from([5, 6])), "them", draw(label)))
        if draw(st.booleans()):
            outcomes.append(_outcome("refuse", "tra", 9, "tu-choi", draw(label)))
        asks = draw(st.booleans())
        if asks:
            outcomes.append(_outcome("consult", f"hoi-{key}", 4, "hoi", draw(label)))
        steps.append(
            {
                "key": key,
                "name": draw(label),
                "kind": "receive" if number == 0 else draw(st.sampled_from(["work", "sign"])),
                "title": draw(st.sampled_from(TITLES)),
                "hours": draw(_hours),
                "outcomes": outcomes,
            }
        )
        if asks:
            back = draw(st.sampled_from([key, onward]))
            slots = draw(st.lists(st.sampled_from(DEPARTMENTS), min_size=1, max_size=3, unique=True))
            steps.append(
                {
                    "key": f"hoi-{key}",
                    "name": draw(label),
                    "kind": "consult",
                    "title": "chuyen_vien",
                    "hours": draw(_hours),
                    "agencies": [{"kind": "so", "level": "province", "slot": slot} for slot in slots],
                    "outcomes": [
                        _outcome("forward", back, 4, "dong-y", draw(label)),
                        _outcome("forward", back, 4, "khac", draw(label)),
                    ],
                }
            )
    steps.append(
        {
            "key": "dong-dau",
            "name": draw(label),
            "kind": "stamp",
            "title": "van_thu",
            "hours": 1,
            "outcomes": [_outcome("stamp", "tra", 9, "dong", draw(label))],
        }
    )
    steps.append(
        {
            "key": "tra",
            "name": draw(label),
            "kind": "return",
            "title": "cong_chuc_mot_cua",
            "hours": 1,
            "outcomes": [
                _outcome("return", "", 10, "tra", draw(label)),
                _outcome("back", keys[-1], 4, "sua", draw(label)),
            ],
        }
    )
    return parse({"steps": steps})
