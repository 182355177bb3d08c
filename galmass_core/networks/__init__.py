"""Networks that predict masses from maps, and their training."""
