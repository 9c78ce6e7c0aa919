"""3D-LMNet in notebooks: the helpers behind them, a room a subject (docs/architecture.md)."""

import os

__version__ = "0.1.0"

# OpenMP's threads spin while they wait for one another, and so keep the cores from whoever else could go on: beside other
# programs a training step took five times as long. Let them sleep. It is read when torch is loaded, hence here.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
