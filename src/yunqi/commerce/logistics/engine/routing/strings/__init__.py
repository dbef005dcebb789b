"""Slack induction by string removals (Christiaens and Vanden Berghe, 2020), on flat arrays, compiled by numba.

Loading this package imports numba: only a solve does that.
"""
