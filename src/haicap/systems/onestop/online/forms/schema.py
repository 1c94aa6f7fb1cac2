"""The JSON Schema of a form, as fields that can be drawn.

A form is an object (draft 2020-12); each of its properties is an object: a page. What stands on a page:

- `string`: a line; with `format` date, email, phone, personal-number, long-text; with `oneOf` of {const, title} one of
  several
- `integer`, `number`, `boolean` (a box to tick; `const: true` where it must be ticked)
- `array` of strings with `oneOf`: several boxes; `array` of objects: a group that can be repeated, up to `maxItems`
- `object`: a group

`title` is the label, `description` the hint. `required` as in the standard; a field that is asked for only sometimes
stands in the `then.required` of an {if, then} of `allOf`, whose `if` names one property and its `const` or `enum`.
Own words: `x-order` (JSONB forgets the order of `properties`), `x-prefill` (full_name, personal_number, birth_date,
phone: of the citizen who signed in), `x-past` (a day that has come), `x-error` (what to say where a pattern fails),
`x-autocomplete` (the browser's own help).
"""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import jsonschema
from django.utils.translation import gettext as _

from haicap.systems.onestop.online.errors import BadForm

#: what a schema does not say
LONGEST_LINE, LONGEST_TEXT, LONGEST_CHOICE, MOST_ROWS = 300, 3_000, 200, 20
MOST_PAGES, MOST_FIELDS, DEEPEST = 12, 60, 3


class Kind(StrEnum):
    """How a field is drawn."""

    LINE = "line"
    TEXT = "text"
    DATE = "date"
    NUMBER = "number"
    CHOICE = "choice"
    CHOICES = "choices"
    CHECKBOX = "checkbox"
    GROUP = "group"
    ROWS = "rows"


@dataclass(frozen=True, slots=True)
class When:
    """A field counts only where another one of the same group has one of these values."""

    key: str
    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a form, or a group of fields (`children`)."""

    key: str
    kind: Kind
    title: str
    hint: str
    required: bool
    node: Mapping[str, Any]
    children: tuple[Field, ...] = ()
    choices: tuple[tuple[str, str], ...] = ()
    when: When | None = None
    most: int = 1
    least: int = 0

    @property
    def format(self) -> str:
        """The schema's format."""
        return str(self.node.get("format", ""))

    def holds(self, around: Mapping[str, Any]) -> bool:
        """Whether this field counts, given the values of its group."""
        return self.when is None or around.get(self.when.key) in self.when.values


@dataclass(frozen=True, slots=True)
class Form:
    """Tờ khai: pages of fields; `digest` tells whether the schema has changed since."""

    title: str
    pages: tuple[Field, ...]
    digest: str

    def page(self, key: str) -> Field | None:
        """The page of this key."""
        return next((page for page in self.pages if page.key == key), None)


