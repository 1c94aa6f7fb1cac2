"""Floor 6: the shell: design system, navigation, start page."""
