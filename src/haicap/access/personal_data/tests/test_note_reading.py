"""Noting looks: one INSERT for a page, never one's own, and nobody can take a look back."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from haicap.access.models import Reading
from haicap.access.personal_data.service import (
    Purpose,
    citizen_subject,
    note_reading,
    number_subject,
    person_subject,
)
from haicap.access.service import actor_for
from haicap.kernel import clock
from haicap.kernel.actor import ANONYMOUS, Actor
from haicap.registry.tests.places import NOW, Places, make_places


@pytest.fixture
def places(db: None) -> Iterator[Places]:
    with clock.at(NOW):
        yield make_places()


def _official(places: Places) -> Actor:
    actor = actor_for(places.appointment("20194", "cong_chuc_mot_cua", "tt_pvhcc"))
    assert actor is not None
    return actor


def test_reading__note__says_who_whose_and_what_for(places: Places) -> None:
    actor, record = _official(places), uuid.uuid4()
    noted = note_reading(
        actor,
        number_subject("048095001234"),
        system="onestop",
        record="dossier",
        record_id=record,
        purpose=Purpose.HANDLE,
        text="gọi điện cho người nộp",
    )
    row = Reading.objects.get()
    assert noted == 1
    assert (row.actor_person_id, row.actor_post_id, row.record_id) == (actor.person_id, actor.post_id, record)
    assert (row.purpose, row.note, row.system) == ("handle", "gọi điện cho người nộp", "onestop")
    assert "048095001234" not in row.subject
    assert abs((row.at - NOW).total_seconds()) < 60


@pytest.mark.parametrize("many", [1, 50, 2000])
def test_reading__note_many__one_statement(places: Places, many: int) -> None:
    actor = _official(places)
    ids = [uuid.uuid4() for _ in range(many)]
    with CaptureQueriesContext(
        connection,
    ) as queries:
        noted = note_reading(
            actor,
            [(citizen_subject(each), each) for each in ids],
            system="access",
            record="citizen",
            purpose=Purpose.MANAGE,
        )
    assert (noted, len(queries)) == (many, 1)
    assert Reading.objects.filter(subject=citizen_subject(ids[-1]), record_id=ids[-1]).count() == 1


def test_reading__note__own_data_and_nobody_are_left_out(places: Places) -> None:
    actor = _official(places)
    assert actor.person_id is not None
    other = uuid.uuid4()
    with CaptureQueriesContext(connection) as queries:
        assert (
            note_reading(actor, person_subject(actor.person_id), system="access", purpose=Purpose.MANAGE) == 0
        )
        assert note_reading(actor, [], system="access", purpose=Purpose.MANAGE) == 0
    assert len(queries) == 0
    both = [person_subject(actor.person_id), person_subject(other), person_subject(other)]
    assert note_reading(actor, both, system="access", purpose=Purpose.MANAGE) == 1


def test_reading__note__purpose_must_be_of_the_list(db: None) -> None:
    with pytest.raises(ValueError, match="tò mò"):
        note_reading(ANONYMOUS, "person:1", system="access", purpose="tò mò")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "statement", ["UPDATE access_reading SET purpose = 'x'", "DELETE FROM access_reading"]
)
def test_reading__at_the_database__only_grows(db: None, statement: str) -> None:
    note_reading(ANONYMOUS, "person:1", system="access", purpose=Purpose.MANAGE)
    with (
        pytest.raises(IntegrityError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
    assert Reading.objects.count() == 1
