"""Nộp trực tuyến: citizens find a procedure, fill in its form, hand in, follow, supplement, rate and complain.

`forms` draws and checks a form from a JSON Schema, `guides` reads the data that say who may ask and what is asked,
`links` makes the secret addresses of drafts, `service` writes. Pages are in `pages_*`.
"""
