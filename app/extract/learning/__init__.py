"""A judge of candidates that is trained on an annotated corpus."""
