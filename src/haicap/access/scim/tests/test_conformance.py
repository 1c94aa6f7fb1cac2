"""The whole of scim2-tester against a live server over real HTTP."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from httpx2 import Client
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import Status, check_server

from haicap.access.scim import tokens
from haicap.access.scim.schema import EnterpriseUser, VietnamGroup, VietnamUser
from haicap.kernel import clock
from haicap.kernel.actor import SYSTEM
from haicap.registry.tests.places import NOW, make_places

#: Every attribute of these is readOnly, and the schema says so. SCIM has no word for an extension that is readOnly as a
#: whole, and the tester takes the bare address of each for an attribute that it may add, remove and replace. We refuse
#: (RFC 7644 §3.5.2: "mutability"). Whatever else the tester finds wrong is an error of ours.
EXTENSIONS = (EnterpriseUser, VietnamUser, VietnamGroup)
UNFAIR = re.compile(
    r"check_(add|remove|replace)_attribute \((User|Group)\): "
    rf"(Failed to \w+ attribute|Attribute) '({'|'.join(re.escape(str(one.__schema__)) for one in EXTENSIONS)})'"
)


@pytest.mark.django_db(transaction=True)
def test_scim__every_check_of_scim2_tester__passes(live_server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "MOST_REQUESTS", 5000)
    clock.set_deployment_shift(NOW - clock.now())
    try:
        make_places()
        secret = tokens.make_token(SYSTEM, "scim2-tester", may_write=True).secret
        with Client(
            base_url=f"{live_server.url}/scim/v2", headers={"Authorization": f"Bearer {secret}"}, timeout=30
        ) as client:
            results = check_server(SyncSCIMClient(client))
    finally:
        clock.set_deployment_shift(timedelta(0))
    wrong = {
        f"{one.title} ({one.resource_type}): {one.reason}"
        for one in results
        if one.status not in (Status.SUCCESS, Status.COMPLIANT, Status.ACCEPTABLE)
    }
    unfair = {one for one in wrong if UNFAIR.match(one)}
    assert not wrong - unfair, "\n".join(sorted(wrong - unfair))
    # nothing to remove where a new account has no post
    assert len(unfair) == len(EXTENSIONS) * 3 - 1, "\n".join(sorted(unfair))
    assert len(results) > 50
    assert {one.resource_type for one in results} >= {"User", "Group"}
