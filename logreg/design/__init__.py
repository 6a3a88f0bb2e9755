"""How rows become columns: formula, summary pass, frozen design, matrices."""
