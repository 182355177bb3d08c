"""Files that ship with galmass: tables, style, and the synthetic showcase galaxies."""
