"""Checking events. No clock, no disk, no database."""
