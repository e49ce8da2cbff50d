"""Tasks that run simulations and store their answers."""
