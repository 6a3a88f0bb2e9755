"""How numbers become an optimum: likelihood kernel, rank, Newton."""
