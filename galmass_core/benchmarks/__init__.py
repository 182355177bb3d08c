"""Benchmarks of galmass and its peers, one module for each part of ``galmass bench``."""
