"""Pages, feeds and web archives: captured as documents."""
