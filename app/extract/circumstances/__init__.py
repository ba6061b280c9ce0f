"""The circumstances of a statement, its chain and date, and the event that the article reports."""
