"""Citizens sign in by VNeID, against a real OpenID provider; forged, replayed and nonsensical answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.socialaccount.models import SocialAccount
from cryptography.hazmat.primitives.asymmetric import rsa
from django.test import Client
from django.urls import NoReverseMatch, reverse

from haicap.access.citizens.tests.vneid import CLIENT_ID, CLIENT_SECRET, Vneid, running
from haicap.access.hats import actor_for_account
from haicap.access.models import Account, AccountKind, Citizen, Consent, SignInEvent
from haicap.kernel import clock, journal
from haicap.kernel.actor import SYSTEM
from haicap.kernel.models import JournalEntry
from haicap.registry.models import Appointment, Person
from haicap.registry.tests.places import NOW, Places, make_places

LOGIN = "/cong-dan/vneid/"
BACK = "/cong-dan/vneid/tro-lai/"
CONSENT = "/cong-dan/dong-y/"
AN = {
    "TechID": "tech-1",
    "LoaiTaiKhoan": "2",
    "HoVaTen": "Nguyễn Thị Minh An",
    "SoDinhDanh": "048195001234",
    "NgayThangNamSinh": "19950302",
}


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vneid]:
    with running(tmp_path_factory.mktemp("vneid"), f"http://127.0.0.1{BACK}") as vneid:
        yield vneid


@pytest.fixture
def vneid(provider: Vneid, settings: Any, db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Vneid]:
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "127.0.0.1")
    settings.HAICAP_VNEID = {
        "server_url": provider.issuer,
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "scope": "openid profile",
    }
    provider.spoil = None
    provider.knows({"an": AN})
    yield provider
    provider.spoil = None


def browser() -> Client:
    return Client(headers={"host": "127.0.0.1"})


def back_from(vneid: Vneid, client: Client, sub: str = "an", *, deny: bool = False, **start: str) -> str:
    """Begin at our page, go through the provider's; the address at ours that it sends back to."""
    begun = client.post(LOGIN, start)
    assert begun.status_code == 302, begun.content.decode()[:2000]
    return vneid.visit(begun["Location"], sub, deny=deny).removeprefix("http://127.0.0.1")


def come_in(vneid: Vneid, client: Client, sub: str = "an", purposes: tuple[str, ...] = ("account",)) -> Any:
    """All the way, with consent where it is asked for."""
    answer = client.get(back_from(vneid, client, sub))
    if answer.status_code == 302 and answer["Location"] == CONSENT:
        answer = client.post(CONSENT, {"muc-dich": list(purposes)})
    return answer


def test_citizen__first_sign_in__asks_before_anything_is_kept(vneid: Vneid) -> None:
    client = browser()
    answer = client.get(back_from(vneid, client))
    assert answer["Location"] == CONSENT
    page = client.get(CONSENT).content.decode()
    assert "Nguyễn Thị Minh An" in page
    assert " checked" not in page
    assert "048195001234" not in page
    assert Account.objects.filter(kind=AccountKind.CITIZEN).count() == Citizen.objects.count() == 0


def test_citizen__agrees__has_record_consents_and_a_session(vneid: Vneid) -> None:
    client = browser()
    answer = come_in(vneid, client, purposes=("account", "notify"))
    assert (answer.status_code, answer["Location"]) == (302, "/cong-dan/")
    citizen = Citizen.objects.select_related("account").get()
    assert citizen.account.kind == AccountKind.CITIZEN
    assert citizen.account.person_id is None
    assert not citizen.account.has_usable_password()
    assert (citizen.issuer, citizen.subject, citizen.account_type) == (vneid.issuer, "an", "2")
    assert (citizen.personal_number, str(citizen.birth_date)) == ("048195001234", "1995-03-02")
    assert set(Consent.objects.values_list("purpose", flat=True)) == {"account", "notify"}
    assert not SocialAccount.objects.exists()
    page = client.get("/cong-dan/").content.decode()
    assert "Nguyễn Thị Minh An" in page
    assert "048195001234" not in page
    kept = JournalEntry.objects.filter(action="access.register_citizen").values_list("after", flat=True)
    assert kept
    assert all(
        "048195001234" not in str(after) and "1995" not in str(after.get("birth_date")) for after in kept
    )


