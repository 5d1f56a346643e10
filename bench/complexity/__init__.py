"""How work grows with its input: families of inputs, and their work, counted or timed."""
