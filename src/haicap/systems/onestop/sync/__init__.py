"""Đối soát liên thông: what outside systems were told of each dossier, and what became of it.

A trigger on steps notes what is to be told (models.sync); `tickets.promise` gives it a ticket in the same transaction;
`delivery` takes the ticket to the partner. For operators: docs/reconciliation.md.
"""
