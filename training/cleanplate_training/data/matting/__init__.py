"""What matting networks learn from: mattes, composites with exact alpha, drawn hair, the alpha of the frame before."""
