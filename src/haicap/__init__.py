"""haicap: the digital systems of a province and its communes, and their reorganisation."""
