"""Reading what was typed: values of the right type where they can be had, else as they were typed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django.http import QueryDict

from haicap.kernel.days import BadDay, parse_day
from haicap.kernel.text import clean
from haicap.systems.onestop.online.forms.schema import LONGEST_CHOICE, LONGEST_TEXT, Field, Kind

#: names of inputs begin so: nothing of a form meets the names of buttons and tokens
PREFIX = "f"
#: buttons that take a row away and add one; their value names it
REMOVE, ADD = "bo-dong", "them-dong"
_WHOLE = re.compile(r"-?[0-9]{1,15}")
_DECIMAL = re.compile(r"-?[0-9]{1,15},[0-9]{1,6}")
#: kept of what is too long, so that its writer can shorten it
_KEPT = 2 * LONGEST_TEXT


def read(field: Field, given: QueryDict, name: str = "") -> Any:
    """What was typed into a field (of a page: a mapping); None where nothing was. Never raises."""
    name = name or f"{PREFIX}.{field.key}"
    if field.kind is Kind.GROUP:
        return _group(field, given, name)
    if field.kind is Kind.ROWS:
        return _rows(field, given, name)
    if field.kind is Kind.CHOICES:
        chosen = [one[:LONGEST_CHOICE] for one in given.getlist(name)[: len(field.choices) + 1]]
        return chosen or None
    if field.kind is Kind.CHECKBOX:
        return True if given.get(name) else None
    typed = given.get(name, "")[:_KEPT]
    if field.kind is Kind.TEXT:
        return "\n".join(clean(line) for line in typed.splitlines()).strip() or None
    typed = clean(typed)
    if not typed:
        return None
    if field.kind is Kind.DATE:
        return _day(typed)
    return _number(typed) if field.kind is Kind.NUMBER else typed


def row_count(field: Field, given: QueryDict, name: str) -> int:
    """How many rows of a repeated group the page had."""
    told = given.get(f"{name}.n", "")
    return min(int(told), field.most) if told.isascii() and told.isdigit() and len(told) < 10 else 0


def _group(field: Field, given: QueryDict, name: str) -> dict[str, Any]:
    values = {child.key: read(child, given, f"{name}.{child.key}") for child in field.children}
    said = {key: value for key, value in values.items() if value not in (None, {}, [])}
    return {child.key: said[child.key] for child in field.children if child.key in said and child.holds(said)}


def _rows(field: Field, given: QueryDict, name: str) -> list[Mapping[str, Any]]:
    names = [f"{name}.{number}" for number in range(row_count(field, given, name))]
    rows = [_group(field, given, one) for one in names if given.get(REMOVE) != one]
    return [row for row in rows if row]


def _day(typed: str) -> str:
    try:
        return parse_day(typed).isoformat()
    except BadDay:
        return typed[:40]


def _number(typed: str) -> Any:
    bare = typed.replace(" ", "")
    if re.fullmatch(r"-?[0-9]{1,3}(\.[0-9]{3})+", bare):
        bare = bare.replace(".", "")
    if _WHOLE.fullmatch(bare):
        return int(bare)
    return float(bare.replace(",", ".")) if _DECIMAL.fullmatch(bare) else typed[:40]
