"""Random lives of dossiers (Hypothesis): whatever officials try, the invariants hold."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from haicap.kernel.errors import HaicapError
from haicap.systems.onestop import queries, service
from haicap.systems.onestop.models import CLOSED, FINISHED, IN_FLIGHT, Dossier, Status
from haicap.systems.onestop.service import Application
from haicap.systems.onestop.tests.factories import Town, official
from haicap.systems.onestop.transitions import may_follow

ATTEMPTS = st.lists(
    st.one_of(
        st.tuples(st.just("advance"), st.sampled_from(list(Status))),
        st.tuples(st.just("move"), st.sampled_from([0, 1])),
        st.tuples(st.just("return"), st.none()),
    ),
    max_size=12,
)


@pytest.mark.parametrize("registered_only", [False, True])
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(attempts=ATTEMPTS)
def test_dossier__any_life__follows_the_table(
    town: Town, registered_only: bool, attempts: list[tuple[str, Any]]
) -> None:
    offices = [town.commune, town.neighbour]
    actor = official(*offices)
    dossier = service.receive_dossier(
        actor,
        Application("1.001193", "Nguyễn Văn Đức"),
        receiving_agency=town.commune.agency,
        registered_only=registered_only,
    )
    path = [Status(dossier.status)]
    for what, value in attempts:
        try:
            if what == "advance":
                service.advance_dossier(actor, dossier.id, value, note="lý do")
            elif what == "move":
                service.move_dossier(actor, dossier.id, offices[value].desk, "lý do")
            else:
                service.return_result(actor, dossier.id)
        except HaicapError:
            continue
        path.append(Status(Dossier.objects.get(pk=dossier.pk).status))

    after = Dossier.objects.get(pk=dossier.pk)
    changes = [(one, other) for one, other in pairwise(path) if one != other]
    assert all(may_follow(one, other) for one, other in changes)
    assert after.code == dossier.code
    assert after.received_at == dossier.received_at
    assert (after.finished_at is not None) == (after.status in FINISHED)
    # one step for the reception and one for whatever succeeded; the last one is where it stands
    steps = queries.steps(after)
    assert len(steps) == len(path)
    assert (steps[-1].status, steps[-1].desk_id) == (after.status, after.desk_id)
    # somebody holds it, without a gap, from its reception on
    chain = queries.custody_chain(after)
    assert chain[0].begins_at == after.received_at
    assert chain[-1].ends_at is None
    assert all(one.ends_at == other.begins_at for one, other in pairwise(chain))
    # in flight it is on exactly one list, closed in no list
    listed = Dossier.objects.on_my_desks(actor).filter(pk=after.pk).count()
    assert listed == (1 if after.status in IN_FLIGHT else 0)
    assert (after.status in CLOSED) == Dossier.objects.in_my_registers(actor).filter(pk=after.pk).exists()
