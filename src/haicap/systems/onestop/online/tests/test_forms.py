"""The renderer: schemas are read, values checked, problems said beside their fields; every shipped form is drawn."""

from __future__ import annotations

from typing import Any

import pytest
from django.http import QueryDict

from haicap.systems.onestop.online import forms, guides
from haicap.systems.onestop.online.errors import BadForm
from haicap.systems.onestop.online.forms.showing import error_list


def _page(properties: dict[str, Any], required: tuple[str, ...] = (), **more: Any) -> forms.Field:
    page = {"type": "object", "title": "Trang", "properties": properties, "required": list(required), **more}
    return forms.parse({"type": "object", "properties": {"p": page}}).pages[0]


def _read(page: forms.Field, text: str) -> Any:
    return forms.read(page, QueryDict(text.encode()))


@pytest.mark.parametrize("code", sorted(guides.shipped()))
def test_shipped_form__every_one__can_be_drawn_and_asks_for_something(code: str) -> None:
    form = guides._shipped_form(code)
    for page in form.pages:
        problems = forms.check(page, {})
        fields = forms.shown(page, {}, problems)
        assert fields
        assert len(error_list(fields)) == len(problems)
    assert any(forms.check(page, {}) for page in form.pages)


def test_shipped_forms__are_at_least_ten() -> None:
    assert len(guides.shipped()) >= 11


def test_field__of_each_kind__is_read_as_its_type() -> None:
    page = _page(
        {
            "ten": {"type": "string", "title": "Tên"},
            "ngay": {"type": "string", "format": "date", "title": "Ngày"},
            "so": {"type": "integer", "title": "Số"},
            "tien": {"type": "number", "title": "Tiền"},
            "co": {"type": "boolean", "title": "Có"},
            "nhieu": {
                "type": "array",
                "title": "Nhiều",
                "items": {"type": "string", "oneOf": [{"const": "a"}]},
            },
            "dai": {"type": "string", "format": "long-text", "title": "Dài"},
        }
    )
    values = _read(
        page,
        "f.p.ten=  Lê   A &f.p.ngay=1/2/2025&f.p.so=1.234&f.p.tien=1,5&f.p.co=1&f.p.nhieu=a&f.p.dai=a%0Ab",
    )
    assert values == {
        "ten": "Lê A",
        "ngay": "2025-02-01",
        "so": 1234,
        "tien": 1.5,
        "co": True,
        "nhieu": ["a"],
        "dai": "a\nb",
    }
    assert forms.check(page, values) == []


@pytest.mark.parametrize(
    ("node", "typed", "said"),
    [
        ({"type": "string", "format": "date", "x-past": True}, "31/02/2020", "ngày có thật"),
        ({"type": "string", "format": "date", "x-past": True}, "01/01/2999", "đã qua"),
        ({"type": "string", "format": "email"}, "không", "thư điện tử"),
        ({"type": "string", "format": "phone"}, "12", "điện thoại"),
        ({"type": "string", "format": "personal-number"}, "123", "12 số"),
        ({"type": "integer", "maximum": 5}, "6", "không quá 5"),
        ({"type": "integer"}, "sáu", "một số"),
        ({"type": "string", "maxLength": 3}, "abcd", "dài quá 3"),
        ({"type": "string", "pattern": "^[0-9]+$", "x-error": "Chỉ gồm số."}, "a", "Chỉ gồm số."),
        ({"type": "string", "oneOf": [{"const": "a", "title": "A"}]}, "b", "chọn một mục"),
    ],
)
def test_value__that_is_wrong__is_said_in_words(node: dict[str, Any], typed: str, said: str) -> None:
    page = _page({"o": {"title": "Ô", **node}})
    query = QueryDict(mutable=True)
    query["f.p.o"] = typed
    (problem,) = forms.check(page, forms.read(page, query))
    assert said in problem.text
    assert problem.path == ("o",)


def test_condition__that_does_not_hold__drops_the_value_and_asks_for_nothing() -> None:
    rule = {"if": {"properties": {"loai": {"const": "khac"}}}, "then": {"required": ["ro"]}}
    loai = {
        "type": "string",
        "title": "Loại",
        "oneOf": [{"const": "mot", "title": "Một"}, {"const": "khac", "title": "Khác"}],
    }
    page = _page({"loai": loai, "ro": {"type": "string", "title": "Nói rõ"}}, ("loai",), allOf=[rule])
    assert forms.check(page, _read(page, "f.p.loai=mot")) == []
    assert _read(page, "f.p.loai=mot&f.p.ro=x") == {"loai": "mot"}
    (problem,) = forms.check(page, _read(page, "f.p.loai=khac"))
    assert "Nói rõ" in problem.text
    shown = forms.shown(page, {})
    assert "Khác" in shown[1].condition


def test_rows__are_added_taken_away_and_checked_one_by_one() -> None:
    page = _page(
        {
            "con": {
                "type": "array",
                "title": "Con",
                "minItems": 1,
                "items": {
                    "type": "object",
                    "properties": {
                        "ten": {"type": "string", "title": "Tên"},
                        "tuoi": {"type": "integer", "title": "Tuổi"},
                    },
                    "required": ["ten"],
                },
            }
        },
        ("con",),
    )
    (problem,) = forms.check(page, _read(page, "f.p.con.n=1"))
    assert "ít nhất một «Con»" in problem.text
    values = _read(page, "f.p.con.n=3&f.p.con.0.ten=A&f.p.con.1.tuoi=5&f.p.con.2.ten=C")
    (problem,) = forms.check(page, values)
    assert problem.path == ("con", 1, "ten")
    (field,) = forms.shown(page, values, [problem])
    assert field.rows[1].fields[0].error
    assert error_list([field]) == [("f-p-con-1-ten", problem.text)]
    fewer = _read(page, "f.p.con.n=3&f.p.con.0.ten=A&f.p.con.2.ten=C&bo-dong=f.p.con.0")
    assert fewer == {"con": [{"ten": "C"}]}
    assert len(forms.shown(page, values, one_more="f.p.con")[0].rows) == 4


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {}},
        {"type": "object", "properties": {"a": {"type": "string"}}},
        {"type": "object", "properties": {"p": {"type": "object", "properties": {"x": {"type": "null"}}}}},
        {
            "type": "object",
            "properties": {"p": {"type": "object", "properties": {"<x>": {"type": "string"}}}},
        },
        {"type": 5},
    ],
)
def test_schema__that_cannot_be_drawn__is_refused(schema: dict[str, Any]) -> None:
    with pytest.raises(BadForm):
        forms.parse(schema)


def test_form__said_again__uses_titles_and_days() -> None:
    form = guides._shipped_form("1.001193")
    told = forms.tell(form, {"tre": {"ho_ten": "Bảo Ngọc", "ngay_sinh": "2026-02-20", "gioi_tinh": "nu"}})
    assert dict(told[0].rows) == {
        "Họ, chữ đệm, tên của trẻ": "Bảo Ngọc",
        "Ngày sinh của trẻ": "20/02/2026",
        "Giới tính": "Nữ",
    }
