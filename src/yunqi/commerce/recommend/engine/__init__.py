"""What the recommendation surfaces are made of: neighbours, shelves, sources, lessons."""
