"""A second system is carried without a word of the engine's being changed; one that lies or loses stops everything."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.apps import AppConfig, apps
from django.core.management import call_command
from django.db import connection

from haicap.kernel import clock, outbox
from haicap.kernel.actor import SYSTEM
from haicap.kernel.contract import Cut, carriers
from haicap.kernel.errors import Conflict
from haicap.reorganisation import service
from haicap.reorganisation.models import LedgerRow, Run, RunState
from haicap.reorganisation.tests.factories import (
    AFTER,
    EFFECTIVE,
    World,
    assert_same,
    beliefs,
    committee,
    cut,
    danang_plan,
    fingerprint,
    ready,
)
from haicap.reorganisation.tests.letters import carrier as letters

APP = "haicap.reorganisation.tests.letters"


@contextmanager
def installed(name: str) -> Iterator[None]:
    """The app installed like those of the settings. (Setting them anew would install procrastinate twice.)"""
    config = AppConfig.create(name)
    config.apps = apps
    apps.app_configs[config.label] = config
    config.import_models()
    try:
        yield
    finally:
        del apps.app_configs[config.label]


@pytest.fixture
def second(world: World) -> Iterator[World]:
    """The small country with a second system in it, installed and migrated, with letters on desks."""
    with installed(APP):
        call_command("migrate", "letters", verbosity=0, interactive=False)
        for code, answered, village in (
            ("20194", False, ""), ("20195", False, ""), ("20195", True, ""), ("20197", False, "Tổ 1"),
            ("20197", False, "Tổ 9"), ("490", False, ""), ("498", False, ""), ("18001", False, ""),
        ):  # fmt: skip
            execute(
                "INSERT INTO letters_letter (desk_id, sender_id, answered, village) "
                "SELECT id, founder_id, %s, %s FROM registry_desk WHERE founder_id = %s AND kind = 'work' "
                "AND place_id IS NULL AND field = ''",
                [answered, village, committee(code).id],
            )
        letters.mischief.clear()
        letters.followed.clear()
        yield world
        letters.mischief.clear()


def execute(sql: str, params: list[Any] | None = None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        assert cursor.rowcount > 0, sql


def scalar(sql: str, params: list[Any] | None = None) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchone()[0]


HOLDERS = """
    SELECT array_agg(DISTINCT (SELECT agency_id FROM registry_holding h WHERE h.desk_id = l.desk_id
        AND begins_at <= %s ORDER BY begins_at DESC LIMIT 1))
    FROM letters_letter l WHERE sender_id = %s AND village = %s
"""


def test_second_system__cut_over_and_undo__is_carried_and_given_back(second: World) -> None:
    was = beliefs(), fingerprint()["letters_letter"]

    row = cut(danang_plan())

    line = LedgerRow.objects.get(system="letters")
    assert (line.before, line.carried, line.frozen, line.undecided, line.after) == (7, 4, 1, 2, 7)
    with clock.at(AFTER):
        for sender, village, heir in (
            ("20195", "", "20194"),
            ("20197", "Tổ 1", "20200"),
            ("498", "", "20333"),
        ):
            holders = scalar(HOLDERS, [clock.now(), committee(sender).id, village])
            assert holders == [committee(heir, EFFECTIVE).id]
    report = service.undo_cut_over(SYSTEM, row, "thử")
    assert {one.system for one in report.reports} == {"registry", "access", "onestop", "letters"}
    assert_same(was[0], beliefs())
    assert fingerprint()["letters_letter"] == was[1]


def test_second_system__after_the_commit__is_told(second: World) -> None:
    row = cut(danang_plan())
    run = Run.objects.get(plan=row, kind="cut_over").pk
    outbox.deliver_due()
    outbox.deliver_due()
    assert letters.followed == [(run, False)]


def lose(cut_: Cut) -> None:
    execute(
        "DELETE FROM letters_letter WHERE id = (SELECT id FROM letters_letter l JOIN cut_desk USING (desk_id) LIMIT 1)"
    )


def double(cut_: Cut) -> None:
    execute(
        "INSERT INTO letters_letter (desk_id, sender_id) SELECT desk_id, sender_id FROM letters_letter "
        "JOIN cut_desk USING (desk_id) LIMIT 1"
    )


def exchange(cut_: Cut) -> None:
    """One lost, another made: the count agrees, the digest does not."""
    lose(cut_)
    double(cut_)


def lose_a_dossier_from_sight(cut_: Cut) -> None:
    execute(
        "UPDATE onestop_dossier SET desk_id = (SELECT id FROM registry_desk d WHERE NOT EXISTS ("
        "SELECT FROM cut_desk c WHERE c.desk_id = d.id) LIMIT 1) WHERE id = (SELECT o.id FROM onestop_dossier o "
        "JOIN cut_desk USING (desk_id) LIMIT 1)"
    )


def steal_a_desk(cut_: Cut) -> None:
    """Another carrier gives a desk away behind the back of the desks' own."""
    execute(
        "INSERT INTO registry_holding (desk_id, begins_at, agency_id, interim, run_id) "
        "SELECT desk_id, now() + interval '10 years', NULL, false, %s FROM cut_desk "
        "WHERE fate = 'carried' AND kind = 'work' AND desk_id IN "
        "(SELECT desk_id FROM letters_letter WHERE NOT answered) LIMIT 1",
        [cut_.run_id],
    )


def fail(cut_: Cut) -> None:
    raise RuntimeError("hỏng giữa chừng")


@pytest.mark.parametrize(
    ("phase", "wrong"),
    [
        ("carry", lose),
        ("carry", double),
        ("carry", exchange),
        ("begin", lose),
        ("begin", double),
        ("carry", steal_a_desk),
        ("stage", lose_a_dossier_from_sight),
        ("begin", lose_a_dossier_from_sight),
        ("carry", lose_a_dossier_from_sight),
        ("stage", fail),
        ("begin", fail),
        ("carry", fail),
        ("finish", fail),
    ],
)
def test_second_system__that_loses_doubles_or_writes_elsewhere__stops_everything(
    second: World, phase: str, wrong: Callable[[Cut], None]
) -> None:
    row = ready(danang_plan())
    was = fingerprint()
    letters.mischief[phase] = wrong

    with pytest.raises((Conflict, RuntimeError)) as stopped:
        service.cut_over(SYSTEM, row)

    assert fingerprint() == was
    if isinstance(stopped.value, Conflict):
        assert stopped.value.code == "REO-050"
        assert stopped.value.details["lines"] or stopped.value.details["tables"]
    run = Run.objects.get()
    assert run.state == RunState.FAILED
    assert run.error
    assert not LedgerRow.objects.exists()
    letters.mischief.clear()
    assert service.cut_over(SYSTEM, row).balanced


def test_carriers__installed_system__is_found_by_its_folder(second: World) -> None:
    assert "letters" in {carrier.system for carrier in carriers()}


def test_carriers__not_installed__is_unknown() -> None:
    assert "letters" not in {carrier.system for carrier in carriers()}
