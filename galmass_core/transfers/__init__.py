"""Train on one simulation and test on another, with and without adaptation."""
