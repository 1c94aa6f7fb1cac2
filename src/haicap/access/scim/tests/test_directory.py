"""What directories see and may do: tokens, reads, filters, pages, writes, and that it all follows appointments."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from psycopg.types.range import Range

from haicap.access.models import Account, Reading, ScimGroup, ScimToken
from haicap.access.scim import tokens
from haicap.access.scim.errors import BadToken, NoSuchToken, TokensNotAllowed
from haicap.access.tests.accounts import account_of, sign_in
from haicap.kernel import clock, journal
from haicap.kernel.actor import ANONYMOUS, SYSTEM
from haicap.kernel.models import JournalEntry
from haicap.kernel.text import fold, person_sort_key
from haicap.registry.models import Appointment, Desk, Holding, Person
from haicap.registry.tests.places import NOW, Places

VN = "urn:haicap:scim:schemas:extension:vn:2.0:User"
VN_GROUP = "urn:haicap:scim:schemas:extension:vn:2.0:Group"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
SEARCH = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
Ask = Callable[..., Any]


def new_user(username: str = "moi.nv", **more: Any) -> dict[str, Any]:
    name = {"familyName": "Nguyễn", "middleName": "Văn", "givenName": "Mới"}
    return {"schemas": [USER], "userName": username, "name": name, "active": True, **more}


def patch(*operations: dict[str, Any]) -> dict[str, Any]:
    return {"schemas": [PATCH], "Operations": list(operations)}


def found(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [one.get("userName") or one["displayName"] for one in answer.json()["Resources"]]


# --- tokens -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "header", ["", "Bearer ", "Bearer scim_wrong", "Basic scim_wrong", "Bearer " + "x" * 5000]
)
def test_scim__wrong_token__refused_in_the_words_of_scim(places: Places, header: str) -> None:
    answer = Client(headers={"host": "127.0.0.1", "authorization": header}).get("/scim/v2/Users")
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Bearer")
    assert answer["Content-Type"] == "application/scim+json"
    assert answer.json()["status"] == "401"


def test_scim__session_of_an_administrator__is_no_token(places: Places) -> None:
    client = Client(headers={"host": "127.0.0.1"})
    sign_in(client, places.appointment("48", "chu_tich"))
    assert client.get("/scim/v2/Users").status_code == 401


def test_scim__revoked_and_expired_token__refused(places: Places, ask: Ask) -> None:
    token = ScimToken.objects.get(name="mail")
    assert ask("get", "/Users").status_code == 200
    with clock.shifted(timedelta(days=366)):
        assert ask("get", "/Users").status_code == 401
    tokens.revoke_token(SYSTEM, token.id)
    assert ask("get", "/Users").status_code == 401
    assert tokens.state_of(tokens.revoke_token(SYSTEM, token.id)) == "revoked"


def test_scim__read_only_token__writes_nothing(accounts: dict[str, Account], ask: Ask) -> None:
    one = accounts["specialist"].pk
    before = Account.objects.count()
    answers = [
        ask("post", "/Users", new_user()),
        ask("put", f"/Users/{one}", new_user()),
        ask("patch", f"/Users/{one}", patch({"op": "replace", "path": "active", "value": False})),
        ask("delete", f"/Users/{one}"),
        ask("post", "/Groups", {"displayName": "x"}),
    ]
    assert [answer.status_code for answer in answers] == [403] * 5
    assert Account.objects.count() == before
    assert Account.objects.get(pk=one).is_active


def test_scim__too_many_requests__told_to_wait(
    places: Places, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens, "MOST_REQUESTS", 2)
    assert [ask("get", "/ServiceProviderConfig").status_code for _ in range(3)] == [200, 200, 429]
    with clock.shifted(timedelta(minutes=1)):
        assert ask("get", "/ServiceProviderConfig").status_code == 200


def test_tokens__without_the_permission__refused() -> None:
    for deed in (
        lambda: tokens.tokens(ANONYMOUS),
        lambda: tokens.make_token(ANONYMOUS, "x"),
        lambda: tokens.revoke_token(ANONYMOUS, uuid.uuid4()),
    ):
        with pytest.raises(TokensNotAllowed):
            deed()


def test_tokens__bad_name_unknown_id__explained(places: Places) -> None:
    with pytest.raises(BadToken):
        tokens.make_token(SYSTEM, "  ")
    with pytest.raises(BadToken):
        tokens.make_token(SYSTEM, "x", days=10_000)
    with pytest.raises(NoSuchToken):
        tokens.revoke_token(SYSTEM, places.units["48"])


def test_tokens__secret__is_kept_as_digest_only(places: Places) -> None:
    made = tokens.make_token(SYSTEM, "mail")
    assert made.secret not in str(vars(made.token))
    assert made.secret[len(tokens.PREFIX) :] not in str(list(JournalEntry.objects.values("after")))


# --- what is seen -------------------------------------------------------------------------------------


def test_schemas__references__name_what_they_lead_to(ask: Ask) -> None:
    told = {
        f"{schema['name']}.{attribute['name']}": sub.get("referenceTypes")
        for schema in ask("get", "/Schemas").json()["Resources"]
        for attribute in schema.get("attributes", [])
        for sub in attribute.get("subAttributes", [])
        if sub["name"] == "$ref"
    }
    assert told == {"User.groups": ["Group"], "Group.members": ["User"]}


def test_user__holder_of_a_post__carries_title_agency_codes(
    places: Places, accounts: dict[str, Account], ask: Ask
) -> None:
    answer = ask("get", f"/Users/{accounts['specialist'].pk}")
    user = answer.json()
    agency = places.agency("20194", "phong", "Văn hóa - Xã hội")
    assert user["displayName"] == accounts["specialist"].get_full_name()
    assert [group["value"] for group in user["groups"]] == [str(agency)]
    assert user["groups"][0]["$ref"].endswith(f"/scim/v2/Groups/{agency}")
    post = user[VN]["posts"][0]
    assert (post["title"], post["agencyId"], post["unitCode"]) == ("chuyen_vien", str(agency), "20194")
    assert post["since"] == "2025-06-01"
    assert user[ENTERPRISE]["department"] == post["agency"]
    assert answer["ETag"] == user["meta"]["version"]
    assert "password" not in answer.content.decode()


def test_user__etag__answers_304_and_412(accounts: dict[str, Account], write: Ask) -> None:
    path = f"/Users/{accounts['specialist'].pk}"
    tag = write("get", path)["ETag"]
    assert write("get", path, headers={"if-none-match": tag}).status_code == 304
    change = patch({"op": "replace", "path": "externalId", "value": "77"})
    assert write("patch", path, change, headers={"if-match": tag}).status_code == 204
    assert write("patch", path, change, headers={"if-match": tag}).status_code == 412


def test_read__page_and_person__are_noted(accounts: dict[str, Account], ask: Ask) -> None:
    ask("get", "/Users", None, data={"filter": "active eq true"})
    note = JournalEntry.objects.get(action="access.scim_read")
    assert note.actor_label == "SCIM: mail"
    assert (note.after["count"], note.after["filter"]) == (3, "active eq true")
    whose = f"person:{accounts['chair'].person_id}"
    assert Reading.objects.filter(subject=whose, actor_label="SCIM: mail").count() == 1


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("get", "/Users/{id}", None),
        ("get", "/Users/{id}?attributes=id", None),
        ("post", "/Users/.search", {"schemas": [SEARCH], "filter": 'id eq "{id}"'}),
        ("post", "/.search", {"schemas": [SEARCH], "filter": 'id eq "{id}"'}),
        ("patch", "/Users/{id}?attributes=posts", {"op": "add", "path": "externalId", "value": "7"}),
    ],
)
def test_read__every_way_to_see_a_person__is_noted_once(
    accounts: dict[str, Account], write: Ask, method: str, path: str, body: Any
) -> None:
    one = accounts["specialist"]
    body = patch(body) if method == "patch" else body
    sent = json.loads(json.dumps(body).replace("{id}", str(one.pk)))
    answer = write(method, path.replace("{id}", str(one.pk)), sent)
    assert answer.status_code == 200, answer.content
    noted = Reading.objects.get()
    assert (noted.subject, noted.record_id) == (f"person:{one.person_id}", one.pk)
    assert (noted.actor_label, noted.actor_person_id, noted.system) == ("SCIM: writer", None, "access")
    assert JournalEntry.objects.get(action="access.scim_read").after["count"] == 1


def test_read__nobody_is_shown__nothing_is_noted(accounts: dict[str, Account], write: Ask) -> None:
    path = f"/Users/{accounts['specialist'].pk}"
    write("get", "/Groups")
    write("get", "/Users", None, data={"filter": 'userName eq "nobody"'})
    write("get", "/Users", None, data={"count": 0})
    write("patch", path, patch({"op": "add", "path": "externalId", "value": "7"}))
    assert not Reading.objects.exists()
    tag = write("get", path)["ETag"]
    write("get", path, headers={"if-none-match": tag})
    assert Reading.objects.count() == 1


def test_read__a_page__is_noted_by_one_statement(accounts: dict[str, Account], ask: Ask) -> None:
    with CaptureQueriesContext(connection) as queries:
        ask("get", "/Users")
    assert sum("INSERT INTO access_reading" in query["sql"] for query in queries) == 1
    assert Reading.objects.count() == 3


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ('userName eq "{chair}"', ["chair"]),
        ('userName eq "{CHAIR}"', ["chair"]),
        ('userName sw "{chair}" and active eq true', ["chair"]),
        ('not (userName eq "{chair}")', ["counter", "specialist"]),
        ('userName eq "{chair}" or id eq "{counter_id}"', ["chair", "counter"]),
        ('emails.value co "@x"', ["chair"]),
        ('emails[type eq "work" and value ew ".vn"]', ["chair"]),
        ('emails co "A@X"', ["chair"]),
        ("emails pr", ["chair"]),
        ("not (emails pr)", ["counter", "specialist"]),
        ("externalId pr", []),
        ('meta.lastModified gt "2001-01-01T00:00:00Z"', ["chair", "counter", "specialist"]),
        ('meta.lastModified gt "2099-01-01T00:00:00Z"', []),
        ('userName eq "x\' OR 1=1 --"', []),
        ('userName co "%"', []),
        ('displayName co "_"', []),
        ('userName eq "x\\" or \\"1\\" eq \\"1"', []),
    ],
)
def test_filter__every_form__is_answered_in_sql(
    accounts: dict[str, Account], ask: Ask, asked: str, names: list[str]
) -> None:
    chair = accounts["chair"]
    chair.email = "a@x.gov.vn"
    chair.save()
    words = {name: one.username for name, one in accounts.items()}
    words |= {"CHAIR": chair.username.upper(), "counter_id": str(accounts["counter"].pk)}
    for name, word in words.items():
        asked = asked.replace("{" + name + "}", word)
    got = found(ask("get", "/Users", None, data={"filter": asked}))
    assert sorted(got) == sorted(accounts[name].username for name in names)


@pytest.mark.parametrize(
    "asked",
    ["userName eq", "password pr", "nothing eq 1", "userName regex \"x\"", "(" * 500 + "userName pr" + ")" * 500,
     'userName eq "' + "x" * 3000 + '"', "title pr", "userName eq \"a\\u0000b\""],
)  # fmt: skip
def test_filter__unreadable_or_unknown__refused(accounts: dict[str, Account], ask: Ask, asked: str) -> None:
    answer = ask("get", "/Users", None, data={"filter": asked})
    assert answer.status_code == 400
    assert answer.json()["scimType"] in ("invalidFilter", "invalidValue")


def test_page__bounds__hold(accounts: dict[str, Account], ask: Ask) -> None:
    everyone = ask("get", "/Users", None, data={"count": 100_000}).json()
    assert (everyone["totalResults"], everyone["startIndex"]) == (3, 1)
    page = ask("get", "/Users", None, data={"startIndex": -5, "count": 2, "sortBy": "userName"}).json()
    assert (page["startIndex"], page["itemsPerPage"]) == (1, 2)
    rest = ask("get", "/Users", None, data={"startIndex": 3, "count": 2, "sortBy": "userName"}).json()
    names = [one["userName"] for one in page["Resources"] + rest["Resources"]]
    assert names == sorted(one.username for one in accounts.values())
    assert ask("get", "/Users", None, data={"count": 0}).json()["totalResults"] == 3
    beyond = ask("get", "/Users", None, data={"startIndex": 10**12}).json()
    assert beyond["totalResults"] == 3
    assert not beyond.get("Resources")
    assert ask("get", "/Users", None, data={"sortBy": "groups"}).status_code == 400


def test_group__agency__has_those_in_post_today(
    places: Places, accounts: dict[str, Account], ask: Ask
) -> None:
    agency = places.agency("20194", "phong", "Văn hóa - Xã hội")
    group = ask("get", f"/Groups/{agency}").json()
    assert [member["value"] for member in group["members"]] == [str(accounts["specialist"].pk)]
    assert group[VN_GROUP]["source"] == "agency"
    inside = ask("get", "/Groups", None, data={"filter": f'members eq "{accounts["specialist"].pk}"'})
    assert [one["id"] for one in inside.json()["Resources"]] == [str(agency)]
    bare = ask("get", "/Groups", None, data={"excludedAttributes": "members", "filter": f'id eq "{agency}"'})
    assert "members" not in bare.json()["Resources"][0]


def test_users__a_page_of_200_among_3000__takes_a_constant_number_of_queries(
    places: Places, ask: Ask
) -> None:
    posts = list(Appointment.objects.values_list("person_id", flat=True)[:100])
    with journal.act(SYSTEM, "test.people") as act:
        people = Person.objects.bulk_create(
            Person(family_name="Lê", given_name=f"N{number}", full_name=f"Lê N{number}", fold=fold(f"Lê N{number}"),
                   sort_key=person_sort_key(f"Lê N{number}"))
            for number in range(2900)
        )  # fmt: skip
        ids = [*posts, *(person.pk for person in people)]
        Account.objects.bulk_create(
            Account(username=f"u{number:05}", person_id=person, password="!")
            for number, person in enumerate(ids)
        )
        act.changed("access.account", None, None, {"count": len(ids)})
    ask("get", "/ServiceProviderConfig")  # the first request of a minute clears older counts
    counts = []
    for size in (10, 200):
        with CaptureQueriesContext(connection) as queries:
            page = ask("get", "/Users", None, data={"count": size, "sortBy": "userName"}).json()
        assert len(page["Resources"]) == size
        counts.append(len(queries))
    assert page["totalResults"] == len(ids) >= 2950
    assert counts[0] == counts[1] <= 25
    with CaptureQueriesContext(connection) as queries:
        groups = ask("get", "/Groups", None, data={"count": 200}).json()
    assert len(groups["Resources"]) > 10
    assert len(queries) <= 15


# --- it follows appointments --------------------------------------------------------------------------


def test_appointment_ends__membership_and_extension_follow(
    places: Places, accounts: dict[str, Account], ask: Ask
) -> None:
    one = accounts["specialist"]
    before = ask("get", f"/Users/{one.pk}").json()["meta"]
    with journal.act(SYSTEM, "test.end") as act:
        Appointment.objects.filter(person=one.person).update(
            valid=Range(NOW.date() - timedelta(days=9), NOW.date())
        )
        act.changed("registry.appointment", None, None, {"ended": True})
    user = ask("get", f"/Users/{one.pk}").json()
    assert "groups" not in user
    assert "posts" not in user[VN]
    assert ENTERPRISE not in user
    assert user["active"] is True
    assert user["meta"]["version"] != before["version"]
    assert user["meta"]["lastModified"] >= before["lastModified"]
    agency = places.agency("20194", "phong", "Văn hóa - Xã hội")
    assert "members" not in ask("get", f"/Groups/{agency}").json()


def test_cut_over__desk_goes_to_another_agency__so_does_the_membership(
    places: Places, accounts: dict[str, Account], ask: Ask
) -> None:
    one = accounts["counter"]
    old, heir = places.agency("20196", "tt_pvhcc"), places.agency("20194", "tt_pvhcc")
    desk = Desk.objects.get(posts__appointments__person=one.person)
    at = NOW - timedelta(hours=1)
    with journal.act(SYSTEM, "test.re_hold") as act:
        Holding.objects.create(desk=desk, agency_id=heir, begins_at=at)
        act.changed("registry.holding", None, None, {"agency": heir})
    user = ask("get", f"/Users/{one.pk}").json()
    assert [group["value"] for group in user["groups"]] == [str(heir)]
    assert user[VN]["posts"][0]["unitCode"] == "20194"
    assert "members" not in ask("get", f"/Groups/{old}").json()
    members = ask("get", f"/Groups/{heir}").json()["members"]
    assert str(one.pk) in [member["value"] for member in members]


# --- writes -------------------------------------------------------------------------------------------


def test_make_user__new_person__without_any_post_or_right(places: Places, write: Ask) -> None:
    more = {
        "title": "Chủ tịch", "groups": [{"value": str(places.agency("48"))}], "password": "Mat-khau-1",
        VN: {"posts": [{"title": "quan_tri_tinh"}], "personId": str(places.agency("48"))},
        "emails": [{"value": "Moi@X.gov.vn", "type": "work", "primary": True}], "externalId": "e-1",
    }  # fmt: skip
    answer = write("post", "/Users", new_user("Moi.NV", **more))
    assert answer.status_code == 201, answer.content
    user = answer.json()
    assert answer["Location"] == user["meta"]["location"]
    assert (user["userName"], user["emails"][0]["value"], user["externalId"]) == (
        "moi.nv",
        "moi@x.gov.vn",
        "e-1",
    )
    assert "title" not in user
    assert "groups" not in user
    assert VN not in user  # the registry knows nothing of somebody without any appointment
    account = Account.objects.get(username="moi.nv")
    assert not account.has_usable_password()
    assert account.person is not None
    assert not account.person.appointments.exists()
    assert account.person.full_name == "Nguyễn Văn Mới"
    labels = set(JournalEntry.objects.filter(record_id=account.pk).values_list("actor_label", flat=True))
    assert labels == {"SCIM: writer"}


def test_make_user__person_of_the_registry__by_official_email_and_name(places: Places, write: Ask) -> None:
    person = Appointment.objects.get(pk=places.appointment("20194", "van_thu", "van_phong")).person
    with journal.act(SYSTEM, "test.email") as act:
        Person.objects.filter(pk=person.pk).update(email="vt@x.gov.vn")
        act.changed("registry.person", person.pk, None, {"email": "vt@x.gov.vn"})
    name = {
        "familyName": person.family_name,
        "middleName": person.middle_name,
        "givenName": person.given_name,
    }
    other = write("post", "/Users", new_user("khac", emails=[{"value": "vt@x.gov.vn"}]))
    assert (other.status_code, other.json()["scimType"]) == (409, "uniqueness")
    made = write("post", "/Users", new_user("vt", name=name, emails=[{"value": "vt@x.gov.vn"}]))
    assert made.status_code == 201
    assert made.json()[VN]["personId"] == str(person.pk)
    assert made.json()["groups"]


@pytest.mark.parametrize(
    "bad",
    [{"userName": "=cmd|x"}, {"userName": "a" * 61}, {"userName": "á"},
     {"name": {"familyName": "=1+1", "givenName": "A"}},
     {"name": {"familyName": "A" * 51, "givenName": "A"}}, {"emails": [{"value": "no"}]}, {"externalId": "x" * 201},
     {"emails": [{"value": "a@x.vn"}, {"value": "b@x.vn"}]}],
)  # fmt: skip
def test_make_user__bad_values__nothing_is_made(places: Places, write: Ask, bad: dict[str, Any]) -> None:
    people = Person.objects.count()
    answer = write("post", "/Users", {**new_user(), **bad})
    assert answer.status_code == 400, answer.content
    assert answer.json()["scimType"] == "invalidValue"
    assert Person.objects.count() == people


def test_make_user__name_or_email_taken__conflict(accounts: dict[str, Account], write: Ask) -> None:
    taken = accounts["chair"]
    taken.email = "a@x.vn"
    taken.save()
    people = Person.objects.count()
    for body in (new_user(taken.username), new_user(emails=[{"value": "A@x.vn"}])):
        answer = write("post", "/Users", body)
        assert (answer.status_code, answer.json()["scimType"]) == (409, "uniqueness")
    assert Person.objects.count() == people


def test_delete_user__locks_hides_and_comes_back__erases_nothing(
    accounts: dict[str, Account], write: Ask, make_ask: Callable[..., Ask]
) -> None:
    made = write("post", "/Users", new_user()).json()
    other = make_ask("other")
    assert write("delete", f"/Users/{made['id']}").status_code == 204
    account = Account.objects.get(pk=made["id"])
    assert not account.is_active
    assert account.person is not None
    assert write("get", f"/Users/{made['id']}").status_code == 404
    assert "moi.nv" not in found(write("get", "/Users"))
    assert other("get", f"/Users/{made['id']}").json()["active"] is False
    assert (
        write("post", "/Users", {**new_user(), "name": {"familyName": "Lê", "givenName": "B"}}).status_code
        == 409
    )
    again = write("post", "/Users", new_user())
    assert (again.status_code, again.json()["id"]) == (201, made["id"])
    assert Account.objects.get(pk=made["id"]).is_active


def test_change_user__administrator__email_and_lock_refused(places: Places, write: Ask) -> None:
    from haicap.access.service import actor_for

    keys = [key for key in places.appointments if "quan_tri" in key[1]]
    appointment = places.appointments[keys[0]] if keys else places.appointment("48", "chu_tich")
    assert actor_for(appointment) is not None
    account = account_of(appointment)
    path = f"/Users/{account.pk}"
    for operation in (
        {"op": "replace", "path": "active", "value": False},
        {"op": "replace", "path": "emails", "value": [{"value": "thief@x.vn"}]},
    ):
        assert write("patch", path, patch(operation)).status_code == 403
    assert write("delete", path).status_code == 403
    kept = Account.objects.get(pk=account.pk)
    assert (kept.is_active, kept.email) == (account.is_active, account.email)
    assert write("patch", path, patch({"op": "add", "path": "externalId", "value": "7"})).status_code == 204


@pytest.mark.parametrize(
    "operation",
    [{"op": "replace", "path": "userName", "value": "x"}, {"op": "replace", "path": "displayName", "value": "x"},
     {"op": "replace", "path": "name.givenName", "value": "x"}, {"op": "add", "path": "groups", "value": []},
     {"op": "replace", "path": f"{VN}:posts", "value": [{"title": "chu_tich"}]}, {"op": "remove", "path": VN},
     {"op": "remove", "path": ENTERPRISE}, {"op": "replace", "path": f"{ENTERPRISE}:department", "value": "x"},
     {"op": "replace", "path": VN, "value": {"label": "x", "personId": "7"}},
     {"op": "replace", "path": "schemas", "value": [USER]}],
)  # fmt: skip
def test_change_user__what_the_registry_keeps__refused(
    accounts: dict[str, Account], write: Ask, operation: dict[str, Any]
) -> None:
    answer = write("patch", f"/Users/{accounts['specialist'].pk}", patch(operation))
    assert answer.status_code == 400, answer.content
    assert answer.json()["scimType"] == "mutability"


def test_external_id__is_the_directory_s_own(
    accounts: dict[str, Account], write: Ask, make_ask: Callable[..., Ask]
) -> None:
    path = f"/Users/{accounts['specialist'].pk}"
    write("patch", path, patch({"op": "add", "path": "externalId", "value": "mine"}))
    other = make_ask("other", may_write=True)
    assert "externalId" not in other("get", path).json()
    assert found(other("get", "/Users", None, data={"filter": 'externalId eq "mine"'})) == []
    assert len(found(write("get", "/Users", None, data={"filter": 'externalId eq "mine"'}))) == 1


def test_words_of_a_directory__beside_what_the_registry_says__are_its_own(
    accounts: dict[str, Account], write: Ask, make_ask: Callable[..., Ask]
) -> None:
    one = accounts["specialist"]
    path, registry_says = f"/Users/{one.pk}", write("get", f"/Users/{one.pk}").json()
    change = patch(
        {"op": "replace", "path": VN, "value": {"label": "hộp thư lớn"}},
        {"op": "add", "path": f"{ENTERPRISE}:employeeNumber", "value": "NV-0042"},
    )
    assert write("patch", path, change).status_code == 204
    user = write("get", path).json()
    assert user[VN] == {**registry_says[VN], "label": "hộp thư lớn"}
    assert user[ENTERPRISE] == {**registry_says[ENTERPRISE], "employeeNumber": "NV-0042"}
    assert user["meta"]["version"] != registry_says["meta"]["version"]
    assert write("patch", path, change).status_code == 204
    assert JournalEntry.objects.filter(action="access.scim_change_user").count() == 1

    for asked in (f'{VN}:label eq "Hộp thư lớn"', f'{ENTERPRISE}:employeeNumber eq "NV-0042"'):
        assert found(write("get", "/Users", None, data={"filter": asked})) == [one.username]
        assert found(make_ask("other")("get", "/Users", None, data={"filter": asked})) == []
    assert make_ask("other")("get", path).json()[VN] == registry_says[VN]

    put = {key: user[key] for key in ("schemas", "userName", "name", "active")}
    assert write("put", path, put).status_code == 200
    user = write("get", path).json()
    assert (user[VN], user[ENTERPRISE]) == (registry_says[VN], registry_says[ENTERPRISE])


@pytest.mark.parametrize("word", ["x" * 61, "=1+1", "@cmd", 7, ["x"], {"a": 1}])
def test_words_of_a_directory__too_long_or_a_formula__refused(
    accounts: dict[str, Account], write: Ask, word: Any
) -> None:
    path = f"/Users/{accounts['specialist'].pk}"
    for attribute in (f"{VN}:label", f"{ENTERPRISE}:employeeNumber"):
        answer = write("patch", path, patch({"op": "add", "path": attribute, "value": word}))
        assert (answer.status_code, answer.json()["scimType"]) == (400, "invalidValue"), answer.content
    assert write("post", "/Groups", {"displayName": "x", VN_GROUP: {"label": word}}).status_code == 400


def test_person_id__shown_from_the_first_appointment__and_after_the_last(
    places: Places, accounts: dict[str, Account], write: Ask
) -> None:
    made = write("post", "/Users", new_user(**{VN: {"label": "mới"}})).json()
    assert made[VN] == {"label": "mới"}
    assert ENTERPRISE not in made
    person = Account.objects.get(pk=made["id"]).person_id
    assert found(write("get", "/Users", None, data={"filter": f'{VN}:personId eq "{person}"'})) == []

    one = accounts["specialist"]
    with journal.act(SYSTEM, "test.end") as act:
        Appointment.objects.filter(person=one.person).update(
            valid=Range(NOW.date() - timedelta(days=9), NOW.date())
        )
        act.changed("registry.appointment", None, None, {"ended": True})
    asked = {"filter": f'{VN}:personId eq "{one.person_id}"'}
    assert found(write("get", "/Users", None, data=asked)) == [one.username]
    assert write("get", f"/Users/{one.pk}").json()[VN] == {"personId": str(one.person_id)}


def test_own_group__label__is_kept_found_and_cleared(places: Places, write: Ask) -> None:
    made = write("post", "/Groups", {"displayName": "Danh sách thư", VN_GROUP: {"label": "thư"}}).json()
    assert made[VN_GROUP] == {"label": "thư"}
    own = {"filter": f"not ({VN_GROUP}:source pr)"}
    assert found(write("get", "/Groups", None, data=own)) == ["Danh sách thư"]
    assert found(write("get", "/Groups", None, data={"filter": f'{VN_GROUP}:label eq "thư"'})) == [
        "Danh sách thư"
    ]
    path = f"/Groups/{made['id']}"
    assert write("patch", path, patch({"op": "remove", "path": VN_GROUP})).status_code == 204
    assert VN_GROUP not in write("get", path).json()
    agency = f"/Groups/{places.agency('20194')}"
    change = patch({"op": "add", "path": f"{VN_GROUP}:label", "value": "x"})
    assert write("patch", agency, change).status_code == 403


def test_groups__of_an_agency__cannot_be_written(
    places: Places, accounts: dict[str, Account], write: Ask
) -> None:
    path = f"/Groups/{places.agency('20194')}"
    member = [{"value": str(accounts["counter"].pk)}]
    assert write("patch", path, patch({"op": "add", "path": "members", "value": member})).status_code == 403
    assert write("delete", path).status_code == 403


def test_groups__of_another_directory_or_with_strangers__refused(
    accounts: dict[str, Account], write: Ask, make_ask: Callable[..., Ask]
) -> None:
    body = {"displayName": "Danh sách thư", "members": [{"value": str(accounts["counter"].pk)}]}
    made = write("post", "/Groups", body)
    assert made.status_code == 201, made.content
    path = f"/Groups/{made.json()['id']}"
    user = write("get", f"/Users/{accounts['counter'].pk}").json()
    assert "Danh sách thư" in [group["display"] for group in user["groups"]]
    other = make_ask("other", may_write=True)
    assert other("get", path).status_code == other("delete", path).status_code == 404
    assert write("post", "/Groups", {"displayName": "x", "members": [{"value": "7"}]}).status_code == 400
    assert write("delete", path).status_code == 204
    assert not ScimGroup.objects.exists()


@pytest.mark.parametrize("body", ["", "{", "[]", "null", "7", '{"Operations": 3}', '{"userName": {"a": 1}}'])
def test_post__broken_body__explained(places: Places, body: str) -> None:
    secret = tokens.make_token(SYSTEM, "w", may_write=True).secret
    client = Client(headers={"host": "127.0.0.1", "authorization": f"Bearer {secret}"})
    answer = client.post("/scim/v2/Users", body, content_type="application/json")
    assert answer.status_code == 400
    assert answer.json()["scimType"] in ("invalidSyntax", "invalidValue")
    assert client.post("/scim/v2/Users", "x" * 1_100_000, content_type="application/json").status_code == 413
    assert client.post("/scim/v2/Users", body, content_type="text/xml").status_code in (400, 415)


# --- the page -----------------------------------------------------------------------------------------


def test_tokens_page__administrator__makes_and_revokes(places: Places) -> None:
    actor_client = Client(headers={"host": "127.0.0.1"})
    keys = [key for key in places.appointments if key[1] == "quan_tri_tinh"]
    if not keys:
        pytest.skip("the small province has no administrator of the province")
    sign_in(actor_client, places.appointments[keys[0]])
    page = actor_client.post("/dieu-hanh/scim/", {"name": "Thư công vụ", "days": 30})
    assert page.status_code == 200
    assert "scim_" in page.content.decode()
    token = ScimToken.objects.get(name="Thư công vụ")
    assert "scim_" not in actor_client.get("/dieu-hanh/scim/").content.decode().split("<h2", 1)[0]
    assert actor_client.post(f"/dieu-hanh/scim/{token.id}/thu-hoi/").status_code == 302
    assert ScimToken.objects.get(pk=token.pk).revoked_at is not None


def test_tokens_page__others__refused(places: Places) -> None:
    client = Client(headers={"host": "127.0.0.1"})
    sign_in(client, places.appointment("20194", "chu_tich"))
    assert client.get("/dieu-hanh/scim/").status_code == 403
    assert client.post("/dieu-hanh/scim/", {"name": "x", "days": 1}).status_code == 403
    assert not ScimToken.objects.exists()
