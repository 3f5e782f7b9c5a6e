"""One painting, from the click to the finished file."""
