"""Page: trainings of networks."""
