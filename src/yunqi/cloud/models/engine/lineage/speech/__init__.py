"""The half of an omni member that speaks: a talker that says codes, and what turns codes into a wave."""
