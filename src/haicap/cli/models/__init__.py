"""What the command line remembers in the database."""

from haicap.cli.models.setup_step import SetupStep

__all__ = ["SetupStep"]
