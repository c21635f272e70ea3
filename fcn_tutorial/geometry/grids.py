"""What is known of a map's grid: size, stride, receptive field and centre of its cells."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Axis:
    """Rows or columns of a grid: cell i looks at the input pixels first + stride * i to last + stride * i.

    The pixels may lie outside the image. `unbounded_by` names the layer through which a cell also depends on the whole
    image. Behind a global pooling or Flatten there is no grid: stride, first and last are None.
    """

    size: int
    stride: int | None
    first: int | None
    last: int | None
    unbounded_by: str | None = None

    @property
    def unbounded(self):
        """True when a cell depends on the whole image, whatever its size."""
        return self.unbounded_by is not None

    @property
    def receptive_field(self):
        """Pixels that a cell looks at. Raises ValueError when it has no bound."""
        if self.unbounded:
            raise ValueError(
                f"The receptive field has no bound: through layer {self.unbounded_by!r} each cell depends on the whole "
                "image. Ask .unbounded first; stride and size are known all the same."
            )
        return self.last - self.first + 1

    @property
    def offset(self):
        """Pixel on which cell 0 is centred; cell i is centred on stride * i + offset.

        Where a global pooling is multiplied back onto a map, this is the centre of the map's own window.
        Raises ValueError behind a global pooling or Flatten, where no grid is left.
        """
        if self.stride is None:
            raise ValueError(f"Behind layer {self.unbounded_by!r} there is no grid left, so no cell has a centre.")
        return (self.first + self.last) / 2

    def centre(self, cell):
        """Pixel on which `cell` (a number or an array of numbers) is centred. Raises ValueError as `offset` does."""
        return self.offset + self.stride * cell


@dataclass(frozen=True)
class Grid:
    """The grid of one layer: its rows and its columns, each an `Axis`."""

    rows: Axis
    columns: Axis

    @property
    def size(self):
        """Cells (rows, columns) of the map."""
        return self.rows.size, self.columns.size

    @property
    def stride(self):
        """Pixels (rows, columns) between neighbouring cells; None where no grid is left."""
        return self.rows.stride, self.columns.stride

    @property
    def receptive_field(self):
        """Pixels (rows, columns) that a cell looks at. Raises ValueError when there is no bound."""
        return self.rows.receptive_field, self.columns.receptive_field

    @property
    def offset(self):
        """Pixel (row, column) on which cell (0, 0) is centred. Raises ValueError where no grid is left."""
        return self.rows.offset, self.columns.offset

    @property
    def unbounded(self):
        """True when a cell depends on the whole image, whatever its size."""
        return self.rows.unbounded or self.columns.unbounded
