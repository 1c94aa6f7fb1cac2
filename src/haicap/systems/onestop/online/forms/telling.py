"""A filled form said again: for the preview, the official's page and the receipt."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from haicap.kernel import formats
from haicap.systems.onestop.online.forms.schema import Field, Form, Kind


@dataclass(frozen=True, slots=True)
class Told:
    """Một phần của tờ khai, as label and words."""

    key: str
    title: str
    rows: tuple[tuple[str, str], ...]


def tell(form: Form, values: Mapping[str, Any]) -> list[Told]:
    """Every page with what was said on it; fields that were left out are left out."""
    return [Told(page.key, page.title, tuple(_rows(page, values.get(page.key) or {}))) for page in form.pages]


def _rows(group: Field, values: Any, before: str = "") -> Iterator[tuple[str, str]]:
    if not isinstance(values, Mapping):
        return
    for field in group.children:
        value = values.get(field.key)
        if value in (None, "", [], {}):
            continue
        label = f"{before}{field.title}"
        if field.kind is Kind.GROUP:
            yield from _rows(field, value, f"{label}: ")
        elif field.kind is Kind.ROWS and isinstance(value, list):
            for number, row in enumerate(value, 1):
                yield from _rows(field, row, f"{label} {number}: ")
        else:
            yield label, _words(field, value)


def _words(field: Field, value: Any) -> str:
    titles = dict(field.choices)
    if field.kind is Kind.CHECKBOX:
        return _("có") if value else _("không")
    if isinstance(value, list):
        return "; ".join(titles.get(str(one), str(one)) for one in value)
    if field.kind is Kind.CHOICE:
        return titles.get(str(value), str(value))
    if field.kind is Kind.DATE:
        try:
            return formats.date(dt.date.fromisoformat(str(value)))
        except ValueError:
            return str(value)
    if field.kind is Kind.NUMBER and isinstance(value, int):
        return formats.integer(value)
    return str(value).replace(".", ",") if isinstance(value, float) else str(value)
