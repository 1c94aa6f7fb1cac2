"""Người nộp and cách nhận kết quả: two pages of the same make as the form; who signed in has some of it already."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any

from haicap.access.models import Citizen, ConsentPurpose
from haicap.systems.onestop.models import Delivery, OnlineDraft
from haicap.systems.onestop.online import forms, guides
from haicap.systems.onestop.online.visitors import Visitor

#: what VNeID says is not typed again
_KNOWN = ("ho_ten", "so_dinh_danh", "ngay_sinh")


@cache
def _schema() -> Mapping[str, Any]:
    return dict(json.loads((guides.DATA / "applicant.json").read_text(encoding="utf-8")))


@lru_cache(maxsize=2)
def _form(known: bool) -> forms.Form:
    schema = json.loads(json.dumps(_schema()))
    if known:
        page = schema["properties"]["nguoi_nop"]
        for key in _KNOWN:
            del page["properties"][key]
        page["required"] = [key for key in page["required"] if key not in _KNOWN]
    return forms.parse(schema)


def page_for(citizen: Citizen | None) -> forms.Field:
    """The applicant's page: for who signed in, without what is known."""
    return _form(citizen is not None and bool(citizen.personal_number)).pages[0]


def whole() -> forms.Form:
    """Both pages with every field, to say again what was said."""
    return _form(False)


def delivery_page() -> forms.Field:
    """The page of how the result is to come."""
    return _form(False).pages[1]


def delivery_values(draft: OnlineDraft) -> dict[str, Any]:
    """What was said of it."""
    if "nhan-ket-qua" not in draft.done:
        return {}
    values = {"cach": str(int(draft.delivery))}
    return values | ({"dia_chi": draft.delivery_address} if draft.delivery == Delivery.POSTAL else {})


def told(citizen: Citizen | None) -> dict[str, Any]:
    """What is known of who signed in."""
    if citizen is None or not citizen.personal_number:
        return {}
    known: dict[str, Any] = {"ho_ten": citizen.full_name, "so_dinh_danh": citizen.personal_number}
    if citizen.birth_date is not None:
        known["ngay_sinh"] = citizen.birth_date.isoformat()
    return known


def said(draft: OnlineDraft) -> dict[str, Any]:
    """The applicant as far as is known: what VNeID says goes before what was typed."""
    return {**draft.applicant, **told(draft.citizen)}


def prefilled(visitor: Visitor) -> dict[str, Any]:
    """What a new draft knows of its applicant beyond that: the telephone, where that was agreed to."""
    if visitor.citizen is not None and visitor.citizen.phone and visitor.agreed_to(ConsentPurpose.PREFILL):
        return {"dien_thoai": visitor.citizen.phone}
    return {}


def prefilled_form(visitor: Visitor, form: forms.Form) -> dict[str, Any]:
    """Fields that say `x-prefill`, filled in from VNeID where the citizen agreed to that."""
    if visitor.citizen is None or not visitor.agreed_to(ConsentPurpose.PREFILL):
        return {}
    known = told(visitor.citizen)
    names = {"full_name": "ho_ten", "personal_number": "so_dinh_danh", "birth_date": "ngay_sinh"}
    found: dict[str, Any] = {}
    for page in form.pages:
        for field in page.children:
            value = known.get(names.get(str(field.node.get("x-prefill", "")), ""))
            if value:
                found.setdefault(page.key, {})[field.key] = value
    return found
