"""Demand forecasts: one model over all series, trained for the median and calibrated intervals."""
