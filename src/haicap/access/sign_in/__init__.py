"""The door: signing in and out, second factors, sessions, one-time links, my account."""
