"""One widget each, with its HTML, CSS and JavaScript beside it. Imports nothing of the page above it."""
