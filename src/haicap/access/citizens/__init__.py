"""Citizens: sign-in by VNeID, the own record."""
