"""One ability of the page each: what stands in it and what happens on a click."""
