"""Template tags and filters of every page (a builtin: no `{% load %}` needed).

Filters write what people read: `thousands` → 1.234.567, `day` → 05/03/2026, `moment` → 05/03/2026 14:05.
Tags draw components; see docs/face.md for each with an example.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from django import template
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.paginator import Page
from django.forms import BoundField, CheckboxInput, CheckboxSelectMultiple, RadioSelect, Select, Textarea
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from haicap.kernel import formats
from haicap.kernel.calendar import service as calendar
from haicap.kernel.errors import HaicapError
from haicap.web import pictures

register = template.Library()

#: so many of its facts a picture tells in words; the table beside it tells all
MOST_DESCRIBED = 40

#: tone of a status tag → its mark; the mark and the word carry the meaning, the colour repeats it
MARKS = {"good": "✓", "late": "!", "waiting": "◷", "undecided": "?", "info": "•", "": "•"}


# --- what people read
@register.filter
def thousands(value: Any) -> str:
    """A whole number with the point between thousands: 1234567 → "1.234.567"; nothing for None."""
    return "" if value is None or value == "" else formats.integer(int(value))


@register.filter
def decimal(value: Any, places: int = 1) -> str:
    """A number with the comma before its decimals: 12.345|decimal:2 → "12,35" (half up)."""
    return "" if value is None or value == "" else formats.decimal(value, int(places))


@register.filter
def percent(value: Any, places: int = 0) -> str:
    """A share between 0 and 1 as per cent: 0.8123|percent:1 → "81,2 %" (its space does not break)."""
    if value is None or value == "":
        return ""
    return f"{formats.decimal(Decimal(str(value)) * 100, int(places))}\N{NO-BREAK SPACE}%"


@register.filter
def day(value: dt.date | dt.datetime | None) -> str:
    """A day as dd/MM/yyyy, in Vietnam's zone."""
    return formats.date(value) if value else ""


@register.filter
def moment(value: dt.datetime | None) -> str:
    """An instant as dd/MM/yyyy HH:mm, in Vietnam's zone."""
    return formats.date_time(value) if value else ""


@register.filter
def time_element(value: dt.date | dt.datetime | None) -> SafeString | str:
    """A `<time>` element: people read dd/MM/yyyy (HH:mm), machines ISO 8601."""
    if value is None or value == "":
        return ""
    shown = moment(value) if isinstance(value, dt.datetime) else day(value)
    return format_html('<time datetime="{}">{}</time>', value.isoformat(), shown)


@register.filter
def left(value: dt.datetime | None) -> str:
    """How long until a due instant in working days: "còn 2 ngày làm việc", "quá hạn 3 ngày làm việc"."""
    return calendar.remaining_text(value) if value else ""


