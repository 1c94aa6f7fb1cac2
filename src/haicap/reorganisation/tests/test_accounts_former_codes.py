"""After a cut-over an agency is known by its present code and, for a time, by those it took over."""

from __future__ import annotations

from datetime import timedelta

from haicap.kernel import clock
from haicap.kernel.actor import SYSTEM
from haicap.registry.former_codes import former_agency_codes
from haicap.registry.standing import standing
from haicap.reorganisation import service
from haicap.reorganisation.tests.factories import AFTER, EFFECTIVE, World, committee, cut, danang_plan


def code(agency: str) -> str:
    found = standing(committee(agency).id, clock.today())
    assert found is not None
    return found.code


def test_former_agency_codes__cut_over__codes_of_all_it_took_over(world: World) -> None:
    old = {code(one) for one in ("20194", "20195", "20197")}
    plan = cut(danang_plan())
    with clock.at(AFTER):
        new = committee("20194", EFFECTIVE)
        present = standing(new.id, clock.today())
        assert present is not None
        found = former_agency_codes([new.id])[new.id]
        assert set(found) == old - {present.code}
        assert present.code not in found
    with clock.at(AFTER + timedelta(days=400)):
        assert former_agency_codes([new.id]) == {}
    with clock.at(AFTER):
        service.undo_cut_over(SYSTEM, plan, "thử")
        assert former_agency_codes([new.id]) == {}
