"""What the arena buys: the same confusions on it and on raw pointers, side by side."""
