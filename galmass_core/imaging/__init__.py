"""Galaxy -> its stars' light on the sky -> the four maps."""
