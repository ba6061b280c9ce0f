"""What is shown of an analysis: rows of the store through pure comparisons to the items of a list, page by page."""
