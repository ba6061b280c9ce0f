"""What else a statement tells: who relayed it, when it was said; and the event that the article is about."""
