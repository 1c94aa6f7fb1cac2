"""Checking values by the schema (jsonschema), with what to do said in plain words beside each field."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import jsonschema
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from haicap.kernel import clock
from haicap.systems.onestop.online.forms.schema import Field, Kind
from haicap.systems.onestop.reception.errors import BadIdentity
from haicap.systems.onestop.reception.identity import check_number

_PHONE = re.compile(r"\+?[0-9][0-9 .-]{7,18}")
_OLDEST = dt.date(1875, 1, 1)
_FORMATS = jsonschema.FormatChecker(formats=())


@dataclass(frozen=True, slots=True)
class Problem:
    """Chỗ cần sửa: where (keys and row numbers below the page) and what to do."""

    path: tuple[str | int, ...]
    text: str


def _is_day(value: object) -> bool:
    try:
        return not isinstance(value, str) or bool(dt.date.fromisoformat(value))
    except ValueError:
        return False


def _is_email(value: object) -> bool:
    try:
        validate_email(str(value))
    except ValidationError:
        return False
    return True


def is_phone(value: object) -> bool:
    """Whether this can be a telephone number."""
    return bool(_PHONE.fullmatch(str(value)))


def _is_number(value: object) -> bool:
    try:
        check_number(str(value))
    except BadIdentity:
        return False
    return True


for _name, _check in (
    ("date", _is_day),
    ("email", _is_email),
    ("phone", is_phone),
    ("personal-number", _is_number),
):
    _FORMATS.checks(_name)(_check)


def _past(validator: Any, wanted: Any, value: Any, node: Any) -> Iterator[jsonschema.ValidationError]:
    if not wanted or not isinstance(value, str) or not _is_day(value):
        return
    day = dt.date.fromisoformat(value)
    if not _OLDEST <= day <= clock.today():
        yield jsonschema.ValidationError("not a day that has come")


_Validator = jsonschema.validators.extend(jsonschema.Draft202012Validator, {"x-past": _past})


def check(page: Field, values: Mapping[str, Any]) -> list[Problem]:
    """What is wrong with the values of a page, in the order of its fields; at most one problem a field."""
    found: dict[tuple[str | int, ...], str] = {}
    for error in _Validator(dict(page.node), format_checker=_FORMATS).iter_errors(dict(values)):
        for path, text in _said(page, error):
            found.setdefault(path, text)
    order = {path: number for number, path in enumerate(_paths(page, values))}
    ranked = sorted(found.items(), key=lambda one: order.get(one[0], len(order)))
    return [Problem(path, text) for path, text in ranked]


def _said(page: Field, error: Any) -> Iterator[tuple[tuple[str | int, ...], str]]:
    path = tuple(error.absolute_path)
    if error.validator == "required":
        for key in error.validator_value:
            if key not in error.instance:
                field = _at(page, (*path, key))
                yield (*path, key), _missing(field)
        return
    field = _at(page, path)
    yield path, _wrong(field, error)


def _missing(field: Field | None) -> str:
    title = {"title": field.title if field is not None else ""}
    if field is not None and field.kind in (Kind.CHOICE, Kind.CHOICES):
        return _("Hãy chọn «%(title)s».") % title
    if field is not None and field.kind is Kind.CHECKBOX:
        return _("Hãy đánh dấu «%(title)s».") % title
    if field is not None and field.kind is Kind.ROWS:
        return _("Hãy thêm ít nhất một «%(title)s».") % title
    return _("Hãy điền «%(title)s».") % title


def _wrong(field: Field | None, error: Any) -> str:
    if field is None:
        return _("Có nội dung không thuộc tờ khai này.")
    said = {"title": field.title, "limit": error.validator_value}
    if error.validator in ("format", "x-past") or field.kind is Kind.DATE:
        return _wrong_form(field, error.validator)
    texts = {
        "maxLength": _("«%(title)s» dài quá %(limit)s ký tự."),
        "minimum": _("«%(title)s» phải từ %(limit)s trở lên."),
        "maximum": _("«%(title)s» phải không quá %(limit)s."),
        "minItems": _("Hãy thêm đủ %(limit)s «%(title)s»."),
        "maxItems": _("«%(title)s»: nhiều nhất %(limit)s."),
        "oneOf": _("«%(title)s»: hãy chọn một mục trong danh sách."),
        "const": _("Hãy đánh dấu «%(title)s»."),
        "type": _("«%(title)s» phải là một số.")
        if field.kind is Kind.NUMBER
        else _("«%(title)s» chưa đúng."),
        "minLength": _("«%(title)s» ngắn quá, cần ít nhất %(limit)s ký tự."),
    }
    if error.validator == "pattern":
        return str(field.node.get("x-error") or _("«%(title)s» chưa đúng cách viết.") % said)
    return str(texts.get(error.validator, _("«%(title)s» chưa đúng."))) % said


def _wrong_form(field: Field, how: str) -> str:
    said = {"title": field.title}
    if how == "x-past":
        return _("«%(title)s» phải là một ngày đã qua hoặc hôm nay.") % said
    texts = {
        "date": _("«%(title)s» không phải là một ngày có thật. Viết như 05/03/2026."),
        "email": _("«%(title)s» không phải là địa chỉ thư điện tử. Viết như ten@vidu.vn."),
        "phone": _("«%(title)s» không phải là số điện thoại. Viết như 0905 123 456."),
        "personal-number": _("«%(title)s» phải là 12 số trên thẻ căn cước (hoặc 9 số của chứng minh cũ)."),
    }
    return str(texts.get(field.format, _("«%(title)s» chưa đúng."))) % said


def _at(page: Field, path: tuple[str | int, ...]) -> Field | None:
    field: Field | None = page
    for key in path:
        if isinstance(key, int) or field is None:
            continue
        field = next((child for child in field.children if child.key == key), None)
    return field


def _paths(field: Field, values: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Every place of a page in the order in which it stands there."""
    yield path
    if field.kind is Kind.ROWS:
        for number, row in enumerate(values or []):
            for child in field.children:
                yield from _paths(child, row.get(child.key), (*path, number, child.key))
    elif field.kind is Kind.GROUP:
        around = values if isinstance(values, Mapping) else {}
        for child in field.children:
            yield from _paths(child, around.get(child.key), (*path, child.key))
