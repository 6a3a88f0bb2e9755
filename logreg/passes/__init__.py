"""The corridor: source, design and likelihood joined to an `Objective`, and other sums over all rows."""
