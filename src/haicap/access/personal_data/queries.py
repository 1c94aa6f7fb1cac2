"""Lists of looks at personal data and of requests: bounded, newest first, paged by key."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from urllib.parse import urlencode

from django.apps import apps
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from haicap.access.errors import AccessDenied
from haicap.access.models import Account, Citizen, DataRequest, Reading
from haicap.access.personal_data.errors import BadReadingFilter
from haicap.access.personal_data.subjects import (
    citizen_subject,
    number_subject,
    person_subject,
    subject_of,
)
from haicap.kernel import clock
from haicap.kernel.actor import Actor
from haicap.kernel.contract import personal_data_sources
from haicap.kernel.days import BadDay, parse_day
from haicap.kernel.text import fold
from haicap.registry.models import Person

SEE = "access.see_readings"
PAGE = 50
MOST_EXPORTED = 100_000
#: people of one name that a filter looks for
MOST_NAMESAKES = 50
_NUMBER = re.compile(r"[0-9]{12}")


@dataclass(frozen=True, slots=True)
class ReadingPage:
    """A page of readings; `after` is the key of the next one, empty at the end."""

    rows: list[Reading]
    after: str


@dataclass(frozen=True, slots=True)
class Filters:
    """Bộ lọc: who looked or who was looked at (name or number), system, day, and where the page begins."""

    person: str = ""
    system: str = ""
    day: date | None = None
    after: str = ""

    @classmethod
    def read(cls, given: Mapping[str, str]) -> Filters:
        """From an address. Raises BadReadingFilter (ACC-517)."""
        text = given.get("ngay", "").strip()
        day = None
        if text:
            try:
                day = parse_day(text)
            except BadDay as error:
                raise BadReadingFilter(error.message, where="ngay", todo=error.todo) from error
        return cls(
            given.get("nguoi", "").strip()[:100],
            given.get("he-thong", "").strip()[:40],
            day,
            given.get("tu", "")[:100],
        )

    def as_query(self, **changes: str) -> str:
        """For an address; `after` may be given."""
        told = {
            "nguoi": self.person,
            "he-thong": self.system,
            "ngay": f"{self.day:%d/%m/%Y}" if self.day else "",
            "tu": changes.get("after", ""),
        }
        return urlencode({name: value for name, value in told.items() if value})

    @property
    def narrowed(self) -> bool:
        """Whether anything is left out."""
        return bool(self.person or self.system or self.day)

    def journalled(self) -> dict[str, str]:
        """For the journal: a personal number only as its digest."""
        person = number_subject(self.person) if _NUMBER.fullmatch(self.person) else self.person
        return {"person": person, "system": self.system, "day": self.day.isoformat() if self.day else ""}


def about(account: Account, after: str = "", rows: int = PAGE) -> ReadingPage:
    """Ai đã xem dữ liệu của tôi: looks at the owner's data, nobody else's."""
    return _page(Reading.objects.filter(subject__in=subject_of(account).keys), after, rows)


def seen_by(actor: Actor, filters: Filters) -> ReadingPage:
    """Lượt xem, for auditors. Raises AccessDenied (ACC-403)."""
    return _page(_filtered(actor, filters), filters.after, PAGE)


def exported(actor: Actor, filters: Filters) -> Iterator[Reading]:
    """The same list whole, at most `MOST_EXPORTED` rows. Raises AccessDenied at once."""
    rows = _filtered(actor, filters).order_by("-at", "-id")[:MOST_EXPORTED]
    return rows.iterator(chunk_size=1000)


def systems_seen() -> list[tuple[str, str]]:
    """Systems that hold personal data, for the filter: (code, name)."""
    return [
        (code, system_name(code)) for code in sorted({source.system for source in personal_data_sources()})
    ]


def system_name(code: str) -> str:
    """What people call a system: "Một cửa"; the code itself where there is none of it any more."""
    try:
        return str(apps.get_app_config(code).verbose_name)
    except LookupError:
        return code


def requests_for(actor: Actor, *, open_only: bool) -> QuerySet[DataRequest]:
    """Requests to decide on; the oldest open one first. Raises AccessDenied (ACC-403)."""
    if not actor.may("access.decide_data_requests") or not actor.sees_all:
        raise denied()
    rows = DataRequest.objects.select_related("account__person", "account__citizen", "decided_by__person")
    return (
        rows.filter(decision="").order_by("asked_at", "id")
        if open_only
        else rows.order_by("-asked_at", "-id")
    )


def denied() -> AccessDenied:
    """The error of who may not see this."""
    return AccessDenied(
        _("Chức danh đang dùng không được xem trang này."),
        kept=_("Không có gì thay đổi."),
        todo=_("Đổi chức danh, hoặc hỏi quản trị tỉnh."),
    )


def _filtered(actor: Actor, filters: Filters) -> QuerySet[Reading]:
    if not actor.may(SEE) or not actor.sees_all:
        raise denied()
    rows = Reading.objects.all()
    if filters.system:
        rows = rows.filter(system=filters.system)
    if filters.day is not None:
        begins = datetime.combine(filters.day, time.min, clock.ZONE)
        rows = rows.filter(at__gte=begins, at__lt=begins + timedelta(days=1))
    if filters.person:
        rows = rows.filter(_of_person(filters.person))
    return rows


def _of_person(text: str) -> Q:
    if _NUMBER.fullmatch(text):
        people = list(Person.objects.filter(personal_number=text).values_list("id", flat=True))
        citizens = list(Citizen.objects.filter(personal_number=text).values_list("id", flat=True))
        return _named(people, citizens, [number_subject(text)])
    key = fold(text)
    if not key:
        return Q(pk__in=[])
    people = list(Person.objects.filter(fold__contains=key).values_list("id", flat=True)[:MOST_NAMESAKES])
    citizens = list(Citizen.objects.filter(fold__contains=key).values_list("id", flat=True)[:MOST_NAMESAKES])
    return _named(people, citizens, [])


def _named(people: list[uuid.UUID], citizens: list[uuid.UUID], more: list[str]) -> Q:
    subjects = [person_subject(each) for each in people] + [citizen_subject(each) for each in citizens] + more
    return Q(actor_person_id__in=people) | Q(subject__in=subjects)


def _page(rows: QuerySet[Reading], after: str, size: int) -> ReadingPage:
    if after:
        at, last = _key(after)
        rows = rows.filter(Q(at__lt=at) | Q(at=at, id__lt=last))
    found = list(rows.select_related("actor_post__title").order_by("-at", "-id")[: size + 1])
    more = len(found) > size
    found = found[:size]
    return ReadingPage(found, f"{found[-1].at.isoformat()}~{found[-1].pk}" if more else "")


def _key(after: str) -> tuple[datetime, uuid.UUID]:
    at, _sign, last = after.partition("~")
    try:
        moment = datetime.fromisoformat(at)
        if moment.tzinfo is None:
            raise ValueError(at)
        return moment, uuid.UUID(last)
    except ValueError:
        raise BadReadingFilter(
            _("Địa chỉ của trang tiếp theo không đọc được."),
            where="tu",
            todo=_("Về trang đầu của danh sách."),
        ) from None
