"""A second system, for tests: letters lie on desks, kept letters belong to agencies. Nothing registers it anywhere."""
