"""The real country: every published reorganisation becomes a plan that passes its check as it is proposed."""

from __future__ import annotations

import pytest

from haicap.kernel.actor import SYSTEM
from haicap.registry import country
from haicap.registry import service as registry
from haicap.reorganisation.plan.check import check_plan
from haicap.reorganisation.plan.propose import propose_plan
from haicap.reorganisation.plan.read import read_plan
from haicap.reorganisation.plan.write import write_plan


@pytest.mark.slow
def test_plan__propose__every_published_one_passes(transactional_db: None) -> None:
    registry.load_base(SYSTEM)
    wrong: list[str] = []
    for published in country.load_published():
        plan = propose_plan(published.province_code, published.effective)
        report = check_plan(read_plan(write_plan(plan)))
        wrong += [f"{published.key}: {problem}" for problem in report.problems if not problem.warning]
        registry.apply_published(SYSTEM, published)
    assert wrong == []
