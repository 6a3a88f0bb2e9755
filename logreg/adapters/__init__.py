"""Other packages’ protocols."""
