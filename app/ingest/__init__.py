"""Every way into the store; all of them go through ``store.py``."""
