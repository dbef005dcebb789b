"""Words, spelling, completions and facets. No disk, no clock."""
