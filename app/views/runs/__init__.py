"""Page: all runs, what people wrote on them, and what they predict."""
