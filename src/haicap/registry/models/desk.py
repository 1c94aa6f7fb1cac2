"""Desks: where records in flight lie; and who holds them from when."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from haicap.registry.models.base import Identified


class DeskKind(models.TextChoices):
    """Loại bàn: `work` holds records and posts; `leadership` holds posts only and closes with its agency."""

    WORK = "work", _("xử lý")
    LEADERSHIP = "leadership", _("lãnh đạo")


class Desk(Identified):
    """Bàn xử lý: a drawer of the work queue of an agency, where records in flight lie and posts sit.

    A drawer may be for one place (`place`: a commune of the district) and one `field` of procedures, so that
    a cut-over can give each drawer to its own successor without touching a record. `founder` set it up; who
    holds it now is its latest `Holding`.
    """

    founder = models.ForeignKey(
        "registry.Agency",
        on_delete=models.PROTECT,
        related_name="desks_founded",
        db_index=False,
        db_constraint=False,
    )
    kind = models.CharField(max_length=10, choices=DeskKind.choices, default=DeskKind.WORK)
    place = models.ForeignKey(
        "registry.Unit", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    field = models.CharField(max_length=40, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["founder", "kind", "place", "field"], name="registry_desk_once", nulls_distinct=False
            )
        ]


class Holding(Identified):
    """Phụ trách: from `begins_at` on this agency holds the desk, until the desk's next holding begins.

    A step row: two holders at once are impossible by the unique key, a gap is impossible by form. `agency` is
    null where the desk is closed. `interim`: held only until a person has decided (divided units).
    """

    desk = models.ForeignKey(
        Desk, on_delete=models.PROTECT, related_name="holdings", db_index=False, db_constraint=False
    )
    begins_at = models.DateTimeField()
    agency = models.ForeignKey(
        "registry.Agency",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="holdings",
        db_index=False,
        db_constraint=False,
    )
    interim = models.BooleanField(default=False)
    run_id = models.UUIDField(null=True, blank=True)
    recorded_at = models.DateTimeField(db_default=models.expressions.RawSQL("kernel_clock_now()", ()))

    class Meta:
        constraints = [models.UniqueConstraint(fields=["desk", "begins_at"], name="registry_desk_one_holder")]
        indexes = [models.Index(fields=["agency"], name="registry_holding_agency")]


class CarriedMove(Identified):
    """Chuyển theo quy tắc: a record of a divided unit that a rule of the plan moved to another desk in a cut-over.

    `how` names the rule ("village", "address", "coordinate", "place", "procedure"), `evidence` what it saw; an undo
    gives the record back to `from_desk`.
    """

    run_id = models.UUIDField()
    system = models.CharField(max_length=40)
    record = models.CharField(max_length=40)
    record_id = models.UUIDField()
    from_desk = models.ForeignKey(Desk, on_delete=models.PROTECT, related_name="+")
    to_desk = models.ForeignKey(Desk, on_delete=models.PROTECT, related_name="+")
    how = models.CharField(max_length=20)
    evidence = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["run_id", "system", "record", "record_id"], name="registry_carried_move_once"
            )
        ]
