"""The pure pipeline: state, features, gather, rank, arrange, training by replay."""
