"""Page: masses from summary features."""
