"""One module per family of streams: how it is read, and how a record becomes canonical rows."""
