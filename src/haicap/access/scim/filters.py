"""SCIM filters and orders as SQL: every value is a parameter, every name one of a fixed list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from scim2_models import InvalidFilterException, InvalidPathException, Path, ScimFilter, SearchRequest
from scim2_models.path import (
    AttrPath,
    CompareOperator,
    Comparison,
    FilterVisitor,
    LogicalExpr,
    LogicalOperator,
    Not,
    Present,
    ValuePath,
)

#: longer or deeper filters are refused
LONGEST_FILTER, DEEPEST_FILTER = 2000, 20
#: kinds of columns: text of any case, text as it is, yes or no, a moment
TEXT, EXACT, TRUTH, MOMENT = "text", "exact", "truth", "moment"
_SIGNS = {
    CompareOperator.gt: ">",
    CompareOperator.ge: ">=",
    CompareOperator.lt: "<",
    CompareOperator.le: "<=",
}


@dataclass(frozen=True, slots=True)
class Column:
    """What an attribute is in SQL; NULL where it has no value. With `many` the sub-query of its values."""

    sql: str
    kind: str = TEXT
    many: str = ""


Columns = Mapping[str, Column]


def check_size(text: Any) -> None:
    """Refuse a filter that is too long or too deep before it is parsed. Raises InvalidFilterException."""
    if not isinstance(text, str):
        return
    depth = deepest = 0
    for letter in text:
        depth += (letter in "([") - (letter in ")]")
        deepest = max(deepest, depth)
    if len(text) > LONGEST_FILTER or deepest > DEEPEST_FILTER:
        raise InvalidFilterException(
            detail=_("Bộ lọc dài quá %(letters)s ký tự hoặc lồng quá %(depth)s lớp.")
            % {"letters": LONGEST_FILTER, "depth": DEEPEST_FILTER}
        )


@dataclass
class SqlFilter(FilterVisitor[str]):
    """Translates the tree of a filter for one resource type; `params` gathers the values.

    Every part is true or false, never NULL, so that `not` means what it says. An attribute of the model without
    a column is refused; one that the model does not have makes its part false (RFC 7644 §3.4.2.1).
    """

    model: Any
    columns: Columns
    params: dict[str, Any] = field(default_factory=dict)
    prefix: str = ""

    def visit_not(self, node: Not) -> str:
        """NOT (…)."""
        return f"NOT ({self.visit(node.expr)})"

    def visit_logical_expr(self, node: LogicalExpr) -> str:
        """… AND …, … OR …"""
        word = " AND " if node.op == LogicalOperator.and_ else " OR "
        return "(" + word.join(self.visit(term) for term in node.terms) + ")"

    def visit_present(self, node: Present) -> str:
        """… IS NOT NULL."""
        column = self._column(node.attr_path)
        if column is None:
            return "false"
        return f"EXISTS ({column.many})" if column.many else f"({column.sql} IS NOT NULL)"

    def visit_comparison(self, node: Comparison) -> str:
        """One comparison with a value."""
        column = self._column(node.attr_path)
        if column is None:
            return "false"
        if not column.many:
            return self._compared(column, node)
        negated = node.op == CompareOperator.ne
        asked = Comparison(node.attr_path, CompareOperator.eq, node.value) if negated else node
        found = f"EXISTS (SELECT FROM ({column.many}) AS many (value) WHERE {self._compared(column, asked)})"
        return f"NOT {found}" if negated else found

    def visit_value_path(self, node: ValuePath) -> str:
        """emails[…]: an account has one e-mail, so its parts are compared side by side."""
        inner = SqlFilter(self.model, self.columns, self.params, f"{node.attr_path}.".lower())
        return inner.visit(node.val_filter)

    def _column(self, path: AttrPath) -> Column | None:
        name = self.prefix + _name(self.model, str(path))
        column = self.columns.get(name) or self.columns.get(f"{name}.value")
        if column is None and (self.prefix or _knows(self.model, path)):
            raise InvalidFilterException(detail=_("Không lọc được theo «%(name)s».") % {"name": path})
        return column

    def _compared(self, column: Column, node: Comparison) -> str:
        sql = column.sql
        if node.value is None:
            return f"({sql} IS {'NOT ' if node.op == CompareOperator.ne else ''}NULL)"
        value: Any = _moment(node.value) if column.kind == MOMENT else node.value
        if column.kind in (TEXT, EXACT):
            value = str(value)
            if "\0" in value:
                raise InvalidFilterException(detail=_("Giá trị có ký tự NUL."))
        if column.kind == TEXT:
            sql, given = f"lower({sql})", f"lower({self._param(_pattern(node.op, value))})"
        else:
            given = self._param(_pattern(node.op, value))
        if node.op == CompareOperator.ne:
            return f"({sql} IS DISTINCT FROM {given})"
        sign = "=" if node.op == CompareOperator.eq else _SIGNS.get(node.op, "LIKE")
        return f"coalesce({sql} {sign} {given}, false)"

    def _param(self, value: Any) -> str:
        name = f"filter_{len(self.params)}"
        self.params[name] = value
        cast = (
            "::boolean"
            if isinstance(value, bool)
            else "::timestamptz"
            if isinstance(value, datetime)
            else "::text"
        )
        return f"%({name})s{cast}"


def condition(model: Any, columns: Columns, scim_filter: str | None) -> tuple[str, dict[str, Any]]:
    """The condition of a WHERE and its parameters. Raises InvalidFilterException."""
    if not scim_filter:
        return "true", {}
    translated = SqlFilter(model, columns)
    try:
        return translated.visit(ScimFilter(str(scim_filter)).ast), translated.params
    except RecursionError as error:
        raise InvalidFilterException(detail=_("Bộ lọc lồng quá sâu.")) from error


def order(model: Any, columns: Columns, request: SearchRequest[Any], default: str) -> str:
    """What stands behind ORDER BY; `default` without `sortBy`. Raises InvalidPathException."""
    if request.sort_by is None:
        return default
    name = _name(model, str(request.sort_by))
    column = columns.get(name) or columns.get(f"{name}.value")
    if column is None or column.many:
        if column is None and Path(str(request.sort_by)).resolve(model) is None:
            return default
        raise InvalidPathException(
            path=str(request.sort_by),
            detail=_("Không sắp xếp được theo «%(name)s».") % {"name": request.sort_by},
        )
    sql = f"lower({column.sql})" if column.kind == TEXT else column.sql
    if request.sort_order == SearchRequest.SortOrder.descending:
        return f"{sql} DESC NULLS FIRST, id DESC"
    return f"{sql} ASC NULLS LAST, id"


def _name(model: Any, path: str) -> str:
    """A path in lower case, without the schema of the resource itself."""
    schema = f"{model.__schema__}:".lower()
    return path.lower().removeprefix(schema)


def _knows(model: Any, path: AttrPath) -> bool:
    return ScimFilter[model](f"{path} pr").resolve(path, strict=False) is not None


def _pattern(operator: CompareOperator, value: Any) -> Any:
    """The value, or the LIKE pattern for it with its own signs escaped."""
    if operator not in (CompareOperator.co, CompareOperator.sw, CompareOperator.ew):
        return value
    escaped = str(value).replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    start = "" if operator == CompareOperator.sw else "%"
    end = "" if operator == CompareOperator.ew else "%"
    return f"{start}{escaped}{end}"


def _moment(value: Any) -> datetime:
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    except ValueError as error:
        raise InvalidFilterException(
            detail=_("«%(value)s» không phải là thời điểm.") % {"value": value}
        ) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo("UTC"))
