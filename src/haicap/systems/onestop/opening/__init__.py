"""Opening: what a one-stop shop must have before its first day, and how far it is."""
