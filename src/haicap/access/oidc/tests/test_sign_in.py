"""Signing in at an application: the way as it should be, claims, refresh through a cut-over, sessions that end."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import jwt
import pytest
from django.test import Client

from haicap.access.models import Account, ApplicationConsent, Grant
from haicap.access.oidc import grants, keys, service
from haicap.access.oidc.claims import claims_of
from haicap.access.oidc.tests.flows import AFTER, BACK, Party, answer_of, register
from haicap.access.tests import accounts
from haicap.kernel import clock, journal
from haicap.kernel.actor import SYSTEM
from haicap.kernel.models import JournalEntry, OutboxMessage
from haicap.registry.models import AgencySuccession, Appointment, Desk, Holding
from haicap.registry.tests.places import NOW, Places

ISSUER = "http://127.0.0.1"


def opened(party: Party, token: str) -> dict[str, Any]:
    """An id token as an application checks it, with the published keys."""
    published = jwt.PyJWKSet.from_dict(
        Client(headers={"host": "127.0.0.1"}).get("/.well-known/jwks.json").json()
    )
    key = published[jwt.get_unverified_header(token)["kid"]]
    return dict(jwt.decode(token, key, algorithms=["RS256"], audience=party.client_id, issuer=ISSUER))


def move_desk(places: Places, appointment_id: Any, heir: Any) -> None:
    """A cut-over in small: another agency holds the desk of this post, and succeeds the one that held it."""
    desk = Desk.objects.get(posts=Appointment.objects.get(pk=appointment_id).post_id)
    with journal.act(SYSTEM, "test.re_hold") as act:
        Holding.objects.create(desk=desk, agency_id=heir, begins_at=NOW - timedelta(hours=1))
        act.changed("registry.holding", None, None, {"agency": heir})


def test_discovery__says_only_what_there_is(client: Client, db: None) -> None:
    told = client.get("/.well-known/openid-configuration", headers={"host": "127.0.0.1"}).json()
    assert told["response_types_supported"] == ["code"]
    assert told["grant_types_supported"] == ["authorization_code", "refresh_token"]
    assert told["code_challenge_methods_supported"] == ["S256"]
    assert told["id_token_signing_alg_values_supported"] == ["RS256"]
    assert told["backchannel_logout_supported"]
    assert told["backchannel_logout_session_supported"]
    assert told["issuer"] == ISSUER
    assert "device_authorization_endpoint" not in told
    assert "registration_endpoint" not in told


def test_sign_in__code_with_pkce__tokens_and_claims(party: Party, browser: Client, account: Account) -> None:
    tokens = party.tokens(browser)
    told = opened(party, tokens["id_token"])
    assert told["sub"] == str(account.pk)
    assert told["nonce"] == "no"
    assert told["sid"] == browser.session["sid"]
    known = party.userinfo(tokens["access_token"]).json()
    assert known["preferred_username"] == account.username
    assert known["name"] == account.get_full_name()
    assert known["person_id"] == str(account.person_id)
    assert known["agency_name"].startswith("Trung tâm Phục vụ hành chính công")
    assert known["unit_code"] == "20194"
    assert known["former_unit_codes"] == ["20195", "20196"]
    assert "Công chức một cửa" in known["titles"][0]
    assert tokens["token_type"] == "Bearer"


def test_claims__few_scopes__tell_little(party: Party, browser: Client) -> None:
    tokens = party.exchange(party.code(browser, scope="openid")).json()
    assert set(party.userinfo(tokens["access_token"]).json()) == {"sub"}


def test_claims__any_account__at_most_four_queries(
    places: Places, account: Account, django_assert_max_num_queries: Any
) -> None:
    fresh = Account.objects.select_related("person").get(pk=account.pk)
    with django_assert_max_num_queries(4):
        told = claims_of(fresh, ["openid", "profile", "email", "haicap"])
    assert told["agency_code"]


def test_refresh__desk_carried_to_another_agency__claims_of_the_new_one(
    party: Party, browser: Client, places: Places
) -> None:
    tokens = party.tokens(browser)
    heir = places.agency("20196", "tt_pvhcc")
    move_desk(places, places.appointment("20194", "cong_chuc_mot_cua", "tt_pvhcc"), heir)
    fresh = party.refresh(tokens["refresh_token"]).json()
    told = opened(party, fresh["id_token"])
    assert told["agency_id"] == str(heir)
    assert told["unit_code"] == "20196"
    assert party.userinfo(fresh["access_token"]).json()["agency_id"] == str(heir)


def test_claims__agency_took_over_lately__former_code_beside_the_new_one(
    places: Places, account: Account
) -> None:
    old, new = places.agency("20196", "tt_pvhcc"), places.agency("20194", "tt_pvhcc")
    from haicap.access.oidc.claims import agency_codes

    codes = agency_codes([old, new])
    with journal.act(SYSTEM, "test.succeed") as act:
        AgencySuccession.objects.create(predecessor_id=old, successor_id=new, effective_on=NOW.date())
        act.changed("registry.agencysuccession", None, None, {"successor": new})
    told = claims_of(account, ["openid", "haicap"])
    assert told["agency_code"] == codes[new]
    assert told["former_codes"] == [codes[old]]
    with clock.at(NOW + timedelta(days=200)):
        assert claims_of(account, ["openid", "haicap"])["former_codes"] == []


def test_claims__no_post_any_more__no_agency(places: Places, account: Account) -> None:
    held = Appointment.objects.filter(person_id=account.person_id)
    with journal.act(SYSTEM, "test.end") as act:
        for row in held:
            Holding.objects.create(
                desk=Desk.objects.get(posts=row.post_id), agency=None, begins_at=NOW - timedelta(hours=1)
            )
        act.changed("registry.holding", None, None, {"agency": None})
    told = claims_of(account, ["openid", "haicap"])
    assert told["titles"] == []
    assert "agency_id" not in told


def test_refresh__account_locked__refused(party: Party, browser: Client, account: Account) -> None:
    tokens = party.tokens(browser)
    account.is_active = False
    account.save()
    assert party.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"
    assert party.userinfo(tokens["access_token"]).status_code == 401


def test_refresh__session_ended__refused(party: Party, browser: Client) -> None:
    tokens = party.tokens(browser)
    browser.logout()
    assert party.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"
    assert party.userinfo(tokens["access_token"]).status_code == 401


def test_session__new_key_for_the_same_session__sign_ins_go_on(
    party: Party, browser: Client, rf: Any, account: Account
) -> None:
    from allauth.core import context

    tokens = party.tokens(browser)
    request = rf.get("/")
    request.session = browser.session
    before = request.session.session_key
    with context.request_context(request):
        request.session.cycle_key()
    assert request.session.session_key != before
    assert party.refresh(tokens["refresh_token"]).status_code == 200


def test_sign_in__not_signed_in__the_door_and_back(party: Party, db: None) -> None:
    answer = party.ask(Client(headers={"host": "127.0.0.1"}))
    assert answer.status_code == 302
    assert answer["Location"].startswith("/dang-nhap/?next=/identity/o/authorize")


def test_sign_in__prompt_login__proof_first(party: Party, browser: Client) -> None:
    answer = party.ask(browser, prompt="login")
    assert "next=" in answer["Location"]
    assert "prompt" not in answer["Location"]


def test_consent__application_of_others__asked_once_and_never_ticked(
    browser: Client, account: Account
) -> None:
    party = register(own=False, name="Phần mềm của nhà cung cấp")
    page = party.ask(browser)
    assert page.status_code == 200
    assert b"checked" not in page.content
    assert "https://app.example.vn" in page["Content-Security-Policy"]
    again = browser.post(page.wsgi_request.get_full_path(), {"quyet-dinh": "dong-y", "pham-vi": ["haicap"]})
    tokens = party.exchange(answer_of(again)["code"]).json()
    assert tokens["scope"] == "openid haicap"
    assert "name" not in party.userinfo(tokens["access_token"]).json()
    assert party.ask(browser, scope="openid haicap").status_code == 302
    assert party.ask(browser).status_code == 200, "more than was agreed to"
    assert JournalEntry.objects.filter(action="access.give_application_consent").count() == 1


def test_consent__refused__told_so(browser: Client) -> None:
    party = register(own=False)
    page = party.ask(browser)
    back = browser.post(page.wsgi_request.get_full_path(), {"quyet-dinh": "tu-choi"})
    assert answer_of(back)["error"] == "access_denied"
    assert not ApplicationConsent.objects.exists()


def test_consent__withdrawn_by_its_owner__tokens_end(browser: Client, account: Account) -> None:
    party = register(own=False, backchannel_logout_uri="https://app.example.vn/bc")
    page = party.ask(browser)
    back = browser.post(
        page.wsgi_request.get_full_path(), {"quyet-dinh": "dong-y", "pham-vi": ["profile", "haicap"]}
    )
    tokens = party.exchange(answer_of(back)["code"]).json()
    assert "Thư điện tử" in browser.get("/tai-khoan/ung-dung/").content.decode()
    gone = browser.post("/tai-khoan/ung-dung/rut-lai/", {"ung-dung": party.client_id})
    assert gone.status_code == 302
    assert party.refresh(tokens["refresh_token"]).status_code == 400
    assert OutboxMessage.objects.filter(topic="access.tell_session_end").count() == 1
    assert party.ask(browser).status_code == 200


def test_key__rotated__old_tokens_verify_new_ones_have_the_new_key(party: Party, browser: Client) -> None:
    tokens = party.tokens(browser)
    service.rotate_signing_key(SYSTEM)
    assert len(service.published_keys()) == 2
    assert keys.signing_key().id != service.published_keys()[0].id, "published before it signs"
    fresh = party.refresh(tokens["refresh_token"]).json()
    kid = jwt.get_unverified_header(fresh["id_token"])["kid"]
    assert kid == jwt.get_unverified_header(tokens["id_token"])["kid"]
    with pytest.raises(service_error("RotationTooSoon")):
        service.rotate_signing_key(SYSTEM)
    service.rotate_signing_key(SYSTEM, at_once=True)
    latest = party.refresh(fresh["refresh_token"]).json()
    assert opened(party, latest["id_token"])["sub"]
    assert keys.verify(tokens["id_token"], issuer=ISSUER, expired=True) is None


def service_error(name: str) -> type[Exception]:
    from haicap.access.oidc import errors

    found: type[Exception] = getattr(errors, name)
    return found


def test_key__at_rest__encrypted(party: Party, browser: Client) -> None:
    party.tokens(browser)
    from haicap.access.models import SigningKey

    assert "PRIVATE KEY" not in SigningKey.objects.get().pem


def test_logout__asked_with_the_sessions_own_id_token__out_and_back(party: Party, browser: Client) -> None:
    tokens = party.tokens(browser)
    answer = browser.get(
        "/identity/o/logout",
        {"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": AFTER, "state": "s"},
    )
    assert answer["Location"] == f"{AFTER}?state=s"
    assert "_auth_user_id" not in browser.session


def test_logout__without_hint__asks_first(party: Party, browser: Client) -> None:
    tokens = party.tokens(browser)
    page = browser.get("/identity/o/logout", {"client_id": party.client_id})
    assert page.status_code == 200
    assert "_auth_user_id" in browser.session
    stayed = browser.post("/identity/o/logout", {"client_id": party.client_id, "quyet-dinh": "o-lai"})
    assert stayed.status_code == 302
    assert "_auth_user_id" in browser.session
    assert party.refresh(tokens["refresh_token"]).status_code == 400
    gone = browser.post("/identity/o/logout", {"client_id": party.client_id, "quyet-dinh": "ra"})
    assert gone.status_code == 302
    assert "_auth_user_id" not in browser.session


def test_application__closed__nobody_gets_in(party: Party, browser: Client) -> None:
    tokens = party.tokens(browser)
    service.close_application(SYSTEM, party.application_id, "hết hợp đồng")
    assert party.ask(browser).status_code == 400
    assert party.refresh(tokens["refresh_token"]).status_code == 401
    assert party.userinfo(tokens["access_token"]).status_code == 401


def test_secret__renewed__the_old_one_opens_nothing(party: Party, browser: Client) -> None:
    tokens = party.tokens(browser)
    fresh = service.renew_secret(SYSTEM, party.application_id)
    assert party.refresh(tokens["refresh_token"]).status_code == 401
    assert party.refresh(tokens["refresh_token"], client_secret=fresh).status_code == 200


def test_forget_old__expired_tokens__are_deleted(party: Party, browser: Client) -> None:
    party.tokens(browser)
    assert grants.forget_old() == 0
    Grant.objects.update(made_at=NOW - timedelta(days=900))
    assert grants.forget_old() >= 1


def test_introspection__own_token__active(party: Party, browser: Client) -> None:
    tokens = party.tokens(browser)
    assert party.post("introspect", {"token": tokens["access_token"]}).json()["active"]
    other = register(name="Khác")
    assert not other.post("introspect", {"token": tokens["access_token"]}).json()["active"]


def test_pages__administrator__registers_edits_and_closes(administrator: Client) -> None:
    assert "Chưa có ứng dụng nào" in administrator.get("/dieu-hanh/ung-dung/").content.decode()
    form = {"name": "Cổng <b>", "redirect_uris": BACK, "scopes": ["haicap"], "description": "Sở"}
    shown = administrator.post("/dieu-hanh/ung-dung/moi/", form).content.decode()
    assert "client_secret" in shown
    bad = administrator.post("/dieu-hanh/ung-dung/moi/", {**form, "redirect_uris": "https://*.example.vn/"})
    assert "không dùng được" in bad.content.decode()
    row = service.applications(SYSTEM).get()
    address = f"/dieu-hanh/ung-dung/{row.pk}/"
    assert administrator.post(address, {**form, "name": "Cổng mới"}).status_code == 302
    assert "Cổng mới" in administrator.get("/dieu-hanh/ung-dung/").content.decode()
    assert "client_secret" in administrator.post(f"{address}ma-bi-mat/").content.decode()
    assert administrator.get("/dieu-hanh/ung-dung/khoa-ky/").status_code == 200
    assert administrator.post("/dieu-hanh/ung-dung/khoa-ky/", {"viec": "thay"}).status_code == 302
    assert administrator.post(f"{address}dong/", {"ly-do": ""}).status_code == 302
    assert administrator.post(f"{address}dong/", {"ly-do": "thôi dùng"}).status_code == 302
    row.refresh_from_db()
    assert row.closed_at is not None


@pytest.mark.parametrize("address", ["", "moi/", "khoa-ky/"])
def test_pages__others__are_refused(browser: Client, address: str) -> None:
    answer = browser.get(f"/dieu-hanh/ung-dung/{address}")
    assert answer.status_code == 403
    assert "ACC-403" in answer.content.decode()


def test_citizen__application_for_officials__is_refused(party: Party) -> None:
    citizen = Account(username="cd.an", kind="citizen")
    citizen.set_unusable_password()
    citizen.save()
    visitor = Client(headers={"host": "127.0.0.1"})
    visitor.force_login(citizen)
    assert answer_of(party.ask(visitor))["error"] == "access_denied"
    open_to_all = register(name="Cổng dịch vụ", for_citizens=True)
    assert "code" in answer_of(open_to_all.ask(visitor))


def test_account__of_the_tests__has_a_post(places: Places) -> None:
    assert accounts.account_of(places.appointment("20194", "chu_tich")).person_id
