"""One module per family of streams: how they are read, and how a record becomes canonical rows."""