def test_citizen__declines_the_purposes__nothing_is_kept(vneid: Vneid) -> None:
    client = browser()
    client.get(back_from(vneid, client))
    assert client.post(CONSENT, {"khong": "1"}).status_code == 302
    assert client.get(CONSENT).status_code == 409
    assert not Citizen.objects.exists()
    assert "_auth_user_id" not in client.session


def test_citizen__agrees_to_something_else_only__no_account(vneid: Vneid) -> None:
    client = browser()
    client.get(back_from(vneid, client))
    answer = client.post(CONSENT, {"muc-dich": ["notify", "bịa"]})
    assert answer.status_code == 400
    assert "ACC-506" in answer.content.decode()
    assert not Citizen.objects.exists()


def test_citizen__second_sign_in__same_record_no_question(vneid: Vneid) -> None:
    come_in(vneid, browser())
    first = Citizen.objects.get()
    answer = browser()
    done = answer.get(back_from(vneid, answer))
    assert done["Location"] == "/cong-dan/"
    again = Citizen.objects.get()
    assert (again.pk, again.account_id, again.claims_at) == (first.pk, first.account_id, first.claims_at)


def test_citizen__name_changed_at_the_provider__record_follows_and_journal_says_so(vneid: Vneid) -> None:
    come_in(vneid, browser())
    vneid.knows({"an": {**AN, "HoVaTen": "Nguyễn Minh An"}})
    come_in(vneid, browser())
    citizen = Citizen.objects.get()
    assert (citizen.full_name, citizen.fold) == ("Nguyễn Minh An", "nguyen minh an")
    entry = JournalEntry.objects.get(action="access.refresh_citizen")
    assert entry.before == {"full_name": "Nguyễn Thị Minh An"}
    assert entry.after == {"full_name": "Nguyễn Minh An"}


def test_citizen__number_of_another_citizen__refused(vneid: Vneid) -> None:
    vneid.knows({"an": AN, "ke-khac": {**AN, "HoVaTen": "Trần Văn Khác"}})
    come_in(vneid, browser())
    client = browser()
    answer = client.get(back_from(vneid, client, "ke-khac"))
    assert answer.status_code == 409
    assert "ACC-504" in answer.content.decode()
    assert Citizen.objects.get().full_name == "Nguyễn Thị Minh An"


def test_citizen__number_of_an_official__stays_a_citizen(vneid: Vneid) -> None:
    with clock.at(NOW):
        places: Places = make_places()
        chair = Appointment.objects.get(pk=places.appointment("20194", "chu_tich")).person
        with journal.act(SYSTEM, "test.number") as act:
            Person.objects.filter(pk=chair.pk).update(personal_number=AN["SoDinhDanh"])
            act.changed("registry.person", chair.pk, {}, {})
        come_in(vneid, browser())
        account = Citizen.objects.get().account
        actor = actor_for_account(account)
    assert account.person_id is None
    assert (actor.person_id, actor.post_id, actor.permissions) == (None, None, frozenset())


def test_citizen__locked__refused_with_a_reason(vneid: Vneid) -> None:
    come_in(vneid, browser())
    account = Citizen.objects.get().account
    account.is_active = False
    account.save()
    client = browser()
    answer = client.get(back_from(vneid, client))
    assert answer.status_code == 403
    assert "ACC-505" in answer.content.decode()
    assert "_auth_user_id" not in client.session


def test_citizen__declines_at_the_provider__a_quiet_page(vneid: Vneid) -> None:
    client = browser()
    answer = client.get(back_from(vneid, client, deny=True), follow=True)
    assert answer.status_code == 200
    assert "Bạn chưa đăng nhập" in answer.content.decode()
    assert not Citizen.objects.exists()


