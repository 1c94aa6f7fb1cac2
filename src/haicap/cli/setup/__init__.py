"""The parts of `haicap up`: its steps, their display, the static files, the processes it keeps alive."""
