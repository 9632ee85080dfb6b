"""One module per family of streams: what is read, and what becomes of it."""
