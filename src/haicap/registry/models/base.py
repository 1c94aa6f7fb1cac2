"""What the registry's tables share."""

from __future__ import annotations

from django.contrib.postgres.fields import DateRangeField, DateTimeRangeField
from django.db import models
from django.db.models import Func, Q
from django.db.models.expressions import RawSQL

from haicap.kernel.ids import new_id


class Identified(models.Model):
    """A row with an identity: UUIDv7, made by Python or, in set-based SQL, by the database."""

    id = models.UUIDField(
        primary_key=True, default=new_id, db_default=RawSQL("kernel_new_id()", ()), editable=False
    )

    class Meta:
        abstract = True


class RecordedSince(Func):
    """`tstzrange(kernel_clock_now(), NULL)`: recorded from now on."""

    function = "tstzrange"
    template = "tstzrange(kernel_clock_now(), NULL)"
    output_field = DateTimeRangeField()


class TwoTimes(models.Model):
    """Two times: `valid` is what the law says (days, upper bound excluded), `recorded` when we knew it."""

    valid = DateRangeField()
    recorded = DateTimeRangeField(db_default=RecordedSince())

    class Meta:
        abstract = True


class Steps(models.Model):
    """A step row: in force from `begins_on` until the next step of the same thing; withdrawn, not deleted.

    `run_id` names the cut-over that wrote it, so that an undo withdraws just that.
    """

    begins_on = models.DateField()
    run_id = models.UUIDField(null=True, blank=True)
    recorded_at = models.DateTimeField(db_default=RawSQL("kernel_clock_now()", ()))
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True


BELIEVED = Q(recorded__upper_inf=True)
NOT_WITHDRAWN = Q(withdrawn_at__isnull=True)
