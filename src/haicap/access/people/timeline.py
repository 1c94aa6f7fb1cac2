"""Quá trình công tác as bars over the years: SVG by the server; the list beside it says the same."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from haicap.access.people.queries import Step
from haicap.kernel import clock

WIDTH, ROW, TOP, MOST = 320, 34, 20, 20
_KINDS = {"now": "bar--carried", "later": "bar--before", "past": "bar--closed"}


def timeline(steps: Sequence[Step]) -> SafeString | str:
    """One bar an appointment, the latest above; nothing where there is none."""
    shown = list(steps)[:MOST]
    if not shown:
        return ""
    today = clock.today()
    first = min(step.begins_on for step in shown)
    last = max([today, *(step.ends_on or today for step in shown), *(step.begins_on for step in shown)])
    days = max((last - first).days, 1)

    def x(day: dt.date) -> float:
        return round((day - first).days / days * (WIDTH - 2), 1)

    bars = format_html_join(
        "",
        '<text class="name" x="0" y="{}">{}</text><rect class="{}" x="{}" y="{}" width="{}" height="8"></rect>',
        (
            (
                TOP + order * ROW,
                f"{step.title_name}, {step.begins_on:%m/%Y}–{f'{step.ends_on:%m/%Y}' if step.ends_on else _('nay')}",
                _KINDS[step.state],
                x(step.begins_on),
                TOP + order * ROW + 6,
                max(x(step.ends_on or last) - x(step.begins_on), 3),
            )
            for order, step in enumerate(shown)
        ),
    )
    return format_html(
        '<svg class="hc-picture" viewBox="0 0 {} {}" width="{}" height="{}" role="img" aria-label="{}">{}</svg>',
        WIDTH,
        TOP + len(shown) * ROW,
        WIDTH,
        TOP + len(shown) * ROW,
        _("Quá trình công tác theo thời gian; bảng bên cạnh ghi đủ"),
        bars,
    )
