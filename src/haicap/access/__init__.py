"""Floor 3: accounts, titles and permissions, sign-in."""
