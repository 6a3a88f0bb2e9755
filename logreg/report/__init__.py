"""One document, many renderers."""
