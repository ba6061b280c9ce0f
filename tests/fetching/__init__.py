"""An internet of its own to fetch from: every address there is, inside a network namespace, and none outside it."""
