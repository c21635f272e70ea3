"""Pure drawings behind the widgets: arrays in, a matplotlib figure out, and the arithmetic that they show."""
