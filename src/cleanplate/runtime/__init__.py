"""The only place that imports onnxruntime."""
