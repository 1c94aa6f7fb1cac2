"""Actors and signed-in clients of the small country, by title."""

from __future__ import annotations

import uuid

from django.test import Client

from haicap.access.service import actor_for
from haicap.access.tests import accounts
from haicap.kernel import clock, journal
from haicap.kernel.actor import SYSTEM, Actor
from haicap.registry.models import Appointment, Deployment, Desk, DeskKind, Post
from haicap.reorganisation.tests.factories import ids_of, make_person, organ

STRANGER = Actor(label="công chức nơi khác", agency_ids=frozenset({uuid.uuid4()}))


def seat(code: str, title: str, kind: str = "ubnd", slot: str = "") -> uuid.UUID:
    """A fresh person appointed today to a title at an organ of a unit (the post is made where it is missing)."""
    agency = organ(code, kind, slot, on=clock.today())
    desk_kind = DeskKind.LEADERSHIP if title in {"chu_tich", "pho_chu_tich"} else DeskKind.WORK
    desk = Desk.objects.filter(founder=agency, kind=desk_kind, field="", place__isnull=True).first()
    assert desk is not None, f"no desk at {code} {kind}"
    with journal.act(SYSTEM, "test.seat") as act:
        number = Post.objects.filter(desk=desk, title_id=title).count() + 1
        post = Post.objects.create(desk=desk, title_id=title, number=number)
        made = Appointment.objects.create(
            person=make_person(), post=post, valid=(clock.today(), None), decision="QĐ-2"
        )
        act.changed("test.seat", made.pk, None, {"title": title})
    return made.pk


def hat(code: str, title: str, kind: str = "ubnd", slot: str = "") -> Actor:
    """Who holds such a seat."""
    actor = actor_for(seat(code, title, kind, slot))
    assert actor is not None
    return actor


def demonstrate() -> None:
    """Say that the data are a demonstration."""
    province = ids_of(["48"], clock.today())["48"]
    with journal.act(SYSTEM, "test.demonstration") as act:
        Deployment.objects.update_or_create(id=1, defaults={"demonstration": True, "province_id": province})
        act.changed("test.demonstration", None, None, {"province": "48"})


def signed_in(code: str, title: str, kind: str = "ubnd", slot: str = "") -> Client:
    """A browser signed in as such."""
    demonstrate()
    client = Client(headers={"host": "127.0.0.1"})
    accounts.sign_in(client, seat(code, title, kind, slot))
    return client


def administrator() -> Client:
    """The province's administrator, signed in."""
    return signed_in("48", "quan_tri_tinh")
