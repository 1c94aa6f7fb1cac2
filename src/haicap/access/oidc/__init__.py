"""The OpenID provider: other systems sign in here."""
