"""The networks, their losses and weights, and what they make of images."""
