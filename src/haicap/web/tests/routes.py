"""What every route of the site ought to need, method by method: the table that `test_route_matrix` walks.

A need is a list of alternatives, joined by "|"; one of them is enough. Each is a word or a permission, and where it
reaches: what a title comes to is computed from this, titles.csv and bundles.csv, never written down as seen.

Words: "public"; "no post" (nobody, a citizen, who holds no post: the page says so); "signed in"; "post" (holds a post
today); "holder" (the object is the visitor's own); "token" (a bearer's token; no session opens it). Where: "@all" who
sees the whole province; "@agency" that, or who works for the object's agency; "@unit" that, or whose post is at an
agency of the object's unit; "@desk" who works for the agency that holds it, nobody else; "@plan" whose unit the plan
touches; "@holder" whose own it is.

`shows` says who may read what the object tells (names, titles), where that is not who gets in: a list answers
everybody who is signed in, and names nobody of another agency. `leaves` is what a POST that is granted leaves behind:
an entry of the journal, or what is named there. `elsewhere` names the test in which it succeeds, where it needs what
this table cannot give (an authenticator, a provider, a cut-over).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


@dataclass(frozen=True, slots=True)
class Row:
    """One route: method → need; see the module."""

    methods: Mapping[str, str]
    shows: str = ""
    leaves: str = "journal"
    elsewhere: str = ""


def row(
    reads: str = "",
    writes: str = "",
    *,
    put: str = "",
    shows: str = "",
    leaves: str = "journal",
    elsewhere: str = "",
) -> Row:
    """GET needs `reads`, POST `writes`, PUT `put`; a method without a need must be answered 405."""
    needs = {"GET": reads, "POST": writes, "PUT": put}
    return Row({method: need for method, need in needs.items() if need}, shows, leaves, elsewhere)


PUBLIC = row("public")
#: pages of django-ninja about the API itself: they look at no method
ANY = Row(dict.fromkeys(METHODS, "public"), leaves="nothing")
#: a page of django-allauth's form views, which take PUT for POST; a session is all that it needs
OWN_FORM = "signed in"

SEE_PEOPLE = "access.see_people@agency|registry.manage_people@unit"
MANAGE_PEOPLE = "registry.manage_people@unit"
ACCOUNTS = "access.manage_accounts@unit"
LEND = "access.delegate@holder|access.manage_delegations@unit"
APPLICATIONS = "access.manage_applications"
DATA = "access.decide_data_requests"
PLAN = "reorganisation.plan"
SEE_PLANS = "reorganisation.plan|reorganisation.rehearse|reorganisation.cut_over|reorganisation.see"
SEE_PLAN = (
    "reorganisation.plan|reorganisation.rehearse|reorganisation.cut_over"
    "|reorganisation.see@all|reorganisation.see@plan"
)
OIDC = "haicap/access/oidc/tests/test_relying_parties.py"
VNEID = "haicap/access/citizens/tests/test_vneid.py"
BROWSER = "haicap/web/tests/test_sign_in_browser.py"
FACTORS = "haicap/access/sign_in/tests/test_second_factor.py"
STAFFING = "haicap/reorganisation/tests/test_web_staffing.py"
PLANS = "haicap/reorganisation/tests/test_web_pages.py"
DECISIONS = "haicap/reorganisation/tests/test_decisions.py"
SYNC = "onestop.manage_sync"
OPENING = "haicap/systems/onestop/opening/tests/test_pages.py"
RECEIVE = "onestop.receive_dossier"
RECEPTION = "haicap/systems/onestop/reception/tests/test_pages.py"
SEE_SYNC = "onestop.replay_sync|onestop.manage_sync"
ONLINE = "haicap/systems/onestop/online/tests/test_hand_in.py"
OWN = "haicap/systems/onestop/online/tests/test_afterwards.py"
ONLINE_OFFICE = "haicap/systems/onestop/online/tests/test_office.py"
BOOKING = "haicap/systems/onestop/online/tests/test_booking.py"
SYNC_PAGES = "haicap/systems/onestop/sync/tests/test_pages.py"
PAYMENTS = "haicap/systems/onestop/sync/tests/test_payment.py"
AT_COUNTERS = "onestop.receive_dossier|onestop.manage_counters"
COUNTERS = "onestop.manage_counters"
COUNTER_PAGES = "haicap/systems/onestop/counters/tests/test_pages.py"
CATALOGUE = "onestop.manage_catalogue"
CATALOGUE_PAGES = "haicap/systems/onestop/catalogue/tests/test_pages.py"
LETTERS = "haicap/systems/onestop/papers/tests/test_pages.py"
RESULTS = "haicap/systems/onestop/results/tests/test_results.py"
MANAGE_ROUTES = "onestop.manage_routes"
FIGURES = "haicap/systems/onestop/figures/tests/test_figures.py"
TASKS = "haicap/systems/onestop/processing/tests/test_task_pages.py"
ROUTE_PAGES = "haicap/systems/onestop/routes/tests/test_pages.py"

ROUTES: dict[str, Row] = {
    # --- for everybody: the registry is open data
    "start": PUBLIC,
    "health": PUBLIC,
    "language": row(writes="public", leaves="the cookie of the language"),
    "units:search": PUBLIC,
    "units:provinces": PUBLIC,
    "units:province": PUBLIC,
    "units:province-fold": PUBLIC,
    "units:province-csv": PUBLIC,
    "units:province-xlsx": PUBLIC,
    "units:unit": PUBLIC,
    "api:api-root": Row(dict.fromkeys(METHODS, "nobody")),
    "api:openapi-json": ANY,
    "api:openapi-view": ANY,
    "api:count_units": PUBLIC,
    "api:get_code": PUBLIC,
    "api:get_history": PUBLIC,
    "api:get_unit": PUBLIC,
    "api:get_unit_successions": PUBLIC,
    "api:list_successions": PUBLIC,
    "api:list_units": PUBLIC,
    "api:successions_csv": PUBLIC,
    "api:successions_xlsx": PUBLIC,
    "api:units_csv": PUBLIC,
    "api:units_xlsx": PUBLIC,
    # --- doors: everybody is answered, each with the own
    "work": row("public", shows="post@agency"),
    "lead": row("command.steer|no post"),
    "search": row("public", shows=f"post@agency|{SEE_PEOPLE}"),
    "search-hints": row("public", shows=f"post@agency|{SEE_PEOPLE}"),
    # --- signing in and out, the own account
    "account_login": row("public", "public", put="public", leaves="the log of sign-ins"),
    "sign-in": row("public", "public", put="public", leaves="the log of sign-ins"),
    "account_logout": row("public", "public", leaves="no session"),
    "sign-out": row("public", "public", leaves="no session"),
    "account_inactive": PUBLIC,
    "account_change_password": row(OWN_FORM, OWN_FORM, put=OWN_FORM),
    "account_reauthenticate": row(OWN_FORM, OWN_FORM, put=OWN_FORM, leaves="a proof in the session"),
    "after-sign-in": row("signed in"),
    "choose-hat": row("signed in", "signed in", leaves="the hat in the session"),
    "my-account": row("signed in"),
    "sign-in-log": row("signed in", shows="holder"),
    "usersessions_list": row("signed in", shows="holder"),
    "end-session": row(writes="holder", leaves="one session less"),
    "end-other-sessions": row(writes="signed in", leaves="one session"),
    "reset-password": row("public", "public", elsewhere="haicap/access/sign_in/tests/test_reset.py"),
    "reset-sent": PUBLIC,
    "use-link": row("public", "public"),
    "second-factor": row("signed in"),
    "mfa_index": row(OWN_FORM),
    "mfa_authenticate": row("public", "public", put="public", elsewhere=FACTORS),
    "mfa_reauthenticate": row(OWN_FORM, OWN_FORM, put=OWN_FORM, elsewhere=FACTORS),
    "mfa_activate_totp": row(OWN_FORM, OWN_FORM, put=OWN_FORM, elsewhere=FACTORS),
    "mfa_deactivate_totp": row(OWN_FORM, OWN_FORM, put=OWN_FORM, elsewhere=FACTORS),
    "mfa_generate_recovery_codes": row(OWN_FORM, OWN_FORM, put=OWN_FORM, elsewhere=FACTORS),
    "mfa_view_recovery_codes": row(OWN_FORM, elsewhere=FACTORS),
    "mfa_list_webauthn": row(OWN_FORM),
    "mfa_login_webauthn": row("public", "public", put="public", elsewhere=BROWSER),
    "mfa_add_webauthn": row(OWN_FORM, OWN_FORM, put=OWN_FORM, elsewhere=BROWSER),
    "mfa_edit_webauthn": row("holder", "holder", put="holder", leaves="the name of the key"),
    "mfa_remove_webauthn": row("holder", "holder", leaves="one key less"),
    "mfa_reauthenticate_webauthn": row(OWN_FORM, OWN_FORM, put=OWN_FORM, elsewhere=BROWSER),
    # --- citizens
    "citizen": row("signed in"),
    "citizen-consent": row("public", "public", elsewhere=VNEID),
    "openid_connect_callback": row("public", elsewhere=VNEID),
    "openid_connect_login": row("public", "public", elsewhere=VNEID),
    "socialaccount_login_cancelled": row("public", elsewhere=VNEID),
    # --- personal data
    "my-data": row("signed in", "signed in", shows="holder"),
    "my-copy": row(writes="signed in", shows="holder"),
    "my-readings": row("signed in", shows="holder"),
    "withdraw-consent": row(writes="holder"),
    "readings": row("access.see_readings"),
    "readings-export": row("access.see_readings"),
    "data-requests": row(DATA),
    "data-request": row(DATA, DATA),
    # --- people
    "people:list": row("signed in", shows=SEE_PEOPLE),
    "people:matrix": row("signed in"),
    "people:export": row("registry.manage_people", shows=MANAGE_PEOPLE),
    "people:agency": row(SEE_PEOPLE),
    "people:person": row(f"holder|{SEE_PEOPLE}"),
    "people:create": row(MANAGE_PEOPLE, MANAGE_PEOPLE),
    "people:edit": row(MANAGE_PEOPLE, MANAGE_PEOPLE, shows=SEE_PEOPLE),
    "people:appoint": row(MANAGE_PEOPLE, MANAGE_PEOPLE, shows=SEE_PEOPLE),
    "people:end": row(MANAGE_PEOPLE, MANAGE_PEOPLE, shows=SEE_PEOPLE),
    "people:add-post": row(writes=MANAGE_PEOPLE, shows=SEE_PEOPLE),
    "people:close-post": row(MANAGE_PEOPLE, MANAGE_PEOPLE, shows=SEE_PEOPLE),
    "people:reopen-post": row(writes=MANAGE_PEOPLE, shows=SEE_PEOPLE),
    "people:account": row(writes=ACCOUNTS, shows=SEE_PEOPLE),
    "people:import": row("access.import_people", "access.import_people", leaves="the list that was read in"),
    "people:import-template": row("access.import_people"),
    "people:import-preview": row("access.import_people@holder", "access.import_people@holder"),
    "people:import-report": row("access.import_people@holder"),
    "people:import-slips": row(writes="access.import_people@holder"),
    "people:delegations": row("signed in", shows="holder|access.manage_delegations@unit"),
    "people:lend": row(LEND, LEND),
    "people:revoke": row(writes="holder|access.manage_delegations@unit"),
    # --- applications of others
    "sso-applications": row(APPLICATIONS),
    "sso-application": row(APPLICATIONS, APPLICATIONS),
    "sso-application-add": row(APPLICATIONS, APPLICATIONS),
    "sso-application-close": row(writes=APPLICATIONS),
    "sso-application-secret": row(writes=APPLICATIONS),
    "sso-keys": row(APPLICATIONS, APPLICATIONS),
    "sso-mine": row("signed in", shows="holder"),
    "sso-forget": row(writes="holder"),
    "idp:oidc:configuration": PUBLIC,
    "idp:oidc:jwks": PUBLIC,
    "idp:oidc:authorization": row("public", "public", elsewhere=OIDC),
    "idp:oidc:logout": row("public", "public", elsewhere=OIDC),
    "idp:oidc:token": row(writes="token", elsewhere=OIDC),
    "idp:oidc:userinfo": row("token", "token", elsewhere=OIDC),
    "idp:oidc:revoke": row(writes="token", elsewhere=OIDC),
    "idp:oidc:introspect": row(writes="token", elsewhere=OIDC),
    "scim": Row(dict.fromkeys(METHODS, "token"), elsewhere="haicap/access/scim/tests/test_conformance.py"),
    "scim-tokens": row(APPLICATIONS, APPLICATIONS),
    "scim-token-revoke": row(writes=APPLICATIONS),
    # --- what waits to be sent
    "outbox": row("command.steer|kernel.manage_outbox"),
    "outbox-decide": row(writes="kernel.manage_outbox"),
    # --- the one-stop shop
    "onestop:worklist": row("post", shows="post@agency"),
    "onestop:export": row("onestop.export_dossiers", shows="onestop.export_dossiers@agency"),
    "onestop:registers": row("post"),
    "onestop:register": row("post@agency"),
    "onestop:dossier": row("post@agency"),
    "onestop:step": row(writes="onestop.advance_dossier@desk", shows="post@agency"),
    "onestop:bulk-step": row(writes="onestop.advance_dossier@desk", shows="post@agency"),
    "onestop:track": row("public", shows="nobody"),
    # --- tasks along routes: by the title of the post, so that what succeeds is asked where routes are walked
    "onestop:tasks": row("post", shows="post@agency", elsewhere=TASKS),
    "onestop:tasks-act": row(writes="post", elsewhere=TASKS),
    "onestop:task-act": row(writes="post", elsewhere=TASKS),
    "onestop:task-assign": row("onestop.assign_task", "onestop.assign_task", elsewhere=TASKS),
    "onestop:recall-consultations": row(writes="onestop.assign_task", elsewhere=TASKS),
    "onestop:paper-file": row("post", elsewhere=TASKS),
    "onestop:figures": row("post", elsewhere=FIGURES),
    "onestop:figures-xlsx": row("post", elsewhere=FIGURES),
    "onestop:apologies": row(
        "onestop.assign_task", "onestop.assign_task", shows="onestop.assign_task@agency", elsewhere=TASKS
    ),
    # --- the counter: whoever receives, for the own agencies; a dossier or an entry of another's is not found
    "onestop:reception": row(RECEIVE, RECEIVE, shows=f"{RECEIVE}@agency", elsewhere=RECEPTION),
    "onestop:reception-undo": row(writes=RECEIVE, elsewhere=RECEPTION),
    "onestop:copies": row(RECEIVE, RECEIVE, shows=f"{RECEIVE}@agency", elsewhere=RECEPTION),
    "onestop:copies-pdf": row(RECEIVE, elsewhere=RECEPTION),
    "onestop:copies-void": row(writes=RECEIVE, elsewhere=RECEPTION),
    # --- forms, signing, results
    "onestop:letters": row("post@agency"),
    "onestop:issue-letter": row("post@agency", "onestop.advance_dossier@desk", shows="post@agency"),
    "onestop:letter-pdf": row("post@agency", elsewhere=LETTERS),
    "onestop:print-letters": row(writes="onestop.receive_dossier@desk", shows="post@agency"),
    "onestop:register-pdf": row("post@agency"),
    "onestop:certificates": row("post", "onestop.manage_certificates@agency", elsewhere=RESULTS),
    "onestop:revoke-certificate": row(writes="onestop.manage_certificates", elsewhere=RESULTS),
    "onestop:results": row("post@agency", "onestop.advance_dossier@desk", shows="post@agency"),
    "onestop:draft-pdf": row("post@agency", elsewhere=RESULTS),
    "onestop:sign-draft": row(writes="onestop.sign_result", elsewhere=RESULTS),
    "onestop:issue-draft": row(writes="onestop.seal_result", elsewhere=RESULTS),
    "onestop:drop-draft": row(writes="onestop.advance_dossier", elsewhere=RESULTS),
    "onestop:result-pdf": row("post@agency", elsewhere=RESULTS),
    "onestop:revoke-result": row(writes="onestop.revoke_result", elsewhere=RESULTS),
    "onestop:check-start": row("public", shows="nobody"),
    "onestop:check-result": row("public", "public", elsewhere=RESULTS),
    "onestop:download-results": row("public", "public", elsewhere=RESULTS),
    # --- routes: who works at an agency sees them, who configures them changes them
    "onestop:routes": row("post"),
    "onestop:route": row("post", elsewhere=ROUTE_PAGES),
    "onestop:route-bpmn": row("post", elsewhere=ROUTE_PAGES),
    "onestop:route-act": row(writes=MANAGE_ROUTES, elsewhere=ROUTE_PAGES),
    "onestop:route-copy": row(MANAGE_ROUTES, MANAGE_ROUTES, elsewhere=ROUTE_PAGES),
    "onestop:route-move": row(MANAGE_ROUTES, MANAGE_ROUTES, elsewhere=ROUTE_PAGES),
    "onestop:route-edit": row(MANAGE_ROUTES, MANAGE_ROUTES, elsewhere=ROUTE_PAGES),
    "onestop:route-step": row(MANAGE_ROUTES, MANAGE_ROUTES, elsewhere=ROUTE_PAGES),
    "onestop:route-create": row(MANAGE_ROUTES, MANAGE_ROUTES, elsewhere=ROUTE_PAGES),
    "onestop:route-import": row(MANAGE_ROUTES, MANAGE_ROUTES, elsewhere=ROUTE_PAGES),
    "onestop:route-assign": row(MANAGE_ROUTES, MANAGE_ROUTES, elsewhere=ROUTE_PAGES),
    "onestop:route-assign-undo": row(writes=MANAGE_ROUTES, elsewhere=ROUTE_PAGES),
    # counters: who sits there, who sets them up; machines, boards and numbers are for everybody and tell nothing
    "onestop:counters": row(AT_COUNTERS),
    "onestop:counters-bookings": row(
        AT_COUNTERS, shows="onestop.receive_dossier@agency|onestop.manage_counters@agency"
    ),
    "onestop:counters-statistics": row(AT_COUNTERS),
    "onestop:counters-set-up": row(COUNTERS, "onestop.manage_counters@desk"),
    "onestop:counter-act": row(writes="onestop.receive_dossier@desk"),
    "onestop:counter-retire": row(writes="onestop.manage_counters@desk"),
    "onestop:kiosk-set-up": row(writes="onestop.manage_counters@desk"),
    "onestop:kiosk": row("public", "public", shows="nobody", leaves="a number"),
    "onestop:board": row("public", shows="nobody"),
    "onestop:board-now": row("public", shows="nobody"),
    "onestop:board-say": row("public", shows="nobody", elsewhere=COUNTER_PAGES),
    "onestop:ticket": row("public", shows="nobody"),
    "onestop:waits": row("public", shows="nobody"),
    # --- citizens online: a draft and an own dossier open to who has the link, or who signed in as its owner
    "onestop:find": PUBLIC,
    "onestop:procedure": row("public", elsewhere=ONLINE),
    "onestop:eligible": row("public", "public", elsewhere=ONLINE),
    "onestop:begin": row("public", "public", elsewhere=ONLINE),
    "onestop:draft": row("token", elsewhere=ONLINE),
    "onestop:draft-place": row("token", "token", elsewhere=ONLINE),
    "onestop:draft-person": row("token", "token", elsewhere=ONLINE),
    "onestop:draft-form": row("token", "token", elsewhere=ONLINE),
    "onestop:draft-papers": row("token", "token", elsewhere=ONLINE),
    "onestop:draft-file": row("token", elsewhere=ONLINE),
    "onestop:draft-delivery": row("token", "token", elsewhere=ONLINE),
    "onestop:draft-preview": row("token", "token", elsewhere=ONLINE),
    "onestop:draft-drop": row(writes="token", elsewhere=ONLINE),
    "onestop:handed-in": row("token", elsewhere=ONLINE),
    "onestop:mine": row("signed in", shows="holder"),
    "onestop:own-dossier": row("token", elsewhere=OWN),
    "onestop:own-receipt": row("token", elsewhere=OWN),
    "onestop:own-letter": row("token", elsewhere=OWN),
    "onestop:own-result": row("token", elsewhere=OWN),
    "onestop:own-supplement": row("token", "token", elsewhere=OWN),
    "onestop:own-withdraw": row("token", "token", elsewhere=OWN),
    "onestop:own-rate": row("token", "token", elsewhere=OWN),
    "onestop:own-complain": row("token", "token", elsewhere=OWN),
    "onestop:book-choose": PUBLIC,
    "onestop:book": row("public", "public", elsewhere=BOOKING),
    "onestop:booked": row("public", "public", elsewhere=BOOKING),
    "onestop:incoming": row("post", shows="post@agency"),
    "onestop:incoming-look": row("post@agency", "post@agency", shows="post@agency", elsewhere=ONLINE_OFFICE),
    "onestop:incoming-paper": row("post@agency", elsewhere=ONLINE_OFFICE),
    "onestop:complaints": row("post", shows="post@agency"),
    "onestop:complaint": row("token", "token", elsewhere=ONLINE_OFFICE),
    "onestop:sync": row(SEE_SYNC),
    "onestop:sync-add": row(SYNC, SYNC),
    "onestop:sync-partner": row(SEE_SYNC, elsewhere=SYNC_PAGES),
    "onestop:sync-progress": row(SEE_SYNC, elsewhere=SYNC_PAGES),
    "onestop:sync-history": row(SEE_SYNC, elsewhere=SYNC_PAGES),
    "onestop:sync-names": row(SEE_SYNC, elsewhere=SYNC_PAGES),
    "onestop:sync-settings": row(SYNC, SYNC, elsewhere=SYNC_PAGES),
    "onestop:sync-replay": row(writes=SEE_SYNC, elsewhere=SYNC_PAGES),
    "onestop:sync-act": row(writes=SEE_SYNC, elsewhere=SYNC_PAGES),
    "onestop:sync-decide-names": row(writes=SYNC, elsewhere=SYNC_PAGES),
    "onestop:sync-file": row("token", elsewhere=SYNC_PAGES),
    "onestop:payment-notice": row(writes="token", elsewhere=PAYMENTS),
    "onestop:payment-return": row("token", elsewhere=PAYMENTS),
    # what a one-stop shop must have before it opens
    "onestop:opening": row("post"),
    "onestop:opening-state": row(writes="onestop.manage_counters", elsewhere=OPENING),
    "onestop:opening-withdraw": row(writes="onestop.manage_counters", elsewhere=OPENING),
    # the catalogue of procedures: every official reads it, the province keeps it
    "onestop:catalogue": row("post"),
    "onestop:catalogue-procedure": row("post", elsewhere=CATALOGUE_PAGES),
    "onestop:catalogue-defects": row("post"),
    "onestop:catalogue-settle": row(writes=CATALOGUE, elsewhere=CATALOGUE_PAGES),
    "onestop:catalogue-reopen": row(writes=CATALOGUE, elsewhere=CATALOGUE_PAGES),
    "onestop:catalogue-announcements": row("post"),
    "onestop:catalogue-announce": row(writes=CATALOGUE, elsewhere=CATALOGUE_PAGES),
    "onestop:catalogue-withdraw": row(writes=CATALOGUE, elsewhere=CATALOGUE_PAGES),
    "onestop:catalogue-imports": row(CATALOGUE, CATALOGUE, elsewhere=CATALOGUE_PAGES),
    "onestop:catalogue-import": row(CATALOGUE, elsewhere=CATALOGUE_PAGES),
    "onestop:catalogue-progress": row(CATALOGUE, elsewhere=CATALOGUE_PAGES),
    "onestop:catalogue-accept": row(writes=CATALOGUE, elsewhere=CATALOGUE_PAGES),
    "onestop:catalogue-decide": row(writes=CATALOGUE, elsewhere=CATALOGUE_PAGES),
    "api:list_dossiers": row("post", shows="post@agency"),
    "api:get_dossier": row("post@agency"),
    "api:track_dossier": row("public", shows="nobody"),
    # --- reorganisations: reading
    "reorganisation:plans": row(SEE_PLANS, shows=SEE_PLAN),
    "reorganisation:plan": row(SEE_PLAN),
    "reorganisation:ledger": row(SEE_PLANS, shows=SEE_PLAN),
    "reorganisation:run-ledger": row(SEE_PLAN),
    "reorganisation:report": row(SEE_PLAN),
    "reorganisation:run": row(SEE_PLAN),
    "reorganisation:request": row(SEE_PLAN),
    "reorganisation:progress": row(SEE_PLAN),
    "reorganisation:waiting": row("reorganisation.plan|reorganisation.see@all"),
    "api:plans": row("public", shows=SEE_PLAN),
    "api:runs": row("public", shows=SEE_PLAN),
    "api:ledger": row(SEE_PLAN),
    "api:waiting": row("post"),
    # --- reorganisations: making and running plans
    "reorganisation:propose": row(PLAN, PLAN, elsewhere=PLANS),
    "reorganisation:upload": row(writes=PLAN),
    "reorganisation:check": row(writes=PLAN),
    "reorganisation:ask": row("reorganisation.cut_over", "reorganisation.cut_over", shows=SEE_PLAN),
    "reorganisation:sign-off": row(writes="reorganisation.sign_off", shows=SEE_PLAN),
    "reorganisation:text": row(PLAN, PLAN),
    "reorganisation:history": row(PLAN),
    "reorganisation:version": row(PLAN, PLAN),
    "reorganisation:units": row(PLAN),
    "reorganisation:unit": row(PLAN, PLAN),
    "reorganisation:new-unit": row(PLAN, PLAN),
    "reorganisation:divide": row(PLAN, PLAN),
    "reorganisation:seats": row(PLAN, PLAN),
    "reorganisation:divisions": row(PLAN, PLAN),
    "reorganisation:division": row(PLAN, PLAN),
    "reorganisation:transfers": row(PLAN, PLAN),
    "reorganisation:staffing": row(PLAN),
    "reorganisation:staffing-unit": row(PLAN, PLAN),
    "reorganisation:staffing-upload": row(PLAN, PLAN, elsewhere=STAFFING),
    "reorganisation:staffing-download": row(PLAN),
    "reorganisation:staffing-propose": row(writes=PLAN),
    "reorganisation:staffing-find": row(PLAN),
    # --- what waits for a decision
    "reorganisation:undecided": row("post", "reorganisation.decide@agency", elsewhere=DECISIONS),
    "reorganisation:rules": row("post@agency", "reorganisation.decide@agency", elsewhere=DECISIONS),
    "reorganisation:decisions": row("post", "reorganisation.decide@agency", elsewhere=DECISIONS),
}
