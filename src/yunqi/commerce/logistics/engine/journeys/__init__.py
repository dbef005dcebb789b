"""Multi-leg journeys: exact label setting over timetables, with the chances of transit and customs carried along."""
