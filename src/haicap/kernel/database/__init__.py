"""The database: where it is, the embedded server, SQL helpers."""
