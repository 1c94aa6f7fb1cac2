"""Floor 5: readiness, programme, training, drills, monitoring, warehouse."""
