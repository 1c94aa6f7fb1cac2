"""Ký số: signatures in PDF (PAdES) with the certificates of agencies and persons, in files or security modules."""
