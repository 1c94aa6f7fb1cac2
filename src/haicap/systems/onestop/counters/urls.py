"""Addresses of counters, machines and boards, below the one-stop shop's."""

from __future__ import annotations

from django.urls import path

from haicap.systems.onestop.counters import public_views, views

urlpatterns = [
    path("lam-viec/quay/", views.counters, name="counters"),
    path("lam-viec/quay/lich-hen/", views.bookings, name="counters-bookings"),
    path("lam-viec/quay/so-lieu/", views.statistics, name="counters-statistics"),
    path("lam-viec/quay/bo-tri/", views.set_up, name="counters-set-up"),
    path("lam-viec/quay/<uuid:counter_id>/", views.act, name="counter-act"),
    path("lam-viec/quay/<uuid:counter_id>/bo/", views.retire, name="counter-retire"),
    path("lam-viec/quay/<uuid:desk_id>/may-lay-so/", views.make_kiosk, name="kiosk-set-up"),
    path("quay/<uuid:desk_id>/lay-so/", public_views.draw, name="kiosk"),
    path("quay/<uuid:desk_id>/bang/", public_views.board, name="board"),
    path("quay/<uuid:desk_id>/bang/so/", public_views.board_now, name="board-now"),
    path("quay/<uuid:desk_id>/bang/doc/<uuid:ticket_id>.wav", public_views.say, name="board-say"),
    path("so/<uuid:ticket_id>/", public_views.ticket, name="ticket"),
    path("thoi-gian-cho/", public_views.waits, name="waits"),
]
