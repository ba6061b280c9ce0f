"""A captured page: the paragraphs of its article, its furniture, and its quotation marks."""
