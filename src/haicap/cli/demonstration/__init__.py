"""Demonstration data: a province with a plausible working day, in a database of its own.

Nothing here is real but the units, the procedures and the shape of the volumes: people, addresses and
dossiers are made up, e-mail addresses end in `.example`, and there are no personal numbers or telephones.
"""

from haicap.cli.demonstration.fill import DOSSIERS_AT_SCALE_1, NOW, SEED, FillReport, fill

__all__ = ["DOSSIERS_AT_SCALE_1", "NOW", "SEED", "FillReport", "fill"]
