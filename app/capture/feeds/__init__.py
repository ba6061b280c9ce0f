"""Feeds: parsing the items that they announce, and the watcher that fetches these politely."""
