"""People, titles, posts and appointments."""

from __future__ import annotations

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import Q

from haicap.registry.models.base import BELIEVED, Identified, TwoTimes


class Title(models.Model):
    """Chức danh: chủ tịch, phó chủ tịch, trưởng phòng, chuyên viên, văn thư, …

    `singular`: one holder an agency. `leads`: its posts sit on the leadership desk, which ends with the agency.
    """

    code = models.CharField(max_length=30, primary_key=True)
    name = models.CharField(max_length=100)
    rank = models.PositiveSmallIntegerField()
    singular = models.BooleanField(default=False)
    leads = models.BooleanField(default=False)


class Person(Identified):
    """Cán bộ, công chức: a person for life. Names are kept apart, so that lists sort by given name."""

    family_name = models.CharField(max_length=50)
    middle_name = models.CharField(max_length=100, blank=True)
    given_name = models.CharField(max_length=50)
    full_name = models.CharField(max_length=200)
    fold = models.CharField(max_length=200)
    sort_key = models.BinaryField()
    personal_number = models.CharField(max_length=12, blank=True)
    email = models.EmailField(blank=True)
    phone = models.CharField(max_length=20, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["personal_number"],
                name="registry_person_number_once",
                condition=~Q(personal_number=""),
            )
        ]


class Post(Identified):
    """Chức danh tại cơ quan: a chair with a title. It stands at a desk; whoever holds the desk has the post.

    From `closed_on` on nobody holds it (a trigger refuses an appointment beyond, migration 0009).
    """

    desk = models.ForeignKey(
        "registry.Desk", on_delete=models.PROTECT, related_name="posts", db_index=False, db_constraint=False
    )
    title = models.ForeignKey(
        Title, on_delete=models.PROTECT, related_name="posts", db_index=False, db_constraint=False
    )
    number = models.PositiveSmallIntegerField(default=1)
    closed_on = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["desk", "title", "number"], name="registry_post_once")]
        indexes = [
            models.Index(
                fields=["closed_on"], name="registry_post_closed", condition=Q(closed_on__isnull=False)
            )
        ]


class Appointment(Identified, TwoTimes):
    """Bổ nhiệm: who holds a post, from when to when. Two holders at once are impossible by constraint."""

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="appointments", db_index=False)
    post = models.ForeignKey(Post, on_delete=models.PROTECT, related_name="appointments")
    decision = models.CharField(max_length=100, blank=True, help_text="số quyết định")
    run_id = models.UUIDField(null=True, blank=True)

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="registry_post_one_holder",
                expressions=[
                    ("post", RangeOperators.EQUAL),
                    ("valid", RangeOperators.OVERLAPS),
                    ("recorded", RangeOperators.OVERLAPS),
                ],
            )
        ]
        indexes = [models.Index(fields=["person"], name="registry_appointment_person", condition=BELIEVED)]


class FocalPoint(Identified, TwoTimes):
    """Đầu mối: a person named for a subject at an agency (the two IT officers of a commune, and their like)."""

    agency = models.ForeignKey("registry.Agency", on_delete=models.PROTECT, related_name="focal_points")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="focal_points")
    subject = models.CharField(max_length=40)
    number = models.PositiveSmallIntegerField(default=1)

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="registry_focal_point_one",
                expressions=[
                    ("agency", RangeOperators.EQUAL),
                    ("subject", RangeOperators.EQUAL),
                    ("number", RangeOperators.EQUAL),
                    ("valid", RangeOperators.OVERLAPS),
                    ("recorded", RangeOperators.OVERLAPS),
                ],
            )
        ]
