"""Galaxy -> numbers: true masses, and the features of the paper's Table 1."""
