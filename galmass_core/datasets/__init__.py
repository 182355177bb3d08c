"""Simulated galaxies -> a folder with their maps, features and masses; and back."""
