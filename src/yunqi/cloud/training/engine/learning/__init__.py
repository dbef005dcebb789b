"""The mathematics of learning over PyTorch: rates, optimisers, losses, adapters, quantisation, merging.

PyTorch is imported by these modules, so nothing outside the training process imports them.
"""
