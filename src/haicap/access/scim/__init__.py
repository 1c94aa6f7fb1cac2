"""SCIM 2.0 (RFC 7642 to 7644): outside directories follow appointments, at `/scim/v2/`.

The protocol (reading requests, PATCH, conditions, errors, discovery) is that of scim2-server, which has no framework
and no storage of its own; `storage.py` answers it from the registry in SQL. The memory storage that comes with it
filters all rows in Python and is not used. What writes mean, and what they never can do: docs/scim.md.
"""
