"""The calendar's tables: the hours of a week, the days that differ, and the revision of both.

A row without an agency holds for the whole deployment. Rows are never overwritten: a change ends the believed
row (`recorded`) and writes a new one, so that what was believed when a due date was computed stays readable.
Due dates themselves do not follow later changes (design, decision 8).
"""

from __future__ import annotations

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q
from django.db.models.expressions import RawSQL

from haicap.kernel.ids import new_id


class RecordedSince(Func):
    """`tstzrange(kernel_clock_now(), NULL)`: recorded from now on."""

    template = "tstzrange(kernel_clock_now(), NULL)"
    output_field = DateTimeRangeField()


#: the agency of a row as the exclusion constraints compare it: none is one of its own
_AGENCY_OR_NONE = RawSQL("coalesce(agency_id, '00000000-0000-0000-0000-000000000000'::uuid)", ())
BELIEVED = Q(recorded__upper_inf=True)


class _Recorded(models.Model):
    """What both tables of the calendar share."""

    id = models.UUIDField(
        primary_key=True, default=new_id, db_default=RawSQL("kernel_new_id()", ()), editable=False
    )
    #: plain id: the kernel knows no agencies; null for the whole deployment
    agency_id = models.UUIDField(null=True, blank=True)
    provenance = models.CharField(max_length=300)
    recorded = DateTimeRangeField(db_default=RecordedSince())

    class Meta:
        abstract = True


class WorkingWeek(_Recorded):
    """Lịch làm việc trong tuần: the hours of each weekday's morning and afternoon, from when to when.

    `halves` is a list of {"weekday": 1 (Monday) to 7, "half": "morning" or "afternoon", "opens": "07:30",
    "closes": "11:30", "counts_minutes": 240}; what is not in it is not worked. Received until
    `same_day_until`, a same-day procedure is due the same day.
    """

    valid = DateRangeField()
    halves = models.JSONField()
    same_day_until = models.TimeField(db_default="15:00")

    class Meta:
        db_table = "kernel_working_week"
        constraints = [
            ExclusionConstraint(
                name="kernel_working_week_one",
                expressions=[
                    (_AGENCY_OR_NONE, RangeOperators.EQUAL),
                    ("valid", RangeOperators.OVERLAPS),
                ],
                condition=BELIEVED,
            ),
            models.CheckConstraint(
                name="kernel_working_week_valid_some_day", condition=Q(valid__isempty=False)
            ),
        ]


class DayKind(models.TextChoices):
    """Why a day differs from its weekday."""

    HOLIDAY = "holiday", "nghỉ lễ, tết"
    IN_LIEU = "in_lieu", "nghỉ bù"
    SWAPPED_OFF = "swapped_off", "nghỉ hoán đổi"
    SWAPPED_ON = "swapped_on", "làm bù"
    CLOSED = "closed", "nghỉ riêng"
    OPEN = "open", "làm thêm"


class CalendarDay(_Recorded):
    """Ngày nghỉ, ngày làm bù: a day that differs from its weekday.

    `morning` and `afternoon` say whether work is done in that half; where the weekday has no hours for it,
    those of `swapped_with`'s weekday hold, else the first weekday's that has some. `provisional` until an
    official announcement confirms it.
    """

    day = models.DateField()
    kind = models.CharField(max_length=12, choices=DayKind.choices)
    name = models.CharField(max_length=200)
    morning = models.BooleanField(default=False)
    afternoon = models.BooleanField(default=False)
    swapped_with = models.DateField(null=True, blank=True)
    provisional = models.BooleanField(default=False)

    class Meta:
        db_table = "kernel_calendar_day"
        constraints = [
            models.UniqueConstraint(
                F("day"),
                _AGENCY_OR_NONE,
                name="kernel_calendar_day_one",
                condition=BELIEVED,
            ),
            models.CheckConstraint(
                name="kernel_calendar_day_kind",
                condition=Q(kind__in=["holiday", "in_lieu", "swapped_off", "closed"], morning=False)
                | Q(kind__in=["holiday", "in_lieu", "swapped_off", "closed"], afternoon=False)
                | Q(kind__in=["swapped_on", "open"], morning=True)
                | Q(kind__in=["swapped_on", "open"], afternoon=True),
            ),
        ]


class CalendarRevision(models.Model):
    """Bản sửa của lịch: one row whose value is new after every change of the calendar, by trigger."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    revision = models.UUIDField(db_default=RawSQL("gen_random_uuid()", ()))

    class Meta:
        db_table = "kernel_calendar_revision"
        constraints = [models.CheckConstraint(name="kernel_calendar_revision_one", condition=Q(id=1))]
