"""Samples -> models, predictions and their errors, kept in run folders."""
