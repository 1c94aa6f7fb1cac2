"""Fields as the template draws them: names, ids, values as people write them, the problem beside each."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from haicap.kernel import formats
from haicap.systems.onestop.online.forms.checking import Problem
from haicap.systems.onestop.online.forms.reading import PREFIX
from haicap.systems.onestop.online.forms.schema import Field, Kind

#: so many choices are all shown; more come in a list that opens
RADIOS = 7
#: a field for so few letters is drawn narrow
_WIDTHS = ((4, "govuk-input--width-4"), (12, "govuk-input--width-10"), (24, "govuk-input--width-20"))
_LINES = {
    "email": ("email", "email", "email"),
    "phone": ("tel", "tel", "tel"),
    "personal-number": ("text", "numeric", "off"),
}


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several: `id` of its input."""

    value: str
    label: str
    id: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One of a repeated group."""

    number: int
    title: str
    name: str
    fields: tuple[Shown, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """Ô trên trang: all that a template needs to draw it."""

    kind: str
    name: str
    id: str
    label: str
    hint: str
    condition: str
    required: bool
    error: str
    value: Any
    choices: tuple[Choice, ...]
    fields: tuple[Shown, ...]
    rows: tuple[Row, ...]
    more: bool
    input_type: str
    input_mode: str
    autocomplete: str
    width: str
    longest: int

    @property
    def described_by(self) -> str:
        """Ids of what explains the field."""
        told = [
            ("hint", bool(self.hint)),
            ("when", bool(self.condition)),
            ("error", bool(self.error)),
        ]
        return " ".join(f"{self.id}-{name}" for name, there in told if there)

    @property
    def first_id(self) -> str:
        """What a link in the error summary leads to: an input, not the group around it."""
        if self.choices and self.kind in ("radios", "choices"):
            return self.choices[0].id
        return self.id


def shown(
    page: Field, values: Mapping[str, Any], problems: Sequence[Problem] = (), *, one_more: str = ""
) -> tuple[Shown, ...]:
    """The fields of a page; `one_more` names the repeated group to which an empty row is added."""
    told = {problem.path: problem.text for problem in problems}
    return tuple(_group(page, values, f"{PREFIX}.{page.key}", (), told, one_more))


def error_list(fields: Sequence[Shown]) -> list[tuple[str, str]]:
    """(id, text) of every problem on the page, for the error summary."""
    return list(_errors(fields))


def _errors(fields: Sequence[Shown]) -> Iterator[tuple[str, str]]:
    for field in fields:
        if field.error:
            yield field.first_id, field.error
        yield from _errors(field.fields)
        for row in field.rows:
            yield from _errors(row.fields)


Path = tuple[str | int, ...]


def _group(
    field: Field, values: Mapping[str, Any], name: str, path: Path, told: Mapping[Path, str], one_more: str
) -> Iterator[Shown]:
    titles = {child.key: child for child in field.children}
    for child in field.children:
        condition = _condition(child, titles)
        yield _one(
            child,
            values.get(child.key),
            f"{name}.{child.key}",
            (*path, child.key),
            told,
            one_more,
            condition,
        )


def _one(
    field: Field,
    value: Any,
    name: str,
    path: Path,
    told: Mapping[Path, str],
    one_more: str,
    condition: str,
) -> Shown:
    id_ = name.replace(".", "-")
    kind = str(field.kind)
    choices: tuple[Choice, ...] = ()
    fields: tuple[Shown, ...] = ()
    rows: tuple[Row, ...] = ()
    more = False
    if field.kind is Kind.GROUP:
        fields = tuple(_group(field, value or {}, name, path, told, one_more))
    elif field.kind is Kind.ROWS:
        have = list(value or [])
        count = max(len(have), field.least, 1) + (1 if one_more == name and len(have) else 0)
        count = min(count, field.most)
        more = count < field.most
        rows = tuple(
            Row(
                number,
                f"{field.title} {number + 1}",
                f"{name}.{number}",
                tuple(
                    _group(
                        field,
                        have[number] if number < len(have) else {},
                        f"{name}.{number}",
                        (*path, number),
                        told,
                        one_more,
                    )
                ),
            )
            for number in range(count)
        )
    elif field.kind in (Kind.CHOICE, Kind.CHOICES):
        have = value if isinstance(value, list) else [value]
        choices = tuple(
            Choice(const, label, id_ if number == 0 else f"{id_}-{number}", const in have)
            for number, (const, label) in enumerate(field.choices)
        )
        if field.kind is Kind.CHOICE:
            kind = "radios" if len(choices) <= RADIOS else "select"
    input_type, mode, autocomplete = _LINES.get(field.format, ("text", "", "off"))
    if field.kind in (Kind.DATE, Kind.NUMBER):
        mode = "decimal" if field.node.get("type") == "number" else "numeric"
    longest = int(field.node.get("maxLength", 40))
    return Shown(
        kind=kind,
        name=name,
        id=id_,
        label=field.title,
        hint=field.hint or (_("Ví dụ: 05/03/2026") if field.kind is Kind.DATE else ""),
        condition=condition,
        required=field.required or field.when is not None,
        error=told.get(path, ""),
        value=_typed(field, value),
        choices=choices,
        fields=fields,
        rows=rows,
        more=more,
        input_type=input_type,
        input_mode=mode,
        autocomplete=str(field.node.get("x-autocomplete", autocomplete)),
        width=_width(field, longest),
        longest=longest,
    )


def _condition(field: Field, around: Mapping[str, Field]) -> str:
    if field.when is None or field.when.key not in around:
        return ""
    other = around[field.when.key]
    if other.kind is Kind.CHECKBOX:
        return _("Chỉ điền nếu bạn đánh dấu «%(title)s».") % {"title": other.title}
    labels = [label for const, label in other.choices if const in field.when.values]
    said = {"title": other.title, "values": _("» hoặc «").join(labels)}
    return _("Chỉ điền nếu «%(title)s» là «%(values)s».") % said


def _typed(field: Field, value: Any) -> Any:
    """As people write it: a day dd/MM/yyyy, a number with a comma."""
    if value is None or isinstance(value, list | dict):
        return ""
    if field.kind is Kind.DATE:
        try:
            return formats.date(dt.date.fromisoformat(value))
        except (ValueError, TypeError):
            return value
    return str(value).replace(".", ",") if isinstance(value, float) else value


def _width(field: Field, longest: int) -> str:
    if field.kind in (Kind.DATE, Kind.NUMBER):
        return "govuk-input--width-10"
    if field.format in ("phone", "personal-number"):
        return "govuk-input--width-20"
    return next((name for most, name in _WIDTHS if longest <= most), "")
