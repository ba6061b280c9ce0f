"""A fake internet to fetch from, with every address, inside a network namespace."""
