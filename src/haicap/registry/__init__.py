"""Floor 2: who governs what, at every moment."""
