"""Addresses of forms; `onestop.urls` includes them."""

from __future__ import annotations

from django.urls import path

from haicap.systems.onestop.papers import views

urlpatterns = [
    path("lam-viec/giay-to/in/", views.print_many, name="print-letters"),
    path("lam-viec/giay-to/<uuid:letter_id>.pdf", views.letter_pdf, name="letter-pdf"),
    path("lam-viec/ho-so/<str:code>/giay-to/", views.letters, name="letters"),
    path("lam-viec/ho-so/<str:code>/giay-to/<int:form>/", views.issue, name="issue-letter"),
    path("lam-viec/so-theo-doi/<uuid:agency_id>/<int:year>.pdf", views.register_pdf, name="register-pdf"),
]
