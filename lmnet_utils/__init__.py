"""3D-LMNet in notebooks: the helpers behind them. One flat module per subject; importing the package imports none of them."""

__version__ = "0.1.0"
