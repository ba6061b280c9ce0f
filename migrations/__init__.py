"""The store's migrations, run by ``dateline migrate``."""
