"""Programs of shapes: any number of objects of the 13 classes, made from parameters, for training alone."""

from lmnet_utils.data.programs.catalogue import draw, is_program, listed, programs_of
from lmnet_utils.data.programs.parameters import Program

__all__ = ["Program", "draw", "is_program", "listed", "programs_of"]
