"""Page: every figure and table of the paper."""