@register.filter
def seconds(value: float | str | None) -> str:
    """A length of time for people: 0.42 → "0,42 giây", 75 → "1 phút 15 giây"."""
    if value is None or value == "":
        return ""
    value = float(value)
    if value < 10:
        return _("%(n)s giây") % {"n": decimal(value, 2)}
    whole = round(value)
    if whole < 60:
        return _("%(n)s giây") % {"n": whole}
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return _("%(m)s phút %(s)s giây") % {"m": minutes, "s": rest}
    return _("%(h)s giờ %(m)s phút") % {"h": minutes // 60, "m": minutes % 60}


@register.filter
def size(value: int | None) -> str:
    """Bytes for people: 1536 → "1,5 kB"."""
    if value is None:
        return ""
    number = float(value)
    unit = "B"
    for larger in ("kB", "MB", "GB"):
        if number < 1000:
            break
        number, unit = number / 1000, larger
    return f"{decimal(number, 0 if unit == 'B' else 1)}\N{NO-BREAK SPACE}{unit}"


@register.filter
def item(mapping: Mapping[Any, Any] | Sequence[Any], key: Any) -> Any:
    """`mapping|item:key`; nothing when there is none."""
    try:
        return mapping[key]
    except (KeyError, IndexError, TypeError):
        return None


# --- assets
@register.simple_tag
def asset(path: str) -> str:
    """The address of a static file, or nothing when it was not built (the page is then plain but whole)."""
    try:
        if hasattr(staticfiles_storage, "hashed_files") and getattr(
            staticfiles_storage, "manifest_strict", False
        ):
            return staticfiles_storage.url(path)
        return staticfiles_storage.url(path) if finders.find(path) else ""
    except (ValueError, OSError):
        return ""


# --- components
@register.simple_tag
def tag(text: Any, tone: str = "") -> SafeString:
    """A status tag: a mark and a word. Tones: good, late, waiting, undecided, info, none."""
    return format_html(
        '<span class="hc-tag{}"><span aria-hidden="true">{}</span>{}</span>',
        f" hc-tag--{tone}" if tone else "",
        MARKS.get(tone, MARKS[""]),
        text,
    )


@register.inclusion_tag("web/components/empty.html")
def empty(title: str, why: str = "", href: str = "", action: str = "") -> dict[str, Any]:
    """An empty list: says that it is empty, why, and what to do next."""
    return {"title": title, "why": why, "href": href, "action": action}


@register.inclusion_tag("web/components/summary.html")
def summary(rows: Iterable[Sequence[Any]]) -> dict[str, Any]:
    """A summary list of (name, value) or (name, value, href, what the link does)."""
    return {"rows": [(*row, "", "")[:4] for row in rows]}


@register.inclusion_tag("web/components/tabs.html")
def tabs(items: Iterable[Sequence[Any]], current: str, label: str = "") -> dict[str, Any]:
    """Tabs as links: items (key, name, href) or (key, name, href, count); `current` is a key."""
    shown = [(*each, None)[:4] for each in items]
    return {"items": shown, "current": current, "label": label or _("Các phần")}


@register.inclusion_tag("web/components/pager.html", takes_context=True)
def pager(context: template.Context, page: Page[Any], noun: str = "") -> dict[str, Any]:
    """The pager of a Django Page; it keeps the rest of the query string. Parameter: `trang`."""
    paginator = page.paginator
    numbers = [
        number if isinstance(number, int) else None
        for number in paginator.get_elided_page_range(page.number, on_each_side=1, on_ends=1)
    ]
    return {"request": context.get("request"), "page": page, "numbers": numbers, "noun": noun or _("mục")}


@register.inclusion_tag("web/components/progress.html")
def progress(run: Any, poll: str = "") -> dict[str, Any]:
    """Progress of long work; `poll` is the address that answers with this fragment again while it runs.

    `run` has title, done, total, note, seconds, finished (bool), failed (bool), href (its own page).
    """
    return {"run": run, "poll": poll}


@register.inclusion_tag("web/components/error_summary.html")
def error_summary(*forms: Any) -> dict[str, Any]:
    """GOV.UK's error summary over one or more forms: what is wrong, each linked to its field."""
    found: list[tuple[str, str]] = []
    for form in forms:
        if not form or not form.errors:
            continue
        found.extend(("", text) for text in form.non_field_errors())
        found.extend((field.auto_id, text) for field in form for text in field.errors)
    return {"found": found}


@register.inclusion_tag("web/components/field.html")
def field(bound: BoundField, width: str = "", hint: str = "", narrow: bool = False) -> dict[str, Any]:
    """One field of a form: label always visible, hint, error. `width` in letters: "5", "10", "20"."""
    widget = bound.field.widget
    described = [f"{bound.auto_id}-hint"] if hint or bound.help_text else []
    if bound.errors:
        described.append(f"{bound.auto_id}-error")
    attributes: dict[str, Any] = {"aria-describedby": " ".join(described)} if described else {}
    kind = "input"
    if isinstance(widget, CheckboxSelectMultiple | RadioSelect):
        kind = "choices"
    elif isinstance(widget, CheckboxInput):
        kind = "checkbox"
        attributes["class"] = "govuk-checkboxes__input"
    else:
        base = {Select: "govuk-select", Textarea: "govuk-textarea"}
        name = next((css for cls, css in base.items() if isinstance(widget, cls)), "govuk-input")
        attributes["class"] = name + (f" {name}--error" if bound.errors else "")
        if width and name == "govuk-input":
            attributes["class"] += f" govuk-input--width-{width}"
    choice_class = "govuk-checkboxes" if isinstance(widget, CheckboxSelectMultiple) else "govuk-radios"
    return {
        "field": bound,
        "kind": kind,
        "hint": hint or bound.help_text,
        "narrow": narrow,
        "choice_class": choice_class,
        "rendered": bound.as_widget(attrs=attributes) if kind != "choices" else "",
    }


@register.inclusion_tag("web/components/error.html")
def error_box(error: HaicapError, correlation_id: str = "") -> dict[str, Any]:
    """An error inside a page: what happened, what is kept, what to do, its code."""
    return {"error": error, "correlation_id": correlation_id}


@register.inclusion_tag("web/components/keys.html")
def keys(select: bool = False) -> dict[str, Any]:
    """The hint which keys a worklist knows; `select` when its rows can be selected."""
    return {"select": select}


@register.simple_tag
def counted(number: int, one: str, many: str = "") -> str:
    """ "1.234 hồ sơ": a number with its noun (Vietnamese nouns do not change; `many` is for English)."""
    return f"{thousands(number)} {ngettext(one, many or one, number)}"


@register.inclusion_tag("web/components/flow.html")
def flow_picture(picture: Any, title: str, caption: str = "") -> dict[str, Any]:
    """Old → new: `picture` has columns of boxes and ribbons (`pictures.Node`, `Edge`), at two widths."""
    words = [f"{source} → {target}" for source, target in _named_ribbons(picture.columns, picture.ribbons)]
    description = "; ".join(words[:MOST_DESCRIBED])
    wide, narrow = (
        mark_safe(
            pictures.flow(
                picture.columns,
                picture.ribbons,
                title=title,
                description=description,
                width=width,
                extra_class=css,
            )
        )
        for width, css in ((pictures.WIDE_PX, "hc-wide-only"), (pictures.NARROW_PX, "hc-narrow-only"))
    )
    return {"wide": wide, "narrow": narrow, "caption": caption}


def _named_ribbons(columns: Iterable[Iterable[Any]], ribbons: Iterable[Any]) -> Iterable[tuple[str, str]]:
    names = {box.key: box.name for column in columns for box in column}
    for ribbon in ribbons:
        part = f" ({_('một phần')})" if ribbon.part else ""
        yield names[ribbon.source] + part, names[ribbon.target]


@register.simple_tag
def flow_small(picture: Any, title: str) -> SafeString:
    """Old → new, small enough for a telephone and for a fold."""
    return mark_safe(
        pictures.flow(picture.columns, picture.ribbons, title=title, description="", width=pictures.NARROW_PX)
    )


@register.inclusion_tag("web/components/flow.html")
def stations_picture(stops: Sequence[Any], title: str, caption: str = "") -> dict[str, Any]:
    """A custody chain: stops have name, when, note, kind (see `pictures.Stop`)."""
    description = "; ".join(f"{stop.name}: {stop.when}" for stop in stops[:MOST_DESCRIBED])
    return {
        "wide": mark_safe(
            pictures.stations_line(stops, title=title, description=description, extra_class="hc-wide-only")
        ),
        "narrow": mark_safe(
            pictures.stations_down(stops, title=title, description=description, extra_class="hc-narrow-only")
        ),
        "caption": caption,
    }


@register.inclusion_tag("web/components/flow.html")
def route_picture(drawing: Any, title: str, caption: str = "") -> dict[str, Any]:
    """A route: `drawing` has boxes and ways (see `pictures.Box`, `Way`), at two widths."""
    names = {box.key: box.name for box in drawing.boxes}
    words = [
        f"{names[way.source]} → {names[way.target]}: {way.why}"
        for way in drawing.ways
        if way.source in names and way.target in names
    ]
    description = "; ".join(words[:MOST_DESCRIBED])
    wide, narrow = (
        mark_safe(
            pictures.route(
                drawing.boxes,
                drawing.ways,
                title=title,
                description=description,
                width=width,
                extra_class=css,
            )
        )
        for width, css in ((pictures.WIDE_PX, "hc-wide-only"), (pictures.NARROW_PX, "hc-narrow-only"))
    )
    return {"wide": wide, "narrow": narrow, "caption": caption}


@register.simple_tag
def balance_picture(line: Any, title: str) -> SafeString:
    """A ledger line as balanced bars: `line` has before, carried, frozen, closed, undecided (numbers)."""
    numbers = pictures.Balance(line.before, line.carried, line.frozen, line.closed, line.undecided)
    words = _(
        "trước %(before)s = chuyển %(carried)s + lưu %(frozen)s + đóng %(closed)s + chờ %(undecided)s"
    ) % {
        "before": thousands(numbers.before),
        "carried": thousands(numbers.carried),
        "frozen": thousands(numbers.frozen),
        "closed": thousands(numbers.closed),
        "undecided": thousands(numbers.undecided),
    }
    return mark_safe(pictures.balance_bars(numbers, title=title, description=words))


@register.simple_tag
def spark(values: Sequence[float | None], title: str) -> SafeString:
    """A trend as a small line in the text; say the last value beside it."""
    shown = ", ".join(decimal(value, 0) if value is not None else "—" for value in values)
    return mark_safe(pictures.sparkline(values, title=title, description=shown))


@register.simple_tag
def picture(svg: str) -> SafeString:
    """An SVG made by `haicap.web.pictures` (its functions escape all text)."""
    return mark_safe(svg)
