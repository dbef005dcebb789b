"""Crossing borders: landed cost as a pure function over duty tables that the user loads."""
