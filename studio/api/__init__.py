"""The same run for programs and agents."""
