"""A captured page: the article's paragraphs, what surrounds them, and which stretches stand in quotation marks."""
