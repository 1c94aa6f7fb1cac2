"""Addresses of the citizens' pages, and of the officials' side of them; included by `onestop.urls`."""

from __future__ import annotations

from django.urls import path

from haicap.systems.onestop.online import (
    pages_booking,
    pages_draft,
    pages_find,
    pages_office,
    pages_own,
)

urlpatterns = [
    path("thu-tuc/", pages_find.find, name="find"),
    path("thu-tuc/<str:code>/", pages_find.procedure, name="procedure"),
    path("thu-tuc/<str:code>/dieu-kien/", pages_find.eligible, name="eligible"),
    path("thu-tuc/<str:code>/nop/", pages_draft.begin, name="begin"),
    path("nop/<str:key>/", pages_draft.draft, name="draft"),
    path("nop/<str:key>/noi-nop/", pages_draft.place, name="draft-place"),
    path("nop/<str:key>/nguoi-nop/", pages_draft.person, name="draft-person"),
    path("nop/<str:key>/to-khai/<str:part>/", pages_draft.form_page, name="draft-form"),
    path("nop/<str:key>/giay-to/", pages_draft.paper_list, name="draft-papers"),
    path("nop/<str:key>/tep/<uuid:file_id>/", pages_draft.draft_file, name="draft-file"),
    path("nop/<str:key>/nhan-ket-qua/", pages_draft.delivery, name="draft-delivery"),
    path("nop/<str:key>/xem-lai/", pages_draft.preview, name="draft-preview"),
    path("nop/<str:key>/da-nop/", pages_draft.handed_in, name="handed-in"),
    path("nop/<str:key>/bo/", pages_draft.drop, name="draft-drop"),
    path("ho-so-cua-toi/", pages_own.mine, name="mine"),
    path("ho-so-cua-toi/<str:key>/", pages_own.dossier, name="own-dossier"),
    path("ho-so-cua-toi/<str:key>/bien-nhan.pdf", pages_own.receipt_pdf, name="own-receipt"),
    path("ho-so-cua-toi/<str:key>/phieu/<uuid:letter_id>/", pages_own.letter_pdf, name="own-letter"),
    path("ho-so-cua-toi/<str:key>/ket-qua/<uuid:result_id>/", pages_own.result, name="own-result"),
    path("ho-so-cua-toi/<str:key>/bo-sung/", pages_own.supplement, name="own-supplement"),
    path("ho-so-cua-toi/<str:key>/rut/", pages_own.withdraw, name="own-withdraw"),
    path("ho-so-cua-toi/<str:key>/danh-gia/", pages_own.rate, name="own-rate"),
    path("ho-so-cua-toi/<str:key>/phan-anh/", pages_own.complain, name="own-complain"),
    path("dat-lich/", pages_booking.choose, name="book-choose"),
    path("dat-lich/<uuid:unit_id>/", pages_booking.book, name="book"),
    path("dat-lich/ma/<str:code>/", pages_booking.booked, name="booked"),
    path("lam-viec/nop-truc-tuyen/", pages_office.incoming, name="incoming"),
    path("lam-viec/nop-truc-tuyen/<str:code>/", pages_office.look, name="incoming-look"),
    path(
        "lam-viec/nop-truc-tuyen/<str:code>/tep/<uuid:paper_id>/", pages_office.paper, name="incoming-paper"
    ),
    path("lam-viec/phan-anh/", pages_office.complaints, name="complaints"),
    path("lam-viec/phan-anh/<uuid:complaint_id>/", pages_office.complaint, name="complaint"),
]
