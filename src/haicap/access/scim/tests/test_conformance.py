"""The whole of scim2-tester against a live server over real HTTP, as it describes itself; nothing is left out.

scim2-tester (0.5.2) patches every extension as a whole, by the bare address of its schema. Where all attributes of an
extension are readOnly that is no fair question: the tester looks for attributes that may be written, takes the
extension itself for one (see `test_tester__extension__counts_as_an_attribute`), sends an empty value, and expects the
extension to be empty then, or gone. RFC 7643 §7 gives a mutability to attributes and §6 to a resource type's extensions
nothing but `required`; RFC 7644 §3.5.2.2 wants 400 "mutability" where a readOnly attribute would become unassigned. So
each extension here has an attribute that the directory may write for itself (`employeeNumber`, `label`), and says
nothing of the registry's where the registry knows nothing: then every check is fair, and every one is run.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

import pytest
from httpx2 import Client
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_models import URN, AnyExtension, Extension, Mutability, Path, Resource
from scim2_tester import Status, check_server

from haicap.access.scim import tokens
from haicap.kernel import clock
from haicap.kernel.actor import SYSTEM
from haicap.registry.tests.places import NOW, make_places


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
    wrong = [
        f"{one.status.name} {one.title} ({one.resource_type}): {one.reason}"
        for one in results
        if one.status not in (Status.SUCCESS, Status.COMPLIANT, Status.ACCEPTABLE)
    ]
    assert not wrong, "\n".join(sorted(wrong))
    assert len(results) > 50
    assert {one.resource_type for one in results} >= {"User", "Group"}


class Bare(Resource[AnyExtension]):
    """A resource without attributes of its own."""

    __schema__ = URN("urn:haicap:test:Bare")


class OnlyRead(Extension):
    """An extension with nothing to write."""

    __schema__ = URN("urn:haicap:test:OnlyRead")

    known: Annotated[str | None, Mutability.read_only] = None


def test_tester__extension__counts_as_an_attribute() -> None:
    """What the tester's PATCH checks ask for: attributes that may be written. It gets an extension that has none.

    When this fails the library has learnt it, and the first paragraph above may go.
    """
    writable = Path[Bare[OnlyRead]].iter_paths(
        mutability=[Mutability.read_write, Mutability.write_only], include_subattributes=False
    )
    assert [str(path) for path in writable] == ["externalId", str(OnlyRead.__schema__)]
