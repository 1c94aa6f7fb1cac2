"""Settings: `base` for every deployment, `test` for the tests; values come from the environment."""
