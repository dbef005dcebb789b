"""The algorithms of logistics: pure, seeded, without clock or files."""
