from . import arithmetic, cast
