"""Pictures: PyTorch3D renders, plots and grids. Every figure of the kit has one look."""
