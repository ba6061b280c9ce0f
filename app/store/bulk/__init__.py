"""Write many rows at once."""