def parse(schema: Mapping[str, Any]) -> Form:
    """The form of a schema. Raises BadForm (ONE-811) for one that cannot be drawn."""
    try:
        jsonschema.Draft202012Validator.check_schema(schema)
    except jsonschema.SchemaError as error:
        raise _bad(error.message[:200]) from error
    digest = hashlib.sha256(json.dumps(schema, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
    node = copy.deepcopy(dict(schema))
    pages = tuple(_fields(node, 0))
    if not 0 < len(pages) <= MOST_PAGES or any(page.kind is not Kind.GROUP for page in pages):
        raise _bad(_("mỗi phần của tờ khai phải là một nhóm, từ 1 đến %(most)d phần") % {"most": MOST_PAGES})
    return Form(str(node.get("title", "")), pages, digest)


def _fields(node: dict[str, Any], depth: int) -> Iterator[Field]:
    """The fields of an object; the node is completed with limits, so that nothing without bounds gets through."""
    node["additionalProperties"] = False
    properties = node.get("properties", {})
    if len(properties) > MOST_FIELDS or depth > DEEPEST:
        raise _bad(_("quá nhiều ô, hoặc lồng nhau quá sâu"))
    order = [key for key in node.get("x-order", []) if key in properties]
    order += [key for key in properties if key not in order]
    conditions = dict(_conditions(node))
    for key in order:
        if not key.isascii() or not key.replace("_", "").isalnum():
            raise _bad(_("tên ô «%(key)s» chỉ được có chữ không dấu, số và gạch dưới") % {"key": key[:40]})
        yield _field(key, properties[key], key in node.get("required", []), conditions.get(key), depth)


def _field(key: str, node: dict[str, Any], required: bool, when: When | None, depth: int) -> Field:
    kind = _kind(node)
    children: tuple[Field, ...] = ()
    choices: tuple[tuple[str, str], ...] = ()
    most = least = 1
    if kind is Kind.GROUP:
        children = tuple(_fields(node, depth + 1))
    elif kind is Kind.ROWS:
        children = tuple(_fields(node["items"], depth + 1))
        most = node["maxItems"] = min(int(node.get("maxItems", MOST_ROWS)), MOST_ROWS)
        least = int(node.get("minItems", 0))
    elif kind is Kind.CHOICE:
        choices = tuple((str(one["const"]), str(one.get("title", one["const"]))) for one in node["oneOf"])
    elif kind is Kind.CHOICES:
        choices = tuple(
            (str(one["const"]), str(one.get("title", one["const"]))) for one in node["items"]["oneOf"]
        )
        node["uniqueItems"] = True
    elif kind in (Kind.LINE, Kind.TEXT):
        limit = LONGEST_TEXT if kind is Kind.TEXT else LONGEST_LINE
        node["maxLength"] = min(int(node.get("maxLength", limit)), limit)
        if required or when:
            node.setdefault("minLength", 1)
    elif kind is Kind.NUMBER:
        node.setdefault("maximum", 10**15)
        node.setdefault("minimum", 0)
    return Field(
        key=key,
        kind=kind,
        title=str(node.get("title", key)),
        hint=str(node.get("description", "")),
        required=required,
        node=node,
        children=children,
        choices=choices,
        when=when,
        most=most,
        least=least,
    )


def _kind(node: Mapping[str, Any]) -> Kind:
    what, form = node.get("type"), node.get("format", "")
    items = node.get("items", {})
    if what == "object":
        return Kind.GROUP
    if what == "array" and items.get("type") == "object":
        return Kind.ROWS
    if what == "array" and items.get("oneOf"):
        return Kind.CHOICES
    if what == "string" and node.get("oneOf"):
        return Kind.CHOICE
    if what == "string":
        return {"date": Kind.DATE, "long-text": Kind.TEXT}.get(form, Kind.LINE)
    if what in ("integer", "number"):
        return Kind.NUMBER
    if what == "boolean":
        return Kind.CHECKBOX
    raise _bad(_("không có cách hiện ô kiểu «%(type)s»") % {"type": str(what)[:40]})


def _conditions(node: Mapping[str, Any]) -> Iterator[tuple[str, When]]:
    """Which fields are asked for only when another one says so."""
    for rule in node.get("allOf", []):
        tests = rule.get("if", {}).get("properties", {})
        if len(tests) != 1:
            raise _bad(_("điều kiện «if» phải hỏi đúng một ô"))
        ((key, test),) = tests.items()
        values = tuple(test["enum"]) if "enum" in test else (test.get("const"),)
        rule["if"].setdefault("required", [key])
        for asked in rule.get("then", {}).get("required", []):
            yield asked, When(key, values)
        for asked in rule.get("then", {}).get("properties", {}):
            yield asked, When(key, values)


def _bad(why: str) -> BadForm:
    return BadForm(
        _("Không hiện được tờ khai của thủ tục này: %(why)s.") % {"why": why},
        kept=_("Chưa có gì được ghi."),
        todo=_("Hãy nộp tại quầy, hoặc báo bộ phận một cửa."),
    )
