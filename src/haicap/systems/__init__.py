"""Floor 4: the everyday systems; none imports another."""
