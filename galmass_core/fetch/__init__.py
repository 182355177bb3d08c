"""Fetch catalogues and cutouts of the TNG simulations from their web API."""
