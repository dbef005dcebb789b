"""Three-dimensional packing: blocks of boxes, maximal empty spaces, beam search."""
