"""Files of many records, a file a format."""
