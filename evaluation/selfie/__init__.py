"""Which segmentation network removes the background of a selfie best: figures, costs, failures, edges, and a page."""
