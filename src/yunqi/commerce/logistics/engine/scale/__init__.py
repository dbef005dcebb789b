"""A day of very many parcels: made, divided into depot areas, and counted again at the end."""
