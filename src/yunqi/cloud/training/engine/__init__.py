"""Pure parts of training: recipes, cleaning, packing, plans, metrics, baselines, and the mathematics of learning."""
