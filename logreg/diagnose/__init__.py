"""Should we believe the model: how well it tells outcomes apart, and whether its probabilities are right."""
