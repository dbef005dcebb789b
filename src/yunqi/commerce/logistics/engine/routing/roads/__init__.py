"""Road graphs of OpenStreetMap extracts: read, snapped to and measured, without a network."""
