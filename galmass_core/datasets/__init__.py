"""Data sets on disk: maps, features and masses of simulated galaxies."""
