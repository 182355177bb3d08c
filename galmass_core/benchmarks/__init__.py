"""What galmass costs beside its peers, measured: one module for each part of ``galmass bench``."""
