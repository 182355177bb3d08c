"""The page Transfer: trained on one simulation, tested on another."""
