"""Floor 6: the haicap command."""
