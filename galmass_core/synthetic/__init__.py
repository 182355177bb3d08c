"""Galaxies that galmass draws itself, in equilibrium and with the shape of TNG100's catalogue."""
