"""The two trainings and the loop that they share."""
