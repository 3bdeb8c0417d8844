"""One module per settlement scheme: what a usage costs, and who owes whom what for it."""
