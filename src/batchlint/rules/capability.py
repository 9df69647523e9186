"""Rules about what a model can do: parameters and values that depend on the model."""
