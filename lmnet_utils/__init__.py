"""3D-LMNet in notebooks: the helpers behind them, one flat module a subject; the package itself imports none."""

__version__ = "0.1.0"
