"""The HTTP shell around every request: middleware, access, parsing, problems, caching and OpenAPI."""
