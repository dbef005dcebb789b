"""Customs papers: read from JSON, checked for what each must say, and drawn as PDF."""
