"""Settings, vocabularies, errors, dates, addresses, spans and numbers."""
