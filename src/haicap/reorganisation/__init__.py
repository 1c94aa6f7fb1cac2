"""Floor 5: plan, check, rehearse, cut over, prove, undo."""
