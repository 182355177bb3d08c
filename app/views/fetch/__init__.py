"""Panel: data of the TNG project from their web API."""
