"""In words people use: logits, odds, odds ratios, probabilities."""
