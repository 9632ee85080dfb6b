"""One module per family of records: how each becomes canonical rows."""
