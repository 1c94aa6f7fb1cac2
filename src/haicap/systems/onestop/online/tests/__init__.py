"""Handing in online: a small town with the starter catalogue, a citizen, and a telephone without sign-in."""
