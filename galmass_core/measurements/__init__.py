"""Measure true masses of a galaxy, and the features of the paper's Table 1."""
