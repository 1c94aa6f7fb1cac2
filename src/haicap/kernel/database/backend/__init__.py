"""Django's PostgreSQL backend, which finds (and starts) the embedded server at its first connection."""
