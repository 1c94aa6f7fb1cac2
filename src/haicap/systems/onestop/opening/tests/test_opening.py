"""Whether a one-stop shop is ready: stated, computed, and played through."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from psycopg.types.range import Range

from haicap.kernel import clock, journal
from haicap.kernel.actor import SYSTEM
from haicap.kernel.files.errors import FileKindRefused
from haicap.kernel.text import fold
from haicap.registry.models import Appointment, Person, Post, Title
from haicap.systems.onestop.drill import APPLICANT, DossierDrill
from haicap.systems.onestop.models import (
    Dossier,
    DossierNumber,
    OpeningItem,
    OpeningStatement,
    Route,
    RouteChoice,
    RouteVersion,
)
from haicap.systems.onestop.opening import service
from haicap.systems.onestop.opening.errors import (
    BadStatement,
    DrillNotAllowed,
    NothingToPlay,
    NotOneOfMine,
    OpeningNotAllowed,
)
from haicap.systems.onestop.readiness import DossiersCanBeTaken
from haicap.systems.onestop.reception.tests.factories import make_version
from haicap.systems.onestop.tests.factories import BORN, NOW, Town, official

TITLES = ("cong_chuc_mot_cua", "chuyen_vien", "chu_tich")
STEPS: list[dict[str, Any]] = [
    {
        "key": "tiep-nhan",
        "name": "Tiếp nhận hồ sơ",
        "kind": "receive",
        "title": "cong_chuc_mot_cua",
        "hours": 1,
        "outcomes": [{"kind": "forward", "label": "Chuyển", "to": "xu-ly", "status": 4}],
    },
    {
        "key": "xu-ly",
        "name": "Thẩm tra",
        "kind": "work",
        "title": "chuyen_vien",
        "hours": 4,
        "outcomes": [{"kind": "forward", "label": "Trình ký", "to": "ky", "status": 4}],
    },
    {
        "key": "ky",
        "name": "Ký",
        "kind": "sign",
        "title": "chu_tich",
        "hours": 2,
        "outcomes": [{"kind": "sign", "label": "Ký", "to": "tra", "status": 9}],
    },
    {
        "key": "tra",
        "name": "Trả kết quả",
        "kind": "return",
        "title": "cong_chuc_mot_cua",
        "hours": 1,
        "outcomes": [{"kind": "return", "label": "Trả", "to": "", "status": 10}],
    },
]


def seat(town: Town, title: str) -> None:
    """Somebody who bears this title at the first commune."""
    with journal.act(SYSTEM, "test.seat") as act:
        Title.objects.get_or_create(code=title, defaults={"name": title, "rank": 50})
        name = f"Người giữ {title}"
        person = Person.objects.create(
            family_name="Người", given_name=title[:50], full_name=name, fold=fold(name), sort_key=b""
        )
        post = Post.objects.create(desk=town.commune.desk, title_id=title)
        made = Appointment.objects.create(person=person, post=post, valid=Range(BORN, None, "[)"))
        act.changed("registry.appointment", made.pk, None, {"title": title})


def choose_route(steps: list[dict[str, Any]] = STEPS) -> None:
    """The birth registration takes this route at communes."""
    version = make_version()
    with journal.act(SYSTEM, "test.choose_route") as act:
        route = Route.objects.create(code="thu", name="Thử")
        RouteVersion.objects.create(
            route=route, number=1, definition={"steps": steps}, published_at=NOW - timedelta(days=1)
        )
        RouteChoice.objects.create(procedure=version.procedure, level="commune", route=route, begins_on=BORN)
        act.changed("onestop.route", route.id, None, {"code": "thu"})


@pytest.fixture
def staffed(town: Town) -> Town:
    """A commune with a route and somebody for each of its titles."""
    choose_route()
    for title in TITLES:
        seat(town, title)
    return town


def run(town: Town) -> Any:
    return DossierDrill().run(SYSTEM, town.commune.agency.id)


def evidence(town: Town) -> dict[str, tuple[int, int]]:
    found = DossiersCanBeTaken().ask([town.commune.agency.id, town.neighbour.agency.id])
    assert set(found) == {town.commune.agency.id, town.neighbour.agency.id}
    return {one.name: (one.done, one.wanted) for one in found[town.commune.agency.id]}


def test_drill__dossier__goes_from_door_to_door_and_leaves_nothing(staffed: Town) -> None:
    result = run(staffed)
    assert result.passed, [(step.name, step.note) for step in result.steps if not step.passed]
    assert [step.name for step in result.steps] == [
        "Tiếp nhận",
        "Tiếp nhận hồ sơ",
        "Thẩm tra",
        "Ký",
        "Trả kết quả",
        "Hồ sơ đã trả kết quả",
    ]
    assert not Dossier.objects.filter(applicant_name=APPLICANT).exists()
    assert not DossierNumber.objects.exists()
    assert evidence(staffed)["drill"] == (1, 1)
    with clock.shifted(timedelta(days=31)):
        assert evidence(staffed)["drill"] == (0, 1)


def test_drill__title_without_holder__is_named(town: Town) -> None:
    choose_route()
    seat(town, "cong_chuc_mot_cua")
    Title.objects.get_or_create(code="chuyen_vien", defaults={"name": "Chuyên viên", "rank": 60})
    result = run(town)
    assert not result.passed
    assert "Chuyên viên" in result.steps[-1].note or "chuyen_vien" in result.steps[-1].note
    assert evidence(town)["drill"] == (0, 1)


def test_drill__without_a_route__says_what_to_do(town: Town) -> None:
    with pytest.raises(NothingToPlay):
        run(town)


def test_drill__by_the_wrong_person__is_refused(staffed: Town) -> None:
    with pytest.raises(DrillNotAllowed):
        DossierDrill().run(official(staffed.neighbour), staffed.commune.agency.id)
    with pytest.raises(DrillNotAllowed):
        DossierDrill().run(official(staffed.commune, may=()), staffed.commune.agency.id)


def test_opening__state__counts_until_it_is_taken_back(town: Town) -> None:
    actor, agency = official(town.commune), town.commune.agency.id
    assert (evidence(town)["fee_account"], evidence(town)["stamp"]) == ((0, 1), (0, 1))
    service.state(actor, agency, OpeningItem.FEE_ACCOUNT, "0401 000 123, Agribank")
    service.state(actor, agency, OpeningItem.FEE_ACCOUNT, "0401 000 456, Agribank")
    assert evidence(town)["fee_account"] == (1, 1)
    assert OpeningStatement.objects.count() == 2
    assert service.withdraw(actor, agency, OpeningItem.FEE_ACCOUNT)
    assert not service.withdraw(actor, agency, OpeningItem.FEE_ACCOUNT)
    assert evidence(town)["fee_account"] == (0, 1)


def test_opening__state__by_the_wrong_person_or_without_substance_is_refused(town: Town) -> None:
    with pytest.raises(OpeningNotAllowed):
        service.state(official(town.commune, may=()), town.commune.agency.id, OpeningItem.STAMP, "BB 01/BB")
    with pytest.raises(NotOneOfMine):
        service.state(official(town.neighbour), town.commune.agency.id, OpeningItem.STAMP, "BB 01/BB-UBND")
    with pytest.raises(BadStatement):
        service.state(official(town.commune), town.commune.agency.id, OpeningItem.STAMP, " có ")
    with pytest.raises(FileKindRefused):
        service.keep_evidence(b"MZ\x90\x00", "bien-ban.pdf")
    assert not OpeningStatement.objects.exists()


def test_readiness__procedures__count_what_is_announced_and_set_up(staffed: Town) -> None:
    done, wanted = evidence(staffed)["procedures"]
    assert (done, wanted) == (0, 1)  # nothing is announced yet
    assert evidence(staffed)["counters"] == (0, 1)
    assert evidence(staffed)["signatures"] == (0, 2)
