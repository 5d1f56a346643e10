"""How the cost of something grows with the number of something else, as curves with their slope."""
