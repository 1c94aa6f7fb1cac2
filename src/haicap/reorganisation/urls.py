"""Addresses of reorganisations, all below /dieu-hanh/sap-xep/. A plan's key has slashes: the bare page comes last."""

from __future__ import annotations

from django.urls import path

from haicap.reorganisation.views import editor, ledgers, plans, runs, staffing, undecided

app_name = "reorganisation"

_PLAN = "ke-hoach/<path:key>"

urlpatterns = [
    path("", plans.index, name="plans"),
    path("lap/", plans.propose, name="propose"),
    path("nap/", plans.upload, name="upload"),
    path("doi-soat/", ledgers.latest, name="ledger"),
    path("doi-soat/<uuid:run_id>/", ledgers.ledger, name="run-ledger"),
    path("doi-soat/<uuid:run_id>/bao-cao.pdf", ledgers.report_file, name="report"),
    path("doi-soat/<uuid:run_id>/ky/", ledgers.sign_off, name="sign-off"),
    path("luot/<uuid:run_id>/", runs.run, name="run"),
    path("yeu-cau/<uuid:request_id>/", runs.request_page, name="request"),
    path("yeu-cau/<uuid:request_id>/tien-do/", runs.progress, name="progress"),
    path("cho-phan-dinh/", undecided.worklist, name="undecided"),
    path("cho-phan-dinh/quyet-dinh/", undecided.decided, name="decisions"),
    path("cho-phan-dinh/quy-tac/<str:code>/", undecided.rules, name="rules"),
    path("cho-phan-cong/", undecided.waiting_people, name="waiting"),
    path(f"{_PLAN}/kiem-tra/", plans.check, name="check"),
    path(f"{_PLAN}/chay/<str:kind>/", runs.ask, name="ask"),
    path(f"{_PLAN}/noi-dung/", editor.text, name="text"),
    path(f"{_PLAN}/lich-su/", editor.history, name="history"),
    path(f"{_PLAN}/lich-su/<int:number>/", editor.version, name="version"),
    path(f"{_PLAN}/don-vi/", editor.units, name="units"),
    path(f"{_PLAN}/don-vi/moi/", editor.unit, name="new-unit"),
    path(f"{_PLAN}/don-vi/<str:code>/", editor.unit, name="unit"),
    path(f"{_PLAN}/chia/", editor.divide, name="divide"),
    path(f"{_PLAN}/tru-so/", editor.seats, name="seats"),
    path(f"{_PLAN}/phan-dinh/", editor.divisions, name="divisions"),
    path(f"{_PLAN}/phan-dinh/<str:code>/", editor.division, name="division"),
    path(f"{_PLAN}/chuyen-tham-quyen/", editor.transfers, name="transfers"),
    path(f"{_PLAN}/nhan-su/", staffing.overview, name="staffing"),
    path(f"{_PLAN}/nhan-su/nap/", staffing.upload, name="staffing-upload"),
    path(f"{_PLAN}/nhan-su/tai-ve/", staffing.download, name="staffing-download"),
    path(f"{_PLAN}/nhan-su/de-xuat/", staffing.propose, name="staffing-propose"),
    path(f"{_PLAN}/nhan-su/tim/", staffing.find_people, name="staffing-find"),
    path(f"{_PLAN}/nhan-su/<str:code>/", staffing.unit, name="staffing-unit"),
    path(f"{_PLAN}/", plans.plan, name="plan"),
]
