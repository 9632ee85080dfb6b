"""One module per family of streams: what is asked for, and how a record becomes canonical rows."""
