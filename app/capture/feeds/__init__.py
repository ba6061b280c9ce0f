"""Feeds: what they announce, read off their bytes, and the watcher that fetches it politely."""
