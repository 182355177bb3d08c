"""Trainings from request to result: run folders, the queue, and what finished runs predict."""
