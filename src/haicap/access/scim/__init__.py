"""SCIM 2.0: outside directories follow appointments."""
