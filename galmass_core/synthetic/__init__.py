"""Generate synthetic galaxies in equilibrium, distributed as in TNG100's catalogue."""
