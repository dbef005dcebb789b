"""The Qwen family as one readable lineage: one frozen description, one small set of blocks, one loader, in PyTorch.

`families` says what each generation changed, as data; `read` turns an official config.json into a `Spec`; `decoder`
builds the module the spec describes; `names` maps the tensor names of official checkpoints onto it.
"""
