"""Masses by stellar dynamics, from the same maps as networks: virial, Wolf's and Jeans'."""