@pytest.mark.parametrize(
    "changed",
    [
        {"SoDinhDanh": "04819500123"},
        {"SoDinhDanh": "048195OO1234"},
        {"SoDinhDanh": 48195001234},
        {"SoDinhDanh": None},
        {"SoDinhDanh": "000195001234"},
        {"SoDinhDanh": "048196001234"},
        {"SoDinhDanh": "048395001234"},
        {"NgayThangNamSinh": "19950231"},
        {"NgayThangNamSinh": "1995-03-02"},
        {"NgayThangNamSinh": "29950302"},
        {"HoVaTen": ""},
        {"HoVaTen": {"ten": "An"}},
        {"HoVaTen": "A" * 201},
        {"LoaiTaiKhoan": "x" * 21},
    ],
    ids=str,
)
def test_citizen__malformed_claim__explained_and_nothing_half_written(
    vneid: Vneid, changed: dict[str, Any]
) -> None:
    vneid.knows({"an": {**AN, **changed}})
    client = browser()
    answer = client.get(back_from(vneid, client))
    assert answer.status_code == 400
    assert "ACC-503" in answer.content.decode()
    assert not Citizen.objects.exists()
    assert SignInEvent.objects.filter(username="VNeID ACC-503").count() == 1


def _with(**changed: Any) -> Callable[[Vneid, dict[str, Any]], str]:
    def forge(vneid: Vneid, said: dict[str, Any]) -> str:
        return vneid.sign({**said, **{k: v(said) if callable(v) else v for k, v in changed.items()}})

    return forge


def _without(name: str) -> Callable[[Vneid, dict[str, Any]], str]:
    return lambda vneid, said: vneid.sign({key: value for key, value in said.items() if key != name})


