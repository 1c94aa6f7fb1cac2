"""haicap: the digital systems of a province and its communes, and their reorganisation."""

__version__ = "0.1.0"
