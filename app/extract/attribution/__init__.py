"""What is attributed: candidates on a parse, judged by rules; without a model, what stands in marks."""
