"""Scoring elsewhere: the saved model."""
