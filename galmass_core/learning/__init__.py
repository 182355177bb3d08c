"""Train models on samples, predict, and measure errors."""
