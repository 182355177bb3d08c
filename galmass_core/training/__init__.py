"""Train experiments in run folders, queue trainings, and predict with finished runs."""