FORGERIES: dict[str, Callable[[Vneid, dict[str, Any]], str]] = {
    "none": lambda vneid, said: vneid.unsigned(said),
    "key confusion": lambda vneid, said: vneid.confused(said),
    "another key": lambda vneid, said: vneid.sign(said, rsa.generate_private_key(65537, 2048)),
    "unknown kid": lambda vneid, said: vneid.sign(said, kid="k2"),
    "expired": _with(exp=lambda said: said["iat"] - 7200),
    "not yet": _with(iat=lambda said: said["iat"] + 7200),
    "another issuer": _with(iss="http://127.0.0.1:1"),
    "another client": _with(aud="ai-do"),
    "authorized party": _with(azp="ai-do"),
    "two audiences": _with(aud=lambda said: [said["aud"], "ai-do"]),
    "wrong nonce": _with(nonce="khong-phai-cua-toi"),
    "no nonce": _without("nonce"),
    "no exp": _without("exp"),
    "another subject": _with(sub="ke-khac"),
    "no token": lambda vneid, said: "",
    "rubbish": lambda vneid, said: "a.b.c",
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_citizen__forged_id_token__refused(vneid: Vneid, forgery: str) -> None:
    client = browser()
    vneid.spoil_token(lambda said: FORGERIES[forgery](vneid, said))
    answer = client.get(back_from(vneid, client))
    assert answer.status_code == 401, answer.content.decode()[:1500]
    assert "ACC-501" in answer.content.decode()
    assert "_auth_user_id" not in client.session
    assert not Citizen.objects.exists()


def test_citizen__true_token_signed_again__is_accepted(vneid: Vneid) -> None:
    """The proxy itself refuses nothing: what fails above fails for what was forged."""
    client = browser()
    vneid.spoil_token(lambda said: vneid.sign(said))
    assert client.get(back_from(vneid, client))["Location"] == CONSENT


def test_citizen__userinfo_of_somebody_else__refused(vneid: Vneid) -> None:
    client = browser()
    vneid.spoil = lambda path, answer: {**answer, "sub": "ke-khac"} if path == "/me" else answer
    answer = client.get(back_from(vneid, client))
    assert answer.status_code == 401


def test_citizen__replayed_state_or_somebody_elses__refused(vneid: Vneid) -> None:
    client = browser()
    back = back_from(vneid, client)
    assert client.get(back)["Location"] == CONSENT
    assert client.get(back).status_code == 401
    other = browser()
    assert other.get(back_from(vneid, client)).status_code == 401
    assert other.get(f"{BACK}?code=x&state=y").status_code == 401
    assert other.get(BACK).status_code == 401


def test_citizen__discovery_of_another_issuer_or_none__said_plainly(vneid: Vneid, settings: Any) -> None:
    vneid.spoil = lambda path, answer: (
        {**answer, "issuer": "http://127.0.0.1:1"} if "well-known" in path else answer
    )
    answer = browser().post(LOGIN)
    assert answer.status_code == 503
    assert "ACC-502" in answer.content.decode()
    settings.HAICAP_VNEID = {**settings.HAICAP_VNEID, "server_url": "http://127.0.0.1:1"}
    assert browser().post(LOGIN).status_code == 503


def test_login__address__adds_no_scopes_parameters_or_connections(vneid: Vneid) -> None:
    client = browser()
    begun = client.post(f"{LOGIN}?process=connect&scope=admin&auth_params=nonce%3Dmine%26prompt%3Dnone")
    sent = parse_qs(urlsplit(begun["Location"]).query)
    assert sorted(sent["scope"][0].split()) == ["openid", "profile"]
    assert "prompt" not in sent
    assert sent["nonce"][0] != "mine"
    assert sent["code_challenge_method"] == ["S256"]
    (state, _since, _provider) = client.session["socialaccount_states"][sent["state"][0]]
    assert state["process"] == "login"


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
def test_login__next_elsewhere__goes_to_the_citizens_page(vneid: Vneid, target: str) -> None:
    come_in(vneid, browser())
    client = browser()
    assert client.get(back_from(vneid, client, next=target))["Location"] == "/cong-dan/"
    client = browser()
    assert client.get(back_from(vneid, client, next="/tra-cuu/"))["Location"] == "/tra-cuu/"


def test_citizen__signed_in_without_a_page_to_go_to__comes_to_the_own_pages(vneid: Vneid) -> None:
    client = browser()
    come_in(vneid, client)
    for door in ("/tai-khoan/vao/", "/dang-nhap/"):
        assert client.get(door, follow=True).redirect_chain[-1][0] == "/cong-dan/"
    account = Citizen.objects.get().account
    account.set_password("Mat-khau-nguoi-dan-1")
    account.save()
    client = browser()
    form = {"login": account.username, "password": "Mat-khau-nguoi-dan-1"}
    assert client.post("/dang-nhap/", form, follow=True).redirect_chain[-1][0] == "/cong-dan/"
    client = browser()
    assert client.get(back_from(vneid, client, next="/"))["Location"] == "/cong-dan/"


def test_login__official_signed_in__leaves_before_the_citizen_comes(vneid: Vneid) -> None:
    come_in(vneid, browser())
    client = browser()
    with clock.at(NOW):
        from haicap.access.tests.accounts import sign_in

        sign_in(client, make_places().appointment("20194", "chu_tich"))
    before = client.session.session_key
    come_in(vneid, client)
    assert client.session["_auth_user_id"] == str(Citizen.objects.get().account_id)
    assert client.session.session_key != before
    assert "hat" not in client.session


def test_login__withdrawn_consent__is_asked_again(vneid: Vneid) -> None:
    client = browser()
    come_in(vneid, client)
    given = Consent.objects.get()
    client.post(f"/tai-khoan/du-lieu/dong-y/{given.pk}/rut/")
    again = browser()
    assert again.get(back_from(vneid, again))["Location"] == CONSENT
    again.post(CONSENT, {"muc-dich": ["account"]})
    assert Citizen.objects.count() == 1
    assert Consent.objects.filter(withdrawn_at__isnull=True).count() == 1


@pytest.mark.parametrize("address", [LOGIN, BACK, CONSENT, "/cong-dan/vneid/da-huy/"])
def test_routes__without_a_provider__are_not_there(db: None, settings: Any, address: str) -> None:
    settings.HAICAP_VNEID = {"server_url": "", "client_id": "", "client_secret": "", "scope": ""}
    assert browser().get(address).status_code == 404


def test_routes__other_pages_of_the_library__are_not_there(db: None) -> None:
    for name in ("socialaccount_connections", "socialaccount_signup", "socialaccount_login_error"):
        with pytest.raises(NoReverseMatch):
            reverse(name)
    for address in (
        "/cong-dan/signup/",
        "/cong-dan/connections/",
        "/cong-dan/oidc/vneid/login/",
        "/cong-dan/x/",
    ):
        assert browser().get(address).status_code == 404


def test_login_page__policy__lets_the_button_go_to_the_provider_only(vneid: Vneid) -> None:
    answer = browser().get(LOGIN)
    assert f"form-action 'self' {vneid.issuer};" in answer["Content-Security-Policy"]
    assert "http" not in browser().get("/")["Content-Security-Policy"]
