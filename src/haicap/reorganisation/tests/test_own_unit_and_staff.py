"""What a commune sees of plans, and what an appointment means to a plan that was checked."""

from __future__ import annotations

import threading
from importlib import import_module

import pytest
from django.db import OperationalError, connection, transaction
from django.urls import reverse

from haicap.kernel import clock, journal
from haicap.kernel.actor import SYSTEM
from haicap.kernel.errors import Conflict, NotFound
from haicap.registry.models import AgencyVersion, Revision
from haicap.registry.service import lock_registry
from haicap.reorganisation import queries, service
from haicap.reorganisation.engine import cut as engine
from haicap.reorganisation.models import PlanState
from haicap.reorganisation.plan.model import Plan
from haicap.reorganisation.plan.write import write_plan
from haicap.reorganisation.tests.factories import AFTER, World, cut, danang_plan, hatinh_plan, ready, save
from haicap.reorganisation.tests.hats import hat, seat, signed_in

ROOT = "/dieu-hanh/sap-xep/"


# --- the own unit
@pytest.mark.parametrize("title", ["chu_tich", "pho_chu_tich", "quan_tri_xa"])
def test_plans__commune__sees_those_that_touch_it_and_no_other(world: World, title: str) -> None:
    own, other = save(danang_plan()), save(hatinh_plan())
    actor = hat("20195", title)
    assert [row.plan for row in queries.list_plans(actor)] == [own]
    assert queries.plan_of(actor, own.key) == own
    for key in (other.key, str(other.pk)):
        with pytest.raises(NotFound):
            queries.plan_of(actor, key)


def test_plans__specialist_of_the_commune__sees_none(world: World) -> None:
    save(danang_plan())
    assert queries.list_plans(hat("20195", "chuyen_vien")) == []


def test_plan_page__commune__tells_of_the_own_unit_only(world: World) -> None:
    plan = save(danang_plan())
    client = signed_in("20195", "chu_tich")
    page = client.get(f"{ROOT}ke-hoach/{plan.key}/").content.decode()
    assert "Phường Hải Châu" in page
    assert "Điện Bàn" not in page
    assert "Hòa Xuân" not in page
    assert client.get(f"{ROOT}ke-hoach/{plan.key}/nhan-su/").status_code == 403
    assert client.post(f"{ROOT}ke-hoach/{plan.key}/chay/dien-tap/").status_code == 403


def test_plan__commune_that_was_formed__sees_it_and_its_ledger_after_the_cut_over(world: World) -> None:
    own = cut(danang_plan())
    other = save(hatinh_plan())
    run = service.last_cut_over(own)
    assert run is not None
    with clock.at(AFTER):
        client = signed_in("20501", "chu_tich")
        page = client.get(f"{ROOT}ke-hoach/{own.key}/").content.decode()
        assert "Phường Điện Bàn" in page
        assert "Hòa Xuân" not in page
        assert client.get(reverse("reorganisation:run-ledger", args=[run.pk])).status_code == 200
        assert client.get(f"{ROOT}ke-hoach/{other.key}/").status_code == 404
        assert [plan["key"] for plan in client.get("/api/v1/reorganisations").json()] == [own.key]


def test_plan__text_that_leaves_a_unit_out__is_not_its_own_any_more(world: World) -> None:
    save(danang_plan())
    actor = hat("20500", "chu_tich")
    assert queries.list_plans(actor)
    values = danang_plan()
    save(danang_plan(units=tuple(unit for unit in values.units if unit.code != "20500")))
    assert not queries.list_plans(actor)


# --- appointments
def test_cut_over__appointment_since_the_check__goes_ahead(world: World) -> None:
    row = ready(danang_plan())
    before = Revision.objects.get()
    seat("20203", "chuyen_vien")
    now = Revision.objects.get()
    assert (now.number, now.staff) == (before.number, before.staff + 1)
    assert service.cut_over(SYSTEM, row).balanced
    row.refresh_from_db()
    assert row.state == PlanState.DONE


def test_cut_over__appointment_between_check_and_lock__goes_ahead(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = ready(danang_plan())
    real = engine.lock_registry

    def late(*args: object) -> int:
        monkeypatch.setattr(engine, "lock_registry", real)
        other = threading.Thread(target=_appoint)
        other.start()
        other.join()
        return real()

    monkeypatch.setattr(engine, "lock_registry", late)
    before = Revision.objects.get().staff
    assert service.cut_over(SYSTEM, row).balanced
    assert Revision.objects.get().staff > before


def _appoint() -> None:
    try:
        with clock.at(AFTER):
            seat("18003", "chuyen_vien")
    finally:
        connection.close()


def test_cut_over__appointment_and_agency_in_one_transaction__is_refused(world: World) -> None:
    row = ready(danang_plan())
    with journal.act(SYSTEM, "test.both") as act:
        seat("20203", "chuyen_vien")  # the appointment comes first
        AgencyVersion.objects.filter(pk=AgencyVersion.objects.order_by("id")[0].pk).update(name="Tên mới")
        act.changed("registry.agencyversion", None, None, {"name": "Tên mới"})
    with pytest.raises(Conflict) as refused:
        service.cut_over(SYSTEM, row)
    assert refused.value.code == "REO-042"


def test_appointment__while_the_registry_is_held__waits(world: World) -> None:
    """What a cut-over reads of posts stays true until it commits."""
    waited: list[bool] = []

    def other() -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SET lock_timeout = '300ms'")
            with clock.at(AFTER):
                seat("18003", "chuyen_vien")
            waited.append(False)
        except OperationalError:
            waited.append(True)
        finally:
            connection.close()

    with transaction.atomic():
        lock_registry()
        thread = threading.Thread(target=other)
        thread.start()
        thread.join(20)
    assert waited == [True]


@pytest.mark.parametrize("values", [danang_plan(), hatinh_plan()])
def test_migration__texts_saved_before__have_the_codes_of_the_reader(values: Plan) -> None:
    migration = import_module("haicap.reorganisation.migrations.0003_units_of_plans")
    assert migration.read_codes(write_plan(values)) == (values.codes_before, values.codes_after)
